// SPDX-License-Identifier: BSL-1.0
#include "resilience/stand_back.hpp"

#include <scalekit/resilience/token_bucket.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace scalekit::inline v0::resilience {

namespace {

__extension__ using wide = unsigned __int128;

using std::chrono::microseconds;

constexpr unsigned point = 48;                              // bits of a speed behind the point
constexpr std::int64_t finest = 4096;                       // units in a microsecond at most
constexpr std::int64_t last_us = std::int64_t{1} << 48;     // of a bucket's service
constexpr std::int64_t longest_us = std::int64_t{1} << 46;  // of a refill, a wait, a pause
constexpr duration longest_warm_up = std::chrono::hours(24 * 366);
constexpr std::int64_t most_warm_factor = 64;

std::int64_t floor_us(steady_time t) noexcept {
  return std::chrono::floor<microseconds>(t).time_since_epoch().count();
}

// Of a wait, rounded up, so that who waits that long has waited long enough.
std::int64_t ceil_us(duration d) noexcept {
  if (d <= duration::zero()) return 0;
  return std::min(std::chrono::floor<microseconds>(d - duration(1)).count() + 1, longest_us);
}

// The bucket's clock: units since the start.
std::int64_t units(std::uint64_t speed, std::int64_t us) noexcept {
  return static_cast<std::int64_t>((wide{speed} * static_cast<std::uint64_t>(us)) >> point);
}

}  // namespace

// One call: what it saw, and what it made of it.
struct token_bucket::attempt {
  form f{};
  std::int64_t t = 0;        // now
  std::int64_t at = 0;       // now in units
  std::int64_t full_at = 0;  // before
  std::int64_t after = 0;    // after, if it is allowed
  std::int64_t paused = 0;   // until when
  bool cold = false;         // it begins a warm-up
  bool possible = true;      // it may be allowed some day
  bool allowed = false;
};

token_bucket::form token_bucket::make_form(const rate& r, std::uint64_t generation) noexcept {
  form f;
  f.generation = generation;
  f.burst = r.burst();
  const auto parts = static_cast<std::uint64_t>(r.parts());
  const auto step = static_cast<std::uint64_t>(r.step());
  if (r.parts() <= finest) {
    f.token = r.step();
    f.speed = parts << point;
  } else {
    const auto token = static_cast<std::uint64_t>(wide{step} * finest / parts);
    f.token = static_cast<std::int64_t>(token);
    f.speed = static_cast<std::uint64_t>(((wide{token} * parts) << point) / step);
  }
  f.capacity = f.burst * f.token;
  f.per_token = 1.0 / static_cast<double>(f.token);
  f.per_unit = static_cast<double>(std::uint64_t{1} << point) / static_cast<double>(f.speed);
  return f;
}

void token_bucket::publish(std::size_t index, const form& f) noexcept {
  slot& s = slots_[index];
  s.speed.store(f.speed, std::memory_order_relaxed);
  s.token.store(f.token, std::memory_order_relaxed);
  s.capacity.store(f.capacity, std::memory_order_relaxed);
  s.burst.store(f.burst, std::memory_order_relaxed);
  s.per_token.store(f.per_token, std::memory_order_relaxed);
  s.per_unit.store(f.per_unit, std::memory_order_relaxed);
  s.generation.store(f.generation, std::memory_order_relaxed);
}

// A slot is written again only after three further changes of the limit, and a word read before
// them would have to come back unchanged for the compare-and-swap to be fooled.
inline token_bucket::form token_bucket::read(std::uint64_t word) const noexcept {
  const slot& s = slots_[word % slots];
  form f;
  f.speed = s.speed.load(std::memory_order_relaxed);
  f.token = s.token.load(std::memory_order_relaxed);
  f.capacity = s.capacity.load(std::memory_order_relaxed);
  f.burst = s.burst.load(std::memory_order_relaxed);
  f.per_token = s.per_token.load(std::memory_order_relaxed);
  f.per_unit = s.per_unit.load(std::memory_order_relaxed);
  f.generation = s.generation.load(std::memory_order_relaxed);
  return f;
}

token_bucket::token_bucket(const rate& r, steady_time start) noexcept
    : token_bucket(r, start, warm_up{.factor = 1}) {}

token_bucket::token_bucket(const rate& r, steady_time start, const warm_up& w) noexcept
    : start_us_(floor_us(start)), rate_(r) {
  publish(0, make_form(r, 0));
  if (w.over <= duration::zero()) return;
  warm_over_ = ceil_us(std::min(w.over, longest_warm_up));
  warm_factor_ = std::clamp<std::int64_t>(w.factor, 1, most_warm_factor);
  cold_after_ = w.cold_after > duration::zero() ? ceil_us(std::min(w.cold_after, longest_warm_up))
                                                : warm_over_;
}

result<void> token_bucket::check(const warm_up& w) {
  const auto refuse = [](const char* why) {
    return error(errc::invalid_argument, std::string("warm_up: ") + why);
  };
  if (w.over < duration::zero() || w.over > longest_warm_up) {
    return refuse("over must be 0 to 366 days");
  }
  if (w.factor < 1 || w.factor > most_warm_factor) return refuse("factor must be 1 to 64");
  if (w.cold_after < duration::zero() || w.cold_after > longest_warm_up) {
    return refuse("cold_after must be 0 to 366 days");
  }
  return {};
}

inline std::int64_t token_bucket::since_start(steady_time now) const noexcept {
  const std::int64_t us = floor_us(now);
  return us <= start_us_ ? 0 : std::min(us - start_us_, last_us);
}

// Before the word is swapped: who sees what was taken sees when. A refund needs it; one whose clock
// lagged behind would give again what time has given already.
inline void token_bucket::note_time(std::int64_t t) noexcept {
  std::int64_t latest = latest_.load(std::memory_order_relaxed);
  while (latest < t && !latest_.compare_exchange_weak(latest, t, std::memory_order_relaxed)) {
  }
}

// What `cost` tokens take from a bucket that is warming up: never more than it can hold, so that
// what is possible when warm is possible when cold.
std::int64_t token_bucket::charge(const attempt& a, std::int64_t cost) const noexcept {
  const std::int64_t plain = cost * a.f.token;
  const std::int64_t warmth =
      a.cold ? 0
             : std::clamp<std::int64_t>(
                   a.t - warm_since_.load(std::memory_order_relaxed), 0, warm_over_
               );
  const wide surcharge =
      wide{static_cast<std::uint64_t>(plain)} * static_cast<std::uint64_t>(warm_factor_ - 1) *
      static_cast<std::uint64_t>(warm_over_ - warmth) / static_cast<std::uint64_t>(warm_over_);
  const auto room = static_cast<std::uint64_t>(a.f.capacity - plain);
  return plain +
         static_cast<std::int64_t>(surcharge < room ? static_cast<std::uint64_t>(surcharge) : room);
}

// Decides, given what `a` has seen, whether `cost` tokens can be had within `wait` microseconds.
inline bool token_bucket::consider(attempt& a, std::int64_t cost, std::int64_t wait)
    const noexcept {
  a.at = units(a.f.speed, a.t);
  a.possible = cost >= 0 && cost <= a.f.burst;
  if (!a.possible) return false;
  std::int64_t units_taken = cost * a.f.token;
  if (warm_over_ != 0) {
    const std::int64_t cold_units = units(a.f.speed, cold_after_);
    a.cold = a.full_at == 0 || a.full_at + cold_units <= a.at;
    units_taken = charge(a, cost);
  }
  a.after = std::max(a.full_at, a.at) + units_taken;
  const std::int64_t due = wait == 0 ? a.at : units(a.f.speed, a.t + wait);
  return a.after <= due + a.f.capacity && a.t + wait >= a.paused;
}

inline token_bucket::attempt token_bucket::run(
    steady_time now, std::int64_t cost, duration wait
) noexcept {
  attempt a;
  a.t = since_start(now);
  const std::int64_t wait_us =
      wait <= duration::zero()
          ? 0
          : std::min(std::chrono::floor<microseconds>(wait).count(), longest_us);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    a.f = read(word);
    a.full_at = static_cast<std::int64_t>(word / slots);
    a.paused = paused_until_.load(std::memory_order_relaxed);
    a.allowed = consider(a, cost, wait_us);
    if (!a.allowed || cost == 0) return a;
    note_time(a.t);
    // Before the swap: who sees the new word sees the warm-up begun.
    if (a.cold) warm_since_.store(a.t, std::memory_order_relaxed);
    const std::uint64_t next = static_cast<std::uint64_t>(a.after) * slots + word % slots;
    if (word_.compare_exchange_weak(
            word, next, std::memory_order_acq_rel, std::memory_order_acquire
        )) {
      return a;
    }
    stand_back();
    word = word_.load(std::memory_order_acquire);
  }
}

// Not a part of try_take, which would have to save registers for it.
[[gnu::noinline]] static bool try_take_warming(
    token_bucket& b, steady_time now, std::int64_t cost
) noexcept {
  return b.take(now, cost).allowed;
}

// What run() does, without what only a decision or a warm-up needs. The slot is guessed, so that
// the processor need not wait for the word before it computes with the slot.
bool token_bucket::try_take(steady_time now, std::int64_t cost) noexcept {
  if (warm_over_ != 0) return try_take_warming(*this, now, cost);
  const std::int64_t t = since_start(now);
  if (t < paused_until_.load(std::memory_order_relaxed)) return false;
  std::size_t index = current_.load(std::memory_order_relaxed);
  std::int64_t at = units(slots_[index].speed.load(std::memory_order_relaxed), t);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    if (word % slots != index) {
      index = word % slots;
      at = units(slots_[index].speed.load(std::memory_order_relaxed), t);
    }
    const slot& s = slots_[index];
    if (cost < 0 || cost > s.burst.load(std::memory_order_relaxed)) return false;
    const auto full_at = static_cast<std::int64_t>(word / slots);
    const std::int64_t after =
        std::max(full_at, at) + cost * s.token.load(std::memory_order_relaxed);
    if (after > at + s.capacity.load(std::memory_order_relaxed)) return false;
    const std::uint64_t next = static_cast<std::uint64_t>(after) * slots + index;
    note_time(t);
    if (cost == 0 || word_.compare_exchange_weak(
                         word, next, std::memory_order_acq_rel, std::memory_order_acquire
                     )) {
      return true;
    }
    stand_back();
    word = word_.load(std::memory_order_acquire);
  }
}

decision token_bucket::take(steady_time now, std::int64_t cost) noexcept {
  return describe(run(now, cost, duration::zero()));
}

decision token_bucket::reserve(steady_time now, std::int64_t cost, duration max_wait) noexcept {
  return describe(run(now, cost, max_wait));
}

decision token_bucket::peek(steady_time now, std::int64_t cost) const noexcept {
  attempt a;
  a.t = since_start(now);
  const std::uint64_t word = word_.load(std::memory_order_acquire);
  a.f = read(word);
  a.full_at = static_cast<std::int64_t>(word / slots);
  a.paused = paused_until_.load(std::memory_order_relaxed);
  a.allowed = consider(a, cost, 0);
  decision d = describe(a);
  d.taken = {};
  return d;
}

namespace {

// The first instant, in microseconds from `t`, at which the bucket's clock shows `target`.
std::int64_t wait_for(
    std::uint64_t speed, double per_unit, std::int64_t t, std::int64_t target
) noexcept {
  const std::int64_t missing = target - units(speed, t);
  if (missing <= 0) return 0;
  auto us = static_cast<std::int64_t>(static_cast<double>(missing) * per_unit);
  // The quotient is off by two at most, unless the slot is being written anew.
  for (int i = 0; i < 2 && us > 0 && units(speed, t + us - 1) >= target; ++i) --us;
  for (int i = 0; i < 2 && units(speed, t + us) < target; ++i) ++us;
  return us;
}

std::int64_t whole_tokens(std::int64_t room, std::int64_t token, double per_token) noexcept {
  if (room < token) return 0;
  auto n = static_cast<std::int64_t>(static_cast<double>(room) * per_token);
  if (n * token > room) --n;
  if (room - n * token >= token) ++n;
  return n;
}

}  // namespace

decision token_bucket::describe(const attempt& a) const noexcept {
  decision d;
  d.allowed = a.allowed;
  const std::int64_t full_at = a.allowed ? a.after : a.full_at;
  const bool paused = a.paused > a.t;
  if (!paused) {
    const std::int64_t room = a.at + a.f.capacity - std::max(full_at, a.at);
    d.remaining = whole_tokens(room, a.f.token, a.f.per_token);
  }
  const auto wait = [&](std::int64_t target) {
    return wait_for(a.f.speed, a.f.per_unit, a.t, target);
  };
  d.reset_after = microseconds(std::max(wait(full_at), a.paused - a.t));
  if (d.reset_after < duration::zero()) d.reset_after = duration::zero();
  if (!a.possible) {
    d.retry_after = never;
  } else if (!a.allowed || a.after > a.at + a.f.capacity || paused) {
    d.retry_after = microseconds(std::max(wait(a.after - a.f.capacity), a.paused - a.t));
  }
  if (a.allowed) d.taken = {a.at, a.f.generation};
  return d;
}

void token_bucket::debit(steady_time now, std::int64_t cost) noexcept {
  if (cost <= 0) return;
  const std::int64_t t = since_start(now);
  note_time(t);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    const form f = read(word);
    const std::int64_t at = units(f.speed, t);
    const auto full_at = static_cast<std::int64_t>(word / slots);
    const std::int64_t most = std::max(full_at, at + 2 * f.capacity);
    const std::int64_t after =
        std::min(std::max(full_at, at) + std::min(cost, f.burst) * f.token, most);
    const std::uint64_t next = static_cast<std::uint64_t>(after) * slots + word % slots;
    if (word_.compare_exchange_weak(
            word, next, std::memory_order_acq_rel, std::memory_order_acquire
        )) {
      return;
    }
  }
}

// Had the call not been made, every later call would have found the bucket fuller by its cost, less
// what was lost at the rim; and no more can have been lost than time has passed since. This holds
// whatever else was taken or given back meanwhile.
void token_bucket::refund(steady_time now, const decision& d, std::int64_t cost) noexcept {
  if (!d.allowed || cost <= 0) return;
  const std::int64_t t = since_start(now);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    const form f = read(word);
    const auto full_at = static_cast<std::int64_t>(word / slots);
    if (f.generation != d.taken.generation) return;
    // What a cool-down left behind is not the call's.
    const std::int64_t paused = paused_until_.load(std::memory_order_relaxed);
    if (d.taken.mark < units(f.speed, paused)) return;
    const std::int64_t latest = std::max(t, latest_.load(std::memory_order_relaxed));
    const std::int64_t passed = std::max<std::int64_t>(units(f.speed, latest) - d.taken.mark, 0);
    const std::int64_t back = std::min(std::min(cost, f.burst) * f.token - passed, full_at);
    if (back <= 0) return;
    const std::uint64_t next = static_cast<std::uint64_t>(full_at - back) * slots + word % slots;
    if (word_.compare_exchange_weak(
            word, next, std::memory_order_acq_rel, std::memory_order_acquire
        )) {
      return;
    }
  }
}

void token_bucket::cool_down(steady_time now, duration wait) noexcept {
  if (wait <= duration::zero()) return;
  const std::int64_t until = since_start(now) + ceil_us(wait);
  std::int64_t paused = paused_until_.load(std::memory_order_relaxed);
  while (paused < until && !paused_until_.compare_exchange_weak(paused, until)) {
  }
  std::uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    const form f = read(word);
    const std::int64_t after = units(f.speed, until) + f.capacity - f.token;
    if (static_cast<std::int64_t>(word / slots) >= after) return;
    const std::uint64_t next = static_cast<std::uint64_t>(after) * slots + word % slots;
    if (word_.compare_exchange_weak(
            word, next, std::memory_order_acq_rel, std::memory_order_acquire
        )) {
      return;
    }
  }
}

duration token_bucket::cooling(steady_time now) const noexcept {
  const std::int64_t left = paused_until_.load(std::memory_order_relaxed) - since_start(now);
  return microseconds(std::max<std::int64_t>(left, 0));
}

void token_bucket::set_limit(steady_time now, const rate& r) noexcept {
  const std::scoped_lock lock(changing_);
  rate_ = r;
  const std::int64_t t = since_start(now);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  const form old = read(word);
  const form f = make_form(r, old.generation + 1);
  const std::size_t index = f.generation % slots;
  publish(index, f);
  for (;;) {
    const std::int64_t distance = static_cast<std::int64_t>(word / slots) - units(old.speed, t);
    // To the new unit, a debt rounded up.
    const auto size = static_cast<std::uint64_t>(distance < 0 ? -distance : distance);
    const auto scaled = static_cast<std::int64_t>(
        (wide{size} * f.speed + (distance > 0 ? old.speed - 1 : 0)) / old.speed
    );
    const std::int64_t after =
        std::max<std::int64_t>(units(f.speed, t) + (distance < 0 ? -scaled : scaled), 0);
    if (word_.compare_exchange_weak(
            word,
            static_cast<std::uint64_t>(after) * slots + index,
            std::memory_order_acq_rel,
            std::memory_order_acquire
        )) {
      current_.store(index, std::memory_order_relaxed);
      return;
    }
  }
}

rate token_bucket::limit() const {
  const std::scoped_lock lock(changing_);
  return rate_;
}

}  // namespace scalekit::inline v0::resilience
