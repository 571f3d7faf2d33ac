// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_ALLOCATION_COUNTER_HPP
#define SCALEKIT_TESTS_SUPPORT_ALLOCATION_COUNTER_HPP

#include <cstdint>

namespace scalekit_tests {

/// How often operator new has run in this program; needs allocation_counter.cpp linked in.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace scalekit_tests

#endif
