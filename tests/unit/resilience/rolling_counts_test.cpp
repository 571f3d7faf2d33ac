// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/rolling_counts.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <random>

using namespace scalekit;
using resilience::counts;
using resilience::rolling_counts;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

// The same window, kept the long way: every event with the bucket it fell into.
struct plain_window {
  explicit plain_window(duration window) : bucket(window / 16) {}
  struct event {
    std::int64_t bucket;
    counts what;
  };
  counts add(counts what, steady_time now) {
    roll(now);
    events.push_back({current, what});
    return sum();
  }
  counts read(steady_time now) {
    roll(now);
    return sum();
  }
  void roll(steady_time now) {
    const std::int64_t steps = started ? (now - begins) / bucket : 16;
    if (steps < 16) {
      begins += steps * bucket;
      current += steps;
    } else {
      // Nothing for a whole window: the buckets begin anew.
      events.clear();
      begins = now;
      started = true;
    }
    while (!events.empty() && events.front().bucket <= current - 16) events.pop_front();
  }
  [[nodiscard]] counts sum() const {
    counts c;
    for (const event& e : events) {
      c.first += e.what.first;
      c.second += e.what.second;
      c.third += e.what.third;
    }
    return c;
  }
  duration bucket;
  std::deque<event> events;
  steady_time begins;
  std::int64_t current = 0;
  bool started = false;
};

}  // namespace

TEST_CASE("a window forgets what is older than itself, bucket by bucket") {
  rolling_counts w(16s);
  CHECK(w.add({1, 1, 0}, start) == counts{1, 1, 0});
  CHECK(w.add({1, 0, 1}, start + 8s) == counts{2, 1, 1});
  CHECK(w.read(start + 15s) == counts{2, 1, 1});
  CHECK(w.read(start + 16s) == counts{1, 0, 1});
  CHECK(w.read(start + 23s) == counts{1, 0, 1});
  CHECK(w.read(start + 24s) == counts{});
}

TEST_CASE("a long silence empties it") {
  rolling_counts w(16s);
  w.add({5, 5, 5}, start);
  CHECK(w.read(start + 24h) == counts{});
  CHECK(w.add({1, 0, 0}, start + 24h) == counts{1, 0, 0});
}

TEST_CASE("it equals a plain window for any sequence of times") {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    rolling_counts w(1600ms);
    plain_window plain(1600ms);
    steady_time now = start;
    for (int i = 0; i < 300; ++i) {
      const int kind = static_cast<int>(random() % 20);
      now += kind == 0 ? duration(3s) : duration(std::chrono::milliseconds(random() % 130));
      const counts what{
          1, static_cast<std::uint32_t>(random() % 2), static_cast<std::uint32_t>(random() % 2)};
      if (random() % 4 == 0) {
        REQUIRE(w.read(now) == plain.read(now));
      } else {
        REQUIRE(w.add(what, now) == plain.add(what, now));
      }
    }
  }
}

TEST_CASE("totals that run over do not show in the window") {
  rolling_counts w(16s);
  constexpr std::uint32_t half = 1U << 31U;
  steady_time now = start;
  for (int i = 0; i < 6; ++i, now += 17s) {
    CHECK(w.add({half - 1, 7, 3}, now) == counts{half - 1, 7, 3});
  }
  CHECK(w.add({1, 1, 1}, now) == counts{1, 1, 1});
}

TEST_CASE("what is taken back was never counted") {
  rolling_counts w(16s);
  w.add({3, 1, 1}, start);
  w.add({0, 1, 1}, start);
  w.take_back({0, 1, 1});
  CHECK(w.read(start) == counts{3, 1, 1});
}

TEST_CASE("what is taken back after a bucket has begun is no debt of the window") {
  rolling_counts w(16s);
  w.add({0, 2, 2}, start);
  CHECK(w.read(start + 1s) == counts{0, 2, 2});
  w.take_back({0, 2, 2});
  CHECK(w.read(start + 15s) == counts{});
  CHECK(w.read(start + 16s) == counts{});
  CHECK(w.read(start + 17s) == counts{});
}

TEST_CASE("a clear forgets, and what follows counts") {
  rolling_counts w(16s);
  w.add({3, 1, 0}, start);
  w.clear();
  CHECK(w.read(start) == counts{});
  CHECK(w.add({1, 0, 0}, start + 1s) == counts{1, 0, 0});
  CHECK(w.read(start + 17s) == counts{});
}

TEST_CASE("the ends of the clock do no harm, and an old time counts as now") {
  rolling_counts w(10s);
  CHECK(w.add({1, 0, 0}, steady_time::min()) == counts{1, 0, 0});
  CHECK(w.add({1, 0, 0}, steady_time::max()) == counts{1, 0, 0});
  CHECK(w.add({1, 0, 0}, steady_time::max()) == counts{2, 0, 0});
  CHECK(w.add({1, 0, 0}, start) == counts{3, 0, 0});
  rolling_counts tiny(duration(0));
  CHECK(tiny.add({1, 0, 0}, start) == counts{1, 0, 0});
  CHECK(tiny.read(start + 1us) == counts{});
}
