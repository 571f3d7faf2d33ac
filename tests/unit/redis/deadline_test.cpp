// SPDX-License-Identifier: BSL-1.0
#include "fake_server.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <pthread.h>
#include <string>
#include <thread>

using namespace scalekit;
using scalekit_tests::fake_server;
using scalekit_tests::is_ping;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using said = std::optional<std::string>;

/// A second passes whenever somebody looks.
class hasty_clock final : public clock {
 public:
  steady_time steady_now() const noexcept override {
    inner_.advance(seconds(1));
    return inner_.steady_now();
  }
  system_time system_now() const noexcept override { return inner_.system_now(); }

 private:
  mutable testing::manual_clock inner_;
};

/// What comes of a connection whose first answer begins with `start` and trickles in from there.
error trickled(std::string_view start, redis::client_options o) {
  const hasty_clock clock;
  constexpr int most = 200'000;
  fake_server* self = nullptr;
  fake_server server([&](std::string_view) -> said {
    bool there = self->drip(start);
    for (int i = 0; i < most && there; ++i) {
      there = self->drip("P");
      std::this_thread::yield();
    }
    return std::nullopt;
  });
  self = &server;
  o.port = server.port();
  o.connect_timeout = seconds(20);
  o.clock = &clock;
  const auto made = redis::client::open(std::move(o));
  REQUIRE(!made);
  CHECK(made.error().code() == errc::unavailable);
  return made.error();
}

std::atomic<testing::manual_clock*> struck{nullptr};
extern "C" void strike(int) { struck.load()->advance(seconds(1)); }

/// Signals of this kind strike a clock; what they did before comes back at the end.
class striking {
 public:
  explicit striking(testing::manual_clock& clock) {
    struck = &clock;
    struct sigaction action {};
    action.sa_handler = strike;
    ::sigaction(SIGUSR1, &action, &before_);
  }
  striking(const striking&) = delete;
  striking& operator=(const striking&) = delete;
  ~striking() { ::sigaction(SIGUSR1, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

}  // namespace

TEST_CASE("a login whose answer trickles in ends when its time is up") {
  const error e = trickled("+", {});
  CHECK(e.message().find("no answer within 20000 ms") != std::string::npos);
}

TEST_CASE("a TLS handshake that trickles in ends when its time is up") {
  // The head of a record of 16 KiB.
  const error e =
      trickled(std::string_view("\x16\x03\x03\x40\x00", 5), {.tls = redis::tls_options{}});
  CHECK(e.message().find("the TLS handshake got no answer in time") != std::string::npos);
}

TEST_CASE("signals do not make a silent server's time begin anew") {
  testing::manual_clock clock;
  const striking signals(clock);
  std::atomic<bool> asked{false};
  fake_server server([&](std::string_view request) -> said {
    if (is_ping(request)) return "+PONG\r\n";
    asked = true;
    return "";
  });
  const auto r =
      redis::client::open({.port = server.port(), .command_timeout = seconds(60), .clock = &clock});
  REQUIRE(r);
  std::atomic<bool> done{false};
  std::thread signaller([&, caller = ::pthread_self()] {
    while (!asked) std::this_thread::yield();
    for (int i = 0; i < 200'000 && !done; ++i) {
      ::pthread_kill(caller, SIGUSR1);
      std::this_thread::yield();
    }
    if (!done) server.hang_up();
  });
  const auto answer = (*r)->command({"GET", "k"});
  done = true;
  signaller.join();
  REQUIRE(!answer);
  CHECK(answer.error().outcome_unknown());
  CHECK(answer.error().message().find("no answer within 60000 ms") != std::string::npos);
  CHECK((*r)->stats().timeouts == 1);
}
