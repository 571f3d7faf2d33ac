// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_ROLLING_COUNTS_HPP
#define SCALEKIT_RESILIENCE_ROLLING_COUNTS_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace scalekit::inline v0::resilience {

/// \brief Three numbers that are counted together, e.g. calls, failures and slow calls.
struct counts {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint32_t third = 0;
  friend bool operator==(const counts&, const counts&) = default;
};

/// \brief Counts what happened in the last while.
///
/// The window is 16 buckets wide, of which the newest is still being filled: what is counted
/// happened between 15/16 of the window ago and now, or a little longer ago, at most one window. A
/// bucket is the running total at its beginning, so adding is one atomic addition and a window is
/// one subtraction; nothing is summed up, and the lock is taken 16 times a window. The counts of
/// one window must stay below 2^31.
///
/// \par Thread-safety  Safe for concurrent calls. Times may be out of order by as much as threads
/// are; an old one is counted as of now.
/// \par Complexity  O(1); no allocation.
class SCALEKIT_EXPORT rolling_counts {
 public:
  /// `window`: 16 ns at least, else it is that.
  explicit rolling_counts(duration window) noexcept;

  /// \brief Counts, and says what the window holds with it.
  counts add(counts what, steady_time now) noexcept {
    if (ticks(now) >= next_roll_.load(std::memory_order_relaxed)) roll(ticks(now));
    // The base before the total, so that the total is never the smaller of the two.
    const std::uint64_t base_pair = base_pair_.load(std::memory_order_acquire);
    const std::uint64_t base_third = base_third_.load(std::memory_order_acquire);
    const std::uint64_t third =
        what.third == 0 ? third_.load(std::memory_order_relaxed)
                        : third_.fetch_add(what.third, std::memory_order_relaxed) + what.third;
    const std::uint64_t delta = pack(what);
    const std::uint64_t pair = pair_.fetch_add(delta, std::memory_order_relaxed) + delta;
    return unpack(pair - base_pair, third - base_third);
  }
  /// \brief Takes back what \ref add counted a moment ago.
  void take_back(counts what) noexcept;
  [[nodiscard]] counts read(steady_time now) noexcept;
  /// \brief Forgets everything.
  void clear() noexcept;

 private:
  static constexpr std::size_t buckets = 16;
  // Two numbers in one word. A sum that runs over carries into its neighbour, yet the difference of
  // two words is exact as long as each number's is below 2^32.
  struct words {
    std::uint64_t pair = 0;
    std::uint64_t third = 0;
  };

  [[nodiscard]] static constexpr std::int64_t ticks(steady_time t) noexcept {
    return t.time_since_epoch().count();
  }
  [[nodiscard]] static constexpr std::uint64_t pack(counts c) noexcept {
    return c.first | (static_cast<std::uint64_t>(c.second) << 32U);
  }
  // What was counted before the window and taken back in it would leave less than nothing.
  [[nodiscard]] static constexpr std::uint32_t above_zero(std::uint64_t n) noexcept {
    const auto low = static_cast<std::uint32_t>(n);
    return low < 1U << 31U ? low : 0;
  }
  [[nodiscard]] static constexpr counts unpack(std::uint64_t pair, std::uint64_t third) noexcept {
    return {above_zero(pair), above_zero(pair >> 32U), above_zero(third)};
  }

  void roll(std::int64_t now) noexcept;
  void rebase() noexcept;
  [[nodiscard]] words totals() const noexcept;

  const std::int64_t bucket_ns_;
  std::atomic<std::int64_t> next_roll_;
  // The totals at the beginning of the window.
  std::atomic<std::uint64_t> base_pair_{0};
  std::atomic<std::uint64_t> base_third_{0};
  std::atomic<std::uint64_t> third_{0};  // seldom written, unlike the pair
  // Written by every call, so apart from what every call reads.
  alignas(64) std::atomic<std::uint64_t> pair_{0};

  alignas(64) std::mutex mutex_;  // guards what follows
  bool started_ = false;
  std::array<words, buckets> starts_{};
  std::size_t newest_ = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
