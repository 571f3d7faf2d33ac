// SPDX-License-Identifier: BSL-1.0
// What every limiter store does. Limits are so slow that the time a test takes does not matter.
#include "../../unit/resilience/limiter_support.hpp"
#include "backend.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::backend;
using limiter_test::open_backend;
using limiter_test::rate_of;
using resilience::limit_answer;
using resilience::limit_claim;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

limit_answer take(backend& b, const limit_claim& c) { return b.store().take({&c, 1}).value(); }

std::unique_ptr<backend> empty_backend() {
  auto b = open_backend();
  b->forget();
  return b;
}

// One token in 1000 s, so that the time of a test run is nothing.
resilience::rate slow(std::int64_t burst) { return rate_of(1, 1000s, burst); }

bool about(scalekit::duration d, scalekit::duration expected) {
  return d <= expected && d > expected - 60s;
}

}  // namespace

TEST_CASE("a limit gives its burst, and then a token an interval") {
  const auto b = empty_backend();
  const limit_claim c{.name = "k", .rate = slow(3)};
  for (std::int64_t left : {2, 1, 0}) {
    const auto a = take(*b, c);
    CHECK(a.allowed);
    CHECK(a.retry_after == 0s);
    CHECK(a.grants[0].granted == 1);
    CHECK(a.grants[0].verdict.allowed);
    CHECK(a.grants[0].verdict.remaining == left);
    CHECK(about(a.grants[0].verdict.reset_after, (3 - left) * 1000s));
    CHECK(a.grants[0].fresh == (left == 2));
  }
  auto a = take(*b, c);
  CHECK_FALSE(a.allowed);
  CHECK(a.grants[0].granted == 0);
  CHECK(a.grants[0].in_force == c.rate);
  CHECK(about(a.retry_after, 1000s));
  b->pass(a.retry_after / 1us * 1us);
  CHECK(take(*b, c).allowed);
  CHECK_FALSE(take(*b, c).allowed);
  b->pass(1'000'000s);
  CHECK(take(*b, {.name = "k", .rate = slow(3), .cost = 3}).allowed);
}

TEST_CASE("as many as there are, from the least that is of use") {
  const auto b = empty_backend();
  const auto r = slow(10);
  CHECK(b->store().allow_at_most({.name = "k", .rate = r, .cost = 4})->grants[0].granted == 4);
  CHECK(take(*b, {.name = "k", .rate = r, .cost = 10, .least = 7}).allowed == false);
  const auto a = take(*b, {.name = "k", .rate = r, .cost = 10, .least = 6});
  CHECK(a.allowed);
  CHECK(a.grants[0].granted == 6);
  const auto none = b->store().allow_at_most({.name = "k", .rate = r, .cost = 4}).value();
  CHECK_FALSE(none.allowed);
  CHECK(about(none.retry_after, 1000s));
}

TEST_CASE("a look takes nothing") {
  const auto b = empty_backend();
  const limit_claim look{.name = "k", .rate = slow(2), .cost = 0};
  CHECK(take(*b, look).grants[0].verdict.remaining == 2);
  CHECK(take(*b, {.name = "k", .rate = slow(2), .cost = 2}).allowed);
  const auto a = take(*b, look);
  CHECK(a.allowed);
  CHECK(a.grants[0].verdict.remaining == 0);
  CHECK(about(a.grants[0].verdict.reset_after, 2000s));
}

TEST_CASE("several limits are taken from together, or none is") {
  const auto b = empty_backend();
  const std::array claims{
      limit_claim{.name = "tenant", .rate = slow(5), .cost = 2},
      limit_claim{.name = "all", .rate = slow(9), .cost = 1},
      limit_claim{.name = "partner", .rate = slow(3), .cost = 1}};
  auto a = b->store().take(claims).value();
  CHECK(a.allowed);
  CHECK(a.grants[0].verdict.remaining == 3);
  CHECK(a.grants[1].verdict.remaining == 8);
  CHECK(a.grants[2].verdict.remaining == 2);
  CHECK(a.grants[0].fresh);
  CHECK(a.grants[2].fresh);
  a = b->store().take(claims).value();
  CHECK(a.allowed);
  CHECK_FALSE(a.grants[1].fresh);
  a = b->store().take(claims).value();
  CHECK_FALSE(a.allowed);
  CHECK_FALSE(a.grants[0].verdict.allowed);
  CHECK(a.grants[1].verdict.allowed);
  CHECK(a.grants[1].granted == 0);
  CHECK(about(a.retry_after, 1000s));
  // It cost none of them anything.
  CHECK(take(*b, {.name = "all", .rate = slow(9), .cost = 7}).allowed);
  CHECK(take(*b, {.name = "partner", .rate = slow(3), .cost = 1}).allowed);
  CHECK(take(*b, {.name = "tenant", .rate = slow(5), .cost = 1}).allowed);
  a = b->store().take(claims).value();
  CHECK(about(a.retry_after, 2000s));
}

TEST_CASE("a new rate does not fill the bucket, and an old one is ignored") {
  const auto b = empty_backend();
  const auto old_rate = slow(10);
  const auto new_rate = rate_of(3, 1000s, 30);
  CHECK(take(*b, {.name = "k", .rate = old_rate, .cost = 10, .version = 4}).allowed);
  auto a = take(*b, {.name = "k", .rate = new_rate, .cost = 1, .version = 5});
  CHECK_FALSE(a.allowed);  // full in 10,000 s, as before
  CHECK(a.grants[0].in_force == new_rate);
  CHECK(about(a.grants[0].verdict.reset_after, 10'000s));
  b->pass(5000s);
  a = take(*b, {.name = "k", .rate = new_rate, .cost = 10, .version = 5});
  CHECK(a.allowed);
  CHECK(a.grants[0].verdict.remaining == 5);
  // A process that lags behind is judged by the new rate.
  a = take(*b, {.name = "k", .rate = old_rate, .cost = 5, .version = 4});
  CHECK(a.allowed);
  CHECK(a.grants[0].version == 5);
  CHECK(a.grants[0].in_force.step() == new_rate.step());
  CHECK(a.grants[0].in_force.parts() == new_rate.parts());
  CHECK(a.grants[0].in_force.burst() == 30);
  CHECK(a.grants[0].verdict.remaining == 0);
  // Back again, by a higher version.
  a = take(*b, {.name = "k", .rate = old_rate, .cost = 1, .version = 6});
  CHECK_FALSE(a.allowed);
  CHECK(a.grants[0].version == 6);
  CHECK(about(a.grants[0].verdict.reset_after, 10'000s));
}

TEST_CASE("a new rate that grants nothing is kept all the same") {
  const auto b = empty_backend();
  const auto old_rate = rate_of(100, 1000s, 100);
  const limit_claim lagging{.name = "k", .rate = old_rate, .version = 1};
  const limit_claim lowered{.name = "k", .rate = slow(1), .version = 2};
  const limit_claim look{.name = "k", .rate = slow(1), .cost = 0, .version = 2};
  const auto meets_it = [&](std::string_view how) {
    if (how == "refused") return take(*b, lowered);
    if (how == "looked at") return take(*b, look);
    const std::array claims{
        limit_claim{.name = "k", .rate = rate_of(7, 1000s, 99), .version = 2},
        limit_claim{.name = "empty", .rate = slow(1)}};
    return b->store().take(claims).value();  // refused for the other's sake
  };
  for (const std::string_view how : {"refused", "looked at", "one of two"}) {
    CAPTURE(how);
    b->forget();
    CHECK(take(*b, {.name = "k", .rate = old_rate, .cost = 60, .version = 1}).allowed);
    CHECK(take(*b, {.name = "empty", .rate = slow(1)}).allowed);
    const auto met = meets_it(how);
    CHECK(met.allowed == (how == "looked at"));
    CHECK(met.grants[0].version == 2);
    const auto a = take(*b, lagging);
    CHECK(a.allowed == (how == "one of two"));
    CHECK(a.grants[0].version == 2);
    CHECK(a.grants[0].in_force == met.grants[0].in_force);
    CHECK_FALSE(a.grants[0].fresh);
    if (how != "one of two") CHECK(about(a.grants[0].verdict.reset_after, 600s));
  }
}

TEST_CASE("a look is allowed at a bucket that owes more than it holds") {
  const auto b = empty_backend();
  const auto old_rate = rate_of(100, 1000s, 100);
  CHECK(take(*b, {.name = "k", .rate = old_rate, .cost = 60, .version = 1}).allowed);
  const limit_claim look{.name = "k", .rate = rate_of(1, 100s, 1), .cost = 0, .version = 2};
  for (int i = 0; i < 2; ++i) {
    const auto a = take(*b, look);
    CHECK(a.allowed);
    CHECK(a.retry_after == 0s);
    CHECK(a.grants[0].version == 2);
    CHECK(a.grants[0].verdict.remaining == 0);
    CHECK(about(a.grants[0].verdict.reset_after, 600s));
  }
}

TEST_CASE("a cool-down grants nothing, and then begins with an empty bucket") {
  const auto b = empty_backend();
  const limit_claim c{.name = "k", .rate = slow(5)};
  for (const bool known : {false, true}) {
    CAPTURE(known);
    if (known) {
      b->forget();
      CHECK(take(*b, c).allowed);
    }
    REQUIRE(b->store().cool_down(c, 5000s));
    REQUIRE(b->store().cool_down(c, 100s));  // a shorter one does not end it
    REQUIRE(b->store().cool_down(c, 0s));
    REQUIRE(b->store().cool_down(c, -5s));
    auto a = take(*b, c);
    CHECK_FALSE(a.allowed);
    CHECK(about(a.retry_after, 5000s));
    CHECK_FALSE(take(*b, {.name = "k", .rate = slow(5), .cost = 0}).allowed);
    b->pass(4900s);
    CHECK_FALSE(take(*b, c).allowed);
    b->pass(100s);
    CHECK(take(*b, c).allowed);
    CHECK_FALSE(take(*b, c).allowed);
    b->pass(1000s);
    CHECK(take(*b, c).allowed);
    CHECK_FALSE(take(*b, c).allowed);
  }
}

TEST_CASE("what was not used is given back, less what time has given back") {
  const auto b = empty_backend();
  const limit_claim c{.name = "k", .rate = slow(10), .cost = 4};
  const limit_claim look{.name = "k", .rate = slow(10), .cost = 0};
  auto a = take(*b, c);
  REQUIRE(b->store().give_back("k", a.grants[0], 3));
  CHECK(take(*b, look).grants[0].verdict.remaining == 9);
  a = take(*b, c);
  REQUIRE(b->store().give_back("k", a.grants[0], 99));  // never more than was granted
  CHECK(take(*b, look).grants[0].verdict.remaining == 9);
  a = take(*b, c);
  auto old = a.grants[0];
  old.verdict.taken.mark -= 3'000'000'000;  // taken 3000 s ago: worth one token yet
  REQUIRE(b->store().give_back("k", old, 4));
  CHECK(take(*b, look).grants[0].verdict.remaining == 6);
  old.verdict.taken.mark -= 3'000'000'000;
  REQUIRE(b->store().give_back("k", old, 4));
  REQUIRE(b->store().give_back("k", a.grants[0], 0));
  REQUIRE(b->store().give_back("k", a.grants[0], -1));
  REQUIRE(b->store().give_back("unknown", a.grants[0], 4));
  CHECK(take(*b, look).grants[0].verdict.remaining == 6);
}

TEST_CASE("what was taken before a cool-down is not given back after it") {
  const auto b = empty_backend();
  const limit_claim c{.name = "k", .rate = slow(10), .cost = 4};
  const limit_claim look{.name = "k", .rate = slow(10), .cost = 0};
  const auto before = take(*b, c).grants[0];
  REQUIRE(b->store().cool_down(c, 60s));
  REQUIRE(b->store().give_back("k", before, 4));
  b->pass(60s);
  CHECK(take(*b, look).grants[0].verdict.remaining == 1);
  auto aged = before;  // as old as what the backend has moved into the past
  aged.verdict.taken.mark -= 60'000'000;
  REQUIRE(b->store().give_back("k", aged, 4));
  CHECK(take(*b, look).grants[0].verdict.remaining == 1);
  // What was taken since is.
  const auto after = take(*b, {.name = "k", .rate = slow(10)}).grants[0];
  CHECK(take(*b, look).grants[0].verdict.remaining == 0);
  REQUIRE(b->store().give_back("k", after, 1));
  CHECK(take(*b, look).grants[0].verdict.remaining == 1);
}

TEST_CASE("a store that forgets takes each bucket as full, and says so") {
  const auto b = empty_backend();
  const limit_claim c{.name = "k", .rate = slow(3), .cost = 3};
  CHECK(take(*b, c).allowed);
  CHECK_FALSE(take(*b, c).allowed);
  b->forget();
  const auto a = take(*b, c);
  CHECK(a.allowed);
  CHECK(a.grants[0].fresh);
  CHECK_FALSE(take(*b, c).allowed);
}

TEST_CASE("names are bytes") {
  const auto b = empty_backend();
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {"a"sv, "A"sv, "a "sv, "\0"sv, "\xff\xfe"sv, "'; DROP TABLE x; --"sv, "caf\xc3\xa9"sv}) {
    const limit_claim c{.name = name, .rate = slow(1)};
    CHECK(take(*b, c).allowed);
    CHECK_FALSE(take(*b, c).allowed);
  }
  const std::string longest(200, 'n');
  CHECK(take(*b, {.name = longest, .rate = slow(1)}).allowed);
}

TEST_CASE("claims out of range are refused by name") {
  const auto b = empty_backend();
  const auto refusal = [&](const limit_claim& c) {
    const auto a = b->store().take({&c, 1});
    REQUIRE_FALSE(a);
    CHECK(a.error().code() == errc::invalid_argument);
    return a.error().message();
  };
  const auto r = slow(5);
  CHECK(refusal({.name = "", .rate = r}).find("name") != std::string::npos);
  const std::string long_name(201, 'n');
  CHECK(refusal({.name = long_name, .rate = r}).find("name") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .cost = 6}).find("cost") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .cost = -1}).find("cost") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .cost = INT64_MIN}).find("cost") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .least = 2}).find("least") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .least = -1}).find("least") != std::string::npos);
  CHECK(refusal({.name = "k", .rate = r, .version = -1}).find("version") != std::string::npos);
  CHECK(
      refusal({.name = "k", .rate = r, .version = INT64_MAX}).find("version") != std::string::npos
  );
  CHECK(b->store().take({}).error().code() == errc::invalid_argument);
  const std::vector<limit_claim> twice(2, limit_claim{.name = "k", .rate = r});
  CHECK(b->store().take(twice).error().code() == errc::invalid_argument);
  CHECK(b->store().cool_down({.name = ""}, 1s).error().code() == errc::invalid_argument);
  CHECK(b->store().give_back("", {}, 1).error().code() == errc::invalid_argument);
}

TEST_CASE("a take has its few round trips, granted or refused, of one limit or of several") {
  const auto b = empty_backend();
  const std::array claims{
      limit_claim{.name = "a", .rate = slow(2)},
      limit_claim{.name = "b", .rate = slow(2)},
      limit_claim{.name = "c", .rate = slow(2)}};
  // The first also sends the script.
  static_cast<void>(take(*b, {.name = "x", .rate = slow(2)}));
  const auto one = b->round_trips_of_take();
  if (one == 0) return;
  for (int i = 0; i < 4; ++i) {
    const auto before = b->round_trips();
    static_cast<void>(b->store().take(claims).value());
    CHECK(b->round_trips() - before == one);
    static_cast<void>(take(*b, {.name = "x", .rate = slow(2)}));
    CHECK(b->round_trips() - before == 2 * one);
  }
}

TEST_CASE("what is no state of a limiter is reported") {
  const auto b = empty_backend();
  if (!b->spoil("k")) return;
  const limit_claim c{.name = "k", .rate = slow(1)};
  CHECK(b->store().take({&c, 1}).error().code() == errc::invalid_argument);
  CHECK_FALSE(b->store().cool_down(c, 1s));
  b->forget();
}

TEST_CASE("the largest limits and the oddest fractions are kept exactly") {
  const auto b = empty_backend();
  const std::int64_t huge = std::int64_t{1} << 40;
  int n = 0;
  for (const auto& r :
       {rate_of(1, 24h * 366, 2),
        rate_of(huge, 24h * 366, 1),
        rate_of(999'983, 24h, 999'983),
        rate_of(2048, 1us, huge),
        rate_of(1'234'567, 24h, 1'000'003),
        rate_of(1, 1us, huge)}) {
    const std::string name = "k" + std::to_string(++n);
    CHECK(take(*b, {.name = name, .rate = r, .cost = r.burst()}).allowed);
    const auto a = b->store().allow_at_most({.name = name, .rate = r, .cost = r.burst()}).value();
    CHECK(a.grants[0].in_force == r);
    if (r.burst() > 1 && r.time_for(r.burst()) > 1000s) {
      CHECK(a.grants[0].granted < r.burst());
      CHECK(a.grants[0].verdict.reset_after > r.time_for(r.burst()) - 60s);
    }
  }
}

TEST_CASE("decisions are those of exact arithmetic at the store's own time") {
  const auto b = empty_backend();
  std::mt19937_64 random(17);
  int refused = 0;
  // The last one refuses however slowly it is asked.
  for (const auto& r :
       {rate_of(7000, 1s, 20),
        rate_of(999, 100ms, 5),
        rate_of(4001, 1s, 64),
        rate_of(31, 10ms, 3),
        rate_of(7, 60s, 20)}) {
    // By the whole limit: 7,000 a second and 7 a minute have the same parts.
    const std::string name =
        "exact" + std::to_string(r.parts()) + "/" + std::to_string(r.step());
    limiter_test::exact_bucket model(r);
    for (int i = 0; i < 300; ++i) {
      const auto cost =
          static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(r.burst()));
      const auto a = take(*b, {.name = name, .rate = r, .cost = cost});
      const std::int64_t us = a.at.time_since_epoch().count();
      REQUIRE(a.allowed == model.would_take(us, cost));
      if (!a.allowed) {
        REQUIRE(a.retry_after == std::chrono::microseconds(model.wait(us, cost)));
        ++refused;
      } else {
        model.take(us, cost);
      }
      REQUIRE(a.grants[0].verdict.remaining == model.remaining(us));
      REQUIRE(a.grants[0].verdict.reset_after == std::chrono::microseconds(model.reset(us)));
      if (b->round_trips() == 0) b->pass(std::chrono::microseconds(random() % 700));
    }
  }
  CHECK(refused > 0);
}
