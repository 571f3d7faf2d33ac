// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/backoff.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>

using namespace scalekit;
using resilience::backoff;
using resilience::backoff_options;
using resilience::jitter;
using namespace std::chrono_literals;

namespace {

backoff make(backoff_options o) { return backoff::make(o).value(); }

struct seen {
  duration least = duration::max();
  duration most = duration::min();
  double mean = 0;
};

// Draws often enough that the ends and the mean of the distribution show.
seen draw(const backoff& b, std::uint32_t n, duration previous = {}) {
  testing::fixed_random random(n + 1);
  seen s;
  constexpr int times = 20'000;
  for (int i = 0; i < times; ++i) {
    const duration d = b.next(n, previous, random);
    s.least = std::min(s.least, d);
    s.most = std::max(s.most, d);
    s.mean += static_cast<double>(d.count()) / times;
  }
  return s;
}

double ns(duration d) { return static_cast<double>(d.count()); }

}  // namespace

TEST_CASE("the ceiling doubles up to the cap and stays there") {
  const backoff b = make({.base = 50ms, .cap = 20s});
  CHECK(b.ceiling(0) == 50ms);
  CHECK(b.ceiling(1) == 100ms);
  CHECK(b.ceiling(8) == 12800ms);
  CHECK(b.ceiling(9) == 20s);
  CHECK(b.ceiling(63) == 20s);
  CHECK(b.ceiling(64) == 20s);
  CHECK(b.ceiling(std::numeric_limits<std::uint32_t>::max()) == 20s);
  CHECK(make({.base = 10ms, .cap = 1s, .factor = 3}).ceiling(2) == 90ms);
  CHECK(make({.base = 10ms, .cap = 1s, .factor = 1}).ceiling(1000) == 10ms);
}

TEST_CASE("full jitter is anything from nothing to the ceiling, evenly") {
  const backoff b = make({.base = 100ms, .cap = 20s, .jitter = jitter::full});
  for (const std::uint32_t n : {0U, 3U, 30U}) {
    const seen s = draw(b, n);
    const duration top = b.ceiling(n);
    CHECK(s.least >= 0ns);
    CHECK(s.least < top / 100);
    CHECK(s.most <= top);
    CHECK(s.most > top - top / 100);
    CHECK(s.mean == doctest::Approx(ns(top) / 2).epsilon(0.02));
  }
}

TEST_CASE("equal jitter keeps half") {
  const backoff b = make({.base = 100ms, .cap = 20s, .jitter = jitter::equal});
  const seen s = draw(b, 2);
  CHECK(s.least >= 200ms);
  CHECK(s.least < 203ms);
  CHECK(s.most <= 400ms);
  CHECK(s.most > 397ms);
  CHECK(s.mean == doctest::Approx(ns(300ms)).epsilon(0.02));
}

TEST_CASE("without jitter the delay is the ceiling") {
  const backoff b = make({.base = 100ms, .cap = 1s, .jitter = jitter::none});
  testing::fixed_random random;
  CHECK(b.next(0, {}, random) == 100ms);
  CHECK(b.next(3, {}, random) == 800ms);
  CHECK(b.next(9, {}, random) == 1s);
}

TEST_CASE("decorrelated delays are between the base and three times the last, within the cap") {
  const backoff b = make({.base = 100ms, .cap = 2s, .jitter = jitter::decorrelated});
  const seen first = draw(b, 0);
  CHECK(first.least < 1ms);
  CHECK(first.most <= 100ms);
  const seen second = draw(b, 1, 500ms);
  CHECK(second.least >= 100ms);
  CHECK(second.most <= 1500ms);
  CHECK(second.mean == doctest::Approx(ns(800ms)).epsilon(0.02));
  const seen late = draw(b, 9, 1900ms);
  CHECK(late.most <= 2s);
  CHECK(late.most > 1980ms);
  CHECK(draw(b, 1, 1ms).least >= 100ms);
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](backoff_options o) { return backoff::make(o).error().message(); };
  CHECK(message({.base = 0ns}).find("backoff: base ") == 0);
  CHECK(message({.base = 2s, .cap = 1s}).find("backoff: cap ") == 0);
  CHECK(message({.cap = duration::max()}).find("backoff: cap ") == 0);
  CHECK(message({.factor = 0.5}).find("backoff: factor ") == 0);
  CHECK(
      message({.factor = std::numeric_limits<double>::quiet_NaN()}).find("factor") !=
      std::string::npos
  );
  CHECK(backoff::make({.base = 0ns}).error().code() == errc::invalid_argument);
}
