// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_RATE_HPP
#define SCALEKIT_RESILIENCE_RATE_HPP

/// \file
/// What a limiter allows, and what it decided.
///
/// \code
/// auto fast = resilience::rate::make({.tokens = 100, .period = 1s, .burst = 20});
/// if (!fast) return fast.error();
/// \endcode

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>

namespace scalekit::inline v0::resilience {

/// \brief "So many tokens per period, and so many at once."
struct limit {
  /// Tokens that come in one period, 1 to 2^40; at most 2,048 a microsecond.
  std::int64_t tokens = 1;
  /// A whole number of microseconds, up to 366 days.
  duration period = std::chrono::seconds(1);
  /// How many a full bucket holds, and so the most that one call can take; up to 2^40. 0: as many
  /// as `tokens`.
  std::int64_t burst = 0;

  friend bool operator==(const limit&, const limit&) = default;
};

/// \brief A limit that has been checked, in the exact form that all limiters compute with: one
/// token takes `step() / parts()` microseconds, a fraction in lowest terms.
///
/// A limit is kept exactly or refused: no limiter rounds the time of a token, so a rate that does
/// not divide its period (7 per second) does not drift. What is refused is what would not fit the
/// integers of every backend (2^51 for a double of Lua, 2^62 for a column of SQL).
///
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT rate {
 public:
  /// One per second.
  rate() = default;

  /// \par Errors `invalid_argument`, naming the option: `tokens`, `period` or `burst` out of the
  /// range above; a bucket that would take more than 2^46 microseconds (two years) to fill; numbers
  /// so large and so unlike that `burst * parts` exceeds 2^51 or `burst * step` 2^62.
  [[nodiscard]] static result<rate> make(const limit& l);

  [[nodiscard]] std::int64_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] duration period() const noexcept { return period_; }
  [[nodiscard]] std::int64_t burst() const noexcept { return burst_; }

  [[nodiscard]] std::int64_t step() const noexcept { return step_; }
  [[nodiscard]] std::int64_t parts() const noexcept { return parts_; }

  /// \brief The time that `n` tokens take to come, rounded down to a microsecond.
  /// \pre 0 <= n <= burst()
  [[nodiscard]] std::chrono::microseconds time_for(std::int64_t n) const noexcept {
    return std::chrono::microseconds(n * step_ / parts_);
  }

  /// \brief The time that a whole bucket takes to come, rounded down to a microsecond.
  [[nodiscard]] std::chrono::microseconds refill() const noexcept {
    return std::chrono::microseconds(refill_us_);
  }

  /// \brief One of `n` equal shares, for a node or a tenant: the period becomes `n` times as long,
  /// the burst is divided, but not below 1.
  /// \par Errors `invalid_argument` if `n` is below 1, or the share is below what \ref make takes.
  [[nodiscard]] result<rate> share(std::int64_t n) const;

  /// \brief The same pace and burst, however it was written: 60 a minute is 1 a second.
  friend bool operator==(const rate& a, const rate& b) noexcept {
    return a.step_ == b.step_ && a.parts_ == b.parts_ && a.burst_ == b.burst_;
  }

 private:
  std::int64_t tokens_ = 1;
  duration period_ = std::chrono::seconds(1);
  std::int64_t burst_ = 1;
  std::int64_t step_ = 1'000'000;
  std::int64_t parts_ = 1;
  std::int64_t refill_us_ = 1'000'000;
};

/// \brief What a limiter says of one call.
struct decision {
  bool allowed = false;
  /// \brief Whole tokens left after the call, or as they are if it was refused.
  std::int64_t remaining = 0;
  /// \brief Refused: the wait after which the same call would be allowed, if nobody else takes
  /// meanwhile; `duration::max()` if never, for it asks for more than the burst. Allowed by
  /// `reserve`: the wait before acting. Else 0.
  duration retry_after{};
  /// \brief The wait until the bucket is full, if nobody takes meanwhile.
  duration reset_after{};
  /// \brief For a refund; its content is the limiter's own.
  struct receipt {
    std::int64_t mark = 0;
    std::uint64_t generation = 0;
    friend bool operator==(const receipt&, const receipt&) = default;
  } taken{};

  friend bool operator==(const decision&, const decision&) = default;
};

/// \brief `retry_after` of a call that can never be allowed.
inline constexpr duration never = duration::max();

}  // namespace scalekit::inline v0::resilience

#endif
