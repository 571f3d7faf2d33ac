// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_FAILING_ALLOCATOR_HPP
#define SCALEKIT_TESTS_SUPPORT_FAILING_ALLOCATOR_HPP

#include <atomic>

namespace scalekit_tests {

/// While it is false, nothing can be allocated; needs failing_allocator.cpp linked in.
extern std::atomic<bool> memory_is_left;

}  // namespace scalekit_tests

#endif
