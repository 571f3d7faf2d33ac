// SPDX-License-Identifier: BSL-1.0
#include "fakes.hpp"
#include "raw_client.hpp"

#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::raw_client;
using test::tally;

namespace {

struct fixture {
  explicit fixture(http::server_options o) : web(std::move(o)) {
    REQUIRE(web.route("GET", "/", [](const http::request&) {
      return http::response::text(200, "ok");
    }));
    REQUIRE(web.route("POST", "/", [this](const http::request& r) {
      handled.add();
      return http::response::text(200, r.body);
    }));
    REQUIRE(web.route("GET", "/wait", [this](const http::request&) {
      waiting.add();
      return http::response::text(go_on.reaches(1) ? 200 : 500, "waited");
    }));
    REQUIRE(web.route("GET", "/big", [](const http::request&) {
      return http::response::text(200, std::string(64 << 20, 'x'));
    }));
    REQUIRE(web.start());
  }
  tally handled, waiting, go_on;
  http::server web;
};

}  // namespace

TEST_CASE("a header that is too long: 431") {
  fixture f({.max_header_bytes = 2000});
  raw_client c(f.web.port());
  REQUIRE(c.ask("GET", "/", "X-Long: " + std::string(1000, 'x') + "\r\n"));
  CHECK(c.read().status == 200);
  c.ask("GET", "/", "X-Long: " + std::string(100000, 'x') + "\r\n");
  const auto r = c.read();
  CHECK(r.status == 431);
  CHECK(r.header("Connection") == "close");
}

TEST_CASE("a body that is too long: 413, told before it is sent, and never handled") {
  fixture f({.max_body_bytes = 100});
  {
    raw_client c(f.web.port());
    REQUIRE(c.ask("POST", "/", "Content-Length: 100\r\n"));
    REQUIRE(c.send(std::string(100, 'b')));
    CHECK(c.read().body.size() == 100);
  }
  {
    raw_client c(f.web.port());
    REQUIRE(c.ask("POST", "/", "Content-Length: 101\r\nExpect: 100-continue\r\n"));
    CHECK(c.read().status == 413);
  }
  {
    raw_client c(f.web.port());
    REQUIRE(c.ask("POST", "/", "Transfer-Encoding: chunked\r\n"));
    c.send("65\r\n" + std::string(101, 'b') + "\r\n0\r\n\r\n");
    CHECK(c.read().status == 413);
  }
  CHECK(f.handled.value() == 1);
}

TEST_CASE("a header that trickles gets 408, however often a byte comes") {
  fixture f({.idle_timeout = 60s, .header_timeout = 50ms});
  raw_client c(f.web.port());
  REQUIRE(c.send("GET / HT"));
  const auto r = c.read();
  CHECK(r.status == 408);
  CHECK(r.header("Connection") == "close");
}

TEST_CASE("a body that stops half-way gets 408") {
  fixture f({.stall_timeout = 50ms});
  raw_client c(f.web.port());
  REQUIRE(c.ask("POST", "/", "Content-Length: 10\r\n"));
  REQUIRE(c.send("half"));
  CHECK(c.read().status == 408);
  CHECK(f.handled.value() == 0);
}

TEST_CASE("an idle connection is closed without a word") {
  fixture f({.idle_timeout = 50ms});
  raw_client fresh(f.web.port());
  raw_client used(f.web.port());
  CHECK(used.get("/").status == 200);
  CHECK(used.closed());
  CHECK(fresh.closed());
}

TEST_CASE("a client that does not take its response is given up") {
  fixture f({.stall_timeout = 50ms});
  raw_client c(f.web.port(), 4096);
  REQUIRE(c.ask("GET", "/big"));
  CHECK(c.take(1) == "H");
  CHECK(c.sees_reset());
}

TEST_CASE("one connection too many: 503, and the others go on") {
  fixture f({.max_connections = 2});
  raw_client a(f.web.port());
  raw_client b(f.web.port());
  CHECK(a.get("/").status == 200);
  CHECK(b.get("/").status == 200);
  raw_client c(f.web.port());
  c.ask("GET", "/");
  const auto r = c.read();
  CHECK(r.status == 503);
  CHECK(r.header("Retry-After") == "1");
  CHECK(r.header("Connection") == "close");
  c.half_close();
  CHECK(c.closed());
  CHECK(a.get("/").status == 200);
  CHECK(f.web.stats().rejected == 1);
}

TEST_CASE("stop lets a request finish, and takes no new ones") {
  fixture f({.worker_threads = 2});
  raw_client idle(f.web.port());
  CHECK(idle.get("/").status == 200);
  raw_client busy(f.web.port());
  REQUIRE(busy.ask("GET", "/wait"));
  REQUIRE(f.waiting.reaches(1));
  std::thread stopper([&] { f.web.stop(30s); });
  CHECK(idle.closed());  // so the stop has begun
  f.go_on.add();
  const auto r = busy.read();
  CHECK(r.status == 200);
  CHECK(r.body == "waited");
  busy.half_close();
  CHECK(busy.closed());
  stopper.join();
  CHECK(f.web.stats().connections == 0);
}

TEST_CASE("stop cuts off what does not end in time") {
  fixture f({});
  raw_client c(f.web.port(), 4096);
  REQUIRE(c.ask("GET", "/big"));
  CHECK(c.take(1) == "H");
  f.web.stop(1ms);
  CHECK(f.web.stats().connections == 0);
  while (!c.take(1 << 20).empty()) {
  }
}

TEST_CASE("many connections at once on several threads") {
  fixture f({.io_threads = 2, .worker_threads = 4});
  std::vector<std::thread> all;
  tally good;
  for (int t = 0; t < 8; ++t) {
    all.emplace_back([&] {
      raw_client c(f.web.port());
      for (int i = 0; i < 50; ++i) {
        if (c.get("/").body == "ok") good.add();
      }
    });
  }
  for (auto& t : all) t.join();
  CHECK(good.value() == 400);
  CHECK(f.web.stats().requests == 400);
}
