// SPDX-License-Identifier: BSL-1.0
#include "fake_server.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using scalekit_tests::fake_server;
using std::chrono::milliseconds;

namespace {

/// A server that hangs up on everybody until it is well.
struct moody_server {
  std::atomic<bool> well{false};
  fake_server server{[this](std::string_view) -> std::optional<std::string> {
    if (!well) return std::nullopt;
    return "+PONG\r\n";
  }};
};

struct world {
  testing::manual_clock clock;
  testing::fixed_random random{7};
  moody_server moody;
  std::vector<std::string> logged;
  std::mutex logging;

  std::unique_ptr<redis::client> client(milliseconds base, milliseconds most) {
    auto made = redis::client::open({
        .port = moody.server.port(),
        .first = redis::first_connection::when_needed,
        .connect_timeout = milliseconds(10'000),
        .backoff_base = base,
        .backoff_max = most,
        .log =
            [this](log_level, std::string_view text) {
              const std::lock_guard lock(logging);
              logged.emplace_back(text);
            },
        .clock = &clock,
        .random = &random,
    });
    REQUIRE(made);
    return *std::move(made);
  }
};

error failure(redis::client& r) {
  auto answer = r.command({"PING"});
  REQUIRE(!answer);
  return answer.error();
}

}  // namespace

TEST_CASE("after a failed connect calls fail at once until the wait is over") {
  world w;
  const auto r = w.client(milliseconds(100), milliseconds(1000));
  const error first = failure(*r);
  CHECK(first.code() == errc::unavailable);
  REQUIRE(first.retry_after());
  CHECK(*first.retry_after() >= milliseconds(1));
  CHECK(*first.retry_after() <= milliseconds(100));
  CHECK(w.moody.server.connections() == 1);

  for (int i = 0; i < 1000; ++i) CHECK(failure(*r).code() == errc::unavailable);
  CHECK(w.moody.server.connections() == 1);
  CHECK(r->stats().refused == 1000);

  w.clock.advance(*first.retry_after() - milliseconds(1));
  const error later = failure(*r);
  CHECK(*later.retry_after() == milliseconds(1));
  CHECK(later.message() == first.message());
  CHECK(w.moody.server.connections() == 1);

  w.clock.advance(milliseconds(1));
  CHECK(failure(*r).code() == errc::unavailable);
  CHECK(w.moody.server.connections() == 2);
}

TEST_CASE("waits grow to their bound, at random below it") {
  world w;
  const auto r = w.client(milliseconds(100), milliseconds(1000));
  std::set<milliseconds::rep> waits;
  for (int n = 0; n < 60; ++n) {
    const milliseconds wait = *failure(*r).retry_after();
    CHECK(wait <= milliseconds(n < 4 ? 100 << n : 1000));
    if (n >= 4) waits.insert(wait.count());
    w.clock.advance(wait);
  }
  CHECK(waits.size() > 30);
  CHECK(*waits.begin() < 250);
  CHECK(*waits.rbegin() > 750);
}

TEST_CASE("a server that is back is found, and the next failure starts from the beginning") {
  world w;
  const auto r = w.client(milliseconds(10), milliseconds(10'000));
  for (int n = 0; n < 12; ++n) w.clock.advance(*failure(*r).retry_after());
  w.moody.well = true;
  REQUIRE(r->command({"PING"}));
  CHECK(w.logged.back().ends_with("connected again"));
  w.moody.well = false;
  w.moody.server.hang_up();
  const error again = failure(*r);
  CHECK(*again.retry_after() <= milliseconds(10));
}

TEST_CASE("one call probes while the others fail at once") {
  std::mutex mutex;
  std::condition_variable changed;
  bool well = false;
  bool probed = false;
  bool answer_now = false;
  fake_server server([&](std::string_view) -> std::optional<std::string> {
    std::unique_lock lock(mutex);
    if (!well) return std::nullopt;
    probed = true;
    changed.notify_all();
    changed.wait(lock, [&] { return answer_now; });
    return "+PONG\r\n";
  });
  testing::manual_clock clock;
  auto r = redis::client::open(
      {.port = server.port(),
       .first = redis::first_connection::when_needed,
       .connect_timeout = milliseconds(10'000),
       .clock = &clock}
  );
  REQUIRE(r);
  clock.advance(*failure(**r).retry_after());
  {
    const std::lock_guard lock(mutex);
    well = true;
  }
  std::atomic<bool> succeeded{false};
  std::thread prober([&] { succeeded = static_cast<bool>((*r)->command({"PING"})); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return probed; });
  }
  for (int i = 0; i < 100; ++i) CHECK(failure(**r).retry_after());
  CHECK(server.connections() == 2);
  {
    const std::lock_guard lock(mutex);
    answer_now = true;
    changed.notify_all();
  }
  prober.join();
  CHECK(succeeded);
  CHECK(static_cast<bool>((*r)->command({"PING"})));
}

TEST_CASE("those who wait for a connection learn that there is none to be had") {
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  bool hang_up = false;
  fake_server server([&](std::string_view) -> std::optional<std::string> {
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_all();
    changed.wait(lock, [&] { return hang_up; });
    return std::nullopt;
  });
  testing::manual_clock clock;
  auto r = redis::client::open(
      {.port = server.port(),
       .first = redis::first_connection::when_needed,
       .connect_timeout = milliseconds(60'000),
       .max_connections = 1,
       .acquire_timeout = milliseconds(600'000),
       .clock = &clock}
  );
  REQUIRE(r);
  std::atomic<int> unavailable{0};
  const auto call = [&] { unavailable += failure(**r).code() == errc::unavailable ? 1 : 0; };
  std::vector<std::thread> threads;
  threads.emplace_back(call);
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked; });
  }
  for (int i = 0; i < 6; ++i) threads.emplace_back(call);
  {
    const std::lock_guard lock(mutex);
    hang_up = true;
    changed.notify_all();
  }
  for (auto& t : threads) t.join();
  CHECK(unavailable == 7);
  CHECK((*r)->stats().in_use == 0);
}

namespace {

/// Two calls connect side by side; one gets in, and once it has its answer the server hangs up on
/// the other. What the other is told.
error beaten_one(const std::vector<std::string>& logins_before) {
  std::mutex mutex;
  std::condition_variable changed;
  std::string login;
  int side_by_side = 0;
  bool got_in = false;
  fake_server server([&](std::string_view request) -> std::optional<std::string> {
    if (!scalekit_tests::is_ping(request)) return "+OK\r\n";
    std::unique_lock lock(mutex);
    if (!login.empty()) return login;
    const bool first = ++side_by_side == 1;
    changed.notify_all();
    changed.wait(lock, [&] { return side_by_side == 2; });
    if (first) return "+PONG\r\n";
    changed.wait(lock, [&] { return got_in; });
    return std::nullopt;
  });
  const auto from_now_on = [&](std::string answer) {
    const std::lock_guard lock(mutex);
    login = std::move(answer);
  };
  testing::manual_clock clock;
  auto r = redis::client::open(
      {.port = server.port(),
       .first = redis::first_connection::when_needed,
       .connect_timeout = milliseconds(60'000),
       .command_timeout = milliseconds(60'000),
       .clock = &clock}
  );
  REQUIRE(r);
  for (const std::string& answer : logins_before) {
    from_now_on(answer);
    CHECK(static_cast<bool>((*r)->command({"GET", "k"})) == answer.starts_with("+"));
    server.hang_up();
    clock.advance(milliseconds(10'000));
  }
  from_now_on({});
  std::optional<error> told;
  const auto call = [&] {
    auto answer = (*r)->command({"GET", "k"});
    const std::lock_guard lock(mutex);
    if (!answer) told = answer.error();
    got_in = got_in || answer;
    changed.notify_all();
  };
  std::thread one(call);
  std::thread other(call);
  one.join();
  other.join();
  CHECK(got_in);
  REQUIRE(told);
  return *std::move(told);
}

}  // namespace

TEST_CASE("of two that connect side by side, the one that fails is told why") {
  const error e = beaten_one({});
  CHECK(e.code() == errc::unavailable);
  CHECK(e.message().find("the server closed the connection") != std::string::npos);
  CHECK(e.retry_after());
}

TEST_CASE("it is told so, not what an outage before was about") {
  const error e = beaten_one({"-NOAUTH Authentication required.\r\n", "+PONG\r\n"});
  CHECK(e.code() == errc::unavailable);
  CHECK(e.message().find("the server closed the connection") != std::string::npos);
}
