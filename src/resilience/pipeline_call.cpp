// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/resilience/rate.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

namespace {

// Stands in where a pipeline has none; never retries.
const retry_policy& no_retry() noexcept {
  static const retry_policy once = *retry_policy::make({.max_attempts = 1});
  return once;
}

// Short enough for a string to hold without allocating: refusals come by the thousand when the
// machine is least able to bear them.
const char* reason(layer by) noexcept {
  switch (by) {
    case layer::deadline:
      return "deadline passed";
    case layer::shedder:
      return "load shed";
    case layer::limiter:
      return "rate limit";
    case layer::throttle:
      return "throttled here";
    case layer::breaker:
      return "breaker open";
    case layer::concurrency:
      return "bulkhead full";
    case layer::retry:
    case layer::call:
      break;
  }
  return "refused";
}

steady_time deadline_of(
    const call_options& c, const pipeline_options& p, steady_time now
) noexcept {
  if (p.timeout == duration::zero() || c.deadline != steady_time::max()) return c.deadline;
  return later(now, p.timeout);
}

}  // namespace

pipeline_call::pipeline_call(pipeline& p, const call_options& options, steady_time now) noexcept
    : pipeline_(p),
      options_(options),
      deadline_(deadline_of(options, p.options_, now)),
      try_deadline_(deadline_),
      retry_(
          p.options_.retry != nullptr ? *p.options_.retry : no_retry(),
          p.options_.budget,
          {options.repeat, deadline_}
      ) {
  if (options.trace != nullptr) options.trace->begin_call();
}

void pipeline_call::note(layer by, trace_event what, steady_time now) const noexcept {
  trace({.at = now, .attempt = retry_.attempts() + 1, .by = by, .what = what});
}

pipeline_call::entry pipeline_call::refuse(
    layer by, errc code, duration wait, steady_time now
) noexcept {
  refused_by_ = by;
  refused_with_ = code;
  refused_wait_ = wait;
  pipeline_.refused_[static_cast<std::size_t>(by)].fetch_add(1, std::memory_order_relaxed);
  give_up_retry(now);
  if (retry_.attempts() != 0) end(last_);  // the call ends with the attempt before
  trace(
      {.at = now,
       .wait = wait,
       .attempt = retry_.attempts() + 1,
       .by = by,
       .what = trace_event::refused}
  );
  return entry::refused;
}

pipeline_call::entry pipeline_call::refuse_inside(
    layer by, errc code, duration wait, steady_time now
) noexcept {
  give_back(outcome_kind::cancelled, now);
  return refuse(by, code, wait, now);
}

pipeline_call::entry pipeline_call::enter(steady_time now) {
  if (now >= deadline_) return refuse_inside(layer::deadline, errc::timed_out, {}, now);
  const pipeline_options& o = pipeline_.options_;
  if (has_limit_) {  // it has waited for the limiter, which may have been paused meanwhile
    const duration wait = o.limiter.cooling(now);
    if (wait > duration::zero()) {
      return refuse_inside(layer::limiter, errc::limit_exceeded, wait, now);
    }
    passed(layer::limiter, now);
  } else {
    if (o.shedder != nullptr && retry_.attempts() == 0) {
      const steady_time queued =
          options_.queued_at == steady_time::min() ? now : options_.queued_at;
      if (o.shedder->admit(now, queued, options_.priority) != shed_verdict::admitted) {
        return refuse(layer::shedder, errc::busy, {}, now);
      }
      passed(layer::shedder, now);
    }
    if (o.limiter) {
      const entry limited = pass_limiter(now);
      if (limited != entry::proceed) return limited;
    }
  }
  if (o.throttle != nullptr) {
    if (!o.throttle->admit(now, pipeline_.random_)) {
      return refuse_inside(layer::throttle, errc::limit_exceeded, {}, now);
    }
    has_throttle_ = true;
    passed(layer::throttle, now);
  }
  inside_ = true;
  const bool broken = (o.breaker != nullptr || o.cluster != nullptr) && !pass_breaker(now);
  if (broken) return entry::refused;
  if (o.bulkhead != nullptr || o.concurrency != nullptr) return take_place(now);
  return begin(now);
}

pipeline_call::entry pipeline_call::pass_limiter(steady_time now) {
  const pipeline_options& o = pipeline_.options_;
  const duration wait = std::min(o.limiter_wait, between(now, deadline_));
  const limit_decision d = o.limiter.take(now, options_.cost, taken_, wait);
  if (!d.allowed) return refuse(layer::limiter, errc::limit_exceeded, d.retry_after, now);
  has_limit_ = true;
  if (wait > duration::zero() && d.retry_after > duration::zero()) {
    inside_ = true;
    pause_ = d.retry_after;
    trace(
        {.at = now,
         .wait = pause_,
         .attempt = retry_.attempts() + 1,
         .by = layer::limiter,
         .what = trace_event::queued}
    );
    return entry::wait;
  }
  passed(layer::limiter, now);
  return entry::proceed;
}

bool pipeline_call::pass_breaker(steady_time now) {
  const pipeline_options& o = pipeline_.options_;
  const breaker_admission a =
      o.breaker != nullptr ? o.breaker->before(now) : o.cluster->before(now);
  if (!a) {
    static_cast<void>(refuse_inside(layer::breaker, errc::unavailable, a.retry_after, now));
    return false;
  }
  has_breaker_ = true;
  breaker_ = a.permit;
  passed(layer::breaker, now);
  return true;
}

pipeline_call::entry pipeline_call::take_place(steady_time now) noexcept {
  const pipeline_options& o = pipeline_.options_;
  if (o.concurrency != nullptr) {
    ticket_ = o.concurrency->try_acquire(now);
    if (!ticket_) return not_placed(now, errc::busy);
  } else {
    if (!o.bulkhead->try_acquire()) {
      if (!o.bulkhead->may_wait()) return not_placed(now, errc::busy);
      note(layer::concurrency, trace_event::queued, now);
      return entry::queue;
    }
    has_place_ = true;
  }
  passed(layer::concurrency, now);
  return begin(now);
}

// From here on the limiter's permits are spent.
pipeline_call::entry pipeline_call::begin(steady_time now) noexcept {
  has_limit_ = false;
  try_deadline_ = retry_.begin(now);
  return entry::proceed;
}

pipeline_call::entry pipeline_call::placed(steady_time now) noexcept {
  has_place_ = true;
  if (now >= deadline_) return refuse_inside(layer::deadline, errc::timed_out, {}, now);
  breaker_.started = now;  // the wait for a place is not the callee's
  passed(layer::concurrency, now);
  return begin(now);
}

pipeline_call::entry pipeline_call::not_placed(steady_time now, errc why) noexcept {
  return refuse_inside(layer::concurrency, why, {}, now);
}

pipeline_call::entry pipeline_call::wait_for_place() noexcept {
  auto permit = pipeline_.options_.bulkhead->acquire(pipeline_.clock_, deadline_);
  const steady_time now = pipeline_.clock_.steady_now();
  if (!permit) return not_placed(now, permit.error().code());
  permit->keep();
  return placed(now);
}

// A limiter of the host's may throw. What it then has not taken back, or not been told, admits less
// or later than it might; the call goes on.
void pipeline_call::refund(steady_time now) noexcept {
  try {
    pipeline_.options_.limiter.give_back(now, options_.cost, taken_);
  } catch (...) {
  }
}
void pipeline_call::cool_down(steady_time now, duration wait) noexcept {
  try {
    pipeline_.options_.limiter.cool_down(now, wait);
  } catch (...) {
  }
}

// In the order opposite to that of entering.
void pipeline_call::give_back(outcome_kind kind, steady_time now) noexcept {
  const pipeline_options& o = pipeline_.options_;
  if (has_place_) o.bulkhead->release();
  if (ticket_) o.concurrency->release(ticket_, kind, now);
  if (has_breaker_) {
    if (o.breaker != nullptr) {
      o.breaker->after(breaker_, kind, now);
    } else {
      o.cluster->after(breaker_, kind, now);
    }
  }
  if (has_throttle_) o.throttle->after(kind, now);
  if (has_limit_) refund(now);
  ticket_ = {};
  inside_ = has_place_ = has_breaker_ = has_throttle_ = has_limit_ = false;
}

void pipeline_call::give_up_retry(steady_time now) noexcept {
  if (retry_.give_up(now)) pipeline_.retries_.fetch_sub(1, std::memory_order_relaxed);
}

void pipeline_call::end(outcome_kind kind) noexcept {
  pipeline_.ended_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
}

retry_step pipeline_call::leave(const outcome& o, steady_time now) noexcept {
  give_back(o.kind, now);
  if (o.kind == outcome_kind::throttled && o.retry_after) {
    const pipeline_options& rules = pipeline_.options_;
    const duration wait = std::min(*o.retry_after, rules.longest_cool_down);
    if (wait > duration::zero()) cool_down(now, wait);
  }
  last_ = o.kind;
  const retry_step next = retry_.after(o, now, pipeline_.random_);
  if (options_.trace != nullptr) {
    const std::uint32_t n = retry_.attempts();
    trace({.at = now, .attempt = n, .by = layer::call, .what = trace_event::ended, .kind = o.kind});
    trace(
        {.at = now,
         .wait = next.delay,
         .attempt = n,
         .by = layer::retry,
         .what = trace_event::decided,
         .retry = next.verdict}
    );
  }
  if (next) {
    pipeline_.retries_.fetch_add(1, std::memory_order_relaxed);
    return next;
  }
  end(o.kind);
  if (next.verdict == retry_verdict::budget_spent) {
    const auto by = static_cast<std::size_t>(layer::retry);
    pipeline_.refused_[by].fetch_add(1, std::memory_order_relaxed);
  }
  return next;
}

void pipeline_call::abandon(outcome_kind kind, steady_time now) noexcept {
  give_back(kind, now);
  give_up_retry(now);
  trace(
      {.at = now,
       .attempt = retry_.attempts(),
       .by = layer::call,
       .what = trace_event::ended,
       .kind = kind}
  );
  end(kind);
}

void pipeline_call::abandon_now() noexcept {
  abandon(outcome_kind::cancelled, pipeline_.clock_.steady_now());
}

error pipeline_call::refusal() const {
  error e(
      refused_with_, reason(refused_by_), {"resilience", static_cast<std::int64_t>(refused_by_)}
  );
  if (refused_wait_ <= duration::zero() || refused_wait_ == never) return e;
  return std::move(e).with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(refused_wait_));
}

}  // namespace scalekit::inline v0::resilience
