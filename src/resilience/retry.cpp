// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/retry.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::resilience {

std::string_view to_string(retry_verdict v) noexcept {
  switch (v) {
    case retry_verdict::retry:
      return "retry";
    case retry_verdict::succeeded:
      return "succeeded";
    case retry_verdict::permanent:
      return "permanent";
    case retry_verdict::cancelled:
      return "cancelled";
    case retry_verdict::attempts_spent:
      return "attempts_spent";
    case retry_verdict::effect_unknown:
      return "effect_unknown";
    case retry_verdict::deadline:
      return "deadline";
    case retry_verdict::asked_too_long:
      return "asked_too_long";
    case retry_verdict::budget_spent:
      return "budget_spent";
  }
  return "unknown";
}

result<retry_policy> retry_policy::make(retry_options o) {
  auto usual = backoff::make(o.backoff);
  if (!usual) return std::move(usual).error().with_context("retry");
  auto fine =
      option_check("retry")
          .require(o.max_attempts >= 1, "max_attempts", "must be at least 1")
          .require(
              within(o.throttled_base, duration(1), o.backoff.cap),
              "throttled_base",
              "must be above 0, at most backoff.cap"
          )
          .require(within(o.slack, {}, a_year), "slack", "must be 0 to a year")
          .require(within(o.longest_asked, {}, a_year), "longest_asked", "must be 0 to a year")
          .require(within(o.try_timeout, {}, a_year), "try_timeout", "must be 0 to a year")
          .done();
  if (!fine) return fine.error();
  backoff_options after_throttle = o.backoff;
  after_throttle.base = o.throttled_base;
  auto throttled = backoff::make(after_throttle);
  if (!throttled) return throttled.error();
  return retry_policy(o, *usual, *throttled);
}

steady_time retry_call::try_deadline(steady_time now) const noexcept {
  return std::min(terms_.deadline, later(now, policy_->options_.try_timeout));
}

retry_verdict retry_call::verdict(const outcome& o) const noexcept {
  switch (o.kind) {
    case outcome_kind::ok:
      return retry_verdict::succeeded;
    case outcome_kind::permanent:
      return retry_verdict::permanent;
    case outcome_kind::cancelled:
      return retry_verdict::cancelled;
    case outcome_kind::throttled:
    case outcome_kind::transient:
      break;
  }
  if (attempts_ >= policy_->options_.max_attempts) return retry_verdict::attempts_spent;
  if (o.effect == effect::unknown && terms_.repeat != repeatable::always) {
    return retry_verdict::effect_unknown;
  }
  const retry_options& p = policy_->options_;
  if (p.on_retry_after == retry_after_rule::obey && o.retry_after > p.longest_asked) {
    return retry_verdict::asked_too_long;
  }
  return retry_verdict::retry;
}

// A wait that is not above 0 is no wait that was asked for.
duration retry_call::draw(const outcome& o, random_source& random) noexcept {
  const bool throttled = o.kind == outcome_kind::throttled;
  const backoff& by = throttled ? policy_->throttled_ : policy_->usual_;
  const duration t = by.next(attempts_ - 1, previous_, random);
  previous_ = t;
  const duration asked = o.retry_after.value_or(duration::zero());
  switch (policy_->options_.on_retry_after) {
    case retry_after_rule::ignore:
      break;
    case retry_after_rule::bounded:
      return std::max(t, std::min(asked, t + policy_->options_.slack));
    case retry_after_rule::obey:
      return std::max(t, asked);
  }
  return t;
}

retry_step retry_call::after_failure(
    const outcome& o, steady_time now, random_source& random
) noexcept {
  const retry_verdict v = verdict(o);
  if (v != retry_verdict::retry) return {v, {}};
  const duration delay = draw(o, random);
  if (later(now, delay) >= terms_.deadline) return {retry_verdict::deadline, {}};
  if (budget_ != nullptr) {
    const std::uint32_t cost = budget_->withdraw(o.kind, now);
    if (cost == 0) return {retry_verdict::budget_spent, {}};
    last_cost_ = cost;
  }
  owed_ = true;
  paid_at_ = now;
  return {retry_verdict::retry, delay};
}

bool retry_call::give_up(steady_time now) noexcept {
  if (!std::exchange(owed_, false)) return false;
  if (budget_ != nullptr) budget_->give_back(last_cost_, paid_at_, now);
  return true;
}

}  // namespace scalekit::inline v0::resilience
