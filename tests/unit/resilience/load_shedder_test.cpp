// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/load_shedder.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

struct fixture {
  std::unique_ptr<load_shedder> shedder =
      load_shedder::make({.target = 5ms, .interval = 100ms, .longest_wait = 1s}).value();
  steady_time now = start;
  shed_verdict ask(priority p, duration waited) { return shedder->admit(now, now - waited, p); }
  // One interval in which the shortest wait was `waited`.
  void interval(duration waited) {
    for (int i = 0; i < 10; ++i, now += 10ms) static_cast<void>(ask(priority::critical, waited));
  }
};

}  // namespace

TEST_CASE("a burst is no overload: one short wait in an interval, and nothing is shed") {
  fixture f;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 9; ++i, f.now += 10ms) {
      CHECK(f.ask(priority::low, 50ms) == shed_verdict::admitted);
    }
    CHECK(f.ask(priority::low, 1ms) == shed_verdict::admitted);
    f.now += 10ms;
  }
  CHECK(f.shedder->level() == 0);
}

TEST_CASE("a standing queue sheds one priority after the other, and takes it back") {
  fixture f;
  const std::array<priority, 4> all{
      priority::low, priority::normal, priority::high, priority::critical};
  for (std::uint32_t level = 1; level <= 5; ++level) {
    f.interval(6ms);
    CHECK(f.ask(priority::critical, 6ms) == shed_verdict::admitted);
    const std::uint32_t shed = std::min(level, 3U);
    CHECK(f.shedder->level() == shed);
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      CHECK((f.ask(all[i], 6ms) == shed_verdict::by_priority) == (i < shed));
    }
  }
  for (const std::uint32_t level : {2U, 1U, 0U, 0U}) {
    f.interval(1ms);
    CHECK(f.ask(priority::critical, 1ms) == shed_verdict::admitted);
    CHECK(f.shedder->level() == level);
  }
}

TEST_CASE("in an overload, twice the target is too long for all but the critical") {
  fixture f;
  CHECK(f.ask(priority::high, 20ms) == shed_verdict::admitted);
  f.interval(20ms);
  f.interval(20ms);
  REQUIRE(f.shedder->level() >= 1);
  CHECK(f.ask(priority::high, 10ms) == shed_verdict::admitted);
  CHECK(f.ask(priority::high, 11ms) == shed_verdict::by_wait);
  CHECK(f.ask(priority::critical, 11ms) == shed_verdict::admitted);
}

TEST_CASE("nobody waits for an answer after the longest wait") {
  fixture f;
  CHECK(f.ask(priority::critical, 1s) == shed_verdict::admitted);
  CHECK(f.ask(priority::critical, 1s + 1ns) == shed_verdict::by_wait);
  CHECK(f.shedder->stats().by_wait == 1);
}

TEST_CASE("intervals in which nobody came were no overload") {
  fixture f;
  for (int i = 0; i < 5; ++i) f.interval(6ms);
  REQUIRE(f.shedder->level() == 3);
  f.now += 10s;
  CHECK(f.ask(priority::low, 6ms) == shed_verdict::admitted);
  CHECK(f.shedder->level() == 0);
}

TEST_CASE("a queue that is fed twice what it serves stays short for what matters") {
  fixture f;
  struct job {
    steady_time queued;
    priority p;
  };
  std::deque<job> queue;
  std::array<int, 4> served{};
  duration longest{};
  // Two jobs arrive each 2 ms; a job that is served takes 2 ms, one that is shed none.
  for (int tick = 0; tick < 20'000; ++tick, f.now += 2ms) {
    queue.push_back({f.now, static_cast<priority>(1 + tick % 3)});
    queue.push_back({f.now, static_cast<priority>(1 + (tick + 1) % 3)});
    while (!queue.empty()) {
      const job j = queue.front();
      queue.pop_front();
      if (f.shedder->admit(f.now, j.queued, j.p) != shed_verdict::admitted) continue;
      ++served[static_cast<std::size_t>(j.p)];
      if (tick > 1'000) longest = std::max(longest, f.now - j.queued);
      break;
    }
  }
  CHECK(longest < 300ms);
  CHECK(served[1] > served[3]);
  CHECK(served[1] + served[2] + served[3] > 12'000);
}

TEST_CASE("the ends of the clock do no harm") {
  fixture f;
  CHECK(
      f.shedder->admit(steady_time::min(), steady_time::max(), priority::low) ==
      shed_verdict::admitted
  );
  CHECK(
      f.shedder->admit(steady_time::max(), steady_time::min(), priority::low) ==
      shed_verdict::by_wait
  );
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](load_shedder_options o) {
    return load_shedder::make(o).error().message();
  };
  CHECK(message({.target = 0ns}).find("load_shedder: target ") == 0);
  CHECK(message({.interval = 1ms}).find("interval") != std::string::npos);
  CHECK(message({.longest_wait = 1ms}).find("longest_wait") != std::string::npos);
}
