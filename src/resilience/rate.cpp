// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/rate.hpp>

#include <algorithm>
#include <numeric>
#include <string>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::int64_t most_tokens = std::int64_t{1} << 40;
constexpr std::int64_t most_per_microsecond = 2048;
constexpr std::int64_t most_parts = std::int64_t{1} << 51;  // of the whole bucket
constexpr std::int64_t most_steps = std::int64_t{1} << 62;
constexpr std::int64_t longest_refill_us = std::int64_t{1} << 46;
constexpr duration longest_period = std::chrono::hours(24 * 366);

error refuse(std::string why) { return {errc::invalid_argument, "rate: " + std::move(why)}; }

}  // namespace

result<rate> rate::make(const limit& l) {
  if (l.tokens < 1 || l.tokens > most_tokens) return refuse("tokens must be 1 to 2^40");
  if (l.period <= duration::zero() || l.period > longest_period) {
    return refuse("period must be 1 microsecond to 366 days");
  }
  if (l.period % std::chrono::microseconds(1) != duration::zero()) {
    return refuse("period must be a whole number of microseconds");
  }
  if (l.burst < 0 || l.burst > most_tokens) return refuse("burst must be 0 to 2^40");

  const std::int64_t period_us = l.period / std::chrono::microseconds(1);
  if (l.tokens / most_per_microsecond > period_us ||
      (l.tokens / most_per_microsecond == period_us && l.tokens % most_per_microsecond != 0)) {
    return refuse("tokens must be at most 2048 a microsecond");
  }
  const std::int64_t common = std::gcd(l.tokens, period_us);
  rate r;
  r.tokens_ = l.tokens;
  r.period_ = l.period;
  r.burst_ = l.burst == 0 ? l.tokens : l.burst;
  r.step_ = period_us / common;
  r.parts_ = l.tokens / common;
  if (r.burst_ > most_parts / r.parts_ || r.burst_ > most_steps / r.step_) {
    return refuse(
        "burst is too large for a rate of " + std::to_string(r.parts_) + " per " +
        std::to_string(r.step_) + " microseconds; choose rounder tokens or a smaller burst"
    );
  }
  r.refill_us_ = r.burst_ * r.step_ / r.parts_;
  if (r.refill_us_ > longest_refill_us) {
    return refuse("burst would take more than two years to fill");
  }
  return r;
}

result<rate> rate::share(std::int64_t n) const {
  if (n < 1) return refuse("share must be 1 or more");
  if (n > longest_period / period_) return refuse("share is less than a token in 366 days");
  return make(
      {.tokens = tokens_, .period = period_ * n, .burst = std::max<std::int64_t>(burst_ / n, 1)}
  );
}

}  // namespace scalekit::inline v0::resilience
