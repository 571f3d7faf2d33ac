// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TICK_CLOCK_HPP
#define SCALEKIT_SRC_TICK_CLOCK_HPP

/// \file
/// A steady clock made of two: a counter that is cheap to read, and a clock that is right. The
/// counter is set by the clock anew each millisecond, and in between its last rate carries it on.

#include <scalekit/clock.hpp>

#include <atomic>
#include <cstdint>
#include <optional>

namespace scalekit::inline v0 {

/// \brief `Source` has `std::uint64_t ticks()` and `std::int64_t nanoseconds()`, which do not throw.
///
/// The rate is that of the last millisecond or more, and is used only if it agrees with the one
/// before to a thousandth: a counter that jumped or was stopped in between (sleep, migration) is no
/// measure, and until there is one the clock itself answers.
///
/// \par Thread-safety  Safe for concurrent calls. The anchor is a seqlock whose writer never waits;
/// who meets it being written asks the clock.
template <class Source>
class tick_clock {
 public:
  explicit tick_clock(Source source = Source()) noexcept : source_(source) {}

  [[nodiscard]] std::int64_t now() noexcept {
    const std::uint64_t t = source_.ticks();
    const std::uint32_t version = version_.load(std::memory_order_acquire);
    const std::uint64_t since = t - ticks_.load(std::memory_order_acquire);
    const std::int64_t from = nanoseconds_.load(std::memory_order_acquire);
    const std::uint64_t rate = rate_.load(std::memory_order_acquire);
    const std::uint64_t good_for = good_for_.load(std::memory_order_acquire);
    // A counter that lies before the anchor counts as far behind it.
    if (since < good_for && version % 2 == 0 &&
        version == version_.load(std::memory_order_relaxed)) {
      return from + static_cast<std::int64_t>((since * rate) >> 32);
    }
    return set_anew();
  }

 private:
  struct pair {
    std::uint64_t ticks;
    std::int64_t nanoseconds;
  };
  static constexpr std::int64_t period = 1'000'000;  // nanoseconds that an anchor is good for
  static constexpr double most_ticks = 0x1p31, most_rate = 0x1p33;  // that since * rate bears
  static constexpr std::int64_t longest_reading = 500;  // ns, of a pair that is of one instant

  // Both at one instant: a thread that was interrupted in between tries again.
  [[nodiscard]] std::optional<pair> read_both(std::int64_t& now) noexcept {
    for (int i = 0; i < 3; ++i) {
      const std::int64_t before = source_.nanoseconds();
      const std::uint64_t ticks = source_.ticks();
      now = source_.nanoseconds();
      if (now - before <= longest_reading) return pair{ticks, before + (now - before) / 2};
    }
    return std::nullopt;
  }

  std::int64_t set_anew() noexcept {
    if (setting_.test_and_set(std::memory_order_acquire)) return source_.nanoseconds();
    std::int64_t now = 0;
    if (const auto both = read_both(now)) {
      const std::int64_t span = both->nanoseconds - last_.nanoseconds;
      if (last_.ticks == 0 || both->ticks <= last_.ticks || span < 0) {
        last_ = *both;
        measured_ = 0;
        publish(*both, 0, 0);
      } else if (span >= period) {
        measure(*both, static_cast<double>(span));
      }
    }
    setting_.clear(std::memory_order_release);
    return now;
  }

  void measure(const pair& both, double span) noexcept {
    const double ticks = static_cast<double>(both.ticks - last_.ticks);
    const double good_for = static_cast<double>(period) * ticks / span;
    // Nanoseconds in a tick, 32 bits of them behind the point.
    const double exact = span / ticks * static_cast<double>(std::uint64_t{1} << 32);
    const bool fits = exact >= 1 && exact < most_rate && good_for < most_ticks;
    const std::uint64_t rate = fits ? static_cast<std::uint64_t>(exact) : 0;
    const std::uint64_t apart = rate > measured_ ? rate - measured_ : measured_ - rate;
    const bool agreed = fits && apart <= rate / 1'000;
    last_ = both;
    measured_ = rate;
    publish(both, rate, agreed ? static_cast<std::uint64_t>(good_for) : 0);
  }

  void publish(const pair& both, std::uint64_t rate, std::uint64_t good_for) noexcept {
    const std::uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // Released one by one, so that who sees any of them sees the odd version too.
    ticks_.store(both.ticks, std::memory_order_release);
    nanoseconds_.store(both.nanoseconds, std::memory_order_release);
    rate_.store(rate, std::memory_order_release);
    good_for_.store(good_for, std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  [[no_unique_address]] Source source_;
  alignas(64) std::atomic<std::uint32_t> version_{0};
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<std::int64_t> nanoseconds_{0};
  std::atomic<std::uint64_t> rate_{0};
  std::atomic<std::uint64_t> good_for_{0};
  // Of the thread that is setting.
  std::atomic_flag setting_ = ATOMIC_FLAG_INIT;
  pair last_{0, 0};
  std::uint64_t measured_ = 0;
};

}  // namespace scalekit::inline v0

#endif
