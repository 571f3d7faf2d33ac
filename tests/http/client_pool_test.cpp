// SPDX-License-Identifier: BSL-1.0
// Connections that are kept, their number and their age; and where they may lead.
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::always;
using test::body_of;
using test::code_of;
using test::fetch;
using test::open_client;
using test::raw_server;
using test::request_to;
using test::says;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";

/// Answers only when it is let.
struct held_server {
  test::tally waiting;
  test::tally go_on;
  raw_server web{[this](raw_server::peer& p) {
    while (!p.request().empty()) {
      waiting.add();
      if (!go_on.reaches(1) || !p.send(ok)) return;
    }
  }};
};

}  // namespace

TEST_CASE("no more connections to one origin than allowed: others wait, then get one") {
  held_server s;
  const auto c = open_client({.timeouts = {.acquire = 50ms}, .pool = {.max_per_origin = 2}});
  std::vector<std::thread> busy;
  test::tally good;
  for (int i = 0; i < 2; ++i) {
    busy.emplace_back([&] { good.add(fetch(*c, s.web.url()).has_value() ? 1 : 0); });
  }
  REQUIRE(s.waiting.reaches(2));
  const auto r = fetch(*c, s.web.url());
  CHECK(code_of(r) == errc::busy);
  CHECK(says(r, "waiting for a connection took longer than 50 ms"));
  CHECK(c->stats().failed.acquire == 1);
  s.go_on.add();
  for (auto& t : busy) t.join();
  CHECK(good.value() == 2);
  CHECK(fetch(*c, s.web.url()).has_value());
  CHECK(s.web.connections() == 2);
  CHECK(c->stats().idle == 2);
}

TEST_CASE("a call that waits goes on as soon as a connection comes free") {
  held_server s;
  const auto c = open_client({.timeouts = {.acquire = 30s}, .pool = {.max_per_origin = 1}});
  std::vector<std::thread> calls;
  test::tally good;
  for (int i = 0; i < 4; ++i) {
    calls.emplace_back([&] { good.add(fetch(*c, s.web.url()).has_value() ? 1 : 0); });
  }
  REQUIRE(s.waiting.reaches(1));
  s.go_on.add();
  for (auto& t : calls) t.join();
  CHECK(good.value() == 4);
  CHECK(s.web.connections() == 1);
}

TEST_CASE("the connection idle the longest makes room for another origin") {
  const raw_server a(always(ok));
  const raw_server b(always(ok));
  const raw_server d(always(ok));
  const auto c = open_client({.pool = {.max_connections = 2}});
  CHECK(fetch(*c, a.url()).has_value());
  CHECK(fetch(*c, b.url()).has_value());
  CHECK(fetch(*c, a.url()).has_value());  // so that b is the oldest
  CHECK(fetch(*c, d.url()).has_value());
  CHECK(c->stats().open == 2);
  CHECK(fetch(*c, a.url()).has_value());
  CHECK(a.connections() == 1);
  CHECK(fetch(*c, b.url()).has_value());
  CHECK(b.connections() == 2);
  CHECK(c->stats().open == 2);
}

TEST_CASE("too many at all, and none idle") {
  held_server s;
  const raw_server other(always(ok));
  const auto c = open_client({.timeouts = {.acquire = 50ms}, .pool = {.max_connections = 1}});
  std::thread busy([&] { CHECK(fetch(*c, s.web.url()).has_value()); });
  REQUIRE(s.waiting.reaches(1));
  CHECK(code_of(fetch(*c, other.url())) == errc::busy);
  s.go_on.add();
  busy.join();
  CHECK(fetch(*c, other.url()).has_value());
  CHECK(c->stats().open == 1);
}

TEST_CASE("idle connections grow old, and so do busy ones") {
  const raw_server a(always(ok));
  const raw_server b(always(ok));
  testing::manual_clock clock;
  const auto c = open_client({.pool = {.idle_timeout = 10s, .max_lifetime = 25s}, .clock = &clock});
  CHECK(fetch(*c, a.url()).has_value());
  clock.advance(10s);
  CHECK(fetch(*c, a.url()).has_value());
  CHECK(c->stats().connects == 1);
  clock.advance(10s + 1ms);
  CHECK(fetch(*c, b.url()).has_value());  // a call to any origin closes what is too old
  CHECK(c->stats().open == 1);
  CHECK(fetch(*c, a.url()).has_value());
  CHECK(c->stats().connects == 3);
  for (int i = 0; i < 3; ++i) {
    clock.advance(9s);
    CHECK(fetch(*c, a.url()).has_value());
  }
  CHECK(c->stats().connects == 4);  // 27 s were too long for one connection
}

TEST_CASE("no idle ones, if that is asked for, or only so many") {
  const raw_server s(always(ok));
  const auto none = open_client({.pool = {.max_idle_per_origin = 0}});
  for (int i = 0; i < 3; ++i) CHECK(fetch(*none, s.url()).has_value());
  CHECK(none->stats().open == 0);
  CHECK(s.connections() == 3);

  held_server held;
  const auto one = open_client({.pool = {.max_idle_per_origin = 1}});
  std::vector<std::thread> calls;
  for (int i = 0; i < 3; ++i) calls.emplace_back([&] { CHECK(fetch(*one, held.web.url())); });
  REQUIRE(held.waiting.reaches(3));
  held.go_on.add();
  for (auto& t : calls) t.join();
  CHECK(one->stats().idle == 1);
  CHECK(one->stats().open == 1);
}

TEST_CASE("a sink that throws gives its connection up") {
  const raw_server s(always(ok));
  const auto c = open_client({.pool = {.max_per_origin = 1}});
  auto r = request_to(s.url());
  r.on_body = [](const http::response&, std::string_view) -> result<void> {
    throw std::runtime_error("sink");
  };
  CHECK_THROWS(static_cast<void>(c->send(r)));
  CHECK(c->stats().open == 0);
  CHECK(body_of(fetch(*c, s.url())) == "a");
}

TEST_CASE("the guard is asked of the address, after the name was looked up") {
  const raw_server s(always(ok));
  const auto resolver = [](const std::string& host) -> result<std::vector<http::ip_address>> {
    const auto at = [](std::string_view text) { return *http::ip_address::parse(text); };
    if (host == "inside.test") return std::vector{at("127.0.0.1"), at("10.0.0.1"), at("::1")};
    return std::vector{at("192.0.2.1"), at("127.0.0.1")};
  };
  const auto c = open_client(
      {.redirects = http::redirects::any,
       .allow_address = http::public_addresses_only,
       .resolver = resolver}
  );
  const auto port = std::to_string(s.port());
  for (const std::string& url : std::vector<std::string>{
           s.url(),
           "http://localhost:" + port + "/",
           "http://inside.test:" + port + "/",
           "http://[::1]:" + port + "/",
           "http://[::ffff:127.0.0.1]:" + port + "/",
           "https://169.254.169.254/",
           "http://[64:ff9b::7f00:1]/",
           "http://0.0.0.0:" + port + "/"}) {
    CAPTURE(url);
    const auto r = fetch(*c, url);
    CHECK(code_of(r) == errc::invalid_argument);
    CHECK(says(r, "which allow_address refuses"));
  }
  CHECK(says(fetch(*c, "http://inside.test/"), "inside.test leads to 127.0.0.1"));
  CHECK(s.connections() == 0);
  CHECK(c->stats().failed.connect == 9);

  // What is allowed of a name's addresses is what is tried.
  std::vector<std::string> asked;
  const auto picky = open_client(
      {.allow_address =
           [&](const http::ip_address& a) {
             asked.push_back(a.to_string());
             return a == *http::ip_address::parse("127.0.0.1");
           },
       .resolver = resolver}
  );
  CHECK(body_of(fetch(*picky, "http://other.test:" + port + "/")) == "a");
  CHECK(body_of(fetch(*picky, "http://other.test:" + port + "/")) == "a");
  CHECK(asked == std::vector<std::string>{"192.0.2.1", "127.0.0.1"});
}

TEST_CASE("a redirect cannot lead around the guard") {
  const raw_server inside(always(ok));
  const raw_server outside(always(
      "HTTP/1.1 302 Found\r\nLocation: " + inside.url("/admin") + "\r\nContent-Length: 0\r\n\r\n"
  ));
  const auto c = open_client(
      {.redirects = http::redirects::any,
       .allow_address = [n = 0](const http::ip_address&) mutable { return n++ == 0; }}
  );
  CHECK(code_of(fetch(*c, outside.url())) == errc::invalid_argument);
  CHECK(outside.connections() == 1);
  CHECK(inside.connections() == 0);
}
