// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_RESILIENCE_LIMITER_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_RESILIENCE_LIMITER_SUPPORT_HPP

#include <scalekit/resilience/rate.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace limiter_test {

__extension__ using wide = __int128;

inline scalekit::resilience::rate rate_of(
    std::int64_t tokens, scalekit::duration period, std::int64_t burst = 0
) {
  return scalekit::resilience::rate::make({.tokens = tokens, .period = period, .burst = burst})
      .value();
}

/// The instant `us` microseconds behind an arbitrary start.
inline scalekit::steady_time at(std::int64_t us) {
  return scalekit::steady_time(std::chrono::hours(5) + std::chrono::microseconds(us));
}

/// A token bucket in exact rational arithmetic: all in parts of a microsecond, of any size.
struct exact_bucket {
  explicit exact_bucket(const scalekit::resilience::rate& r)
      : parts(r.parts()), step(r.step()), burst(r.burst()) {}

  wide parts, step, burst;
  wide full_at = 0;

  [[nodiscard]] bool would_take(std::int64_t us, std::int64_t cost, wide slack = 0) const {
    return std::max(full_at, us * parts) + cost * step <= us * parts + burst * step + slack;
  }
  void take(std::int64_t us, std::int64_t cost) {
    full_at = std::max(full_at, us * parts) + cost * step;
  }
  [[nodiscard]] std::int64_t remaining(std::int64_t us) const {
    const wide room = us * parts + burst * step - std::max(full_at, us * parts);
    return room < 0 ? 0 : static_cast<std::int64_t>(room / step);
  }
  /// The first wait, in microseconds, after which the take would be allowed.
  [[nodiscard]] std::int64_t wait(std::int64_t us, std::int64_t cost) const {
    const wide missing = full_at + (cost - burst) * step - us * parts;
    return missing <= 0 ? 0 : static_cast<std::int64_t>((missing + parts - 1) / parts);
  }
  [[nodiscard]] std::int64_t reset(std::int64_t us) const {
    const wide missing = full_at - us * parts;
    return missing <= 0 ? 0 : static_cast<std::int64_t>((missing + parts - 1) / parts);
  }
};

}  // namespace limiter_test

#endif
