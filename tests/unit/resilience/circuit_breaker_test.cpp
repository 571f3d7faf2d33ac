// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/circuit_breaker.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};
constexpr auto ok = outcome_kind::ok;
constexpr auto failed = outcome_kind::transient;

breaker_options small() {
  return {
      .window = breaker_window_kind::calls,
      .window_calls = 10,
      .minimum_calls = 4,
      .failure_rate = 0.5,
      .slow_call = 0s,
      .open_for = 1s,
      .max_open_for = 8s,
      .healthy_after = 60s,
      .probes = 2,
      .probe_timeout = 5s,
      .ramp = 0s};
}

// A breaker and the time it lives in.
struct fixture {
  explicit fixture(breaker_options o = small())
      : breaker(circuit_breaker::make(std::move(o)).value()) {}
  breaker_admission call(outcome_kind kind, duration took = 0s) {
    const breaker_admission a = breaker.before(now);
    now += took;
    if (a) breaker.after(a.permit, kind, now);
    return a;
  }
  void fail_until_open() {
    for (int i = 0; i < 1000 && state() != breaker_state::open; ++i) call(failed);
  }
  [[nodiscard]] breaker_state state() const { return breaker.state(now); }
  circuit_breaker breaker;
  steady_time now = start;
};

}  // namespace

TEST_CASE("it opens at the failure rate, once there are enough calls") {
  fixture f;
  for (int i = 0; i < 3; ++i) f.call(failed);
  CHECK(f.state() == breaker_state::closed);
  f.call(ok);
  CHECK(f.state() == breaker_state::open);
  const breaker_admission a = f.breaker.before(f.now + 400ms);
  CHECK_FALSE(a);
  CHECK(a.state == breaker_state::open);
  CHECK(a.retry_after == 600ms);
  CHECK(f.breaker.stats(f.now).rejected == 1);
  CHECK(f.breaker.stats(f.now).opened == 1);
}

TEST_CASE("a rate that no double can say exactly is met all the same") {
  breaker_options o = small();
  o.window_calls = o.minimum_calls = 100;
  o.failure_rate = 0.07;  // times 100 it is a little more than 7
  fixture f(o);
  for (int i = 0; i < 93; ++i) f.call(ok);
  for (int i = 0; i < 7; ++i) f.call(failed);
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE("a window of calls forgets the oldest call at each new one") {
  fixture f;
  for (int i = 0; i < 8; ++i) f.call(ok);
  for (int i = 0; i < 4; ++i) f.call(failed);
  CHECK(f.breaker.stats(f.now).calls == 10);
  CHECK(f.breaker.stats(f.now).failures == 4);
  for (int i = 0; i < 10; ++i) f.call(ok);
  CHECK(f.breaker.stats(f.now).failures == 0);
  for (int i = 0; i < 4; ++i) f.call(failed);
  CHECK(f.state() == breaker_state::closed);
  f.call(failed);
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE("a window of time forgets what is old") {
  breaker_options o = small();
  o.window = breaker_window_kind::time;
  o.window_time = 16s;
  fixture f(o);
  for (int i = 0; i < 3; ++i) f.call(failed);
  f.now += 17s;
  f.call(failed);
  CHECK(f.state() == breaker_state::closed);
  CHECK(f.breaker.stats(f.now).calls == 1);
  for (int i = 0; i < 3; ++i) f.call(failed);
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE("only ok and transient count: a callee that throttles is well") {
  fixture f;
  for (const auto kind :
       {outcome_kind::throttled, outcome_kind::permanent, outcome_kind::cancelled}) {
    for (int i = 0; i < 20; ++i) f.call(kind);
  }
  CHECK(f.state() == breaker_state::closed);
  CHECK(f.breaker.stats(f.now).calls == 0);
}

TEST_CASE("it opens at the slow-call rate, even where all calls succeed") {
  breaker_options o = small();
  o.slow_call = 2s;
  o.slow_rate = 0.75;
  fixture f(o);
  f.call(ok, 1999ms);
  for (int i = 0; i < 2; ++i) f.call(ok, 2s);
  f.call(ok, 1999ms);
  CHECK(f.breaker.stats(f.now).slow == 2);
  CHECK(f.state() == breaker_state::closed);
  for (int i = 0; i < 4; ++i) f.call(ok, 2s);
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE("half-open lets a bounded number through, and their results decide") {
  fixture f;
  f.fail_until_open();
  f.now += 1s;
  CHECK(f.state() == breaker_state::half_open);
  const auto a = f.breaker.before(f.now);
  const auto b = f.breaker.before(f.now);
  CHECK(a.state == breaker_state::half_open);
  CHECK(b.admitted);
  CHECK_FALSE(f.breaker.before(f.now));
  SUBCASE("all well: closed, with an empty window") {
    f.breaker.after(a.permit, ok, f.now);
    CHECK(f.state() == breaker_state::half_open);
    f.breaker.after(b.permit, ok, f.now);
    CHECK(f.state() == breaker_state::closed);
    CHECK(f.breaker.stats(f.now).calls == 0);
  }
  SUBCASE("half of them failed: open at once, without waiting for the other") {
    f.breaker.after(a.permit, failed, f.now);
    CHECK(f.state() == breaker_state::open);
    f.breaker.after(b.permit, ok, f.now);
    CHECK(f.state() == breaker_state::open);
    CHECK(f.breaker.stats(f.now).stale == 1);
  }
  SUBCASE("a call that was cancelled makes room for another") {
    f.breaker.after(a.permit, outcome_kind::cancelled, f.now);
    const auto c = f.breaker.before(f.now);
    CHECK(c.admitted);
    CHECK_FALSE(f.breaker.before(f.now));
    f.breaker.after(b.permit, ok, f.now);
    f.breaker.after(c.permit, ok, f.now);
    CHECK(f.state() == breaker_state::closed);
  }
}

TEST_CASE("a probe that never reports has failed, and cannot wedge it") {
  breaker_options o = small();
  o.probes = 3;
  o.failure_rate = 0.5;  // two of three
  fixture f(o);
  f.fail_until_open();
  for (int round = 0; round < 50; ++round) {
    f.now += 20s;
    std::vector<breaker_permit> lost;
    for (int i = 0; i < 3; ++i) {
      const auto a = f.breaker.before(f.now);
      REQUIRE(a.admitted);
      lost.push_back(a.permit);
    }
    REQUIRE_FALSE(f.breaker.before(f.now + 5s - 1ns));
    REQUIRE(f.breaker.stats(f.now).state == breaker_state::half_open);
    const auto after = f.breaker.before(f.now + 5s);
    REQUIRE_FALSE(after);
    REQUIRE(after.state == breaker_state::open);
    // Whoever comes too late changes nothing.
    f.breaker.after(lost[0], ok, f.now + 6s);
    f.breaker.after(lost[1], failed, f.now + 6s);
    REQUIRE(f.breaker.stats(f.now + 6s).state == breaker_state::open);
  }
  CHECK(f.breaker.stats(f.now).expired_probes == 150);
  CHECK(f.breaker.stats(f.now).stale == 100);
}

TEST_CASE("a probe reported twice counts once") {
  fixture f;
  f.fail_until_open();
  f.now += 1s;
  const auto a = f.breaker.before(f.now);
  f.breaker.after(a.permit, ok, f.now);
  f.breaker.after(a.permit, ok, f.now);
  CHECK(f.state() == breaker_state::half_open);
  CHECK(f.breaker.stats(f.now).stale == 1);
}

TEST_CASE("results of calls that began before a change are ignored") {
  fixture f;
  const auto hung = f.breaker.before(f.now);
  f.fail_until_open();
  f.now += 1s;
  for (int i = 0; i < 2; ++i) f.call(ok);
  REQUIRE(f.state() == breaker_state::closed);
  for (int i = 0; i < 100; ++i) f.breaker.after(hung.permit, failed, f.now);
  CHECK(f.state() == breaker_state::closed);
  CHECK(f.breaker.stats(f.now).stale == 100);
  CHECK(f.breaker.stats(f.now).calls == 0);
}

TEST_CASE("it stays open twice as long each time, up to a cap, and begins anew once healthy") {
  fixture f;
  f.fail_until_open();
  for (const auto expected : {1s, 2s, 4s, 8s, 8s}) {
    CHECK(f.breaker.stats(f.now).open_for == expected);
    f.now += expected - 1ns;
    CHECK_FALSE(f.breaker.before(f.now));
    f.now += 1ns;
    f.call(failed);
    CHECK(f.state() == breaker_state::open);
  }
  f.now += 8s;
  for (int i = 0; i < 2; ++i) f.call(ok);
  REQUIRE(f.state() == breaker_state::closed);
  SUBCASE("it had been closed for long enough") {
    f.now += 60s;
    f.fail_until_open();
    CHECK(f.breaker.stats(f.now).open_for == 1s);
  }
  SUBCASE("it had not") {
    f.now += 60s - 1ns;
    f.fail_until_open();
    CHECK(f.breaker.stats(f.now).open_for == 8s);
  }
}

TEST_CASE("after closing, the share of calls let through grows") {
  breaker_options o = small();
  o.ramp = 10s;
  o.ramp_floor = 0.1;
  o.minimum_calls = 10;
  const auto share = [](fixture& f) {
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += f.call(ok).admitted ? 1 : 0;
    return admitted;
  };
  const auto reopened = [](fixture& f) {
    f.fail_until_open();
    f.now += 1s;
    for (int i = 0; i < 2; ++i) f.call(ok);
  };
  SUBCASE("evenly") {
    fixture f(o);
    reopened(f);
    REQUIRE(f.state() == breaker_state::ramping);
    CHECK(share(f) == doctest::Approx(100).epsilon(0.02));
    f.now += 5s;
    CHECK(share(f) == doctest::Approx(500).epsilon(0.01));
    f.now += 4s;
    CHECK(share(f) == doctest::Approx(900).epsilon(0.01));
    f.now += 1s;
    CHECK(f.state() == breaker_state::closed);
    CHECK(share(f) == 1000);
  }
  SUBCASE("fast first, with aggression") {
    o.ramp_aggression = 2;
    fixture f(o);
    reopened(f);
    f.now += 2500ms;
    CHECK(share(f) == doctest::Approx(500).epsilon(0.01));
  }
  SUBCASE("and it opens again if the callee fails meanwhile") {
    fixture f(o);
    reopened(f);
    f.now += 9s;
    f.fail_until_open();
    CHECK(f.state() == breaker_state::open);
    CHECK(f.breaker.stats(f.now).open_for == 2s);
  }
  SUBCASE("what was counted during the ramp still counts after it") {
    fixture f(o);
    reopened(f);
    f.now += 9s;
    const auto late = f.breaker.before(f.now);
    const auto later = late.admitted ? late : f.breaker.before(f.now);
    REQUIRE(later.admitted);
    f.now += 1s;
    f.call(ok);
    f.breaker.after(later.permit, failed, f.now);
    CHECK(f.breaker.stats(f.now).calls == 2);
    CHECK(f.breaker.stats(f.now).failures == 1);
  }
}

TEST_CASE("an operator's word stands until it is taken back") {
  fixture f;
  f.breaker.force_open(f.now);
  CHECK_FALSE(f.call(ok));
  f.now += 1000h;
  CHECK_FALSE(f.call(ok));
  f.breaker.open(f.now);
  f.breaker.close(f.now);
  CHECK(f.state() == breaker_state::forced_open);
  f.breaker.force_closed(f.now);
  for (int i = 0; i < 100; ++i) CHECK(f.call(failed));
  CHECK(f.state() == breaker_state::forced_closed);
  f.breaker.release(f.now);
  CHECK(f.state() == breaker_state::closed);
  CHECK(f.breaker.stats(f.now).calls == 0);
  f.breaker.release(f.now);
  CHECK(f.state() == breaker_state::closed);
}

TEST_CASE("it can be opened and closed on another's word") {
  fixture f;
  f.breaker.close(f.now);
  CHECK(f.breaker.stats(f.now).generation == 0);
  f.breaker.open(f.now);
  CHECK(f.state() == breaker_state::open);
  f.breaker.open(f.now);
  CHECK(f.breaker.stats(f.now).opened == 1);
  f.breaker.close(f.now);
  CHECK(f.state() == breaker_state::closed);
}

TEST_CASE("a listener hears of each change, in order, and may ask the breaker itself") {
  std::vector<std::string> heard;
  circuit_breaker* self = nullptr;
  breaker_options o = small();
  o.name = "partner";
  o.listener = [&](const breaker_event& e) {
    heard.push_back(
        std::string(e.name) + ": " + std::string(to_string(e.from)) + " > " +
        std::string(to_string(e.to))
    );
    CHECK(self->stats(e.at).generation == e.generation);  // no lock is held
  };
  fixture f(o);
  self = &f.breaker;
  f.fail_until_open();
  f.now += 1s;
  for (int i = 0; i < 2; ++i) f.call(ok);
  f.breaker.force_open(f.now);
  CHECK(
      heard ==
      std::vector<std::string>{
          "partner: closed > open",
          "partner: open > half_open",
          "partner: half_open > closed",
          "partner: closed > forced_open"}
  );
}

TEST_CASE("the ends of the clock do no harm") {
  breaker_options o = small();
  o.slow_call = 1s;
  fixture f(o);
  f.now = steady_time::max() - 1ns;
  f.fail_until_open();
  CHECK_FALSE(f.call(ok));
  CHECK(f.breaker.before(steady_time::max()).state == breaker_state::half_open);
  fixture g(o);
  const auto a = g.breaker.before(steady_time::min());
  g.breaker.after(a.permit, ok, steady_time::max());
  CHECK(g.breaker.stats(steady_time::max()).slow == 1);
}

TEST_CASE("options out of range are refused by name") {
  const auto refused = [](auto change, std::string_view name) {
    breaker_options o = small();
    change(o);
    const auto made = circuit_breaker::make(o);
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == errc::invalid_argument);
    CAPTURE(made.error().message());
    CHECK(made.error().message().find("circuit_breaker: " + std::string(name) + " ") == 0);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused([](auto& o) { o.window_calls = 0; }, "window_calls");
  refused([](auto& o) { o.window_calls = 100'001; }, "window_calls");
  refused([](auto& o) { o.minimum_calls = 11; }, "minimum_calls");
  refused([](auto& o) { o.minimum_calls = 0; }, "minimum_calls");
  refused([](auto& o) { o.window = breaker_window_kind::time, o.window_time = 0s; }, "window_time");
  refused([](auto& o) { o.failure_rate = 0; }, "failure_rate");
  refused([&](auto& o) { o.failure_rate = nan; }, "failure_rate");
  refused([](auto& o) { o.slow_rate = 1.1; }, "slow_rate");
  refused([](auto& o) { o.slow_call = -1s; }, "slow_call");
  refused([](auto& o) { o.open_for = 0s; }, "open_for");
  refused([](auto& o) { o.max_open_for = 999ms; }, "max_open_for");
  refused([](auto& o) { o.max_open_for = duration::max(); }, "max_open_for");
  refused([](auto& o) { o.healthy_after = -1s; }, "healthy_after");
  refused([](auto& o) { o.probes = 0; }, "probes");
  refused([](auto& o) { o.probe_timeout = 0s; }, "probe_timeout");
  refused([](auto& o) { o.ramp = -1s; }, "ramp");
  refused([](auto& o) { o.ramp_floor = 2; }, "ramp_floor");
  refused([&](auto& o) { o.ramp_aggression = nan; }, "ramp_aggression");
}

TEST_CASE("states have names") {
  CHECK(to_string(breaker_state::half_open) == "half_open");
  CHECK(to_string(breaker_state::forced_closed) == "forced_closed");
}
