// SPDX-License-Identifier: BSL-1.0
// Calls a partner that throttles, breaks down and comes back, through every rule that keeps such a
// partner from taking this service with it. Time is simulated, so that an outage takes no time.
#include <scalekit/resilience/stack.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

using namespace scalekit;
using namespace std::chrono_literals;

namespace {

/// A partner's API: a second of work, a minute of outage, and work again.
struct partner {
  testing::manual_clock& time;
  steady_time start = time.steady_now();
  int asked = 0;
  result<int> charge(int cents, [[maybe_unused]] steady_time until) {
    ++asked;
    time.advance(2ms);
    const duration t = time.steady_now() - start;
    if (t > 1s && t < 61s) return error(errc::unavailable, "partner: connection refused");
    return cents;
  }
};

// [layers]
// What one partner is allowed to cost this service. The host owns it; one for each partner.
result<std::unique_ptr<resilience::stack>> make_rules(
    const scalekit::clock& time, sleeper& wait, random_source& random
) {
  return resilience::stack::make({
      .breaker = {{.name = "partner", .failure_rate = 0.5, .open_for = 1s}},
      .retry = {{.max_attempts = 3, .try_timeout = 2s}},
      .budget = {.ratio = 0.2},  // a fifth on top, whatever happens
      .bulkhead = {{.max_concurrent = 16, .max_queue = 32}},
      .timeout = 5s,
      .clock = &time,
      .wait = &wait,
      .random = &random,
  });
}
// [layers]

// [call]
// The charge has an idempotency key, so it may be repeated even if its effect is unknown.
result<int> charge(resilience::stack& calls, partner& p, int cents) {
  return calls.call(
      [&](const resilience::attempt& a) { return p.charge(cents, a.deadline); },
      {.repeat = resilience::repeatable::always}
  );
}
// [call]

void report(const char* when, const resilience::stack& rules, const partner& p) {
  const auto s = rules.stats().calls;
  std::printf(
      "%s: breaker %s, partner asked %d times, %d ok, %d retries, %d refused here\n",
      when,
      std::string(to_string(rules.breaker()->state(p.time.steady_now()))).c_str(),
      p.asked,
      static_cast<int>(s.of(resilience::outcome_kind::ok)),
      static_cast<int>(s.retries),
      static_cast<int>(s.by(resilience::layer::breaker))
  );
}

result<void> run() {
  testing::manual_clock time;
  testing::fixed_random random;
  partner p{time};
  auto rules = make_rules(time, time, random);
  if (!rules) return rules.error();
  const steady_time start = time.steady_now();
  for (const auto& [when, until] :
       {std::pair{"all is well", 1s}, {"an outage", 61s}, {"a minute later", 121s}}) {
    while (time.steady_now() < start + until) {
      static_cast<void>(charge(**rules, p, 1'250));
      time.advance(8ms);  // a hundred calls a second, or so
    }
    report(when, **rules, p);
  }
  return {};
}

}  // namespace

int main() {
  const auto done = run();
  if (!done) std::fprintf(stderr, "call_partner: %s\n", done.error().describe().c_str());
  return done ? 0 : 1;
}
