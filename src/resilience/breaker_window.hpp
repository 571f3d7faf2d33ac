// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_BREAKER_WINDOW_HPP
#define SCALEKIT_SRC_RESILIENCE_BREAKER_WINDOW_HPP

#include <scalekit/resilience/circuit_breaker.hpp>
#include <scalekit/resilience/rolling_counts.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace scalekit::inline v0::resilience {

/// \brief Calls, failures and slow calls among the last `size` calls.
///
/// Each slot of a ring keeps the running totals as they were after the call that wrote it; the
/// window is the difference to the slot that is `size` calls back. One atomic addition a call.
///
/// \par Thread-safety  Safe for concurrent calls. A thread that stands still between counting and
/// writing its slot makes the windows that need the slot unreadable: these read as empty.
class counted_window {
 public:
  explicit counted_window(std::uint32_t size);

  counts add(std::uint32_t failed, std::uint32_t is_slow) noexcept {
    const std::uint64_t slow = is_slow == 0 ? slow_.load(std::memory_order_relaxed)
                                            : slow_.fetch_add(1, std::memory_order_relaxed) + 1;
    const std::uint64_t delta = 1U | (static_cast<std::uint64_t>(failed) << 32U);
    const std::uint64_t before = pair_.fetch_add(delta, std::memory_order_relaxed);
    slot& mine = ring_[static_cast<std::uint32_t>(before) & mask_];
    mine.slow.store(slow, std::memory_order_relaxed);
    mine.pair.store(before + delta, std::memory_order_release);
    return window(before + delta, slow);
  }
  [[nodiscard]] counts read() noexcept;
  void clear() noexcept;

 private:
  struct slot {
    std::atomic<std::uint64_t> pair{0};
    std::atomic<std::uint64_t> slow{0};
  };

  [[nodiscard]] counts window(std::uint64_t pair, std::uint64_t slow) noexcept {
    std::uint64_t old_pair = base_pair_.load(std::memory_order_relaxed);
    std::uint64_t old_slow = base_slow_.load(std::memory_order_relaxed);
    const auto calls = static_cast<std::uint32_t>(pair - old_pair);
    if (calls > size_) {
      const slot& old = ring_[(static_cast<std::uint32_t>(pair) - size_ - 1) & mask_];
      const std::uint64_t base = old_pair;
      old_pair = old.pair.load(std::memory_order_acquire);
      old_slow = old.slow.load(std::memory_order_relaxed);
      if (static_cast<std::uint32_t>(pair - old_pair) != size_) return {};
      // Follows, so that the distance never wraps round.
      if (calls > 1U << 30U) follow(base, old_pair);
    }
    const std::uint64_t d = pair - old_pair;
    return {
        static_cast<std::uint32_t>(d),
        static_cast<std::uint32_t>(d >> 32U),
        static_cast<std::uint32_t>(slow - old_slow)};
  }
  void follow(std::uint64_t base, std::uint64_t to) noexcept;

  const std::uint32_t size_;
  const std::uint32_t mask_;
  std::unique_ptr<slot[]> ring_;
  // The totals at the last clear, for as long as fewer calls than a window have come since.
  std::atomic<std::uint64_t> base_pair_{0};
  std::atomic<std::uint64_t> base_slow_{0};
  std::atomic<std::uint64_t> slow_{0};  // seldom written, unlike the pair
  // Written by every call, so apart from what every call reads.
  alignas(64) std::atomic<std::uint64_t> pair_{0};
};

/// \brief Either of the two windows a breaker may have.
class breaker_window {
 public:
  explicit breaker_window(const breaker_options& o)
      : by_time_(o.window_time),
        by_count_(o.window == breaker_window_kind::calls ? o.window_calls : 1),
        kind_(o.window) {}

  // Numbers one by one: a struct of three would go through memory to be packed into registers.
  counts add(std::uint32_t failed, std::uint32_t slow, steady_time now) noexcept {
    if (kind_ == breaker_window_kind::time) return by_time_.add({1, failed, slow}, now);
    return by_count_.add(failed, slow);
  }
  [[nodiscard]] counts read(steady_time now) noexcept {
    return kind_ == breaker_window_kind::time ? by_time_.read(now) : by_count_.read();
  }
  void clear() noexcept {
    by_time_.clear();
    by_count_.clear();
  }

 private:
  rolling_counts by_time_;
  counted_window by_count_;
  breaker_window_kind kind_;
};

}  // namespace scalekit::inline v0::resilience

#endif
