// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_LEASE_BLOCK_HPP
#define SCALEKIT_SRC_RESILIENCE_LEASE_BLOCK_HPP

#include <scalekit/clock.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace scalekit::inline v0::resilience {

/// Tokens at hand and when they are dropped, in one word: 20 bits of tokens, and 44 bits of an
/// instant in steps of 16 microseconds (nine years).
class lease_block {
 public:
  static constexpr std::int64_t most = (std::int64_t{1} << 20) - 1;

  explicit lease_block(steady_time start) noexcept : start_(start) {}

  /// What is left after `cost` tokens were taken; -1 if they are not there. `mark` becomes the
  /// instant until which they are good.
  [[nodiscard]] std::int64_t take(
      steady_time now, std::int64_t cost, std::int64_t& mark
  ) noexcept {
    const std::uint64_t tick = since_start(now);
    std::uint64_t word = word_.load(std::memory_order_acquire);
    for (;;) {
      const std::int64_t left = tokens(word) - cost;
      if (left < 0 || tick >= (word & instant)) return -1;
      const std::uint64_t next = word - (static_cast<std::uint64_t>(cost) << bits);
      if (word_.compare_exchange_weak(
              word, next, std::memory_order_acq_rel, std::memory_order_acquire
          )) {
        mark = static_cast<std::int64_t>(word & instant);
        return left;
      }
    }
  }

  /// Puts back what was taken, if what is here is good for as long as that is, and still good.
  void put_back(steady_time now, std::int64_t cost, std::int64_t mark) noexcept {
    std::uint64_t word = word_.load(std::memory_order_acquire);
    while (static_cast<std::int64_t>(word & instant) == mark &&
           since_start(now) < (word & instant) && cost <= most - tokens(word)) {
      const std::uint64_t next = word + (static_cast<std::uint64_t>(cost) << bits);
      if (word_.compare_exchange_weak(
              word, next, std::memory_order_acq_rel, std::memory_order_acquire
          )) {
        return;
      }
    }
  }

  struct content {
    std::int64_t tokens = 0;
    steady_time until{};
  };
  /// Takes out everything, and says until when it would have been good.
  [[nodiscard]] content empty() noexcept {
    const std::uint64_t word = word_.exchange(0, std::memory_order_acq_rel);
    return {tokens(word), start_ + step * static_cast<std::int64_t>(word & instant)};
  }

  /// Puts in a block; the instant is rounded down. Gives its mark.
  std::int64_t fill(const content& c) noexcept {
    const std::uint64_t n = static_cast<std::uint64_t>(std::clamp<std::int64_t>(c.tokens, 0, most));
    const std::uint64_t until = since_start(c.until);
    word_.store((n << bits) | until, std::memory_order_release);
    return static_cast<std::int64_t>(until);
  }

  /// Whether they are still good or not.
  [[nodiscard]] std::int64_t left() const noexcept {
    return tokens(word_.load(std::memory_order_acquire));
  }

  [[nodiscard]] std::int64_t held(steady_time now) const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return since_start(now) < (word & instant) ? tokens(word) : 0;
  }

 private:
  static constexpr unsigned bits = 44;
  static constexpr std::uint64_t instant = (std::uint64_t{1} << bits) - 1;
  static constexpr duration step = std::chrono::microseconds(16);

  static std::int64_t tokens(std::uint64_t word) noexcept {
    return static_cast<std::int64_t>(word >> bits);
  }
  [[nodiscard]] std::uint64_t since_start(steady_time t) const noexcept {
    if (t <= start_) return 0;
    return std::min(static_cast<std::uint64_t>((t - start_) / step), instant);
  }

  std::atomic<std::uint64_t> word_{0};
  steady_time start_;
};

}  // namespace scalekit::inline v0::resilience

#endif
