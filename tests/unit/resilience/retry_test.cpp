// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/retry.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

outcome transient(effect e = effect::none, std::optional<duration> after = {}) {
  return {outcome_kind::transient, e, after};
}
outcome throttled(std::optional<duration> after = {}) {
  return {outcome_kind::throttled, effect::none, after};
}

// Delays without chance: 100, 200, 400 ms, and 1, 2, 4 s after a throttle.
retry_options plain() {
  return {
      .max_attempts = 4,
      .backoff = {.base = 100ms, .cap = 20s, .jitter = jitter::none},
      .throttled_base = 1s,
      .slack = 5s};
}

struct fixture {
  explicit fixture(retry_options o, retry_terms t = {.repeat = repeatable::always})
      : policy(retry_policy::make(o).value()), call(policy, nullptr, t) {}
  retry_step fail(const outcome& o, steady_time now = start) {
    call.begin(now);
    return call.after(o, now, random);
  }
  retry_policy policy;
  retry_call call;
  testing::fixed_random random;
};

}  // namespace

TEST_CASE("transient and throttled failures are retried, with growing delays") {
  fixture f(plain());
  CHECK(f.fail(transient()).delay == 100ms);
  CHECK(f.fail(throttled()).delay == 2s);
  CHECK(f.fail(transient()).delay == 400ms);
  const retry_step last = f.fail(transient());
  CHECK_FALSE(last);
  CHECK(last.verdict == retry_verdict::attempts_spent);
  CHECK(f.call.attempts() == 4);
}

TEST_CASE("what would fail again, or nobody waits for, is not retried") {
  CHECK(fixture(plain()).fail({}).verdict == retry_verdict::succeeded);
  CHECK(
      fixture(plain()).fail({outcome_kind::permanent, {}, {}}).verdict == retry_verdict::permanent
  );
  CHECK(
      fixture(plain()).fail({outcome_kind::cancelled, {}, {}}).verdict == retry_verdict::cancelled
  );
  CHECK(fixture({.max_attempts = 1}).fail(transient()).verdict == retry_verdict::attempts_spent);
}

TEST_CASE("an effect that is unknown is repeated only where that is the same as once") {
  CHECK(fixture(plain()).fail(transient(effect::unknown)));
  fixture once(plain(), {.repeat = repeatable::if_no_effect});
  CHECK(once.fail(transient(effect::none)));
  CHECK(once.fail(transient(effect::unknown)).verdict == retry_verdict::effect_unknown);
}

TEST_CASE("nothing is begun at or after the deadline") {
  const retry_terms by{.repeat = repeatable::always, .deadline = start + 100ms};
  CHECK(fixture(plain(), by).fail(transient(), start).verdict == retry_verdict::deadline);
  CHECK(fixture(plain(), by).fail(transient(), start - 1ns));
  CHECK(
      fixture(plain(), {.deadline = steady_time::max()})
          .fail(transient(), steady_time::max())
          .verdict == retry_verdict::deadline
  );
}

TEST_CASE("an attempt has its own time, within the deadline") {
  retry_options o = plain();
  CHECK(fixture(o).call.begin(start) == steady_time::max());
  o.try_timeout = 2s;
  CHECK(fixture(o).call.begin(start) == start + 2s);
  fixture near(o, {.deadline = start + 1s});
  CHECK(near.call.begin(start) == start + 1s);
  CHECK(fixture(o).call.begin(steady_time::max() - 1s) == steady_time::max());
}

TEST_CASE("a wait that was asked for moves the delay within bounds") {
  SUBCASE("bounded: max(t, min(asked, t + 5 s))") {
    CHECK(fixture(plain()).fail(transient({}, 3s)).delay == 3s);
    CHECK(fixture(plain()).fail(transient({}, 50ms)).delay == 100ms);
    CHECK(fixture(plain()).fail(transient({}, 24h)).delay == 5100ms);
    CHECK(fixture(plain()).fail(transient({}, duration::max())).delay == 5100ms);
    CHECK(fixture(plain()).fail(transient({}, -1s)).delay == 100ms);
    CHECK(fixture(plain()).fail(throttled(2s)).delay == 2s);
  }
  SUBCASE("ignored") {
    retry_options o = plain();
    o.on_retry_after = retry_after_rule::ignore;
    CHECK(fixture(o).fail(transient({}, 3s)).delay == 100ms);
  }
  SUBCASE("obeyed, or not retried at all") {
    retry_options o = plain();
    o.on_retry_after = retry_after_rule::obey;
    o.longest_asked = 60s;
    CHECK(fixture(o).fail(transient({}, 60s)).delay == 60s);
    CHECK(fixture(o).fail(transient({}, 61s)).verdict == retry_verdict::asked_too_long);
    CHECK(fixture(o).fail(transient()).delay == 100ms);
  }
  SUBCASE("and is nothing once it passes the deadline") {
    fixture f(plain(), {.deadline = start + 2s});
    CHECK(f.fail(throttled(3s)).verdict == retry_verdict::deadline);
  }
}

TEST_CASE("a budget is asked last, once for each retry, and told of the success") {
  const auto budget = token_budget::make({.capacity = 40, .cost = 14, .throttled_cost = 5}).value();
  const retry_policy policy = retry_policy::make(plain()).value();
  testing::fixed_random random;
  retry_call call(policy, budget.get(), {.repeat = repeatable::always, .deadline = start + 10s});
  call.begin(start);
  CHECK(
      call.after({outcome_kind::permanent, {}, {}}, start, random).verdict ==
      retry_verdict::permanent
  );
  CHECK(call.after(transient(), start + 10s, random).verdict == retry_verdict::deadline);
  CHECK(budget->approx_tokens() == 40);
  CHECK(call.after(transient(), start, random));
  CHECK(call.after(throttled(), start, random));
  CHECK(budget->approx_tokens() == 21);
  CHECK_FALSE(call.after({}, start, random));
  CHECK(budget->approx_tokens() == 26);
  CHECK(call.after(transient(), start, random));
  CHECK(call.after(transient(), start, random).verdict == retry_verdict::budget_spent);
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](retry_options o) { return retry_policy::make(o).error().message(); };
  CHECK(message({.max_attempts = 0}).find("retry: max_attempts ") == 0);
  CHECK(message({.backoff = {.base = 0ns}}).find("retry: backoff: base ") == 0);
  CHECK(message({.throttled_base = 21s}).find("throttled_base") != std::string::npos);
  CHECK(message({.slack = -1s}).find("slack") != std::string::npos);
  CHECK(message({.longest_asked = -1s}).find("longest_asked") != std::string::npos);
  CHECK(message({.try_timeout = -1s}).find("try_timeout") != std::string::npos);
}

TEST_CASE("verdicts have names") {
  CHECK(to_string(retry_verdict::retry) == "retry");
  CHECK(to_string(retry_verdict::budget_spent) == "budget_spent");
  CHECK(to_string(retry_verdict::effect_unknown) == "effect_unknown");
}
