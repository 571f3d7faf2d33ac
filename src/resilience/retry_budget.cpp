// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/retry_budget.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

retry_budget::~retry_budget() = default;

result<std::unique_ptr<ratio_budget>> ratio_budget::make(ratio_budget_options o) {
  auto fine = option_check("ratio_budget")
                  .require(within(o.ratio, 0, 10), "ratio", "must be 0 to 10")
                  .require(o.minimum <= 1'000'000, "minimum", "must be at most 1,000,000")
                  .require(
                      within(o.window, std::chrono::milliseconds(1), std::chrono::hours(24)),
                      "window",
                      "must be 1 ms to a day"
                  )
                  .done();
  if (!fine) return fine.error();
  return std::unique_ptr<ratio_budget>(new ratio_budget(o));
}

ratio_budget::ratio_budget(ratio_budget_options options) noexcept
    : options_(options), window_(options.window) {}

void ratio_budget::on_call(steady_time now) noexcept { window_.add({1, 0, 0}, now); }

// Counted first and taken back if it was too much, so that two threads cannot both have the last.
std::uint32_t ratio_budget::withdraw(outcome_kind, steady_time now) noexcept {
  const counts with_it = window_.add({0, 1, 0}, now);
  const double most = std::max<double>(options_.minimum, options_.ratio * with_it.first);
  if (with_it.second <= most) return counted(1);
  window_.take_back({0, 1, 0});
  return counted(0);
}

void ratio_budget::on_success(std::uint32_t) noexcept {}

void ratio_budget::give_back(std::uint32_t, steady_time paid_at, steady_time now) noexcept {
  // What lies a sixteenth of the window further back may have left it.
  if (between(paid_at, now) < options_.window / 16 * 15) window_.take_back({0, 1, 0});
  uncount();
}

result<std::unique_ptr<token_budget>> token_budget::make(token_budget_options o) {
  auto fine =
      option_check("token_budget")
          .require(o.capacity >= 1 && o.capacity <= 1'000'000, "capacity", "must be 1 to 1,000,000")
          .require(o.cost >= 1 && o.cost <= o.capacity, "cost", "must be 1 to capacity")
          .require(
              o.throttled_cost >= 1 && o.throttled_cost <= o.capacity,
              "throttled_cost",
              "must be 1 to capacity"
          )
          .done();
  if (!fine) return fine.error();
  return std::unique_ptr<token_budget>(new token_budget(o));
}

token_budget::token_budget(token_budget_options options) noexcept
    : options_(options), tokens_(options.capacity) {}

void token_budget::on_call(steady_time) noexcept {}

std::uint32_t token_budget::withdraw(outcome_kind kind, steady_time) noexcept {
  const std::uint32_t cost =
      kind == outcome_kind::throttled ? options_.throttled_cost : options_.cost;
  std::uint32_t have = tokens_.load(std::memory_order_relaxed);
  while (have >= cost) {
    if (tokens_.compare_exchange_weak(have, have - cost, std::memory_order_relaxed)) {
      return counted(cost);
    }
  }
  return counted(0);
}

void token_budget::refill(std::uint32_t by) noexcept {
  std::uint32_t have = tokens_.load(std::memory_order_relaxed);
  while (have < options_.capacity) {
    const std::uint32_t full = std::min(options_.capacity, have + by);
    if (tokens_.compare_exchange_weak(have, full, std::memory_order_relaxed)) return;
  }
}

void token_budget::on_success(std::uint32_t last_cost) noexcept { refill(std::max(last_cost, 1U)); }

void token_budget::give_back(std::uint32_t cost, steady_time, steady_time) noexcept {
  refill(cost);
  uncount();
}

}  // namespace scalekit::inline v0::resilience
