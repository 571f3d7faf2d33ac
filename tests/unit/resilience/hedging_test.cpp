// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/hedging.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};
constexpr retry_terms idempotent{.repeat = repeatable::always};
const outcome failed{outcome_kind::transient, effect::unknown, {}};

hedge_policy policy(std::uint32_t most = 2) {
  return hedge_policy::make({.delay = 100ms, .max_hedges = most}).value();
}

}  // namespace

TEST_CASE("a late answer is hedged, a bounded number of times; the first answer counts") {
  const hedge_policy p = policy();
  hedge_call call(p, nullptr, idempotent);
  CHECK(call.next(start).action == hedge_action::launch);
  hedge_step s = call.next(start);
  CHECK(s.action == hedge_action::wait);
  CHECK(s.until == start + 100ms);
  CHECK(call.next(start + 99ms).action == hedge_action::wait);
  CHECK(call.next(start + 100ms).action == hedge_action::launch);
  CHECK(call.next(start + 199ms).until == start + 200ms);
  CHECK(call.next(start + 200ms).action == hedge_action::launch);
  CHECK(call.next(start + 900ms).action == hedge_action::finish);
  CHECK(call.launched() == 3);
  CHECK(call.ended({}));
  CHECK_FALSE(call.ended({}));
  CHECK(call.next(start + 1s).action == hedge_action::finish);
}

TEST_CASE("what is not idempotent is never sent twice") {
  const hedge_policy p = policy();
  hedge_call call(p, nullptr, {.repeat = repeatable::if_no_effect});
  CHECK(call.next(start).action == hedge_action::launch);
  CHECK(call.next(start + 1h).action == hedge_action::finish);
  CHECK(call.ended(failed));
}

TEST_CASE("a failure is followed at once, and counts only when nothing else can come") {
  const hedge_policy p = policy(1);
  hedge_call call(p, nullptr, idempotent);
  static_cast<void>(call.next(start));
  CHECK_FALSE(call.ended(failed));
  CHECK(call.next(start).action == hedge_action::launch);
  CHECK(call.ended(failed));
}

TEST_CASE("a failure while another attempt is under way is waited out") {
  const hedge_policy p = policy(1);
  hedge_call call(p, nullptr, idempotent);
  static_cast<void>(call.next(start));
  REQUIRE(call.next(start + 100ms).action == hedge_action::launch);
  CHECK_FALSE(call.ended(failed));
  CHECK(call.next(start + 100ms).action == hedge_action::finish);
  CHECK(call.ended({}));
}

TEST_CASE("an answer that would be the same again settles it") {
  for (const auto kind : {outcome_kind::permanent, outcome_kind::cancelled}) {
    const hedge_policy p = policy();
    hedge_call call(p, nullptr, idempotent);
    static_cast<void>(call.next(start));
    REQUIRE(call.next(start + 100ms).action == hedge_action::launch);
    CHECK(call.ended({kind, {}, {}}));
  }
}

TEST_CASE("hedges are paid for, and none goes out after the deadline") {
  const auto budget = ratio_budget::make({.ratio = 0, .minimum = 1}).value();
  const hedge_policy p = policy();
  hedge_call first(p, budget.get(), idempotent);
  static_cast<void>(first.next(start));
  CHECK(first.next(start + 100ms).action == hedge_action::launch);
  CHECK(first.next(start + 200ms).action == hedge_action::finish);
  CHECK(budget->stats().granted == 1);
  CHECK(budget->stats().refused == 1);
  hedge_call late(p, nullptr, {.repeat = repeatable::always, .deadline = start + 100ms});
  static_cast<void>(late.next(start));
  CHECK(late.next(start + 100ms).action == hedge_action::finish);
}

TEST_CASE("options out of range are refused by name") {
  CHECK(hedge_policy::make({.delay = 0ns}).error().message().find("hedging: delay ") == 0);
  CHECK(
      hedge_policy::make({.max_hedges = 11}).error().message().find("max_hedges") !=
      std::string::npos
  );
}
