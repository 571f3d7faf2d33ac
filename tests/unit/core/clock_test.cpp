// SPDX-License-Identifier: BSL-1.0
#include <scalekit/clock.hpp>
#include <scalekit/testing/manual_clock.hpp>
#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace std::chrono_literals;
using scalekit::duration;
using scalekit::testing::manual_clock;

TEST_CASE("the machine's steady clock does not go back and is one object") {
  const scalekit::clock& machine = scalekit::clock::system();
  CHECK(&machine == &scalekit::clock::system());
  auto last = machine.steady_now();
  for (int i = 0; i < 1000; ++i) {
    const auto now = machine.steady_now();
    REQUIRE(now >= last);
    last = now;
  }
  // Catches a wrong epoch or unit.
  CHECK(scalekit::to_civil(machine.system_now()).year >= 2024);
  CHECK(scalekit::to_civil(machine.system_now()).year < 2200);
}

TEST_CASE("the machine's sleeper does not wait for nothing") {
  scalekit::sleeper& machine = scalekit::sleeper::system();
  CHECK(&machine == &scalekit::sleeper::system());
  machine.sleep_for(duration::zero());
  machine.sleep_for(duration::min());
  const auto before = scalekit::clock::system().steady_now();
  machine.sleep_for(1us);
  CHECK(scalekit::clock::system().steady_now() - before >= 1us);
}

TEST_CASE("a manual clock stands still until it is moved") {
  manual_clock time;
  CHECK(scalekit::to_rfc3339(time.system_now()) == "2024-01-01T00:00:00Z");
  CHECK(time.steady_now().time_since_epoch() == 1h);
  CHECK(time.steady_now() == time.steady_now());

  time.advance(90s);
  CHECK(scalekit::to_rfc3339(time.system_now()) == "2024-01-01T00:01:30Z");
  CHECK(time.steady_now().time_since_epoch() == 1h + 90s);
}

TEST_CASE("many small advances lose no time") {
  manual_clock time;
  const auto start = time.system_now();
  for (int i = 0; i < 10'000; ++i) time.advance(100ns);
  CHECK(time.system_now() - start == 1ms);
}

TEST_CASE("the wall clock may be stepped without the steady clock noticing") {
  manual_clock time;
  const auto steady = time.steady_now();
  const auto wall = time.system_now();
  time.step_system(-5s);
  CHECK(time.system_now() == wall - 5s);
  time.set_system(scalekit::from_civil({.year = 1999, .month = 12, .day = 31}));
  CHECK(scalekit::to_rfc3339(time.system_now()) == "1999-12-31T00:00:00Z");
  // Before 1970 a fraction of a microsecond must still round down, not towards zero.
  time.set_system(scalekit::system_time(-1us));
  time.advance(500ns);
  CHECK(time.system_now() == scalekit::system_time(-1us));
  CHECK(time.steady_now() == steady + 500ns);
}

TEST_CASE("sleeping on a manual clock moves it, and is counted") {
  manual_clock time;
  const auto start = time.steady_now();
  time.sleep_for(2s);
  time.sleep_for(-3s);
  CHECK(time.sleeps() == 2);
  CHECK(time.steady_now() == start + 2s);
}

TEST_CASE("threads may move a manual clock together") {
  manual_clock time;
  const auto start = time.steady_now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) time.sleep_for(1us);
    });
  }
  for (auto& t : threads) t.join();
  CHECK(time.steady_now() - start == 4ms);
  CHECK(time.sleeps() == 4000);
}
