// SPDX-License-Identifier: BSL-1.0
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::fetch;
using test::open_client;
using test::raw_server;
using test::request_to;

namespace {

constexpr int threads = 16;

template <class F>
void side_by_side(F f) {
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) all.emplace_back(f, t);
  for (auto& t : all) t.join();
}

}  // namespace

TEST_CASE("sixteen threads share four connections, and each gets its own answer") {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  http::server web({.io_threads = 2, .worker_threads = 8});
  REQUIRE(web.route("GET", "/{who}", [&](const http::request& r) {
    const int n = ++now;
    for (int seen = most; n > seen && !most.compare_exchange_weak(seen, n);) {
    }
    --now;
    return http::response::text(200, r.path("who"));
  }));
  REQUIRE(web.start());
  const auto c = open_client({.timeouts = {.acquire = 30s}, .pool = {.max_per_origin = 4}});
  const auto base = "http://127.0.0.1:" + std::to_string(web.port()) + "/";
  std::atomic<int> right{0};
  side_by_side([&](int t) {
    for (int i = 0; i < 50; ++i) {
      const auto who = std::to_string(t * 1000 + i);
      const auto r = fetch(*c, base + who);
      right += r && r->body == who ? 1 : 0;
    }
  });
  CHECK(right == threads * 50);
  CHECK(most <= 4);
  CHECK(c->stats().open <= 4);
  CHECK(c->stats().open == c->stats().idle);
  CHECK(c->stats().reuses + c->stats().connects == threads * 50);
  CHECK(web.stats().accepted == c->stats().connects);
}

TEST_CASE("servers that close, calls that are stopped, idle ones that are dropped: none is lost") {
  const raw_server s([](raw_server::peer& p) {
    for (int i = 0; i < p.number() % 4 && !p.request().empty(); ++i) {
      p.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    }
  });
  const auto c = open_client(
      {.timeouts = {.acquire = 30s}, .pool = {.max_per_origin = 3, .max_connections = 3}}
  );
  std::atomic<int> ended{0};
  side_by_side([&](int t) {
    for (int i = 0; i < 20; ++i) {
      std::stop_source source;
      auto r = request_to(t % 2 == 0 ? s.url() : "http://localhost:" + std::to_string(s.port()));
      if (t % 4 == 0) r.stop = source.get_token();
      std::thread stopper;
      if (t % 4 == 0) stopper = std::thread([&] { source.request_stop(); });
      static_cast<void>(c->send(r));
      if (stopper.joinable()) stopper.join();
      if (i % 5 == 0) c->close_idle();
      ++ended;
    }
  });
  CHECK(ended == threads * 20);
  const auto stats = c->stats();
  CHECK(stats.open == stats.idle);
  CHECK(stats.open <= 3);
  CHECK(stats.requests == threads * 20);
  const auto& f = stats.failed;
  const auto failed =
      f.request + f.acquire + f.resolve + f.connect + f.handshake + f.write + f.answer;
  CHECK(stats.answers + failed == stats.requests);
}
