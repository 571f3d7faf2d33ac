// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"

#include <scalekit/resilience/adaptive_throttle.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

result<std::unique_ptr<adaptive_throttle>> adaptive_throttle::make(adaptive_throttle_options o) {
  auto fine = option_check("adaptive_throttle")
                  .require(within(o.k, 1, 10), "k", "must be 1 to 10")
                  .require(
                      within(o.window, std::chrono::milliseconds(1), std::chrono::hours(24)),
                      "window",
                      "must be 1 ms to a day"
                  )
                  .require(within(o.most_refused, 0, 1), "most_refused", "must be 0 to 1")
                  .done();
  if (!fine) return fine.error();
  return std::unique_ptr<adaptive_throttle>(new adaptive_throttle(o));
}

adaptive_throttle::adaptive_throttle(adaptive_throttle_options o) noexcept
    : options_(o), window_(o.window) {}

double adaptive_throttle::refusal_for(counts c) const noexcept {
  if (c.first < options_.minimum_calls) return 0;
  const double calls = c.first;
  return std::clamp((calls - options_.k * c.second) / (calls + 1), 0.0, options_.most_refused);
}

bool adaptive_throttle::admit(steady_time now, random_source& random) noexcept {
  counts before = window_.add({1, 0, 0}, now);
  --before.first;
  const double p = refusal_for(before);
  if (p <= 0) return true;
  // 53 bits: every double in [0, 1) that is a multiple of 2^-53 is as likely as any other.
  const double drawn = static_cast<double>(random.next() >> 11U) * 0x1p-53;
  if (drawn >= p) return true;
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void adaptive_throttle::after(outcome_kind kind, steady_time now) noexcept {
  if (kind == outcome_kind::transient || kind == outcome_kind::throttled) return;
  window_.add({0, 1, 0}, now);
}

double adaptive_throttle::refusal(steady_time now) noexcept {
  return refusal_for(window_.read(now));
}

adaptive_throttle_stats adaptive_throttle::stats(steady_time now) noexcept {
  const counts c = window_.read(now);
  return {c.first, c.second, refused_.load(std::memory_order_relaxed)};
}

}  // namespace scalekit::inline v0::resilience
