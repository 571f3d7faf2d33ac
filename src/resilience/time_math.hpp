// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_TIME_MATH_HPP
#define SCALEKIT_SRC_RESILIENCE_TIME_MATH_HPP

/// \file
/// Instants and durations that stop at their ends instead of wrapping round.

#include <scalekit/clock.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

namespace scalekit::inline v0::resilience {

inline constexpr auto last_tick = std::numeric_limits<duration::rep>::max();
inline constexpr auto first_tick = std::numeric_limits<duration::rep>::min();

/// `at + by`.
[[nodiscard]] constexpr steady_time later(steady_time at, duration by) noexcept {
  const auto a = at.time_since_epoch().count();
  const auto b = by.count();
  if (b > 0 && a > last_tick - b) return steady_time::max();
  if (b < 0 && a < first_tick - b) return steady_time::min();
  return steady_time(duration(a + b));
}

/// The same in nanoseconds.
[[nodiscard]] constexpr duration in_ticks(std::chrono::milliseconds wait) noexcept {
  constexpr std::int64_t most = last_tick / 1'000'000;
  if (wait.count() > most) return duration::max();
  if (wait.count() < -most) return duration::min();
  return wait;
}

/// `to - from`.
[[nodiscard]] constexpr duration between(steady_time from, steady_time to) noexcept {
  const auto a = from.time_since_epoch().count();
  const auto b = to.time_since_epoch().count();
  if (a < 0 && b > last_tick + a) return duration::max();
  if (a > 0 && b < first_tick + a) return duration::min();
  return duration(b - a);
}

/// Nanoseconds as a duration; what a double cannot say is as long as can be.
[[nodiscard]] constexpr duration from_double(double ns) noexcept {
  if (!(ns > 0)) return duration::zero();
  if (ns >= static_cast<double>(last_tick)) return duration::max();
  return duration(static_cast<duration::rep>(ns));
}

}  // namespace scalekit::inline v0::resilience

#endif
