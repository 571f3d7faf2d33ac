// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_impl.hpp"
#include "resilience/option_check.hpp"

#include <scalekit/resilience/circuit_breaker.hpp>

#include <utility>

namespace scalekit::inline v0::resilience {

std::string_view to_string(breaker_state s) noexcept {
  switch (s) {
    case breaker_state::closed:
      return "closed";
    case breaker_state::open:
      return "open";
    case breaker_state::half_open:
      return "half_open";
    case breaker_state::ramping:
      return "ramping";
    case breaker_state::forced_open:
      return "forced_open";
    case breaker_state::forced_closed:
      return "forced_closed";
  }
  return "unknown";
}

namespace {

using std::chrono::milliseconds;

result<void> check(const breaker_options& o) {
  const bool by_calls = o.window == breaker_window_kind::calls;
  option_check c("circuit_breaker");
  if (by_calls) {
    c.require(
        o.window_calls >= 1 && o.window_calls <= 100'000, "window_calls", "must be 1 to 100,000"
    );
    c.require(o.minimum_calls <= o.window_calls, "minimum_calls", "must be at most window_calls");
  } else {
    c.require(
        within(o.window_time, milliseconds(1), std::chrono::hours(24)),
        "window_time",
        "must be 1 ms to a day"
    );
  }
  c.require(o.minimum_calls >= 1, "minimum_calls", "must be at least 1");
  c.require(
      o.failure_rate > 0 && o.failure_rate <= 1, "failure_rate", "must be above 0, at most 1"
  );
  c.require(o.slow_rate > 0 && o.slow_rate <= 1, "slow_rate", "must be above 0, at most 1");
  c.require(within(o.slow_call, {}, a_year), "slow_call", "must be 0 to a year");
  c.require(within(o.open_for, milliseconds(1), a_year), "open_for", "must be 1 ms to a year");
  c.require(
      within(o.max_open_for, o.open_for, a_year), "max_open_for", "must be open_for to a year"
  );
  c.require(within(o.healthy_after, {}, a_year), "healthy_after", "must be 0 to a year");
  c.require(o.probes >= 1 && o.probes <= 1'000, "probes", "must be 1 to 1,000");
  c.require(
      within(o.probe_timeout, milliseconds(1), a_year), "probe_timeout", "must be 1 ms to a year"
  );
  c.require(within(o.ramp, {}, a_year), "ramp", "must be 0 to a year");
  c.require(within(o.ramp_floor, 0, 1), "ramp_floor", "must be 0 to 1");
  c.require(within(o.ramp_aggression, 0.1, 10), "ramp_aggression", "must be 0.1 to 10");
  return c.done();
}

}  // namespace

result<circuit_breaker> circuit_breaker::make(breaker_options options) {
  if (auto fine = check(options); !fine) return fine.error();
  return circuit_breaker(std::make_unique<impl>(std::move(options)));
}

circuit_breaker::circuit_breaker(std::unique_ptr<impl> i) noexcept : impl_(std::move(i)) {}
circuit_breaker::circuit_breaker(circuit_breaker&&) noexcept = default;
circuit_breaker& circuit_breaker::operator=(circuit_breaker&&) noexcept = default;
circuit_breaker::~circuit_breaker() = default;

void circuit_breaker::force_open(steady_time now) noexcept {
  impl_->force(breaker_state::forced_open, now);
}

void circuit_breaker::force_closed(steady_time now) noexcept {
  impl_->force(breaker_state::forced_closed, now);
}

void circuit_breaker::release(steady_time now) noexcept {
  const breaker_state s = impl_->state();
  if (s == breaker_state::forced_open || s == breaker_state::forced_closed) {
    impl_->force(breaker_state::closed, now);
  }
}

void circuit_breaker::open(steady_time now) noexcept { impl_->open_from_outside(now); }
void circuit_breaker::close(steady_time now) noexcept { impl_->close_from_outside(now); }

breaker_state circuit_breaker::state(steady_time now) const noexcept {
  const breaker_state seen = impl_->state();
  if (seen != breaker_state::open && seen != breaker_state::ramping) return seen;
  const std::scoped_lock lock(impl_->mutex);
  return impl_->state_at(now);
}

breaker_stats circuit_breaker::stats(steady_time now) const noexcept { return impl_->stats(now); }

const breaker_options& circuit_breaker::options() const noexcept { return impl_->options; }

}  // namespace scalekit::inline v0::resilience
