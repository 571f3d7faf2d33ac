// SPDX-License-Identifier: BSL-1.0
// Calls a partner that throttles, breaks down and comes back, through every rule that keeps such a
// partner from taking this service with it. Time is simulated, so that an outage takes no time.
#include <scalekit/resilience/http_call.hpp>
#include <scalekit/resilience/stack.hpp>
#include <scalekit/testing/fake_transport.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace scalekit;
using namespace std::chrono_literals;

namespace {

/// A partner's API: a second of work, a minute of outage, and work again. A real one is reached by
/// an http::client.
struct partner {
  testing::manual_clock& time;
  steady_time start = time.steady_now();
  http::url charges = *http::url::parse("https://partner.example/charges");
  int asked = 0;
  testing::fake_transport web{[this](const http::outgoing_request&) { return answer(); }};

  result<http::response> answer() {
    ++asked;
    time.advance(2ms);
    const duration t = time.steady_now() - start;
    if (t > 1s && t < 61s) return error(errc::unavailable, "partner: connection refused");
    return http::response::text(201, "charged");
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
// The charge has an idempotency key, so it is tried again even if its effect is unknown. Each
// attempt gets the time that is left for it.
result<http::response> charge(
    resilience::stack& calls, http::transport& web, const http::url& to, std::string_view key
) {
  http::outgoing_request request{.method = "POST", .to = to, .body = R"({"cents": 1250})"};
  if (auto ok = request.headers.set("Idempotency-Key", key); !ok) return ok.error();
  return resilience::send(calls.pipeline(), web, std::move(request));
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
  int charges = 0;
  for (const auto& [when, until] :
       {std::pair{"all is well", 1s}, {"an outage", 61s}, {"a minute later", 121s}}) {
    while (time.steady_now() < start + until) {
      const auto key = "charge-" + std::to_string(++charges);
      static_cast<void>(charge(**rules, p.web, p.charges, key));
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
