// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/adaptive_throttle.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

}  // namespace

TEST_CASE("a callee that accepts is sent everything") {
  const auto t = adaptive_throttle::make().value();
  testing::fixed_random random;
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(t->admit(start, random));
    t->after(i % 2 == 0 ? outcome_kind::ok : outcome_kind::permanent, start);
  }
  CHECK(t->refusal(start) == 0);
}

TEST_CASE("the chance of a refusal is that of the book") {
  const auto t = adaptive_throttle::make({.k = 2, .most_refused = 1}).value();
  testing::fixed_random random;
  int sent = 0;
  for (int i = 0; i < 100; ++i) sent += t->admit(start, random) ? 1 : 0;
  CHECK(sent >= 20);
  CHECK(t->stats(start).calls == 100);  // those refused here, too
  CHECK(t->refusal(start) == doctest::Approx(100.0 / 101));
  for (int i = 0; i < 30; ++i) t->after(outcome_kind::ok, start);
  CHECK(t->refusal(start) == doctest::Approx(40.0 / 101));
  for (int i = 0; i < 20; ++i) t->after(outcome_kind::cancelled, start);
  CHECK(t->refusal(start) == 0);
}

TEST_CASE("calls count before their answers: silence is seen at once") {
  const auto t = adaptive_throttle::make({.minimum_calls = 20}).value();
  testing::fixed_random random;
  for (int i = 0; i < 20; ++i) CHECK(t->admit(start, random));
  CHECK(t->refusal(start) == doctest::Approx(0.9));
  for (int i = 0; i < 10; ++i) t->after(outcome_kind::ok, start);
  CHECK(t->refusal(start) == 0);
}

TEST_CASE("a callee that takes only so many is sent about k times as many") {
  for (const double k : {1.5, 2.0}) {
    CAPTURE(k);
    const auto t = adaptive_throttle::make({.k = k}).value();
    testing::fixed_random random(9);
    // 1,000 calls a second for ten minutes; the callee accepts 100 of them.
    int sent = 0, sent_late = 0;
    steady_time now = start;
    for (int i = 0; i < 600'000; ++i, now += 1ms) {
      if (i % 1'000 == 0) sent = 0;
      if (!t->admit(now, random)) continue;
      if (i >= 300'000) ++sent_late;
      const bool accepted = sent++ < 100;
      t->after(accepted ? outcome_kind::ok : outcome_kind::throttled, now);
    }
    const double a_second = sent_late / 300.0;
    CHECK(a_second > 100 * k * 0.9);
    CHECK(a_second < 100 * k * 1.1);
  }
}

TEST_CASE("in a total outage a tenth still finds out, and recovery is swift") {
  const auto t = adaptive_throttle::make({.window = 10s}).value();
  testing::fixed_random random(3);
  steady_time now = start;
  int sent = 0;
  for (int i = 0; i < 20'000; ++i, now += 1ms) {
    if (!t->admit(now, random)) continue;
    if (i >= 10'000) ++sent;
    t->after(outcome_kind::transient, now);
  }
  CHECK(sent == doctest::Approx(1'000).epsilon(0.15));
  CHECK(t->stats(now).refused > 15'000);
  for (int i = 0; i < 20'000; ++i, now += 1ms) {
    if (t->admit(now, random)) t->after(outcome_kind::ok, now);
  }
  CHECK(t->refusal(now) == 0);
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](adaptive_throttle_options o) {
    return adaptive_throttle::make(o).error().message();
  };
  CHECK(message({.k = 0.5}).find("adaptive_throttle: k ") == 0);
  CHECK(message({.window = 0ns}).find("window") != std::string::npos);
  CHECK(message({.most_refused = 1.5}).find("most_refused") != std::string::npos);
}
