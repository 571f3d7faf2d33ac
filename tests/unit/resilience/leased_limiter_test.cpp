// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::rate_of;
using resilience::leased_limiter;
using resilience::leased_options;
using resilience::limit_claim;
using scalekit::duration;
using scalekit::errc;
using scalekit::result;
using namespace std::chrono_literals;

namespace {

// A store over another that can be made to fail, and to take its time.
struct fragile_store final : resilience::limiter_store {
  explicit fragile_store(const scalekit::clock& time) : inner(time) {}

  result<resilience::limit_answer> take(std::span<const limit_claim> claims) override {
    ++calls;
    wanted = claims.front().cost;
    if (gone) return *gone;
    auto answer = inner.take(claims);
    if (before_answer) before_answer();
    return answer;
  }
  result<void> give_back(
      std::string_view name, const resilience::limit_grant& grant, std::int64_t tokens
  ) override {
    ++calls;
    if (gone) return *gone;
    return inner.give_back(name, grant, tokens);
  }
  result<void> cool_down(const limit_claim& claim, duration wait) override {
    if (gone) return *gone;
    return inner.cool_down(claim, wait);
  }

  resilience::memory_limiter_store inner;
  std::optional<scalekit::error> gone{};
  std::function<void()> before_answer{};
  int calls = 0;
  std::int64_t wanted = 0;
};

struct fixture {
  scalekit::testing::manual_clock clock;
  scalekit::testing::fixed_random random{5};
  fragile_store store{clock};

  leased_options options(const resilience::rate& r, std::int64_t nodes = 1) {
    return {.name = "partner", .rate = r, .nodes = nodes, .clock = &clock, .random = &random};
  }
  std::unique_ptr<leased_limiter> open(leased_options o) {
    return leased_limiter::open(store, std::move(o)).value();
  }
  resilience::decision take(leased_limiter& l, std::int64_t cost = 1) const {
    return l.take(clock.steady_now(), cost);
  }
  int takes(leased_limiter& l, int tries) const {
    int n = 0;
    for (int i = 0; i < tries; ++i) n += take(l).allowed ? 1 : 0;
    return n;
  }
  void lose_store() { store.gone = scalekit::error(errc::unavailable, "down"); }
};

}  // namespace

TEST_CASE("a block is spent without the store, and grows with the rate of use") {
  fixture f;
  const auto l = f.open(f.options(rate_of(100'000, 1s, 100'000), 2));
  int used = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    used += f.takes(*l, 20);
    f.clock.advance(1ms);
  }
  CHECK(used == 20'000);
  const auto s = l->stats();
  // 20,000 a second, 50 ms of it in a block.
  CHECK(s.block >= 800);
  CHECK(s.block <= 1100);
  CHECK(s.round_trips < 60);
  CHECK(static_cast<std::int64_t>(s.granted - s.dropped) == used + s.held);
}

TEST_CASE("a block is never more than the burst divided by the nodes") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 40), 4));
  for (int i = 0; i < 2000; ++i) {
    static_cast<void>(f.takes(*l, 3));
    CHECK(f.store.wanted <= 10);
    f.clock.advance(1ms);
  }
}

TEST_CASE("what the store refuses is refused without asking it again") {
  fixture f;
  const auto l = f.open(f.options(rate_of(10, 1s, 2)));
  CHECK(f.takes(*l, 2) == 2);
  const auto d = f.take(*l);
  CHECK_FALSE(d.allowed);
  CHECK(d.retry_after == 100ms);
  const int calls = f.store.calls;
  CHECK(f.takes(*l, 1000) == 0);
  CHECK(f.store.calls == calls);
  f.clock.advance(100ms);
  CHECK(f.takes(*l, 5) == 1);
}

TEST_CASE("tokens that were not used in time are dropped") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 1000)));
  for (int ms = 0; ms < 300; ++ms) {
    REQUIRE(f.takes(*l, 1) == 1);
    f.clock.advance(1ms);
  }
  while (l->stats().held == 0) static_cast<void>(f.take(*l));
  const auto before = l->stats();
  f.clock.advance(100ms);
  CHECK(l->stats().held == 0);
  CHECK(f.take(*l).allowed);
  CHECK(l->stats().dropped == before.dropped + static_cast<std::uint64_t>(before.held));
}

TEST_CASE("an answer that comes too late is not used") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 1000)));
  f.store.before_answer = [&] { f.clock.advance(1h); };
  CHECK_FALSE(f.take(*l).allowed);
  CHECK(l->stats().held == 0);
  CHECK(l->stats().dropped == 1);
  f.store.before_answer = {};
  CHECK(f.take(*l).allowed);
}

TEST_CASE("close gives back what is at hand") {
  fixture f;
  const auto r = rate_of(100, 1s, 100);
  const auto l = f.open(f.options(r));
  REQUIRE(f.takes(*l, 30) == 30);
  REQUIRE(l->refill());
  const auto held = l->stats().held;
  REQUIRE(held > 0);
  REQUIRE(l->close());
  CHECK(l->stats().held == 0);
  CHECK(l->stats().returned == static_cast<std::uint64_t>(held));
  CHECK(f.store.calls > 0);
  const limit_claim look{.name = "partner", .rate = r, .cost = 0};
  CHECK(f.store.inner.take({&look, 1})->grants[0].verdict.remaining == 70);
  REQUIRE(l->close());
  CHECK(f.takes(*l, 1) == 1);  // it can be used on
}

TEST_CASE("without the store a node keeps to its share, which is warm") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 400), 4));
  // The share's 100 tokens are charged with what the store grants.
  CHECK(f.takes(*l, 100) == 100);
  f.lose_store();
  while (l->stats().held > 0) static_cast<void>(f.take(*l));
  CHECK(f.takes(*l, 1000) <= 1);
  CHECK(l->stats().degraded);
  int used = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    f.clock.advance(1ms);
    used += f.takes(*l, 3);
  }
  CHECK(used >= 240);  // a quarter of 1000 a second
  CHECK(used <= 350);  // and what had come of its burst
  CHECK(l->stats().local_takes > 0);
}

TEST_CASE("closed when asked, and never otherwise") {
  fixture f;
  auto o = f.options(rate_of(1000, 1s, 400));
  o.when_gone = resilience::without_store::closed;
  const auto l = f.open(std::move(o));
  f.lose_store();
  const auto d = f.take(*l);
  CHECK_FALSE(d.allowed);
  CHECK(d.retry_after > 0s);
  CHECK(d.retry_after <= 100ms);

  const auto open = f.open(f.options(rate_of(1000, 1s, 400)));
  CHECK(f.takes(*open, 1000) == 400);
}

TEST_CASE("the store is tried again, further and further apart, by one call each time") {
  fixture f;
  auto o = f.options(rate_of(1000, 1s, 400));
  o.probe_base = 100ms;
  o.probe_max = 1s;
  const auto l = f.open(std::move(o));
  f.lose_store();
  std::vector<int> tries;
  for (int second = 0; second < 10; ++second) {
    const int before = f.store.calls;
    for (int ms = 0; ms < 1000; ++ms) {
      static_cast<void>(f.takes(*l, 2));
      f.clock.advance(1ms);
    }
    tries.push_back(f.store.calls - before);
  }
  CHECK(tries[0] >= 3);
  CHECK(tries[0] <= 5);
  for (int second = 3; second < 10; ++second) CHECK(tries[static_cast<std::size_t>(second)] <= 2);
  f.store.gone.reset();
  f.clock.advance(1s);
  CHECK(f.take(*l).allowed);
  CHECK_FALSE(l->stats().degraded);
}

TEST_CASE("a store that has forgotten is noticed, and costs one burst at most") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1, 1s, 100)));
  int used = f.takes(*l, 1000);
  CHECK(used <= 100);
  CHECK(l->stats().state_losses == 0);
  f.store.inner.clear();
  f.clock.advance(1s);
  used += f.takes(*l, 1000);
  CHECK(used <= 201);
  CHECK(l->stats().state_losses == 1);
  f.clock.advance(1h);  // full again: being new to the store then is no loss
  f.store.inner.clear();
  CHECK(f.takes(*l, 1) == 1);
  CHECK(l->stats().state_losses == 1);
}

TEST_CASE("with an executor no call makes the round trip") {
  fixture f;
  std::vector<std::function<void()>> tasks;
  auto o = f.options(rate_of(1000, 1s, 400));
  o.executor = [&](std::function<void()> task) { tasks.push_back(std::move(task)); };
  const auto l = f.open(std::move(o));
  CHECK_FALSE(f.take(*l).allowed);
  CHECK_FALSE(f.take(*l).allowed);
  CHECK(f.store.calls == 0);
  REQUIRE(tasks.size() == 1);
  std::exchange(tasks, {}).front()();
  CHECK(f.store.calls == 1);
  CHECK(f.take(*l).allowed);
  // A cost above the block is asked for.
  CHECK_FALSE(f.take(*l, 50).allowed);
  for (const auto& task : std::exchange(tasks, {})) task();
  CHECK(f.take(*l, 50).allowed);
  f.lose_store();
  f.clock.advance(1s);
  CHECK_FALSE(f.take(*l).allowed);
  for (const auto& task : std::exchange(tasks, {})) task();
  CHECK(f.take(*l).allowed);  // its share
  CHECK(l->stats().degraded);
}

TEST_CASE("with an executor, too, what can never be had is refused for good") {
  fixture f;
  int asked = 0;
  auto o = f.options(rate_of(4'000'000, 1s, 4'000'000));
  o.executor = [&](auto) { ++asked; };
  const auto l = f.open(std::move(o));
  CHECK(f.take(*l, 4'000'000).retry_after == resilience::never);
  CHECK(f.take(*l, 2'000'000).retry_after == resilience::never);  // more than a block holds
  CHECK(asked == 0);
}

TEST_CASE("a refill that the executor refuses or drops is asked for again") {
  fixture f;
  int asked = 0;
  auto o = f.options(rate_of(1000, 1s, 400));
  o.executor = [&](auto) {
    if (++asked == 1) throw std::runtime_error("queue full");
  };
  const auto l = f.open(std::move(o));
  CHECK_THROWS(static_cast<void>(f.take(*l)));
  CHECK_FALSE(f.take(*l).allowed);
  CHECK_FALSE(f.take(*l).allowed);
  CHECK(asked == 3);
}

TEST_CASE("what is at hand does not outlive a cool-down") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 1000)));
  for (int i = 0; i < 50; ++i, f.clock.advance(1ms)) static_cast<void>(f.takes(*l, 9));
  REQUIRE(l->stats().held > 1);
  REQUIRE(l->cool_down(10ms));
  f.clock.advance(10ms);
  CHECK(f.takes(*l, 9) == 1);
}

TEST_CASE("what a call did not use goes back to the block it came from, while that is good") {
  fixture f;
  const auto l = f.open(f.options(rate_of(1000, 1s, 1000)));
  for (int i = 0; i < 50; ++i, f.clock.advance(1ms)) static_cast<void>(f.takes(*l, 9));
  while (l->stats().held < 5) static_cast<void>(f.take(*l));
  const auto held = l->stats().held;
  const auto refund = [&](const resilience::decision& d, std::int64_t cost) {
    l->refund(f.clock.steady_now(), d, cost);
  };
  auto d = f.take(*l, 3);
  REQUIRE(l->stats().held == held - 3);
  SUBCASE("at once") {
    refund(d, 3);
    CHECK(l->stats().held == held);
  }
  SUBCASE("after a call that fetched it and spent of it at once") {
    f.clock.advance(100ms);
    d = f.take(*l);
    const auto left = l->stats().held;
    refund(d, 1);
    CHECK(l->stats().held == left + 1);
  }
  SUBCASE("not what was refused, nor a negative cost") {
    d.allowed = false;
    refund(d, 3);
    d.allowed = true;
    refund(d, -3);
    CHECK(l->stats().held == held - 3);
  }
  SUBCASE("not when that is dropped") {
    f.clock.advance(100ms);
    refund(d, 3);
    CHECK(l->stats().held == 0);
    REQUIRE(f.take(*l).allowed);
    const auto fresh = l->stats().held;
    refund(d, 3);
    CHECK(l->stats().held == fresh);
  }
  SUBCASE("not across a cool-down") {
    REQUIRE(l->cool_down(10ms));
    refund(d, 3);
    CHECK(l->stats().held == 0);
    f.clock.advance(10ms);
    refund(d, 3);
    CHECK(l->stats().held == 0);
  }
  SUBCASE("to the share, if the store is gone") {
    f.lose_store();
    f.clock.advance(10s);
    while (f.take(*l).allowed) {
    }
    f.clock.advance(1ms);
    d = f.take(*l);
    REQUIRE(d.allowed);
    REQUIRE_FALSE(f.take(*l).allowed);
    refund(d, 1);
    CHECK(f.take(*l).allowed);
  }
}

TEST_CASE("a cool-down stops this node at once and the others through the store") {
  fixture f;
  const auto r = rate_of(100, 1s, 100);
  const auto here = f.open(f.options(r, 2));
  const auto there = f.open(f.options(r, 2));
  REQUIRE(f.take(*here).allowed);
  REQUIRE(here->cool_down(2s));
  CHECK(f.take(*here).retry_after == 2s);
  CHECK(f.takes(*there, 100) == 0);
  f.clock.advance(2s);
  CHECK(f.takes(*here, 9) + f.takes(*there, 9) == 1);
  // The store's pause is refused if it is gone; this node keeps to it all the same.
  f.lose_store();
  CHECK(here->cool_down(5s).error().code() == errc::unavailable);
  CHECK(f.take(*here).retry_after == 5s);
}

TEST_CASE("limits and nodes change while it runs") {
  fixture f;
  const auto l = f.open(f.options(rate_of(10, 1s, 10)));
  CHECK(f.takes(*l, 99) <= 10);
  REQUIRE(l->set_limit(rate_of(1000, 1s, 1000), 1));
  f.clock.advance(500ms);
  const int used = f.takes(*l, 9999);
  CHECK(used > 300);
  CHECK(used <= 1000);
  REQUIRE(l->set_nodes(10));
  CHECK(l->set_nodes(0).error().code() == errc::invalid_argument);
  CHECK(l->set_limit(rate_of(1, 1s), -1).error().code() == errc::invalid_argument);
}

TEST_CASE("tokens at hand are kept back from the burst, so that both together are no more than it"
) {
  fixture f;
  const auto r = rate_of(1000, 1s, 1000);
  const auto holder = f.open(f.options(r, 2));
  const auto other = f.open(f.options(r, 2));
  for (int ms = 0; ms < 300; ++ms) {
    REQUIRE(f.takes(*holder, 1) == 1);
    f.clock.advance(1ms);
  }
  REQUIRE(holder->close());
  f.clock.advance(10s);
  REQUIRE(holder->refill());
  const auto held = holder->stats().held;
  REQUIRE(held > 10);
  // What it holds has come again in the store by now, and is there to be taken by the other.
  f.clock.advance(99ms);
  const int taken = f.takes(*other, 2000);
  CHECK(taken == 900);
  CHECK(f.takes(*holder, 2000) >= held);
  CHECK(taken + held <= 1000);
}

TEST_CASE("the limit holds in every window, over nodes that come, pause and go") {
  fixture f;
  const auto r = rate_of(1000, 1s, 200);
  std::vector<std::unique_ptr<leased_limiter>> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(f.open(f.options(r, 3)));
  std::vector<std::int64_t> log;
  for (int step = 0; step < 20'000; ++step) {
    const auto i = f.random.below(3);
    const auto tries = f.random.below(6);
    for (std::uint64_t n = 0; n < tries; ++n) {
      const auto d = f.take(*nodes[i]);
      if (!d.allowed) continue;
      if (f.random.below(4) == 0) {
        nodes[i]->refund(f.clock.steady_now(), d);
      } else {
        log.push_back(f.clock.steady_now().time_since_epoch() / 1us);
      }
    }
    if (f.random.below(300) == 0) f.clock.advance(std::chrono::milliseconds(f.random.below(200)));
    if (f.random.below(300) == 0) static_cast<void>(nodes[i]->close());
    f.clock.advance(std::chrono::microseconds(f.random.below(1500)));
  }
  CHECK(log.size() > 5000);
  for (std::size_t i = 0; i < log.size(); ++i) {
    for (std::size_t k = i; k < std::min(log.size(), i + 1500); ++k) {
      const auto admitted = static_cast<std::int64_t>(k - i + 1);
      REQUIRE(admitted * r.step() <= r.burst() * r.step() + (log[k] - log[i]) * r.parts());
    }
  }
}

TEST_CASE("options out of range are refused by name") {
  fixture f;
  const auto refusal = [&](leased_options o) {
    const auto l = leased_limiter::open(f.store, std::move(o));
    REQUIRE_FALSE(l);
    CHECK(l.error().code() == errc::invalid_argument);
    return l.error().message();
  };
  const auto r = rate_of(10, 1s);
  CHECK(refusal({.name = "", .rate = r}).find("name") != std::string::npos);
  CHECK(refusal({.name = "n", .rate = r, .version = -1}).find("version") != std::string::npos);
  CHECK(refusal({.name = "n", .rate = r, .nodes = 0}).find("nodes") != std::string::npos);
  CHECK(
      refusal({.name = "n", .rate = rate_of(1, 24h * 300), .nodes = 9}).find("nodes") !=
      std::string::npos
  );
  CHECK(
      refusal({.name = "n", .rate = r, .block_time = 2s}).find("block_time") != std::string::npos
  );
  CHECK(refusal({.name = "n", .rate = r, .hold = -1ns}).find("hold") != std::string::npos);
  CHECK(
      refusal({.name = "n", .rate = r, .probe_base = 0ns}).find("probe_base") != std::string::npos
  );
  CHECK(refusal({.name = "n", .rate = r, .probe_max = 1ms}).find("probe_max") != std::string::npos);
  CHECK(
      refusal({.name = "n", .rate = rate_of(10, 1s, 3), .executor = [](auto) {}}
      ).find("executor") != std::string::npos
  );
}
