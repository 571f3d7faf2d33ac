// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace resilience = scalekit::resilience;
using limiter_test::rate_of;
using resilience::parse_rate_limit;
using resilience::parse_rate_limit_policy;
using resilience::parse_retry_after;
using scalekit::duration;
using scalekit::errc;
using namespace std::chrono_literals;

TEST_CASE("policies are written and read as the draft spells them") {
  const std::vector<resilience::rate_limit_policy> policies{
      {.name = "burst", .quota = 100, .window = 60s},
      {.name = "daily",
       .quota = 1000,
       .unit = "content-bytes",
       .window = 86400s,
       .partition = "\x01t"},
      {.name = "a \"b\" \\", .quota = 0}};
  const std::string text = resilience::to_field(policies).value();
  CHECK(
      text ==
      R"("burst";q=100;w=60, "daily";q=1000;qu="content-bytes";w=86400;pk=:AXQ=:, "a \"b\" \\";q=0)"
  );
  CHECK(parse_rate_limit_policy(text).value() == policies);
  CHECK(resilience::to_field(std::vector<resilience::rate_limit_policy>{}).value().empty());
}

TEST_CASE("states are written and read as the draft spells them") {
  const std::vector<resilience::rate_limit_state> states{
      {.name = "burst", .remaining = 50, .reset = 30s}, {.name = "daily", .remaining = 0}};
  CHECK(resilience::to_field(states).value() == R"("burst";r=50;t=30, "daily";r=0)");
  CHECK(parse_rate_limit(R"("burst";r=50;t=30, "daily";r=0)").value() == states);
  CHECK(parse_rate_limit("default ; r=1").error().code() == errc::invalid_argument);
  CHECK(
      parse_rate_limit("default; r=7;x;y=?0;z=1.5;d=@9;s=%\"f%c3%bc\";t=3 ,\t b;r=2")->size() == 2
  );
  CHECK(parse_rate_limit(R"("a";r=1;r=2)")->front().remaining == 2);
  CHECK(parse_rate_limit("")->empty());
  CHECK(parse_rate_limit("   ")->empty());
}

TEST_CASE("a limiter describes itself") {
  const auto r = rate_of(100, 60s, 100);
  CHECK(
      resilience::to_field({resilience::policy_of("minute", r)}).value() == R"("minute";q=100;w=60)"
  );
  const resilience::decision d{.allowed = true, .remaining = 9, .reset_after = 1500ms};
  CHECK(resilience::to_field({resilience::state_of("minute", d)}).value() == R"("minute";r=9;t=2)");
}

TEST_CASE("a policy is the tokens of a whole number of seconds") {
  const auto policy = [](const resilience::rate& r) {
    return resilience::to_field({resilience::policy_of("p", r)}).value();
  };
  CHECK(policy(rate_of(100, 1s, 40)) == R"("p";q=100;w=1)");
  CHECK(policy(rate_of(1000, 1min)) == R"("p";q=1000;w=60)");
  CHECK(policy(rate_of(1, 1500ms)) == R"("p";q=2;w=3)");
  CHECK(policy(rate_of(7, 250ms)) == R"("p";q=28;w=1)");
  CHECK(policy(rate_of(15, 1500ms)) == R"("p";q=20;w=2)");
  CHECK(policy(rate_of(15, 1500ms, 1)) == R"("p";q=10;w=1)");
  CHECK(policy(rate_of(7, 1s, 3)) == R"("p";q=7;w=1)");
  CHECK(policy(rate_of(3, 1s, 7)) == R"("p";q=9;w=3)");
  CHECK(policy(rate_of(10, 1s, 25)) == R"("p";q=30;w=3)");
  CHECK(policy(rate_of(1, 24h)) == R"("p";q=1;w=86400)");
  CHECK(policy(rate_of(1, 90'500ms)) == R"("p";q=2;w=181)");
  CHECK(policy(rate_of(2048, 1us, 1)) == R"("p";q=2048000000;w=1)");
  // Exact only in weeks: rounded down, 180 periods in a minute.
  CHECK(policy(rate_of(7, 333'333us)) == R"("p";q=1260;w=60)");
  CHECK(policy(rate_of(1, 100'000'001us)) == R"("p";q=1;w=101)");
}

TEST_CASE("a policy never promises more than comes, and never holds less than the burst") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t period_us = 1 + static_cast<std::int64_t>(random() % 200'000'000);
    const auto made = resilience::rate::make(
        {.tokens = 1 + static_cast<std::int64_t>(random() % 500),
         .period = std::chrono::microseconds(i % 2 == 0 ? period_us : period_us / 1000 * 1000 + 1000),
         .burst = static_cast<std::int64_t>(random() % 1'000)}
    );
    if (!made) continue;
    const auto p = resilience::policy_of("p", *made);
    CAPTURE(made->tokens());
    CAPTURE(made->period().count());
    CAPTURE(made->burst());
    REQUIRE(p.window.has_value());
    REQUIRE(p.window->count() >= 1);
    // q / w <= parts / step
    const auto offered = static_cast<long double>(p.quota) * static_cast<long double>(made->step());
    const auto comes = static_cast<long double>(p.window->count()) * 1e6L *
                       static_cast<long double>(made->parts());
    CHECK(offered <= comes);
    CHECK(offered >= comes * 0.3L);
    CHECK(p.quota >= made->burst());
    CHECK(resilience::to_field({p}).has_value());
  }
}

TEST_CASE("whoever spreads the quota over the window is never refused") {
  for (const auto& r :
       {rate_of(100, 1s, 40), rate_of(1, 1500ms), rate_of(7, 250ms), rate_of(1000, 1min, 10),
        rate_of(7, 333'333us)}) {
    const auto p = resilience::policy_of("p", r);
    scalekit::steady_time now{1h};
    resilience::token_bucket bucket(r, now);
    for (std::int64_t n = 0; n < 3 * p.quota; ++n) {
      // The n-th not before n / q windows have passed.
      const auto due = std::chrono::nanoseconds(*p.window) * n / p.quota + 1us;
      REQUIRE(bucket.take(now + due, 1).allowed);
    }
  }
}

TEST_CASE("what cannot be written is refused") {
  const auto refused = [](const resilience::rate_limit_policy& p) {
    return resilience::to_field({p}).error().code() == errc::invalid_argument;
  };
  CHECK(refused({.name = ""}));
  CHECK(refused({.name = "caf\xc3\xa9"}));
  CHECK(refused({.name = "two\nlines"}));
  CHECK(refused({.name = "a", .quota = -1}));
  CHECK(refused({.name = "a", .quota = 1'000'000'000'000'000}));
  CHECK(refused({.name = "a", .unit = "\r\nX: 1"}));
  CHECK(refused({.name = "a", .window = -1s}));
  CHECK(
      resilience::to_field({resilience::rate_limit_state{.name = "a", .reset = -1s}})
          .error()
          .code() == errc::invalid_argument
  );
}

TEST_CASE("hostile fields are refused, never misread") {
  for (const char* bad :
       {",",
        "\"a\"",
        "\"a\";r",
        "\"a\";r=",
        "\"a\";r=-1",
        "\"a\";r=1.0",
        "\"a\";r=\"1\"",
        "\"a\";r=1,",
        "\"a\";r=1,,\"b\";r=1",
        "\"a\";r=1 \"b\";r=1",
        "\"a;r=1",
        "\"a\\x\";r=1",
        "(\"a\" \"b\");r=1",
        "5;r=1",
        "?1;r=1",
        "\"a\";R=1",
        "\"a\";r=1;t=abc",
        "\"a\";r=1;t=-5",
        "\"a\";r=1;pk=\"x\"",
        "\"a\";r=1;pk=:A:",
        "\"a\";r=1;pk=:A",
        "\"a\";r=9999999999999999",
        "\"a\";r=99999999999999999999999999",
        "\"a\";r=--1",
        "\"a\";r=1;;t=1",
        "\"a\";=1",
        "\"a\" ;r=1",
        "\xff;r=1",
        "\"a\";r=1;q=%\"\xff\"",
        "\"a\";r=1;q=%\"%zz\"",
        "\"a\";r=1;q=%\"",
        "\"a\";r=1;d=@1.5",
        "\"a\";r=1;b=?2",
        "\"a\";r=1;n=1.2345",
        "\"a\";r=1;n=1.",
        "\"a\";r=1;n=1234567890123.1",
        "\"a\";r=1;n=-",
        "\ta;r=1"}) {
    CAPTURE(bad);
    const auto r = parse_rate_limit(bad);
    CHECK_FALSE(r);
    if (!r) CHECK(r.error().code() == errc::invalid_argument);
  }
  CHECK(
      parse_rate_limit(std::string_view("\"a\0\";r=1", 9)).error().code() == errc::invalid_argument
  );
  CHECK(parse_rate_limit(std::string(9000, 'a')).error().code() == errc::limit_exceeded);
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a;r=1,";
  CHECK(parse_rate_limit(many + "a;r=1").error().code() == errc::limit_exceeded);
  CHECK(parse_rate_limit(many.substr(0, many.size() - 1))->size() == 64);
}

TEST_CASE("no bytes upset the parsers") {
  std::mt19937_64 random(11);
  const std::string seed =
      "\"burst\";r=50;t=30;pk=:AXQ=:;x=?1;y=1.5, \"daily\";r=0, Sun, 06 Nov 1994 08:49:37 GMT";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = seed.substr(random() % seed.size());
    for (std::uint64_t n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = static_cast<char>(
          random() % 2 == 0 ? random() % 256
                            : static_cast<unsigned char>(seed[random() % seed.size()])
      );
    }
    const auto states = parse_rate_limit(text);
    if (states && !states->empty() && states->front().name.empty() == false) {
      // What was read can be written, and reads the same.
      const auto again = resilience::to_field(*states);
      if (again) CHECK(parse_rate_limit(*again).value() == *states);
    }
    static_cast<void>(parse_rate_limit_policy(text));
    const auto wait = parse_retry_after(text, {}, 1h);
    if (wait) CHECK((*wait >= 0s && *wait <= 1h));
  }
}

TEST_CASE("Retry-After in seconds") {
  const scalekit::system_time now{};
  CHECK(parse_retry_after("120", now).value() == 120s);
  CHECK(parse_retry_after(" \t0 ", now).value() == 0s);
  CHECK(parse_retry_after("99999999999999999999999", now).value() == 24h);
  CHECK(parse_retry_after("2147483648", now, duration::max()).value() == 2147483647s);
  CHECK(parse_retry_after("10", now, 3s).value() == 3s);
  for (const char* bad :
       {"", " ", "-1", "+1", "1.5", "1s", "0x10", "1 2", "tomorrow", "\xd9\xa1"}) {
    CAPTURE(bad);
    CHECK(parse_retry_after(bad, now).error().code() == errc::invalid_argument);
  }
  CHECK(resilience::retry_after_seconds(-1s) == "0");
  CHECK(resilience::retry_after_seconds(0s) == "0");
  CHECK(resilience::retry_after_seconds(1ns) == "1");
  CHECK(resilience::retry_after_seconds(2s) == "2");
  CHECK(resilience::retry_after_seconds(duration::max()) == "2147483647");
}

TEST_CASE("Retry-After as a date, in the three forms of RFC 9110") {
  const auto now = scalekit::parse_rfc3339("1994-11-06T08:49:07Z").value();
  for (const char* date :
       {"Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(date);
    CHECK(parse_retry_after(date, now).value() == 30s);
    CHECK(parse_retry_after(date, now + 30s).value() == 0s);
    CHECK(parse_retry_after(date, now + 31s).value() == 0s);
    CHECK(parse_retry_after(date, now, 10s).value() == 10s);
  }
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:48:60 GMT", now - 20s).value() == 13s);
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now, 48h).value() == 48h);
  CHECK(parse_retry_after("Sunday, 06-Nov-60 08:49:37 GMT", now).value() == 0s);   // 1960
  CHECK(parse_retry_after("Sunday, 06-Nov-40 08:49:37 GMT", now).value() == 24h);  // 2040
  for (const char* bad :
       {"Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994"}) {
    CAPTURE(bad);
    CHECK(parse_retry_after(bad, now).error().code() == errc::invalid_argument);
  }
  CHECK(resilience::retry_after_date(now + 29'000'001us) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
