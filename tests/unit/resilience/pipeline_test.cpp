// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"

#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

// Lets `left` permits through, then asks for a wait.
struct counting_limiter {
  int left = 1'000'000;
  struct answer {
    bool allowed;
    std::chrono::milliseconds retry_after;
  };
  answer try_take(steady_time, std::uint32_t cost) {
    left -= static_cast<int>(cost);
    return {left >= 0, 250ms};
  }
};

// One of every layer, none of which is in the way.
struct fixture {
  testing::manual_clock clock;
  testing::fixed_random random;
  std::unique_ptr<load_shedder> shedder = load_shedder::make().value();
  counting_limiter limiter;
  std::unique_ptr<adaptive_throttle> throttle = adaptive_throttle::make().value();
  circuit_breaker breaker = circuit_breaker::make({.minimum_calls = 5, .ramp = 0s}).value();
  retry_policy retry =
      retry_policy::make({.max_attempts = 3, .backoff = {.jitter = jitter::none}}).value();
  std::unique_ptr<retry_budget> budget = ratio_budget::make({.minimum = 100}).value();
  std::unique_ptr<bulkhead> places = bulkhead::make({.max_concurrent = 2}).value();
  pipeline_options options{
      .shedder = shedder.get(),
      .limiter = limiter,
      .throttle = throttle.get(),
      .breaker = &breaker,
      .retry = &retry,
      .budget = budget.get(),
      .bulkhead = places.get(),
      .clock = &clock,
      .wait = &clock,
      .random = &random};
  std::unique_ptr<pipeline> make() { return pipeline::make(options).value(); }
};

error unavailable() { return error(errc::unavailable, "down"); }

}  // namespace

TEST_CASE("a call that succeeds goes through all layers once, and its answer comes back") {
  fixture f;
  const auto p = f.make();
  CHECK(p->call([] { return 42; }).value() == 42);
  CHECK(p->call([](const attempt& a) {
           return result<int>(static_cast<int>(a.number));
         }).value() == 1);
  CHECK(p->call([] {}).has_value());
  CHECK(p->call([] { return result<void>(); }).has_value());
  CHECK(p->call([] { return std::make_unique<int>(7); }).value() != nullptr);
  CHECK(p->stats().of(outcome_kind::ok) == 5);
  CHECK(f.places->stats().in_flight == 0);
  CHECK(f.breaker.stats(f.clock.steady_now()).calls == 5);
}

TEST_CASE("a transient failure is tried again, through every layer again") {
  fixture f;
  const auto p = f.make();
  int calls = 0;
  const auto before = f.limiter.left;
  const auto answer = p->call([&](const attempt& a) -> result<std::string> {
    CHECK(f.places->stats().in_flight == 1);
    CHECK(static_cast<int>(a.number) == ++calls);
    if (calls < 3) return unavailable();
    return "third time";
  });
  CHECK(answer.value() == "third time");
  CHECK(f.clock.sleeps() == 2);
  CHECK(before - f.limiter.left == 3);
  CHECK(f.breaker.stats(f.clock.steady_now()).calls == 3);
  CHECK(f.breaker.stats(f.clock.steady_now()).failures == 2);
  CHECK(p->stats().retries == 2);
  CHECK(p->stats().of(outcome_kind::ok) == 1);
}

TEST_CASE("what may have taken effect is repeated only if it is idempotent") {
  fixture f;
  const auto p = f.make();
  int calls = 0;
  const auto lost = [&]() -> result<int> {
    ++calls;
    return errc::outcome_unknown;
  };
  CHECK(p->call(lost).error().outcome_unknown());
  CHECK(calls == 1);
  CHECK_FALSE(p->call(lost, {.repeat = repeatable::always}));
  CHECK(calls == 4);
}

TEST_CASE("each layer refuses with its own error, and takes nothing with it") {
  fixture f;
  const auto refused = [&](const pipeline& p, const error& e, errc code, layer by) {
    CAPTURE(e.describe());
    CHECK(e.code() == code);
    CHECK(e.cause().system == "resilience");
    CHECK(e.cause().code == static_cast<std::int64_t>(by));
    CHECK(p.stats().by(by) == 1);
    CHECK(p.stats().of(outcome_kind::cancelled) == 0);  // it never began
    CHECK(f.places->stats().in_flight == 0);
  };
  const auto uncalled = [] { FAIL("called"); };
  SUBCASE("deadline") {
    const auto p = f.make();
    refused(
        *p,
        p->call(uncalled, {.deadline = f.clock.steady_now()}).error(),
        errc::timed_out,
        layer::deadline
    );
  }
  SUBCASE("shedder") {
    const auto p = f.make();
    const auto r = p->call(uncalled, {.queued_at = f.clock.steady_now() - 1h});
    refused(*p, r.error(), errc::busy, layer::shedder);
  }
  SUBCASE("limiter, with its wait") {
    f.limiter.left = 2;
    const auto p = f.make();
    const auto r = p->call(uncalled, {.cost = 3});
    refused(*p, r.error(), errc::limit_exceeded, layer::limiter);
    CHECK(r.error().retry_after() == 250ms);
  }
  SUBCASE("throttle") {
    for (int i = 0; i < 10'000; ++i)
      static_cast<void>(f.throttle->admit(f.clock.steady_now(), f.random));
    const auto p = f.make();
    for (int i = 0; i < 100 && p->stats().by(layer::throttle) == 0; ++i) {
      const auto r = p->call([] {});
      if (!r) refused(*p, r.error(), errc::limit_exceeded, layer::throttle);
    }
    CHECK(p->stats().by(layer::throttle) == 1);
  }
  SUBCASE("breaker, with its wait") {
    f.breaker.open(f.clock.steady_now());
    f.clock.advance(400ms);
    const auto p = f.make();
    const auto r = p->call(uncalled);
    refused(*p, r.error(), errc::unavailable, layer::breaker);
    CHECK(r.error().retry_after() == 600ms);
  }
  SUBCASE("concurrency") {
    const auto p = f.make();
    REQUIRE(f.places->try_acquire());
    REQUIRE(f.places->try_acquire());
    const auto r = p->call(uncalled);
    f.places->release();
    f.places->release();
    refused(*p, r.error(), errc::busy, layer::concurrency);
    CHECK(f.breaker.stats(f.clock.steady_now()).calls == 0);
  }
  SUBCASE("concurrency, adaptive") {
    const auto limit = adaptive_limit::make({.initial = 1}).value();
    f.options.bulkhead = nullptr;
    f.options.concurrency = limit.get();
    const auto p = f.make();
    const auto mine = limit->try_acquire(f.clock.steady_now());
    refused(*p, p->call(uncalled).error(), errc::busy, layer::concurrency);
    limit->release(mine, outcome_kind::ok, f.clock.steady_now());
    CHECK(p->call([&] { CHECK(limit->stats().in_flight == 1); }));
    CHECK(limit->stats().in_flight == 0);
  }
}

TEST_CASE("a retry that a layer refuses ends the call with the failure it had") {
  fixture f;
  f.limiter.left = 1;
  const auto p = f.make();
  const auto r = p->call([]() -> result<int> { return unavailable(); });
  CHECK(r.error().message() == "down");
  CHECK(p->stats().by(layer::limiter) == 1);
  CHECK(p->stats().of(outcome_kind::transient) == 1);
  CHECK(p->stats().retries == 0);  // it was not made, so nobody pays for it
  CHECK(f.budget->stats().granted == 0);
}

TEST_CASE("an open breaker stops the retries of all calls") {
  fixture f;
  const auto p = f.make();
  int calls = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(p->call([&]() -> result<int> {
      ++calls;
      return unavailable();
    }));
    if (calls >= 5) break;
  }
  CHECK(calls == 5);
  CHECK(f.breaker.state(f.clock.steady_now()) == breaker_state::open);
  CHECK(p->call([] {}).error().code() == errc::unavailable);
}

TEST_CASE("in a total outage the budget bounds what is sent") {
  fixture f;
  const auto strict = ratio_budget::make({.ratio = 0.2, .minimum = 3}).value();
  f.options.budget = strict.get();
  f.options.breaker = nullptr;
  f.options.throttle = nullptr;
  const auto p = f.make();
  int sent = 0;
  for (int i = 0; i < 5'000; ++i) {
    static_cast<void>(p->call([&]() -> result<int> {
      ++sent;
      return unavailable();
    }));
  }
  CHECK(sent <= 6'003);
  CHECK(sent >= 5'500);
  CHECK(p->stats().by(layer::retry) > 0);
}

TEST_CASE("an exception passes through, gives its permits back, and counts") {
  fixture f;
  const auto p = f.make();
  for (int i = 0; i < 5; ++i) {
    CHECK_THROWS_WITH_AS(
        static_cast<void>(p->call([]() -> int { throw std::runtime_error("boom"); })),
        "boom",
        std::runtime_error
    );
    CHECK(f.places->stats().in_flight == 0);
  }
  CHECK(f.breaker.state(f.clock.steady_now()) == breaker_state::open);
  CHECK(p->stats().of(outcome_kind::transient) == 5);
  f.breaker.force_closed(f.clock.steady_now());
  f.options.on_exception = {outcome_kind::permanent, effect::unknown, {}};
  const auto lenient = f.make();
  CHECK_THROWS(static_cast<void>(lenient->call([]() -> int { throw 1; })));
  CHECK(lenient->stats().of(outcome_kind::permanent) == 1);
}

TEST_CASE("a classifier of one's own decides what an answer means") {
  fixture f;
  const auto p = f.make();
  struct response {
    int status;
  };
  int calls = 0;
  const auto r = p->call(
      [&] { return response{++calls < 3 ? 503 : 200}; },
      {},
      [](const result<response>& answer) {
        return answer && answer->status >= 500 ? outcome{outcome_kind::transient, {}, {}}
                                               : outcome{};
      }
  );
  CHECK(r.value().status == 200);
  CHECK(calls == 3);
}

TEST_CASE("what is refused can be buffered instead") {
  fixture f;
  f.breaker.force_open(f.clock.steady_now());
  const auto p = f.make();
  std::vector<std::string> queue;
  const auto r = p->call_or(
      [] { return std::string("sent"); },
      {},
      [&](error&& why) -> result<std::string> {
        queue.push_back(why.message());
        return "queued";
      }
  );
  CHECK(r.value() == "queued");
  CHECK(queue == std::vector<std::string>{"breaker open"});
  CHECK(p->call_or([]() -> result<int> { return 1; }, {}, [](error&&) { return 2; }).value() == 2);
}

TEST_CASE("deadlines bound the waits, and attempts are told theirs") {
  fixture f;
  f.options.timeout = 120ms;
  const auto p = f.make();
  const steady_time start = f.clock.steady_now();
  std::vector<steady_time> told;
  const auto r = p->call([&](const attempt& a) -> result<int> {
    told.push_back(a.deadline);
    return unavailable();
  });
  CHECK(r.error().message() == "down");
  // 50 ms, then 100 ms would end too late.
  CHECK(told == std::vector<steady_time>(2, start + 120ms));
  told.clear();
  static_cast<void>(
      p->call([&](const attempt& a) { told.push_back(a.deadline); }, {.deadline = start + 10h})
  );
  CHECK(told == std::vector<steady_time>{start + 10h});
}

TEST_CASE("a call in the bulkhead's queue gets its place, and its wait is not the callee's") {
  fixture f;
  const auto narrow = bulkhead::make({.max_concurrent = 1, .max_queue = 1}).value();
  f.options.bulkhead = narrow.get();
  f.options.clock = nullptr;
  const auto p = f.make();
  REQUIRE(narrow->try_acquire());
  std::thread other([&] {
    while (narrow->stats().waiting == 0) std::this_thread::yield();
    narrow->release();
  });
  CHECK(p->call([] { return 1; }).value() == 1);
  other.join();
  CHECK(narrow->stats().waited == 1);
  REQUIRE(narrow->try_acquire());
  const auto late = p->call([] { return 1; }, {.deadline = clock::system().steady_now() + 1ms});
  narrow->release();
  CHECK(late.error().code() == errc::timed_out);
}

TEST_CASE("a call that is dropped half-way gives back what it holds") {
  fixture f;
  const auto p = f.make();
  const call_options options;
  {
    pipeline_call c(*p, options, f.clock.steady_now());
    CHECK(c.enter(f.clock.steady_now()) == pipeline_call::entry::proceed);
    CHECK(f.places->stats().in_flight == 1);
  }
  CHECK(f.places->stats().in_flight == 0);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
}

TEST_CASE("a call that is dropped before its retry counts, and pays for none") {
  fixture f;
  const auto p = f.make();
  const call_options options;
  for (const bool by_hand : {true, false}) {
    pipeline_call c(*p, options, f.clock.steady_now());
    REQUIRE(c.enter(f.clock.steady_now()) == pipeline_call::entry::proceed);
    REQUIRE(c.leave({.kind = outcome_kind::transient}, f.clock.steady_now()));
    CHECK(p->stats().retries == 1);
    if (by_hand) c.abandon(outcome_kind::cancelled, f.clock.steady_now());
  }
  CHECK(p->stats().of(outcome_kind::cancelled) == 2);
  CHECK(p->stats().retries == 0);
  CHECK(f.budget->stats().granted == 0);
}

TEST_CASE("a trace says what each layer decided") {
  fixture f;
  const auto p = f.make();
  call_trace trace;
  int calls = 0;
  static_cast<void>(p->call(
      [&]() -> result<int> {
        f.clock.advance(2ms);
        if (++calls == 1) return unavailable();
        return 1;
      },
      {.trace = &trace}
  ));
  CHECK(
      trace.describe() ==
      "+0us #1 shedder: passed\n+0us #1 limiter: passed\n+0us #1 throttle: passed\n"
      "+0us #1 breaker: passed\n+0us #1 concurrency: passed\n+2000us #1 call: transient\n"
      "+2000us #1 retry: retry, wait 50000us\n"
      "+52000us #2 limiter: passed\n+52000us #2 throttle: passed\n+52000us #2 breaker: passed\n"
      "+52000us #2 concurrency: passed\n+54000us #2 call: ok\n+54000us #2 retry: succeeded\n"
  );
  CHECK(trace.attempts() == 2);
  for (int i = 0; i < 10; ++i) static_cast<void>(p->call([] {}, {.trace = &trace}));
  CHECK(trace.attempts() == 1);
  CHECK(trace.entries().size() == 32);
  static_cast<void>(p->call([] {}, {.deadline = f.clock.steady_now(), .trace = &trace}));
  CHECK(trace.attempts() == 0);
  CHECK(trace.dropped() > 0);
  trace.clear();
  CHECK(trace.describe().empty());
  CHECK(trace.attempts() == 0);
}

TEST_CASE("nothing is allocated: not by a call, not by a refusal, not by a trace") {
  fixture f;
  const auto p = f.make();
  call_trace trace;
  const auto count = [&](auto&& f_, const call_options& o) {
    const std::uint64_t before = scalekit_tests::allocations();
    for (int i = 0; i < 1'000; ++i) static_cast<void>(p->call(f_, o));
    return scalekit_tests::allocations() - before;
  };
  CHECK(count([] { return 1; }, {}) == 0);
  CHECK(count([] { return 1; }, {.trace = &trace}) == 0);
  CHECK(count([]() -> result<int> { return errc::busy; }, {.repeat = repeatable::always}) == 0);
  REQUIRE(f.breaker.state(f.clock.steady_now()) == breaker_state::open);
  CHECK(count([] { return 1; }, {}) == 0);
  f.clock.advance(1h);
  CHECK(count([] { return 1; }, {.queued_at = steady_time{}}) == 0);  // shed
  CHECK(count([] { return 1; }, {}) == 0);                            // half-open, closed
  f.limiter.left = 0;
  CHECK(count([] { return 1; }, {}) == 0);
}

TEST_CASE("a limiter can be anything that is asked for permits") {
  limit_gate::receipt taken;
  limit_gate none;
  CHECK_FALSE(none);
  CHECK(none.take({}, 1, taken).allowed);
  struct taking {
    limit_decision take(steady_time, std::uint32_t cost) { return {cost < 2, 1s}; }
  } by_name;
  CHECK(limit_gate(by_name).take({}, 1, taken).allowed);
  CHECK(limit_gate(by_name).take({}, 2, taken).retry_after == 1s);
  auto by_call = [n = 0](steady_time, std::uint32_t) mutable {
    return limit_decision{++n < 2, 5ms};
  };
  limit_gate gate(by_call);
  CHECK(gate.take({}, 1, taken).allowed);
  CHECK_FALSE(gate.take({}, 1, taken).allowed);
}

TEST_CASE("combinations that cannot be right are refused by name") {
  fixture f;
  const auto refused = [&](auto change, const std::string& name) {
    pipeline_options o = f.options;
    change(o);
    const auto made = pipeline::make(o);
    REQUIRE_FALSE(made);
    CHECK(made.error().message().find("pipeline: " + name) == 0);
  };
  refused([](auto& o) { o.budget = nullptr; }, "budget");
  refused([](auto& o) { o.timeout = -1s; }, "timeout");
  const auto limit = adaptive_limit::make().value();
  refused([&](auto& o) { o.concurrency = limit.get(); }, "concurrency");
  CHECK(pipeline::make({}).value()->call([] { return 1; }).value() == 1);
}
