// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/hedging.hpp>

namespace scalekit::inline v0::resilience {

result<hedge_policy> hedge_policy::make(hedge_options o) {
  auto fine = option_check("hedging")
                  .require(within(o.delay, duration(1), a_year), "delay", "must be above 0")
                  .require(o.max_hedges <= 10, "max_hedges", "must be at most 10")
                  .done();
  if (!fine) return fine.error();
  return hedge_policy(o);
}

bool hedge_call::may_hedge(steady_time now) const noexcept {
  return !settled_ && !refused_ && terms_.repeat == repeatable::always &&
         launched_ <= policy_->options().max_hedges && now < terms_.deadline;
}

hedge_step hedge_call::next(steady_time now) noexcept {
  if (launched_ == 0) {
    if (budget_ != nullptr) budget_->on_call(now);
  } else {
    if (!may_hedge(now)) return {};
    if (under_way_ != 0 && now < due_) return {hedge_action::wait, due_};
    // Nothing has failed yet where the answer is only late.
    const auto why = last_ == outcome_kind::ok ? outcome_kind::transient : last_;
    if (budget_ != nullptr && budget_->withdraw(why, now) == 0) {
      refused_ = true;
      return {};
    }
  }
  ++launched_;
  ++under_way_;
  due_ = later(now, policy_->options().delay);
  return {hedge_action::launch, due_};
}

bool hedge_call::ended(const outcome& o) noexcept {
  if (settled_) return false;
  --under_way_;
  last_ = o.kind;
  const bool failed = o.kind == outcome_kind::transient || o.kind == outcome_kind::throttled;
  if (failed) {
    due_ = steady_time::min();  // the next may go at once
    const bool more = under_way_ != 0 || may_hedge(steady_time::min());
    if (more) return false;
  }
  settled_ = true;
  return true;
}

}  // namespace scalekit::inline v0::resilience
