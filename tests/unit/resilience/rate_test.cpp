// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <doctest/doctest.h>

#include <string>

namespace resilience = scalekit::resilience;
using resilience::limit;
using resilience::rate;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t most = std::int64_t{1} << 40;

std::string refusal(const limit& l) {
  const auto r = rate::make(l);
  REQUIRE_FALSE(r);
  CHECK(r.error().code() == errc::invalid_argument);
  return r.error().message();
}

bool names(const limit& l, const std::string& option) {
  return refusal(l).starts_with("rate: " + option);
}

}  // namespace

TEST_CASE("a rate is the fraction of a microsecond that one token takes") {
  const rate r = rate::make({.tokens = 15, .period = 60s, .burst = 30}).value();
  CHECK(r.step() == 4'000'000);
  CHECK(r.parts() == 1);
  CHECK(r.time_for(3) == 12s);

  const rate sevenths = rate::make({.tokens = 7}).value();
  CHECK(sevenths.step() == 1'000'000);
  CHECK(sevenths.parts() == 7);
  CHECK(sevenths.burst() == 7);
  CHECK(sevenths.time_for(7) == 1s);
  CHECK(sevenths.refill() == sevenths.time_for(sevenths.burst()));
  CHECK(sevenths.time_for(1) == 142'857us);
  CHECK(rate() == rate::make({}).value());
}

TEST_CASE("what is out of range is refused by name") {
  for (const std::int64_t bad :
       {std::int64_t{0}, std::int64_t{-1}, most + 1, INT64_MAX, INT64_MIN}) {
    CAPTURE(bad);
    CHECK(names({.tokens = bad}, "tokens"));
  }
  for (const scalekit::duration bad :
       {0ns, -1ns, 999ns, 1500ns, scalekit::duration::max(), scalekit::duration::min()}) {
    CAPTURE(bad.count());
    CHECK(names({.period = bad}, "period"));
  }
  CHECK(names({.period = 24h * 366 + 1us}, "period"));
  for (const std::int64_t bad : {std::int64_t{-1}, most + 1, INT64_MAX, INT64_MIN}) {
    CAPTURE(bad);
    CHECK(names({.burst = bad}, "burst"));
  }
  CHECK(names({.tokens = 2049, .period = 1us}, "tokens"));
  CHECK(names({.tokens = 2'048'000'001, .period = 1s}, "tokens"));
}

TEST_CASE("the ends of the range are taken, and one beyond them is not") {
  CHECK(rate::make({.tokens = 2048, .period = 1us}));
  CHECK(rate::make({.tokens = 2'048'000'000, .period = 1s, .burst = 1}));
  CHECK(rate::make({.tokens = 1, .period = 24h * 366}));
  CHECK(rate::make({.tokens = most, .period = 24h * 366, .burst = 1}));
  // 2^46 microseconds to fill: 70,368,744 tokens of a second.
  CHECK(rate::make({.tokens = 1, .burst = 70'368'744}));
  CHECK(names({.tokens = 1, .burst = 70'368'745}, "burst"));
  // 2^51 parts: a prime number of tokens.
  CHECK(rate::make({.tokens = 999'983, .burst = 999'983}));
  CHECK(names({.tokens = 1'999'999'973, .burst = 1'999'999'973}, "burst"));
  CHECK(rate::make({.tokens = 1'234'567, .period = 24h}));
}

TEST_CASE("a share is slower, and holds less") {
  const rate whole = rate::make({.tokens = 100, .period = 1s, .burst = 10}).value();
  const rate third = whole.share(3).value();
  CHECK(third.step() == 30'000);
  CHECK(third.parts() == 1);
  CHECK(third.burst() == 3);
  CHECK(whole.share(1).value() == whole);
  CHECK(whole.share(100).value().burst() == 1);
  CHECK(whole.share(0).error().code() == errc::invalid_argument);
  CHECK(whole.share(INT64_MAX).error().code() == errc::invalid_argument);
}
