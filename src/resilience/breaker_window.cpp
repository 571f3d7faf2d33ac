// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_window.hpp"

#include <bit>

namespace scalekit::inline v0::resilience {

counted_window::counted_window(std::uint32_t size)
    // A power of two divides 2^32, so the ring goes on where the count of calls wraps round; one
    // slot more than the window, for the latest call has written its own.
    : size_(size), mask_(std::bit_ceil(size + 1) - 1), ring_(std::make_unique<slot[]>(mask_ + 1)) {}

counts counted_window::read() noexcept {
  const std::uint64_t slow = slow_.load(std::memory_order_relaxed);
  return window(pair_.load(std::memory_order_relaxed), slow);
}

void counted_window::follow(std::uint64_t base, std::uint64_t to) noexcept {
  base_pair_.compare_exchange_strong(base, to, std::memory_order_relaxed);
}

void counted_window::clear() noexcept {
  base_slow_.store(slow_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  base_pair_.store(pair_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

}  // namespace scalekit::inline v0::resilience
