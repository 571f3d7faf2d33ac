// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/fake_transport.hpp>

#include <doctest/doctest.h>

#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using testing::fake_transport;

namespace {

http::outgoing_request request(std::string method = "GET") {
  return {.method = std::move(method), .to = *http::url::parse("http://partner.test/a?b")};
}

http::response echo(const http::outgoing_request& r) {
  return http::response::text(200, r.method + " " + r.to.target() + " " + r.body);
}

struct fixture {
  testing::manual_clock clock;
  int carried_out = 0;
  fake_transport web{
      [this](const http::outgoing_request& r) {
        ++carried_out;
        return echo(r);
      },
      &clock};
};

}  // namespace

TEST_CASE("answers are computed from requests, and requests remembered") {
  fixture f;
  auto r = request("POST");
  r.body = "x";
  CHECK(f.web.send(r)->body == "POST /a?b x");
  CHECK(f.web.send(request())->body == "GET /a?b ");
  const auto seen = f.web.requests();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].body == "x");
  CHECK(f.clock.steady_now() == testing::manual_clock().steady_now());
}

TEST_CASE("a script comes before the callable, and what has no answer is an error that says so") {
  fixture f;
  f.web.then(http::response{.status = 500});
  f.web.then(error(errc::unavailable, "no route"));
  f.web.then({http::response{.status = 202}, 3s});
  CHECK(f.web.send(request())->status == 500);
  CHECK(f.web.send(request()).error().message() == "no route");
  const steady_time start = f.clock.steady_now();
  CHECK(f.web.send(request())->status == 202);
  CHECK(f.clock.steady_now() - start == 3s);
  CHECK(f.web.send(request())->status == 200);
  f.web.then(http::response{.status = 500});
  f.web.clear();
  CHECK(f.web.send(request())->status == 200);

  fake_transport empty;
  const auto none = empty.send(request());
  CHECK(none.error().code() == errc::internal);
  CHECK(none.error().message().find("give it a script or a callable") != std::string::npos);
}

TEST_CASE("faults strike before or after the effect, at the requests they are for") {
  fixture f;
  f.web.inject(testing::connection_refused());
  const auto refused = f.web.send(request());
  CHECK(refused.error().code() == errc::unavailable);
  CHECK(f.carried_out == 0);

  f.web.inject(testing::answer_lost());
  CHECK(f.web.send(request()).error().outcome_unknown());
  CHECK(f.carried_out == 1);

  f.web.inject(
      {.what = errc::busy,
       .skip = 1,
       .times = 2,
       .matches = [](const http::outgoing_request& r) { return r.method == "PUT"; }}
  );
  std::vector<bool> went_well;
  for (const auto* method : {"PUT", "GET", "PUT", "GET", "PUT", "PUT"}) {
    went_well.push_back(f.web.send(request(method)).has_value());
  }
  CHECK(went_well == std::vector<bool>{true, true, false, true, false, true});
  CHECK(f.web.struck() == 4);
  CHECK(f.web.requests().size() == 8);
}

TEST_CASE("time passes by the clock it was given, and never beyond what the request has") {
  fixture f;
  const steady_time start = f.clock.steady_now();
  auto r = request();
  r.timeout = 100ms;
  f.web.inject(testing::connection_timed_out());
  CHECK(f.web.send(r).error().code() == errc::timed_out);
  CHECK(f.clock.steady_now() - start == 100ms);
  CHECK(f.carried_out == 0);
  f.web.inject(testing::answer_timed_out());
  CHECK(f.web.send(r).error().outcome_unknown());
  CHECK(f.clock.steady_now() - start == 200ms);
  CHECK(f.carried_out == 1);
  f.web.then({http::response{}, 99ms});
  CHECK(f.web.send(r).has_value());
  f.web.then({http::response{}, 100ms});
  CHECK(f.web.send(r).error().outcome_unknown());
  CHECK(f.clock.steady_now() - start == 399ms);
}

TEST_CASE("it refuses, bounds and hands over as any transport does") {
  fixture f;
  CHECK(f.web.send({}).error().code() == errc::invalid_argument);
  CHECK(f.web.send(request("CONNECT")).error().code() == errc::not_supported);
  CHECK(f.web.requests().empty());

  auto r = request("PUT");
  r.body = std::string(100'000, 'x');
  std::string got;
  int pieces = 0;
  r.on_body = [&](const http::response& head, std::string_view piece) -> result<void> {
    CHECK(head.body.empty());
    got += piece;
    ++pieces;
    return {};
  };
  CHECK(f.web.send(r)->body.empty());
  CHECK(got == "PUT /a?b " + r.body);
  CHECK(pieces > 1);
  r.max_body_bytes = r.body.size();
  CHECK(f.web.send(r).error().code() == errc::data_corrupted);
  r.on_body = [](const http::response&, std::string_view) -> result<void> { return errc::busy; };
  r.max_body_bytes = SIZE_MAX;
  CHECK(f.web.send(r).error().code() == errc::busy);
  CHECK(f.web.send(request("HEAD"))->body.empty());
}

TEST_CASE("a request is remembered without its sink, whose objects end with the call") {
  fake_transport web(echo);
  {
    std::string got;
    auto r = request("PUT");
    r.on_body = [&](const http::response&, std::string_view piece) -> result<void> {
      got += piece;
      return {};
    };
    REQUIRE(web.send(r));
    CHECK(got == "PUT /a?b ");
  }
  REQUIRE(web.requests().size() == 1);
  CHECK(web.requests()[0].method == "PUT");
  CHECK_FALSE(web.requests()[0].on_body);
}

TEST_CASE("a stop before or while it answers") {
  std::stop_source source;
  fake_transport web([&](const http::outgoing_request&) {
    source.request_stop();
    return http::response{};
  });
  auto r = request();
  r.stop = source.get_token();
  const auto within = web.send(r);
  CHECK(within.error().code() == errc::cancelled);
  CHECK(within.error().message().find("after it had been sent") != std::string::npos);
  const auto before = web.send(r);
  CHECK(before.error().message().find("before it had been sent") != std::string::npos);
  CHECK(web.requests().size() == 1);
}

TEST_CASE("threads share it") {
  fake_transport web(echo);
  web.inject({.what = errc::busy, .times = 50});
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto r = request("PUT");
        r.body = std::to_string(t * 1'000 + i);
        const auto answer = web.send(r);
        if (answer) CHECK(answer->body == "PUT /a?b " + r.body);
      }
    });
  }
  for (auto& t : all) t.join();
  CHECK(web.requests().size() == 800);
  CHECK(web.struck() == 50);
}
