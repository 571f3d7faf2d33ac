// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/load_shedder.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::uint32_t highest_level = 3;
constexpr std::int64_t nobody_came = last_tick;

}  // namespace

result<std::unique_ptr<load_shedder>> load_shedder::make(load_shedder_options o) {
  auto fine =
      option_check("load_shedder")
          .require(
              within(o.target, std::chrono::microseconds(1), std::chrono::hours(1)),
              "target",
              "must be 1 us to an hour"
          )
          .require(within(o.interval, o.target, a_year), "interval", "must be target to a year")
          .require(
              within(o.longest_wait, o.target, a_year), "longest_wait", "must be target to a year"
          )
          .done();
  if (!fine) return fine.error();
  return std::unique_ptr<load_shedder>(new load_shedder(o));
}

load_shedder::load_shedder(load_shedder_options o) noexcept
    : options_(o), ends_(first_tick), shortest_(nobody_came) {}

void load_shedder::note(std::int64_t wait) noexcept {
  std::int64_t shortest = shortest_.load(std::memory_order_relaxed);
  while (wait < shortest &&
         !shortest_.compare_exchange_weak(shortest, wait, std::memory_order_relaxed)) {
  }
}

void load_shedder::end_interval(steady_time now) noexcept {
  const std::scoped_lock lock(mutex_);
  const steady_time due{duration(ends_.load(std::memory_order_relaxed))};
  if (now < due) return;  // another thread was first
  const std::int64_t shortest = shortest_.exchange(nobody_came, std::memory_order_relaxed);
  const std::uint32_t was = level();
  std::uint32_t is = was;
  if (shortest != nobody_came && shortest > options_.target.count()) {
    is = std::min(was + 1, highest_level);
  } else if (was != 0) {
    is = was - 1;
  }
  // Intervals in which nobody came were no overload.
  const auto idle = between(due, now) / options_.interval;
  if (idle > 0) is -= static_cast<std::uint32_t>(std::min<std::int64_t>(is, idle));
  level_.store(is, std::memory_order_relaxed);
  ends_.store(later(now, options_.interval).time_since_epoch().count(), std::memory_order_relaxed);
}

shed_verdict load_shedder::admit(steady_time now, steady_time queued_at, priority p) noexcept {
  if (now.time_since_epoch().count() >= ends_.load(std::memory_order_relaxed)) end_interval(now);
  const duration wait = std::max(between(queued_at, now), duration::zero());
  note(wait.count());
  const std::uint32_t shed = level();
  if (static_cast<std::uint32_t>(p) + shed > highest_level) {
    by_priority_.fetch_add(1, std::memory_order_relaxed);
    return shed_verdict::by_priority;
  }
  const bool drains = shed != 0 && p != priority::critical && wait > 2 * options_.target;
  if (drains || wait > options_.longest_wait) {
    by_wait_.fetch_add(1, std::memory_order_relaxed);
    return shed_verdict::by_wait;
  }
  return shed_verdict::admitted;
}

load_shedder_stats load_shedder::stats() const noexcept {
  return {
      level(),
      by_priority_.load(std::memory_order_relaxed),
      by_wait_.load(std::memory_order_relaxed)};
}

}  // namespace scalekit::inline v0::resilience
