// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_FAILURES_HPP
#define SCALEKIT_TESTS_SUPPORT_FAILURES_HPP

#include <atomic>

namespace scalekit_tests {

/// Whether a check of this program has failed so far; kept by main.cpp.
inline std::atomic<bool> any_failure = false;

}  // namespace scalekit_tests

#endif
