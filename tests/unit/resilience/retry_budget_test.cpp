// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/retry.hpp>
#include <scalekit/resilience/retry_budget.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};
constexpr outcome failed{outcome_kind::transient, effect::none, {}};

struct load {
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;
};

// `calls` calls, 1 ms apart, of up to five attempts each; the callee answers as it is told.
load send(
    retry_budget& budget, steady_time& now, int calls, const std::function<outcome()>& callee
) {
  const retry_policy policy = retry_policy::make({.max_attempts = 5}).value();
  testing::fixed_random random;
  load l;
  for (int i = 0; i < calls; ++i, now += 1ms) {
    retry_call call(policy, &budget, {.repeat = repeatable::always});
    ++l.calls;
    for (;;) {
      call.begin(now);
      if (!call.after(callee(), now, random)) break;
      ++l.retries;
    }
  }
  return l;
}

}  // namespace

TEST_CASE("in a total outage a ratio budget adds no more than its share") {
  const auto budget = ratio_budget::make({.ratio = 0.2, .minimum = 3, .window = 10s}).value();
  steady_time now = start;
  const load l = send(*budget, now, 60'000, [] { return failed; });
  MESSAGE(l.retries, " retries of ", l.calls, " calls");
  CHECK(l.retries <= l.calls / 5 + 3);
  CHECK(l.retries >= l.calls / 6);
  CHECK(budget->stats().granted == l.retries);
  CHECK(budget->stats().refused > 0);
}

TEST_CASE("no window holds more retries than its share") {
  const auto budget = ratio_budget::make({.ratio = 0.1, .minimum = 2, .window = 16s}).value();
  // Traffic in bursts: what a burst has earned must not be spent after it has left the window.
  std::vector<steady_time> calls, retries;
  steady_time now = start;
  for (int burst = 0; burst < 8; ++burst, now += 11s) {
    for (int i = 0; i < (burst % 2 == 0 ? 500 : 5); ++i, now += 1ms) {
      budget->on_call(now);
      calls.push_back(now);
      for (int again = 0; again < 3; ++again) {
        if (budget->withdraw(outcome_kind::transient, now) != 0) retries.push_back(now);
      }
      const auto recent = [&](const std::vector<steady_time>& v) {
        return std::ranges::count_if(v, [&](steady_time t) { return t > now - 15s; });
      };
      const auto within_16 =
          std::ranges::count_if(calls, [&](steady_time t) { return t > now - 16s; });
      REQUIRE(recent(retries) <= std::max<std::ptrdiff_t>(2, within_16 / 10 + 1));
    }
  }
  CHECK(retries.size() >= 200);
}

TEST_CASE("the minimum is for those who call seldom, and nothing means nothing") {
  const auto some = ratio_budget::make({.ratio = 0.2, .minimum = 3, .window = 10s}).value();
  some->on_call(start);
  for (int i = 0; i < 3; ++i) CHECK(some->withdraw(outcome_kind::transient, start) == 1);
  CHECK(some->withdraw(outcome_kind::transient, start) == 0);
  CHECK(some->withdraw(outcome_kind::transient, start + 11s) == 1);
  const auto none = ratio_budget::make({.ratio = 0, .minimum = 0}).value();
  for (int i = 0; i < 100; ++i) none->on_call(start);
  CHECK(none->withdraw(outcome_kind::transient, start) == 0);
}

TEST_CASE("a token budget pays out its capacity, and successes refill it") {
  const auto budget = token_budget::make().value();
  steady_time now = start;
  const load outage = send(*budget, now, 10'000, [] { return failed; });
  CHECK(outage.retries == 500 / 14);
  CHECK(budget->approx_tokens() == 500 - 35 * 14);
  // Throttled calls cost less: two more fit.
  CHECK(budget->withdraw(outcome_kind::throttled, now) == 5);
  CHECK(budget->withdraw(outcome_kind::throttled, now) == 5);
  CHECK(budget->withdraw(outcome_kind::throttled, now) == 0);
  CHECK(budget->approx_tokens() == 0);
  // A success without a retry gives 1; with one, what the last retry cost.
  budget->on_success(0);
  CHECK(budget->approx_tokens() == 1);
  budget->on_success(14);
  CHECK(budget->approx_tokens() == 15);
  for (int i = 0; i < 1'000; ++i) budget->on_success(14);
  CHECK(budget->approx_tokens() == 500);
}

TEST_CASE("a call that fails once and then succeeds costs the quota nothing") {
  const auto budget = token_budget::make({.capacity = 100}).value();
  steady_time now = start;
  int n = 0;
  const load l = send(*budget, now, 1'000, [&] { return ++n % 2 == 1 ? failed : outcome{}; });
  CHECK(l.retries == 1'000);
  CHECK(budget->approx_tokens() == 100);
}

TEST_CASE("a retry that is not made is not paid for") {
  const retry_policy policy = retry_policy::make().value();
  testing::fixed_random random;
  const auto tokens = token_budget::make({.capacity = 14}).value();
  const auto ratio = ratio_budget::make({.ratio = 0, .minimum = 1}).value();
  for (retry_budget* budget : std::initializer_list<retry_budget*>{tokens.get(), ratio.get()}) {
    for (int i = 0; i < 3; ++i) {
      retry_call call(policy, budget, {});
      call.begin(start);
      CHECK_FALSE(call.owed());
      REQUIRE(call.after(failed, start, random));
      CHECK(call.owed());
      CHECK(call.give_up(start));
      CHECK_FALSE(call.give_up(start));
    }
    CHECK(budget->stats().granted == 0);
    retry_call call(policy, budget, {});
    call.begin(start);
    REQUIRE(call.after(failed, start, random));
    call.begin(start);
    CHECK_FALSE(call.give_up(start));  // it has been made
    CHECK(budget->stats().granted == 1);
    CHECK(call.after(failed, start, random).verdict == retry_verdict::budget_spent);
  }
}

TEST_CASE("a retry that is given up when its window has passed brings nothing back") {
  const retry_policy policy = retry_policy::make().value();
  testing::fixed_random random;
  const auto budget = ratio_budget::make({.ratio = 0, .minimum = 2, .window = 10s}).value();
  for (int i = 0; i < 2; ++i) {
    retry_call call(policy, budget.get(), {});
    call.begin(start);
    REQUIRE(call.after(failed, start, random));
    CHECK(call.give_up(start + 30s));
  }
  const steady_time later = start + 30s;
  int granted = 0;
  for (int i = 0; i < 9; ++i) granted += budget->withdraw(failed.kind, later) != 0 ? 1 : 0;
  CHECK(granted == 2);
}

TEST_CASE("options out of range are refused by name") {
  CHECK(ratio_budget::make({.ratio = -1}).error().message().find("ratio_budget: ratio ") == 0);
  CHECK(
      ratio_budget::make({.minimum = 2'000'000}).error().message().find("minimum") !=
      std::string::npos
  );
  CHECK(ratio_budget::make({.window = 0ns}).error().message().find("window") != std::string::npos);
  CHECK(token_budget::make({.capacity = 0}).error().message().find("token_budget: capacity ") == 0);
  CHECK(
      token_budget::make({.capacity = 10, .cost = 11, .throttled_cost = 1})
          .error()
          .message()
          .find("cost") != std::string::npos
  );
  CHECK(
      token_budget::make({.throttled_cost = 0}).error().message().find("throttled_cost") !=
      std::string::npos
  );
}
