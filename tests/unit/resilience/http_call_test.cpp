// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"

#include <scalekit/resilience/http_call.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/testing/fake_transport.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

http::outgoing_request request(std::string method = "GET") {
  return {.method = std::move(method), .to = *http::url::parse("http://partner.test/charges")};
}

http::response answer(int status, std::string_view retry_after = {}) {
  auto r = http::response::text(status, "body of " + std::to_string(status));
  if (!retry_after.empty()) REQUIRE(r.headers.set("Retry-After", retry_after));
  return r;
}

struct fixture {
  testing::manual_clock clock;
  testing::fixed_random random;
  circuit_breaker breaker = circuit_breaker::make({.minimum_calls = 20, .ramp = 0s}).value();
  retry_policy retry = retry_policy::make({.max_attempts = 3,
                                           .backoff = {.base = 100ms, .jitter = jitter::none},
                                           .throttled_base = 100ms})
                           .value();
  std::unique_ptr<retry_budget> budget = ratio_budget::make({.minimum = 100}).value();
  pipeline_options options{
      .breaker = &breaker,
      .retry = &retry,
      .budget = budget.get(),
      .clock = &clock,
      .wait = &clock,
      .random = &random};
  std::unique_ptr<pipeline> calls;
  testing::fake_transport web{[](const http::outgoing_request&) { return answer(200); }, &clock};

  pipeline& through() {
    if (calls == nullptr) calls = pipeline::make(options).value();
    return *calls;
  }
  result<http::response> send(http::outgoing_request r, const call_options& o = {}) {
    return resilience::send(through(), web, std::move(r), o);
  }
  std::size_t sent() const { return web.requests().size(); }
};

struct sink {
  std::string got;
  http::body_fn fn() {
    return [this](const http::response&, std::string_view piece) -> result<void> {
      got += piece;
      return {};
    };
  }
};

}  // namespace

TEST_CASE("an answer is a value, whatever its status") {
  fixture f;
  for (const int status : {200, 204, 304, 400, 404, 501}) {
    f.web.then(answer(status));
    const auto r = f.send(request());
    REQUIRE(r.has_value());
    CHECK(r->status == status);
  }
  CHECK(f.sent() == 6);
  for (int i = 0; i < 3; ++i) f.web.then(answer(503));
  const auto r = f.send(request());
  REQUIRE(r.has_value());
  CHECK(r->status == 503);
  CHECK(r->body == "body of 503");
  CHECK(f.sent() == 9);
  CHECK(f.breaker.stats(f.clock.steady_now()).failures == 3);
}

TEST_CASE("what may have been carried out is sent again if its method or a key says so") {
  const auto attempts = [](http::outgoing_request r, call_options o = {}) {
    fixture f;
    f.web.inject(testing::answer_lost());
    const auto done = f.send(std::move(r), o);
    CHECK((done.has_value() || done.error().outcome_unknown()));
    for (const auto& one : f.web.requests()) {
      // What is no longer to be asked of its method: the transport is told the same.
      CHECK(http::is_repeatable(one) == (f.sent() == 2));
    }
    return f.sent();
  };
  for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    CHECK(attempts(request(method)) == 2);
  }
  for (const auto* method : {"POST", "PATCH"}) CHECK(attempts(request(method)) == 1);
  auto keyed = request("POST");
  REQUIRE(keyed.headers.set("Idempotency-Key", "k"));
  CHECK(attempts(keyed) == 2);
  CHECK(attempts(request("POST"), {.repeat = repeatable::always}) == 2);
  auto said = request("POST");
  said.repeat = http::repeatable::yes;
  CHECK(attempts(said) == 2);
  said.method = "GET";
  said.repeat = http::repeatable::no;
  CHECK(attempts(said) == 1);
  CHECK(attempts(said, {.repeat = repeatable::always}) == 1);
}

TEST_CASE("what was certainly not carried out is sent again, whatever its method") {
  for (const auto& fault : {testing::connection_refused(), testing::connection_timed_out()}) {
    fixture f;
    f.web.inject(fault);
    CHECK(f.send(request("POST")).has_value());
    CHECK(f.sent() == 2);
  }
  for (const auto& refusal : {answer(429), answer(503, "1"), answer(408), answer(425)}) {
    fixture f;
    f.web.then(refusal);
    const auto r = f.send(request("POST"));
    REQUIRE(r.has_value());
    CHECK(r->status == 200);
  }
  fixture f;
  f.web.then(answer(502));
  CHECK(f.send(request("POST"))->status == 502);
  CHECK(f.sent() == 1);
}

TEST_CASE("Retry-After is heeded, a date by the pipeline's clock") {
  fixture f;
  const steady_time start = f.clock.steady_now();
  f.web.then(answer(429, "3"));
  f.web.then(answer(503, retry_after_date(f.clock.system_now() + 5s)));
  CHECK(f.send(request())->status == 200);
  CHECK(f.clock.steady_now() - start == 5s);
  CHECK(f.breaker.stats(f.clock.steady_now()).failures == 0);
}

TEST_CASE("each attempt gets the time it has left, and no more than the request allows") {
  fixture f;
  f.retry = retry_policy::make({.max_attempts = 3,
                                .backoff = {.base = 100ms, .jitter = jitter::none},
                                .try_timeout = 300ms})
                .value();
  f.web.inject({.takes = 50ms, .times = 2});
  const steady_time start = f.clock.steady_now();
  REQUIRE(f.send(request(), {.deadline = start + 450ms}).has_value());
  std::vector<std::chrono::milliseconds> told;
  for (const auto& r : f.web.requests()) told.push_back(r.timeout);
  // 50 ms and a pause of 100 ms, 50 ms and a pause of 200 ms.
  CHECK(told == std::vector<std::chrono::milliseconds>{300ms, 300ms, 50ms});

  fixture g;
  auto hasty = request();
  hasty.timeout = 20ms;
  g.web.inject(testing::answer_timed_out());
  REQUIRE(g.send(hasty, {.deadline = g.clock.steady_now() + 1h}).has_value());
  for (const auto& r : g.web.requests()) CHECK(r.timeout == 20ms);
  REQUIRE(g.send(request()).has_value());
  CHECK(g.web.requests().back().timeout == 30s);  // no deadline
}

TEST_CASE("the time left is never nothing and never too much") {
  const steady_time now{1h};
  CHECK(time_left(now + 1500us, now) == 1ms);
  CHECK(time_left(now + 1ns, now) == 1ms);
  CHECK(time_left(now + 2s, now, 1s) == 1s);
  CHECK(time_left(steady_time::max(), now) == 1h);
  CHECK(time_left(steady_time::max(), steady_time::min()) == 1h);
  CHECK_FALSE(time_left(now, now));
  CHECK_FALSE(time_left(now - 1h, now));
  CHECK_FALSE(time_left(steady_time::min(), steady_time::max()));
}

TEST_CASE("a call that comes too late is not sent, and says nothing of the callee") {
  fixture f;
  const auto late = f.send(request(), {.deadline = f.clock.steady_now()});
  CHECK(late.error().code() == errc::timed_out);
  CHECK(late.error().cause().system == "resilience");

  // The limiter takes a while; the deadline passes behind the pipeline's own look at the clock.
  auto slow = [&](steady_time, std::uint32_t) {
    f.clock.advance(1s);
    return limit_decision{};
  };
  f.options.limiter = slow;
  f.calls.reset();
  const auto passed = f.send(request(), {.deadline = f.clock.steady_now() + 500ms});
  CHECK(passed.error().code() == errc::timed_out);
  CHECK(f.sent() == 0);
  CHECK(f.breaker.stats(f.clock.steady_now()).calls == 0);
}

TEST_CASE("what the port refuses is not tried again") {
  fixture f;
  CHECK(f.send({}).error().code() == errc::invalid_argument);
  auto r = request();
  r.timeout = 0ms;
  CHECK(f.send(r).error().code() == errc::invalid_argument);
  std::stop_source stop;
  stop.request_stop();
  r = request();
  r.stop = stop.get_token();
  CHECK(f.send(r).error().code() == errc::cancelled);
  CHECK(f.sent() == 0);
  CHECK(f.breaker.stats(f.clock.steady_now()).calls == 0);
}

TEST_CASE("a sink gets one body: not that of a refusal") {
  fixture f;
  sink s;
  auto r = request();
  r.on_body = s.fn();
  f.web.then(answer(429));
  f.web.then(answer(502));
  const auto done = f.send(r);
  REQUIRE(done.has_value());
  CHECK(done->status == 200);
  CHECK(done->body.empty());
  CHECK(s.got == "body of 200");
  CHECK(f.sent() == 3);

  for (int i = 0; i < 3; ++i) f.web.then(http::response::text(503, std::string(100'000, 'x')));
  const auto failed = f.send(r);
  REQUIRE(failed.has_value());
  CHECK(failed->body == std::string(kept_body_bytes, 'x'));
  CHECK(s.got == "body of 200");

  f.web.then(answer(404));
  CHECK(f.send(r)->body.empty());
  CHECK(s.got == "body of 200body of 404");
}

TEST_CASE("what a sink has begun to take is not sent again; what it has not, is") {
  // Breaks off in the middle of the body, as often as it is told.
  struct breaking final : http::transport {
    int breaks = 1;
    int sent = 0;
    bool in_body = true;
    result<http::response> send(const http::outgoing_request& r) override {
      ++sent;
      http::response head{.status = 200};
      if (breaks-- > 0) {
        if (in_body) REQUIRE(r.on_body(head, "ha"));
        return error(errc::outcome_unknown, "broken");
      }
      REQUIRE(r.on_body(head, "half"));
      return head;
    }
  };
  fixture f;
  sink s;
  auto r = request();
  r.on_body = s.fn();
  breaking in_body;
  CHECK(resilience::send(f.through(), in_body, r).error().outcome_unknown());
  CHECK(in_body.sent == 1);
  CHECK(s.got == "ha");
  CHECK(f.breaker.stats(f.clock.steady_now()).failures == 1);

  s.got.clear();
  breaking before;
  before.in_body = false;
  CHECK(resilience::send(f.through(), before, r).has_value());
  CHECK(before.sent == 2);
  CHECK(s.got == "half");
  r.method = "POST";
  breaking once;
  once.in_body = false;
  CHECK(resilience::send(f.through(), once, r).error().outcome_unknown());
  CHECK(once.sent == 1);
}

TEST_CASE("a sink that fails ends the call, and it is not the callee's fault") {
  fixture f;
  auto r = request();
  r.on_body = [](const http::response&, std::string_view) -> result<void> {
    return error(errc::unavailable, "the disk is full");
  };
  CHECK(f.send(r).error().message() == "the disk is full");
  CHECK(f.sent() == 1);
  CHECK(f.breaker.stats(f.clock.steady_now()).calls == 0);
}

TEST_CASE("nothing is allocated: not by a call, not by a retry, not by a refusal") {
  struct silent final : http::transport {
    int status = 200;
    result<http::response> send(const http::outgoing_request&) override {
      return http::response{.status = status};
    }
  };
  fixture f;
  silent web;
  const auto with = request("PUT");
  const auto count = [&](bool sinks) {
    std::vector<http::outgoing_request> all(100, with);
    sink s;
    for (auto& r : all) {
      if (sinks) r.on_body = s.fn();
    }
    const std::uint64_t before = scalekit_tests::allocations();
    for (auto& r : all) static_cast<void>(resilience::send(f.through(), web, std::move(r)));
    return scalekit_tests::allocations() - before;
  };
  static_cast<void>(f.through());
  CHECK(count(false) == 0);
  CHECK(count(true) == 0);
  web.status = 500;
  CHECK(count(false) == 0);
  CHECK(f.breaker.state(f.clock.steady_now()) == breaker_state::open);
  CHECK(count(false) == 0);
}
