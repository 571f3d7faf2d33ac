// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"

#include <scalekit/resilience/stack_meter.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

// The kinds and the layers that have a counter, in the order of their enumerations.
constexpr std::size_t kinds = std::tuple_size_v<decltype(pipeline_stats::ended)>;

class total {
 public:
  total() = default;
  total(metrics::registry& r, const std::string& name, std::string_view help)
      : counter_(r.make_counter(name + "_total", help)) {}
  void reach(std::uint64_t now) noexcept {
    if (now > last_) counter_.add(now - last_);
    last_ = std::max(last_, now);
  }

 private:
  metrics::counter counter_;
  std::uint64_t last_ = 0;
};

class level {
 public:
  level(metrics::registry& r, const std::string& name, std::string_view help)
      : gauge_(r.make_gauge(name, help)) {}
  void reach(double now) noexcept {
    if (now != last_) gauge_.add(now - last_);
    last_ = now;
  }

 private:
  metrics::gauge gauge_;
  double last_ = 0;
};

bool is_part_of_a_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_open(breaker_state s) noexcept {
  return s == breaker_state::open || s == breaker_state::half_open ||
         s == breaker_state::forced_open;
}

}  // namespace

struct stack_meter::state {
  state(metrics::registry& r, const std::string& prefix)
      : retries(r, prefix + "retries", "Attempts after the first"),
        breaker_opened(r, prefix + "breaker_opened", "Times the breaker opened"),
        breaker_open(r, prefix + "breaker_open", "1 while the breaker is open or half-open"),
        in_flight(r, prefix + "in_flight", "Calls under way"),
        waiting(r, prefix + "waiting", "Calls in the bulkhead's queue"),
        concurrency_limit(r, prefix + "concurrency_limit", "Calls that may be under way"),
        limiter_tokens(r, prefix + "limiter_tokens", "Permits left"),
        shed_level(r, prefix + "shed_level", "Priorities that are shed") {
    for (std::size_t i = 0; i < kinds; ++i) {
      const auto kind = to_string(static_cast<outcome_kind>(i));
      calls[i] = total(r, prefix + "calls_" + std::string(kind), "Calls by their last outcome");
    }
    for (std::size_t i = 0; i < layers; ++i) {
      if (static_cast<layer>(i) == layer::call) continue;
      const auto by = to_string(static_cast<layer>(i));
      refused[i] = total(r, prefix + "refused_" + std::string(by), "Attempts refused by a layer");
    }
  }

  std::mutex mutex;
  std::array<total, kinds> calls;
  std::array<total, layers> refused;
  total retries, breaker_opened;
  level breaker_open, in_flight, waiting, concurrency_limit, limiter_tokens, shed_level;
};

result<std::unique_ptr<stack_meter>> stack_meter::make(
    metrics::registry& registry, std::string_view callee
) {
  const bool fine = !callee.empty() && std::ranges::all_of(callee, is_part_of_a_name);
  auto checked = option_check("stack_meter")
                     .require(fine, "callee", "must be letters, digits and _, one at least")
                     .done();
  if (!checked) return checked.error();
  const std::string prefix = "scalekit_resilience_" + std::string(callee) + "_";
  return std::unique_ptr<stack_meter>(new stack_meter(std::make_unique<state>(registry, prefix)));
}

stack_meter::stack_meter(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
stack_meter::~stack_meter() = default;

void stack_meter::publish(const stack_stats& now) {
  state& s = *state_;
  const std::scoped_lock lock(s.mutex);
  for (std::size_t i = 0; i < kinds; ++i) s.calls[i].reach(now.calls.ended[i]);
  for (std::size_t i = 0; i < layers; ++i) s.refused[i].reach(now.calls.refused[i]);
  s.retries.reach(now.calls.retries);
  if (now.breaker) {
    s.breaker_opened.reach(now.breaker->opened);
    s.breaker_open.reach(is_open(now.breaker->state) ? 1 : 0);
  }
  if (now.bulkhead) {
    s.in_flight.reach(now.bulkhead->in_flight);
    s.waiting.reach(now.bulkhead->waiting);
  }
  if (now.concurrency) {
    s.in_flight.reach(now.concurrency->in_flight);
    s.concurrency_limit.reach(now.concurrency->limit);
  }
  if (now.limiter) s.limiter_tokens.reach(static_cast<double>(now.limiter->remaining));
  if (now.shedder) s.shed_level.reach(now.shedder->level);
}

}  // namespace scalekit::inline v0::resilience
