// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/limit_group.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <new>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

rate per_second(std::int64_t tokens) {
  return rate::make({.tokens = tokens, .period = 1s, .burst = tokens}).value();
}

struct fixture {
  testing::manual_clock clock;
  steady_time start = clock.steady_now();
  token_bucket partner{per_second(4), start};
  std::unique_ptr<bulkhead> places = bulkhead::make({.max_concurrent = 1}).value();
  circuit_breaker breaker = circuit_breaker::make().value();
  pipeline_options options{
      .limiter = partner,
      .breaker = &breaker,
      .bulkhead = places.get(),
      .clock = &clock,
      .wait = &clock};
  std::unique_ptr<pipeline> make() { return pipeline::make(options).value(); }
  std::int64_t left() { return partner.peek(clock.steady_now(), 0).remaining; }
};

outcome throttled(duration wait) { return {outcome_kind::throttled, effect::none, wait}; }

}  // namespace

TEST_CASE("an attempt that a later layer refuses gives its permits back to the limiter") {
  fixture f;
  const auto uncalled = [] { FAIL("called"); };
  SUBCASE("the throttle") {
    const auto throttle = adaptive_throttle::make().value();
    for (int i = 0; i < 10'000; ++i) {
      static_cast<void>(throttle->admit(f.start, random_source::system()));
    }
    f.options.throttle = throttle.get();
    const auto p = f.make();
    while (p->stats().by(layer::throttle) == 0) {
      static_cast<void>(p->call([] {}));
      f.clock.advance(1s);
    }
    CHECK(f.left() == 4);
  }
  SUBCASE("the breaker") {
    f.breaker.force_open(f.start);
    CHECK_FALSE(f.make()->call(uncalled));
    CHECK(f.left() == 4);
  }
  SUBCASE("the bulkhead") {
    REQUIRE(f.places->try_acquire());
    CHECK_FALSE(f.make()->call(uncalled, {.cost = 3}));
    CHECK(f.left() == 4);
  }
  SUBCASE("dropped in the queue of the bulkhead") {
    const auto queue = bulkhead::make({.max_concurrent = 1, .max_queue = 1}).value();
    f.options.bulkhead = queue.get();
    REQUIRE(queue->try_acquire());
    const auto p = f.make();
    const call_options how;
    {
      pipeline_call c(*p, how, f.start);
      REQUIRE(c.enter(f.start) == pipeline_call::entry::queue);
      CHECK(f.left() == 3);
    }
    CHECK(f.left() == 4);
  }
  SUBCASE("each limit of a group") {
    token_bucket tenant(per_second(10), f.start);
    const auto both = limit_group::make(std::array{&f.partner, &tenant}).value();
    f.options.limiter = both;
    f.breaker.force_open(f.start);
    CHECK_FALSE(f.make()->call(uncalled, {.cost = 2}));
    CHECK(f.left() == 4);
    CHECK(tenant.peek(f.start, 0).remaining == 10);
  }
}

TEST_CASE("an attempt that was made has spent its permits, however it ends") {
  fixture f;
  const auto p = f.make();
  CHECK(p->call([] {}));
  CHECK_FALSE(p->call([]() -> result<int> { return errc::unavailable; }));
  CHECK_THROWS(static_cast<void>(p->call([]() -> int { throw 1; })));
  CHECK(f.left() == 1);
}

TEST_CASE("an attempt waits for its permits where it may") {
  fixture f;
  f.options.limiter_wait = 1s;
  const auto p = f.make();
  std::vector<duration> made_at;
  for (int i = 0; i < 6; ++i) {
    CHECK(p->call([&] { made_at.push_back(f.clock.steady_now() - f.start); }));
  }
  CHECK(made_at == std::vector<duration>{0ms, 0ms, 0ms, 0ms, 250ms, 500ms});
  SUBCASE("but not beyond its deadline") {
    const auto soon = f.clock.steady_now() + 100ms;
    const auto r = p->call([] { FAIL("called"); }, {.deadline = soon});
    CHECK(r.error().code() == errc::limit_exceeded);
    CHECK(r.error().retry_after() == 250ms);
    CHECK(f.clock.steady_now() < soon);
  }
  SUBCASE("nor longer than it may") {
    CHECK(p->call([] {}, {.cost = 5}).error().code() == errc::limit_exceeded);
    CHECK(p->call([] {}, {.cost = 4}));
    CHECK(f.clock.steady_now() - f.start == 1500ms);
  }
  SUBCASE("and gives the reservation back if it is dropped meanwhile") {
    const call_options how{.cost = 2};
    const auto now = f.clock.steady_now();
    {
      pipeline_call c(*p, how, now);
      REQUIRE(c.enter(now) == pipeline_call::entry::wait);
      CHECK(c.pause() == 500ms);
    }
    CHECK(p->stats().of(outcome_kind::cancelled) == 1);
    CHECK(f.partner.reserve(now, 1, 250ms).allowed);
  }
  SUBCASE("and passes the other layers when the wait is over") {
    const call_options how;
    auto now = f.clock.steady_now();
    pipeline_call c(*p, how, now);
    REQUIRE(c.enter(now) == pipeline_call::entry::wait);
    f.breaker.force_open(now);
    now += c.pause();
    CHECK(c.enter(now) == pipeline_call::entry::refused);
    CHECK(c.refusal().code() == errc::unavailable);
    CHECK(p->stats().by(layer::breaker) == 1);
  }
}

TEST_CASE("a Retry-After pauses the limiter of all calls, for a bounded time") {
  fixture f;
  const auto not_now = [](const result<int>&) { return throttled(10s); };
  const auto refused_for = [&](duration d) {
    const auto r = f.make()->call([] {});
    REQUIRE_FALSE(r);
    CHECK(r.error().retry_after() == d);
  };
  SUBCASE("as long as it says") {
    f.options.longest_cool_down = 1min;
    CHECK(f.make()->call([] { return 1; }, {}, not_now).has_value());
    refused_for(10s);
    f.clock.advance(10s);
    CHECK(f.make()->call([] {}));
  }
  SUBCASE("no longer than allowed") {
    f.options.longest_cool_down = 3s;
    CHECK(f.make()->call([] { return 1; }, {}, not_now).has_value());
    refused_for(3s);
  }
  SUBCASE("only if asked to") {
    CHECK(f.make()->call([] { return 1; }, {}, not_now).has_value());
    CHECK(f.make()->call([] {}));
  }
}

TEST_CASE("a call whose wait ends in a pause of the limiter is not made") {
  fixture f;
  f.options.limiter_wait = 1s;
  const auto p = f.make();
  const call_options how{.cost = 4};
  REQUIRE(f.partner.take(f.start, 4).allowed);
  pipeline_call c(*p, how, f.start);
  REQUIRE(c.enter(f.start) == pipeline_call::entry::wait);
  f.partner.cool_down(f.start + 500ms, 5s);
  CHECK(c.enter(f.start + 1s) == pipeline_call::entry::refused);
  CHECK(c.refusal().code() == errc::limit_exceeded);
  CHECK(c.refusal().retry_after() == 4500ms);
}

TEST_CASE("others' reservations do not stop a call whose wait is over") {
  fixture f;
  f.options.limiter_wait = 1min;
  f.options.bulkhead = nullptr;
  const auto p = f.make();
  REQUIRE(f.partner.take(f.start, 4).allowed);
  const call_options how;
  pipeline_call a(*p, how, f.start), b(*p, how, f.start);
  REQUIRE(a.enter(f.start) == pipeline_call::entry::wait);
  REQUIRE(b.enter(f.start) == pipeline_call::entry::wait);
  CHECK(a.enter(f.start + a.pause()) == pipeline_call::entry::proceed);
  CHECK(b.enter(f.start + b.pause()) == pipeline_call::entry::proceed);
}

TEST_CASE("a cost that can never be had says no time to come back") {
  fixture f;
  const auto r = f.make()->call([] { FAIL("called"); }, {.cost = 5});
  CHECK(r.error().code() == errc::limit_exceeded);
  CHECK_FALSE(r.error().retry_after());
}

TEST_CASE("a place that comes after the deadline is given back, and the permits too") {
  fixture f;
  const auto queue = bulkhead::make({.max_concurrent = 1, .max_queue = 1}).value();
  f.options.bulkhead = queue.get();
  const auto p = f.make();
  REQUIRE(queue->try_acquire());
  const call_options how{.deadline = f.start + 1s};
  pipeline_call c(*p, how, f.start);
  REQUIRE(c.enter(f.start) == pipeline_call::entry::queue);
  CHECK(c.placed(f.start + 1s) == pipeline_call::entry::refused);
  CHECK(c.refusal().code() == errc::timed_out);
  CHECK(queue->stats().in_flight == 0);
  CHECK(p->stats().by(layer::deadline) == 1);
}

TEST_CASE("a limiter that throws as it is told something does not end the call") {
  struct throwing {
    limit_decision take(steady_time, std::uint32_t) { return {}; }
    void refund(steady_time, const limit_decision&, std::uint32_t) { throw std::bad_alloc(); }
    void cool_down(duration) { throw std::bad_alloc(); }
  } limiter;
  fixture f;
  f.options.limiter = limiter;
  f.options.longest_cool_down = 1s;
  const auto p = f.make();
  CHECK(p->call([] { return 1; }, {}, [](const result<int>&) { return throttled(1s); }).value() == 1);
  f.breaker.force_open(f.start);
  CHECK(p->call([] {}).error().code() == errc::unavailable);
}

TEST_CASE("what the limiter cannot do is refused where the pipeline is made") {
  auto anything = [](steady_time, std::uint32_t) { return limit_decision{}; };
  const auto message = [](const pipeline_options& o) {
    return pipeline::make(o).error().message();
  };
  CHECK(message({.limiter = anything, .limiter_wait = 1s}).find("limiter_wait") != std::string::npos);
  CHECK(
      message({.limiter = anything, .longest_cool_down = 1s}).find("longest_cool_down") !=
      std::string::npos
  );
  CHECK(message({.longest_cool_down = 1s}).find("longest_cool_down") != std::string::npos);
  CHECK(message({.limiter_wait = -1s}).find("limiter_wait") != std::string::npos);
  CHECK(pipeline::make({.limiter = anything}));
}
