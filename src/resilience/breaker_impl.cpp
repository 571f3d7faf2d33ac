// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_impl.hpp"

#include "resilience/time_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

bool counts_for_the_callee(outcome_kind kind) noexcept {
  return kind == outcome_kind::ok || kind == outcome_kind::transient;
}

// More than what a product of doubles is off by, and less than a call.
constexpr double rounding = 1e-6;

// The least number of `of` calls that is `rate` of them.
std::uint32_t share(double rate, std::uint32_t of) noexcept {
  return std::max(1U, static_cast<std::uint32_t>(std::ceil(rate * of - rounding)));
}

}  // namespace

circuit_breaker::impl::impl(breaker_options o)
    : options(std::move(o)),
      failures_needed(share(options.failure_rate, options.probes)),
      slow_needed(share(options.slow_rate, options.probes)),
      window(options),
      open_for(options.open_for),
      probes(options.probes) {}

// Here, for a call on a closed breaker to be one function and not three.
breaker_admission circuit_breaker::before(steady_time now) noexcept {
  const std::uint64_t seen = impl_->word.load(std::memory_order_acquire);
  const auto s = static_cast<breaker_state>(seen & 7U);
  if (s != breaker_state::closed) return impl_->before_other(s, now);
  return {true, breaker_state::closed, {seen >> 3U, 0, now, 0}, {}};
}

breaker_admission circuit_breaker::impl::reject(breaker_state by, duration wait) noexcept {
  rejected.fetch_add(1, std::memory_order_relaxed);
  return {false, by, {}, std::max(wait, duration::zero())};
}

breaker_admission circuit_breaker::impl::before_other(
    breaker_state seen, steady_time now
) noexcept {
  if (seen == breaker_state::forced_open) return reject(seen, {});
  const steady_time until = open_until.load(std::memory_order_relaxed);
  if (seen == breaker_state::open && now < until) return reject(seen, between(now, until));
  change told[2];
  breaker_admission answer;
  {
    const std::scoped_lock lock(mutex);
    if (state() == breaker_state::open && now >= open_until.load()) {
      told[0] = move_to(breaker_state::half_open, now);
    }
    if (state() == breaker_state::half_open) {
      expire_probes(now);
      told[1] = judge_probes(now);
    }
    switch (const breaker_state s = state()) {
      case breaker_state::open:
        answer = reject(s, between(now, open_until.load()));
        break;
      case breaker_state::half_open:
        answer = admit_probe(now);
        break;
      case breaker_state::ramping:
        answer = admit_in_ramp(now, told[1]);
        break;
      case breaker_state::forced_open:
        answer = reject(s, {});
        break;
      default:
        answer = {true, s, {generation(), 0, now, 0}, {}};
    }
  }
  for (const change& c : told) tell(c);
  return answer;
}

breaker_admission circuit_breaker::impl::admit_probe(steady_time now) noexcept {
  if (probes_out + probes_done >= options.probes) return reject(breaker_state::half_open, {});
  const auto free = std::ranges::find(probes, 0U, &probe::id);
  *free = {++last_probe, later(now, options.probe_timeout)};
  ++probes_out;
  return {true, breaker_state::half_open, {generation(), free->id, now, 0}, {}};
}

// Envoy's slow start: max(floor, (t / ramp)^(1 / aggression)). The share is dealt out evenly rather
// than by chance: each call adds it to a credit, and a whole one buys an admission.
breaker_admission circuit_breaker::impl::admit_in_ramp(steady_time now, change& told) noexcept {
  const duration since = between(*closed_at, now);
  if (since >= options.ramp) {
    told = move_to(breaker_state::closed, now);
    return {true, breaker_state::closed, {generation(), 0, now, 0}, {}};
  }
  const double t = static_cast<double>(std::max(since, duration::zero()).count()) /
                   static_cast<double>(options.ramp.count());
  ramp_credit += std::max(options.ramp_floor, std::pow(t, 1.0 / options.ramp_aggression));
  if (ramp_credit < 1.0) return reject(breaker_state::ramping, {});
  ramp_credit -= 1.0;
  return {true, breaker_state::ramping, {generation(), 0, now, 0}, {}};
}

bool circuit_breaker::impl::is_slow(const breaker_permit& p, steady_time now) const noexcept {
  // Unsigned, the difference of any two instants fits.
  const auto took = static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                    static_cast<std::uint64_t>(p.started.time_since_epoch().count());
  return options.slow_call > duration::zero() && now > p.started &&
         took >= static_cast<std::uint64_t>(options.slow_call.count());
}

bool circuit_breaker::impl::too_bad(const counts& c) const noexcept {
  if (c.second + c.third == 0 || c.first < options.minimum_calls) return false;
  return c.second + rounding >= options.failure_rate * c.first ||
         (options.slow_call > duration::zero() && c.third + rounding >= options.slow_rate * c.first
         );
}

void circuit_breaker::after(const breaker_permit& p, outcome_kind kind, steady_time now) noexcept {
  if (p.probe != 0) return impl_->after_probe(p, kind, now);
  const std::uint64_t seen = impl_->word.load(std::memory_order_acquire);
  if (seen >> 3U != p.generation) {
    impl_->stale.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto s = static_cast<breaker_state>(seen & 7U);
  if (s == breaker_state::forced_closed || !counts_for_the_callee(kind)) return;
  const std::uint32_t failed = kind == outcome_kind::transient ? 1 : 0;
  const std::uint32_t slow = impl_->is_slow(p, now) ? 1 : 0;
  const counts found = impl_->window.add(failed, slow, now);
  if (impl_->too_bad(found)) impl_->trip(p.generation, now);
}

// Looks again under the lock: the state may have changed, and so may the window.
void circuit_breaker::impl::trip(std::uint64_t seen_generation, steady_time now) noexcept {
  change told;
  {
    const std::scoped_lock lock(mutex);
    if (generation() == seen_generation && too_bad(window.read(now))) told = open_now(now);
  }
  tell(told);
}

void circuit_breaker::impl::after_probe(
    const breaker_permit& p, outcome_kind kind, steady_time now
) noexcept {
  change told;
  {
    const std::scoped_lock lock(mutex);
    if (state() == breaker_state::half_open) expire_probes(now);
    const auto mine = std::ranges::find(probes, p.probe, &probe::id);
    if (generation() != p.generation || mine == probes.end()) {
      stale.fetch_add(1, std::memory_order_relaxed);
    } else {
      mine->id = 0;
      --probes_out;
      if (counts_for_the_callee(kind)) {
        ++probes_done;
        if (kind == outcome_kind::transient) ++probes_failed;
        if (is_slow(p, now)) ++probes_slow;
      }
    }
    if (state() == breaker_state::half_open) told = judge_probes(now);
  }
  tell(told);
}

void circuit_breaker::impl::expire_probes(steady_time now) noexcept {
  if (probes_out == 0) return;
  for (probe& p : probes) {
    if (p.id == 0 || now < p.expires) continue;
    p.id = 0;
    --probes_out;
    ++probes_done;
    ++probes_failed;
    ++expired_probes;
  }
}

// As soon as no result that is still to come can change the outcome.
circuit_breaker::impl::change circuit_breaker::impl::judge_probes(steady_time now) noexcept {
  const bool by_slow = options.slow_call > duration::zero();
  if (probes_failed >= failures_needed || (by_slow && probes_slow >= slow_needed)) {
    return open_now(now);
  }
  const std::uint32_t left = options.probes - probes_done;
  if (probes_failed + left < failures_needed && (!by_slow || probes_slow + left < slow_needed)) {
    return close_now(now);
  }
  return {};
}

circuit_breaker::impl::change circuit_breaker::impl::open_now(steady_time now) noexcept {
  const bool rested = closed_at && state() != breaker_state::half_open &&
                      between(*closed_at, now) >= options.healthy_after;
  if (opened == 0 || rested) {
    open_for = options.open_for;
  } else {
    open_for = open_for > options.max_open_for / 2 ? options.max_open_for : open_for * 2;
  }
  ++opened;
  open_until.store(later(now, open_for));
  return move_to(breaker_state::open, now);
}

circuit_breaker::impl::change circuit_breaker::impl::close_now(steady_time now) noexcept {
  closed_at = now;
  ramp_credit = 0;
  const bool ramps = options.ramp > duration::zero();
  return move_to(ramps ? breaker_state::ramping : breaker_state::closed, now);
}

circuit_breaker::impl::change circuit_breaker::impl::move_to(
    breaker_state to, steady_time now
) noexcept {
  const breaker_state from = state();
  // The end of the ramp is no new beginning: what was counted during it still counts.
  const bool same = from == breaker_state::ramping && to == breaker_state::closed;
  const std::uint64_t next = generation() + (same ? 0 : 1);
  if (!same) {
    window.clear();
    std::ranges::fill(probes, probe{});
    probes_out = probes_done = probes_failed = probes_slow = 0;
  }
  word.store((next << 3U) | static_cast<std::uint64_t>(to), std::memory_order_release);
  return breaker_event{options.name, from, to, now, next};
}

// What a call would find.
breaker_state circuit_breaker::impl::state_at(steady_time now) const noexcept {
  const breaker_state s = state();
  if (s == breaker_state::open && now >= open_until.load()) return breaker_state::half_open;
  if (s == breaker_state::ramping && between(*closed_at, now) >= options.ramp) {
    return breaker_state::closed;
  }
  return s;
}

void circuit_breaker::impl::tell(const change& c) const noexcept {
  if (c && options.listener) options.listener(*c);
}

void circuit_breaker::impl::force(breaker_state to, steady_time now) noexcept {
  change told;
  {
    const std::scoped_lock lock(mutex);
    if (state() != to) told = move_to(to, now);
  }
  tell(told);
}

void circuit_breaker::impl::open_from_outside(steady_time now) noexcept {
  change told;
  {
    const std::scoped_lock lock(mutex);
    const breaker_state s = state();
    if (s == breaker_state::closed || s == breaker_state::ramping) told = open_now(now);
  }
  tell(told);
}

void circuit_breaker::impl::close_from_outside(steady_time now) noexcept {
  change told;
  {
    const std::scoped_lock lock(mutex);
    const breaker_state s = state();
    if (s == breaker_state::open || s == breaker_state::half_open) told = close_now(now);
  }
  tell(told);
}

breaker_stats circuit_breaker::impl::stats(steady_time now) noexcept {
  const std::scoped_lock lock(mutex);
  const counts in_window = window.read(now);
  return {
      .state = state_at(now),
      .generation = generation(),
      .calls = in_window.first,
      .failures = in_window.second,
      .slow = in_window.third,
      .probes_out = probes_out,
      .open_for = open_for,
      .opened = opened,
      .rejected = rejected.load(std::memory_order_relaxed),
      .stale = stale.load(std::memory_order_relaxed),
      .expired_probes = expired_probes};
}

}  // namespace scalekit::inline v0::resilience
