// SPDX-License-Identifier: BSL-1.0
// Limits of one process, of several decided together, and of many processes over one store.
#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/limit_group.hpp>
#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <array>
#include <cstdio>

using namespace scalekit;
using namespace std::chrono_literals;

namespace {

result<void> several_limits(steady_time now) {
  // [group]
  auto per_tenant = resilience::rate::make({.tokens = 10, .period = 1s, .burst = 3});
  if (!per_tenant) return per_tenant.error();
  auto in_all = resilience::rate::make({.tokens = 100, .period = 1s, .burst = 50});
  if (!in_all) return in_all.error();
  resilience::token_bucket tenant(*per_tenant, now);
  resilience::token_bucket everybody(*in_all, now);

  auto both = resilience::limit_group::make(std::array{&tenant, &everybody});
  if (!both) return both.error();
  for (int call = 1; call <= 4; ++call) {
    const resilience::group_decision d = both->take(now);
    if (d.allowed) {
      std::printf("call %d: allowed, %lld left\n", call, static_cast<long long>(d.remaining));
    } else {
      std::printf(
          "call %d: Retry-After: %s\n", call, resilience::retry_after_seconds(d.retry_after).c_str()
      );
    }
  }
  // [group]
  return {};
}

// [fields]
result<void> tell_the_client(const resilience::rate& r, const resilience::decision& d) {
  auto policy = resilience::to_field({resilience::policy_of("minute", r)});
  if (!policy) return policy.error();
  auto state = resilience::to_field({resilience::state_of("minute", d)});
  if (!state) return state.error();
  std::printf("RateLimit-Policy: %s\nRateLimit: %s\n", policy->c_str(), state->c_str());
  return {};
}
// [fields]

// [leased]
result<int> call_a_partner(resilience::limiter_store& store, const scalekit::clock& time) {
  auto rate = resilience::rate::make({.tokens = 500, .period = 1s, .burst = 100});
  if (!rate) return rate.error();
  auto partner = resilience::leased_limiter::open(
      store, {.name = "partner", .rate = *rate, .nodes = 2, .clock = &time}
  );
  if (!partner) return partner.error();
  int calls = 0;
  for (int wanted = 0; wanted < 40; ++wanted) {
    if ((*partner)->take(time.steady_now()).allowed) ++calls;
  }
  // The partner says 429: no node calls it for two seconds.
  if (auto told = (*partner)->cool_down(2s); !told) return told.error();
  const resilience::decision d = (*partner)->take(time.steady_now());
  std::printf("in cool-down: %s\n", d.allowed ? "allowed" : "refused");
  if (auto closed = (*partner)->close(); !closed) return closed.error();
  return calls;
}
// [leased]

result<void> run() {
  const scalekit::clock& time = scalekit::clock::system();
  if (auto done = several_limits(time.steady_now()); !done) return done;

  auto minute = resilience::rate::make({.tokens = 60, .period = 60s, .burst = 60});
  if (!minute) return minute.error();
  resilience::token_bucket bucket(*minute, time.steady_now());
  auto told = tell_the_client(*minute, bucket.take(time.steady_now(), 10));
  if (!told) return told;

  // Redis or SQL in a real service: redis_limiter_store, sql_limiter_store.
  resilience::memory_limiter_store store(time);
  auto calls = call_a_partner(store, time);
  if (!calls) return calls.error();
  std::printf("%d calls of a partner\n", *calls);
  return {};
}

}  // namespace

int main() {
  if (auto done = run(); !done) {
    std::fprintf(stderr, "rate_limit: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
