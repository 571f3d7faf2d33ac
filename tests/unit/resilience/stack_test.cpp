// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"

#include <scalekit/resilience/stack.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

result<int> down() { return errc::unavailable; }

stack_options every_layer(testing::manual_clock& time, random_source& random) {
  return {
      .shedder = load_shedder_options{},
      .limit = rate::make({.tokens = 100, .burst = 10}).value(),
      .throttle = adaptive_throttle_options{},
      .bulkhead = {{.max_concurrent = 2}},
      .timeout = 5s,
      .clock = &time,
      .wait = &time,
      .random = &random};
}

}  // namespace

TEST_CASE("by default there is a breaker, and retries with a budget, and nothing else") {
  testing::manual_clock time;
  const auto s = stack::make({.clock = &time, .wait = &time}).value();
  CHECK(s->call([] { return 42; }).value() == 42);
  int calls = 0;
  CHECK_FALSE(s->call([&] {
    ++calls;
    return down();
  }));
  CHECK(calls > 1);
  CHECK(s->breaker() != nullptr);
  CHECK(s->budget() != nullptr);
  const stack_stats now = s->stats();
  CHECK(now.calls.of(outcome_kind::ok) == 1);
  CHECK(now.breaker->calls == static_cast<std::uint32_t>(1 + calls));
  CHECK(now.budget->granted == static_cast<std::uint64_t>(calls - 1));
  CHECK_FALSE(now.shedder);
  CHECK_FALSE(now.limiter);
  CHECK_FALSE(now.throttle);
  CHECK_FALSE(now.bulkhead);
  CHECK_FALSE(now.concurrency);
}

TEST_CASE("every layer is asked, can be reached, and says what it knows") {
  testing::manual_clock time;
  testing::fixed_random random;
  const auto s = stack::make(every_layer(time, random)).value();
  call_trace trace;
  const call_options traced{.trace = &trace};
  REQUIRE(s->call([] { return 1; }, traced).has_value());
  std::string passed;
  for (const trace_entry& e : trace.entries()) {
    if (e.what == trace_event::passed) passed.append(to_string(e.by)).append(" ");
  }
  CHECK(passed == "shedder limiter throttle breaker concurrency ");
  const stack_stats now = s->stats();
  CHECK(now.shedder->level == 0);
  CHECK(now.limiter->remaining == 9);
  CHECK(now.throttle->calls == 1);
  CHECK(now.bulkhead->in_flight == 0);

  s->limiter()->set_limit(time.steady_now(), rate::make({.tokens = 1, .burst = 1}).value());
  s->breaker()->force_open(time.steady_now());
  time.advance(1h);
  CHECK(s->call([] {}).error().code() == errc::unavailable);
  CHECK(s->stats().limiter->remaining == 1);
}

TEST_CASE("a throttle of the callee pauses all calls, unless that is turned off") {
  testing::manual_clock time;
  testing::fixed_random random;
  stack_options o = every_layer(time, random);
  const auto throttled = [](const result<int>&) {
    return outcome{outcome_kind::throttled, effect::none, 2s};
  };
  const call_options how;
  o.retry.reset();
  SUBCASE("by default") {
    const auto s = stack::make(o).value();
    CHECK(s->call([] { return 1; }, how, throttled).has_value());
    CHECK(s->call([] {}).error().retry_after() == 2s);
  }
  SUBCASE("turned off") {
    o.longest_cool_down = 0s;
    const auto s = stack::make(o).value();
    CHECK(s->call([] { return 1; }, how, throttled).has_value());
    CHECK(s->call([] {}));
  }
}

TEST_CASE("a bad option is named with its layer") {
  const auto message = [](const stack_options& o) {
    const auto r = stack::make(o);
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::invalid_argument);
    return r.error().message();
  };
  CHECK(message({.breaker = {{.failure_rate = std::nan("")}}}).find("failure_rate") != std::string::npos);
  CHECK(message({.bulkhead = {{.max_concurrent = 0}}}).find("bulkhead: max_concurrent") == 0);
  CHECK(message({.bulkhead = {{}}, .concurrency = {{}}}).find("concurrency") != std::string::npos);
  CHECK(message({.timeout = -1s}).find("timeout") != std::string::npos);
  CHECK(message({.limit = rate(), .limiter_wait = -1s}).find("limiter_wait") != std::string::npos);
}

TEST_CASE("a call through every layer allocates nothing") {
  testing::manual_clock time;
  testing::fixed_random random;
  const auto s = stack::make(every_layer(time, random)).value();
  static_cast<void>(s->call([] { return 1; }));
  const std::uint64_t before = scalekit_tests::allocations();
  CHECK(s->call([] { return 1; }).value() == 1);
  s->breaker()->force_open(time.steady_now());
  CHECK_FALSE(s->call([] { return 1; }).has_value());
  CHECK(scalekit_tests::allocations() == before);
}
