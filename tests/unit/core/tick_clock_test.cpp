// SPDX-License-Identifier: BSL-1.0
#include "tick_clock.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>

using namespace scalekit;
using namespace std::chrono_literals;

namespace {

// A machine whose counter runs at 2.5 ticks a nanosecond, or as a test says.
struct machine {
  double ticks = 1'000'000;
  std::int64_t nanoseconds = 5'000'000'000;
  double rate = 2.5;
  std::int64_t reading = 40;  // nanoseconds that a look at the clock takes
  int readings = 0;
  void pass(std::int64_t ns) {
    nanoseconds += ns;
    ticks += static_cast<double>(ns) * rate;
  }
};

struct source {
  machine* of;
  std::uint64_t ticks() const noexcept { return static_cast<std::uint64_t>(of->ticks); }
  std::int64_t nanoseconds() const noexcept {
    ++of->readings;
    of->pass(of->reading);
    return of->nanoseconds;
  }
};

struct fixture {
  machine world;
  tick_clock<source> clock{source{&world}};
  // How far its answer is from the clock's.
  std::int64_t error() {
    const std::int64_t said = clock.now();
    return std::abs(said - world.nanoseconds);
  }
  bool counts() {
    const int before = world.readings;
    static_cast<void>(clock.now());
    return world.readings == before;
  }
  void settle() {
    for (int i = 0; i < 4; ++i) {
      static_cast<void>(clock.now());
      world.pass(1'000'000);
    }
    static_cast<void>(clock.now());
    REQUIRE(counts());
  }
};

}  // namespace

TEST_CASE("once two milliseconds agree the counter answers, and the clock is read once in each") {
  fixture f;
  CHECK_FALSE(f.counts());
  f.settle();
  const int before = f.world.readings;
  for (int i = 0; i < 100'000; ++i) {
    f.world.pass(100);
    CHECK(f.error() <= 50);
  }
  CHECK(f.world.readings - before <= 2 * 11);
}

TEST_CASE("it is within a microsecond of a clock that is slewed and read with delays") {
  fixture f;
  std::mt19937_64 random(7);
  f.settle();
  std::int64_t worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    f.world.rate = 2.5 * (1 + 0.0005 * std::sin(i / 5'000.0));  // NTP's half a thousandth
    f.world.reading = 20 + static_cast<std::int64_t>(random() % 100);
    f.world.pass(static_cast<std::int64_t>(random() % 500));
    worst = std::max(worst, f.error());
  }
  CHECK(worst < 1'000);
}

TEST_CASE("a counter that jumps, stops or changes its pace is not believed") {
  fixture f;
  f.settle();
  const auto usable_again = [&] {
    for (int i = 0; i < 4; ++i) {
      CHECK(f.error() < 1'000);
      f.world.pass(1'000'000);
    }
    static_cast<void>(f.clock.now());
    return f.counts();
  };
  SUBCASE("back") {
    f.world.ticks -= 500'000;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
  SUBCASE("to nought") {
    f.world.ticks = 10;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
  SUBCASE("ahead") {
    f.world.ticks += 1e12;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
  SUBCASE("the machine slept, and the clock with it") {
    f.world.ticks += 3e10;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
  SUBCASE("the clock alone went on") {
    f.world.pass(2'000'000);
    f.world.nanoseconds += 10'000'000'000;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
  SUBCASE("another pace") {
    f.world.pass(2'000'000);
    f.world.rate = 3.5;
    CHECK(f.error() == 0);
    CHECK(usable_again());
  }
}

TEST_CASE("a reading that was interrupted sets nothing, nor does a clock that is slow to read") {
  fixture f;
  f.settle();
  f.world.reading = 5'000;
  f.world.pass(2'000'000);
  for (int i = 0; i < 10; ++i) {
    CHECK(f.error() == 0);
    CHECK_FALSE(f.counts());
    f.world.pass(1'000'000);
  }
}

TEST_CASE("the machine's fast clock keeps to its steady clock on several threads") {
  constexpr std::int64_t bound = 200'000;  // for a kernel that is just slewing its clock fast
  std::array<std::atomic<int>, 2> wrong{};
  const auto work = [&](std::atomic<int>& off) {
    const auto end = clock::system().steady_now() + 20ms;
    for (steady_time before = clock::system().steady_now(); before < end;) {
      const steady_time said = clock::fast().steady_now();
      const steady_time after = clock::system().steady_now();
      if ((before - said).count() > bound || (said - after).count() > bound) ++off;
      before = after;
    }
  };
  std::thread other([&] { work(wrong[1]); });
  work(wrong[0]);
  other.join();
  CHECK(wrong[0] == 0);
  CHECK(wrong[1] == 0);
  CHECK(clock::fast().system_now() - clock::system().system_now() < 1s);
}
