// SPDX-License-Identifier: BSL-1.0
// Every step has an end, and any of them can be stopped.
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/testing/http_conformance.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::body_of;
using test::code_of;
using test::fetch;
using test::open_client;
using test::raw_server;
using test::request_to;
using test::says;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";

void silent(raw_server::peer& p) { p.wait_until_gone(); }

using addresses = std::vector<http::ip_address>;

/// A port whose queue is full, so that connecting to it hangs.
struct full_listener {
  std::unique_ptr<testing::http_conformance_server> server =
      testing::http_conformance_server::start().value();
  std::uint16_t port = http::url::parse(server->places().hanging).value().port();
};

/// Blocks every lookup until it is released; owned by the lookups that it blocks.
struct stuck_resolver {
  test::tally asked;
  test::tally released;
};

http::resolver_fn resolver_of(const std::shared_ptr<stuck_resolver>& s) {
  return [s](const std::string&) -> result<addresses> {
    s->asked.add();
    static_cast<void>(s->released.reaches(1));
    return addresses{*http::ip_address::parse("127.0.0.1")};
  };
}

}  // namespace

TEST_CASE("a name that is not found in time") {
  const auto stuck = std::make_shared<stuck_resolver>();
  {
    const auto c = open_client({.timeouts = {.resolve = 50ms}, .resolver = resolver_of(stuck)});
    for (int i = 0; i < 3; ++i) {
      const auto r = fetch(*c, "http://name.test/");
      CHECK(code_of(r) == errc::timed_out);
      CHECK(says(r, "looking up the name took longer than 50 ms"));
    }
    CHECK(stuck->asked.value() == 1);  // all three waited for one lookup
    CHECK(c->stats().failed.resolve == 3);
    CHECK(c->stats().open == 0);
  }
  stuck->released.add();  // after the client is gone
}

TEST_CASE("a connection that is not made in time") {
  const full_listener full;
  const auto c = open_client({.timeouts = {.connect = 60ms}});
  const auto r = fetch(*c, "http://127.0.0.1:" + std::to_string(full.port) + "/");
  CHECK(code_of(r) == errc::timed_out);
  CHECK(says(r, "connecting took longer than 60 ms"));
  CHECK(c->stats().failed.connect == 1);
}

TEST_CASE("a handshake that is not made in time") {
  const raw_server s(silent);
  const auto c = open_client({.timeouts = {.handshake = 50ms}});
  const auto r = fetch(*c, "https://127.0.0.1:" + std::to_string(s.port()) + "/");
  CHECK(code_of(r) == errc::timed_out);
  CHECK(says(r, "the TLS handshake took longer than 50 ms"));
  CHECK(c->stats().failed.handshake == 1);
}

TEST_CASE("a request that is not taken in time has carried nothing out") {
  test::tally done;
  const raw_server s([&](raw_server::peer&) { static_cast<void>(done.reaches(1)); }, 4096);
  const auto c = open_client({.timeouts = {.write = 50ms}});
  auto r = request_to(s.url(), "POST");
  r.body = std::string(std::size_t{16} << 20U, 'x');
  const auto answer = c->send(r);
  done.add();
  CHECK(code_of(answer) == errc::timed_out);
  CHECK(says(answer, "sending took longer than 50 ms"));
  CHECK(c->stats().failed.write == 1);
}

TEST_CASE("an answer that does not begin, or does not go on: the outcome is unknown") {
  const raw_server never(silent);
  const auto c = open_client({.timeouts = {.first_byte = 50ms, .read = 60ms}});
  const auto first = fetch(*c, never.url());
  CHECK(code_of(first) == errc::outcome_unknown);
  CHECK(says(first, "waiting for the answer took longer than 50 ms"));

  const raw_server half([](raw_server::peer& p) {
    p.request();
    p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
    p.wait_until_gone();
  });
  const auto rest = fetch(*c, half.url());
  CHECK(code_of(rest) == errc::outcome_unknown);
  CHECK(says(rest, "waiting for the rest of the answer took longer than 60 ms"));
  CHECK(c->stats().failed.answer == 2);
  CHECK(c->stats().open == 0);
}

TEST_CASE("a server that keeps on trickling ends with the time of the whole call") {
  test::tally stop;
  const raw_server s([](raw_server::peer& p) {
    p.request();
    p.send("HTTP/1.1 200 OK\r\n\r\n");
    while (p.send("x")) {
    }
  });
  const auto c = open_client();
  auto r = request_to(s.url());
  r.timeout = 100ms;
  r.max_body_bytes = SIZE_MAX;
  r.on_body = [](const http::response&, std::string_view) { return result<void>(); };
  const auto answer = c->send(r);
  CHECK(code_of(answer) == errc::outcome_unknown);
  CHECK(says(answer, "the time of the whole call was over"));
}

TEST_CASE("of several addresses the first that answers is taken") {
  const raw_server s(test::always(ok));
  const auto at = [](std::string_view text) { return *http::ip_address::parse(text); };
  const auto through = [&](addresses list) {
    return open_client({.resolver = [list](const std::string&) -> result<addresses> {
      return list;
    }});
  };
  const auto url = "http://name.test:" + std::to_string(s.port()) + "/";
  // Nobody listens there: the next is tried at once.
  CHECK(body_of(fetch(*through({at("127.0.0.2"), at("::1"), at("127.0.0.1")}), url)) == "a");
  const auto none = fetch(*through({at("127.0.0.2"), at("127.0.0.3")}), url);
  CHECK(code_of(none) == errc::unavailable);
  CHECK(says(none, "127.0.0.3: Connection refused"));
  CHECK(says(fetch(*through({}), url), "has no address"));
}

TEST_CASE("a slow address is joined by the next one") {
  const full_listener full;
  // Connecting to 127.0.0.1 hangs; somebody answers the same port of 127.0.0.2.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_addr.s_addr = htonl(0x7f000002);
  there.sin_port = htons(full.port);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0);
  REQUIRE(::listen(fd, 4) == 0);
  std::thread answering([&] {
    const int client = ::accept(fd, nullptr, nullptr);
    char some[4096];
    if (::recv(client, some, sizeof some, 0) > 0) {
      static_cast<void>(!::send(client, ok.data(), ok.size(), MSG_NOSIGNAL));
    }
    ::close(client);
  });
  const auto c = open_client({.resolver = [](const std::string&) -> result<addresses> {
    return addresses{*http::ip_address::parse("127.0.0.1"), *http::ip_address::parse("127.0.0.2")};
  }});
  CHECK(body_of(fetch(*c, "http://name.test:" + std::to_string(full.port) + "/")) == "a");
  ::shutdown(fd, SHUT_RDWR);
  answering.join();
  ::close(fd);
}

TEST_CASE("the system's resolver: found, and not found") {
  const raw_server s(test::always(ok));
  const auto c = open_client();
  CHECK(body_of(fetch(*c, "http://localhost:" + std::to_string(s.port()) + "/")) == "a");
  const auto r = fetch(*c, "http://no-such-name.invalid/");
  CHECK(code_of(r) == errc::unavailable);
  CHECK(says(r, "GET http://no-such-name.invalid: the name cannot be looked up: "));
  CHECK(c->stats().failed.resolve == 1);
}

TEST_CASE("a resolver that throws is an error") {
  const auto c = open_client({.resolver = [](const std::string&) -> result<addresses> {
    throw std::runtime_error("no");
  }});
  CHECK(code_of(fetch(*c, "http://name.test/")) == errc::internal);
}

TEST_CASE("a call is stopped in any step, at once") {
  const raw_server never(silent);
  const full_listener full;
  const auto stuck = std::make_shared<stuck_resolver>();
  const auto c = open_client({.pool = {.max_per_origin = 1}, .resolver = resolver_of(stuck)});
  const auto at = [](std::string_view scheme, int port) {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + "/";
  };
  const auto stopped = [&](const std::string& url, auto when) {
    std::stop_source source;
    auto r = request_to(url, "POST");
    r.stop = source.get_token();
    result<http::response> answer = errc::internal;
    std::thread calling([&] { answer = c->send(r); });
    when();
    source.request_stop();
    calling.join();
    CHECK(code_of(answer) == errc::cancelled);
    return answer.error().message();
  };
  const auto connected = [&](int n) {
    return [&never, n] {
      while (never.connections() < n) std::this_thread::yield();
    };
  };
  stopped("http://name.test/", [&] { REQUIRE(stuck->asked.reaches(1)); });
  stopped(at("http", full.port), [&] {
    while (c->stats().open == 0) std::this_thread::yield();
  });
  stopped(at("https", never.port()), connected(1));
  stopped(at("http", never.port()), connected(2));

  // Waiting for a connection that another call holds.
  std::stop_source first;
  auto holding = request_to(at("http", never.port()));
  holding.stop = first.get_token();
  std::thread holder([&] { static_cast<void>(c->send(holding)); });
  connected(3)();
  const auto message = stopped(at("http", never.port()), [] {});
  CHECK(message.find("before it had been sent") != std::string::npos);
  first.request_stop();
  holder.join();

  std::stop_source already;
  already.request_stop();
  auto r = request_to(never.url());
  r.stop = already.get_token();
  CHECK(code_of(c->send(r)) == errc::cancelled);
  CHECK(never.connections() == 3);
  CHECK(c->stats().open == 0);
  stuck->released.add();
}
