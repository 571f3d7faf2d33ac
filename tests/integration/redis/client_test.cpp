// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;
using std::chrono::milliseconds;

namespace {

redis_server& the_server() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static redis_server instance;
  return instance;
}

std::unique_ptr<redis::client> open(redis::client_options o) {
  if (o.port == 6379) o.port = the_server().port();
  auto made = redis::client::open(std::move(o));
  if (!made) FAIL(made.error().describe());
  return *std::move(made);
}

std::int64_t integer(redis::client& r, redis::arguments words) {
  auto answer = r.command(words);
  if (!answer) FAIL(answer.error().describe());
  return *answer->as_integer();
}

}  // namespace

TEST_CASE("a command that outlasts its timeout is unknown, and its answer is nobody else's") {
  const auto r = open({.command_timeout = milliseconds(50)});
  const auto other = open({});
  REQUIRE(other->command({"DEL", "slow", "never"}));
  const auto waited = r->command({"BLPOP", "never", "0.3"});
  REQUIRE(!waited);
  CHECK(waited.error().outcome_unknown());
  CHECK(waited.error().message().starts_with("BLPOP: redis 127.0.0.1:"));
  CHECK(r->stats().timeouts == 1);
  CHECK(r->stats().lost == 1);
  CHECK(*r->command({"ECHO", "mine"})->as_text() == "mine");
  CHECK(r->stats().reconnects == 1);
}

TEST_CASE("a pool has a bound, and says so when it is reached") {
  const auto r = open(
      {.command_timeout = milliseconds(20'000),
       .max_connections = 2,
       .acquire_timeout = milliseconds(20)}
  );
  const auto other = open({});
  REQUIRE(other->command({"DEL", "gate"}));
  std::vector<std::thread> blocked;
  for (int i = 0; i < 2; ++i) {
    blocked.emplace_back([&] { CHECK(r->command({"BLPOP", "gate", "0"})); });
  }
  REQUIRE(wait_until([&] { return r->stats().in_use == 2; }, 10));
  const auto refused = r->command({"PING"});
  REQUIRE(!refused);
  CHECK(refused.error().code() == errc::busy);
  CHECK(refused.error().message().find("all 2 are out") != std::string::npos);
  CHECK(r->stats().timeouts == 1);
  REQUIRE(other->command({"RPUSH", "gate", "a", "b"}));
  for (auto& t : blocked) t.join();
  CHECK(r->command({"PING"}));
  CHECK(r->stats().in_use == 0);
  CHECK(r->stats().idle == 2);
}

TEST_CASE("the connection used last is used first") {
  const auto r = open({});
  for (int i = 0; i < 100; ++i) REQUIRE(r->command({"PING"}));
  const auto s = r->stats();
  CHECK(s.connects == 1);
  CHECK(s.idle == 1);
  CHECK(s.commands == 100);
}

TEST_CASE("counters count commands, errors and pipelines") {
  const auto r = open({});
  REQUIRE(r->command({"SET", "text", "x"}));
  CHECK(!r->command({"INCR", "text"}));
  const std::string_view incr[] = {"INCR", "text"};
  const std::string_view ping[] = {"PING"};
  const redis::arguments commands[] = {incr, ping, incr};
  const auto replies = r->pipeline(commands);
  REQUIRE(replies);
  CHECK((*replies)[0].failure().message().find("(INCR at redis 127.0.0.1:") != std::string::npos);
  CHECK(r->stats().commands == 5);
  CHECK(r->stats().errors == 3);
}

TEST_CASE("a broken pipe raises no signal") {
  std::atomic<int>& raised = [&]() -> std::atomic<int>& {
    static std::atomic<int> count{0};
    return count;
  }();
  static std::atomic<int>* seen = nullptr;
  seen = &raised;
  const auto before = std::signal(SIGPIPE, [](int) { ++*seen; });
  tcp_proxy proxy(the_server().port());
  const auto r =
      open({.port = proxy.port(), .backoff_base = milliseconds(1), .backoff_max = milliseconds(1)});
  const std::string large(std::size_t{8} << 20U, 'x');
  for (int i = 0; i < 5; ++i) {
    proxy.cut_after(direction::request, 100'000);
    const auto lost = r->command({"SET", "large", large});
    CHECK(!lost);
    CHECK((lost.error().outcome_unknown() || lost.error().code() == errc::unavailable));
    CHECK(wait_until([&] { return static_cast<bool>(r->command({"PING"})); }, 10));
  }
  std::signal(SIGPIPE, before);
  CHECK(raised == 0);
}

TEST_CASE("nobody is told of a connection that is gone without a word, until it times out") {
  tcp_proxy proxy(the_server().port());
  const auto r = open(
      {.port = proxy.port(),
       .connect_timeout = milliseconds(100),
       .command_timeout = milliseconds(100),
       .backoff_base = milliseconds(1),
       .backoff_max = milliseconds(1)}
  );
  REQUIRE(r->command({"SET", "stalled", "before"}));
  proxy.stall();
  CHECK(r->command({"SET", "stalled", "during"}).error().outcome_unknown());
  CHECK(r->command({"PING"}).error().code() == errc::unavailable);
  proxy.resume();
  CHECK(wait_until([&] { return static_cast<bool>(r->command({"PING"})); }, 10));
}

TEST_CASE("what happens to connections is logged") {
  tcp_proxy proxy(the_server().port());
  std::mutex mutex;
  std::vector<std::string> logged;
  const auto r = open({.port = proxy.port(), .log = [&](log_level level, std::string_view text) {
                         const std::lock_guard lock(mutex);
                         logged.push_back(std::string(to_string(level)) + " " + std::string(text));
                       }});
  CHECK(logged.empty());
  proxy.cut_after(direction::reply, 0);
  CHECK(r->command({"PING"}).error().outcome_unknown());
  REQUIRE(r->command({"PING"}));
  REQUIRE(logged.size() == 2);
  CHECK(logged[0].find("warning redis 127.0.0.1:") == 0);
  CHECK(logged[0].find("connection lost") != std::string::npos);
  CHECK(logged[1].ends_with("connected again"));
}

TEST_CASE("a dead server costs microseconds, and is found again") {
  redis_server own;
  const auto r =
      open({.port = own.port(), .backoff_base = milliseconds(50), .backoff_max = milliseconds(50)});
  REQUIRE(r->command({"SET", "kept", "1"}));
  own.stop();
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto gone = r->command({"GET", "kept"});
    refused +=
        !gone && gone.error().code() == errc::unavailable && gone.error().retry_after() ? 1 : 0;
  }
  CHECK(refused == 20'000);
  own.start();
  CHECK(wait_until([&] { return static_cast<bool>(r->command({"GET", "kept"})); }, 10));
  CHECK(*r->command({"GET", "kept"})->as_text() == "1");
}

TEST_CASE("many threads share few connections, through losses") {
  tcp_proxy proxy(the_server().port());
  const auto r = open(
      {.port = proxy.port(),
       .max_connections = 3,
       .acquire_timeout = milliseconds(20'000),
       .backoff_base = milliseconds(1),
       .backoff_max = milliseconds(2)}
  );
  REQUIRE(r->command({"DEL", "counted"}));
  constexpr int threads = 8;
  std::atomic<int> done{0};
  std::atomic<int> unknown{0};
  std::atomic<bool> crossed{false};
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto n = r->command({"INCR", "counted"});
        done += n ? 1 : 0;
        unknown += !n && n.error().outcome_unknown() ? 1 : 0;
        const std::string tag = std::to_string(t) + "/" + std::to_string(i);
        const auto echoed = r->command({"ECHO", tag});
        if (echoed && (!echoed->as_text() || *echoed->as_text() != tag)) crossed = true;
        if (t == 0 && i % 20 == 10) proxy.cut();
      }
    });
  }
  for (auto& t : running) t.join();
  CHECK_FALSE(crossed);
  REQUIRE(wait_until([&] { return static_cast<bool>(r->command({"PING"})); }, 10));
  const auto counted = std::stoll(std::string(*r->command({"GET", "counted"})->as_text()));
  // Each success counts once; each unknown outcome once or not at all; nothing else counts.
  CHECK(counted >= done);
  CHECK(counted <= done + unknown);
  CHECK(r->stats().in_use == 0);
  CHECK(integer(*r, {"EXISTS", "counted"}) == 1);
}
