// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/adaptive_limit.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::uint32_t enough_calls = 10;
constexpr std::uint32_t first_samples = 10;

}  // namespace

result<std::unique_ptr<adaptive_limit>> adaptive_limit::make(adaptive_limit_options o) {
  auto fine =
      option_check("adaptive_limit")
          .require(o.minimum >= 1, "minimum", "must be at least 1")
          .require(
              o.maximum >= o.minimum && o.maximum <= 1'000'000,
              "maximum",
              "must be minimum to 1,000,000"
          )
          .require(
              o.initial >= o.minimum && o.initial <= o.maximum,
              "initial",
              "must be minimum to maximum"
          )
          .require(within(o.decrease, 0.1, 0.99), "decrease", "must be 0.1 to 0.99")
          .require(within(o.tolerance, 1, 10), "tolerance", "must be 1 to 10")
          .require(o.smoothing > 0 && o.smoothing <= 1, "smoothing", "must be above 0, at most 1")
          .require(o.queue <= o.maximum, "queue", "must be at most maximum")
          .require(
              within(o.sample, std::chrono::microseconds(1), std::chrono::hours(1)),
              "sample",
              "must be 1 us to an hour"
          )
          .require(
              o.long_run >= 10 && o.long_run <= 1'000'000, "long_run", "must be 10 to 1,000,000"
          )
          .done();
  if (!fine) return fine.error();
  return std::unique_ptr<adaptive_limit>(new adaptive_limit(o));
}

adaptive_limit::adaptive_limit(adaptive_limit_options o) noexcept
    : options_(o), limit_(o.initial), exact_(o.initial) {}

limit_ticket adaptive_limit::try_acquire(steady_time now) noexcept {
  std::uint32_t n = in_flight_.load(std::memory_order_relaxed);
  while (n < limit_.load(std::memory_order_relaxed)) {
    if (in_flight_.compare_exchange_weak(n, n + 1, std::memory_order_relaxed)) {
      return {true, n + 1, now};
    }
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

void adaptive_limit::release(
    const limit_ticket& ticket, outcome_kind kind, steady_time now
) noexcept {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  switch (kind) {
    case outcome_kind::transient:
    case outcome_kind::throttled:
      return cut(ticket, now);
    case outcome_kind::ok:
      if (options_.algorithm == limit_algorithm::gradient2) return take_sample(ticket, now);
      return grow_by_round(ticket);
    case outcome_kind::permanent:
    case outcome_kind::cancelled:
      return;
  }
}

// Calls that began before the last cut fail for the same reason; they do not cut again.
void adaptive_limit::cut(const limit_ticket& ticket, steady_time now) noexcept {
  const std::scoped_lock lock(mutex_);
  if (ticket.started < last_cut_) return;
  last_cut_ = now;
  ++cuts_;
  set(exact_ * options_.decrease);
}

void adaptive_limit::grow_by_round(const limit_ticket& ticket) noexcept {
  const std::uint32_t now = limit();
  if (ticket.in_flight < now - now / 2) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) set(exact_ + 1.0 / exact_);
}

void adaptive_limit::take_sample(const limit_ticket& ticket, steady_time now) noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  sum_ += static_cast<double>(std::max(between(ticket.started, now), duration(1)).count());
  ++calls_;
  most_in_flight_ = std::max(most_in_flight_, ticket.in_flight);
  if (now < sample_ends_ || calls_ < enough_calls) return;
  follow_gradient(sum_ / calls_);
  sum_ = 0;
  calls_ = most_in_flight_ = 0;
  sample_ends_ = later(now, options_.sample);
}

void adaptive_limit::follow_gradient(double rtt) noexcept {
  // A plain average of the first ones, then one that forgets slowly.
  ++samples_;
  const double weight = samples_ <= first_samples ? 1.0 / samples_ : 2.0 / (options_.long_run + 1);
  long_run_ += (rtt - long_run_) * weight;
  samples_ = std::min(samples_, first_samples);
  // After a spell of slowness the long run must not take as long to come down.
  if (long_run_ > 2 * rtt) long_run_ *= 0.95;
  if (most_in_flight_ < exact_ / 2) return;
  const double gradient = std::clamp(options_.tolerance * long_run_ / rtt, 0.5, 1.0);
  const double wanted = exact_ * gradient + options_.queue;
  set(exact_ + (wanted - exact_) * options_.smoothing);
}

void adaptive_limit::set(double limit) noexcept {
  exact_ = std::clamp<double>(limit, options_.minimum, options_.maximum);
  limit_.store(static_cast<std::uint32_t>(exact_), std::memory_order_relaxed);
}

adaptive_limit_stats adaptive_limit::stats() const noexcept {
  const std::scoped_lock lock(mutex_);
  return {
      limit(),
      in_flight_.load(std::memory_order_relaxed),
      refused_.load(std::memory_order_relaxed),
      cuts_,
      from_double(long_run_)};
}

}  // namespace scalekit::inline v0::resilience
