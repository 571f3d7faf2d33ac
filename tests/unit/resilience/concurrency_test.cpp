// SPDX-License-Identifier: BSL-1.0
// Many threads on the same objects: what must hold whatever the order, and, under the thread
// sanitizer, that there is no race.
#include <scalekit/resilience/cluster_breaker.hpp>
#include <scalekit/resilience/memory_breaker_store.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

void in_threads(int n, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < n; ++t) threads.emplace_back([&, t] { body(t); });
  for (auto& t : threads) t.join();
}

}  // namespace

TEST_CASE("no more probes are under way than there may be, whoever asks") {
  std::atomic<int> opened = 0, half_open = 0;
  // A seventh of the calls fails, which is more than it bears: it opens again in any order of them.
  auto breaker = circuit_breaker::make({.minimum_calls = 1,
                                        .failure_rate = 0.1,
                                        .open_for = 1ms,
                                        .max_open_for = 1ms,
                                        .probes = 3,
                                        .ramp = 0s,
                                        .listener =
                                            [&](const breaker_event& e) {
                                              if (e.to == breaker_state::open) ++opened;
                                              if (e.to == breaker_state::half_open) ++half_open;
                                            }}
  ).value();
  std::atomic<int> probing = 0, most = 0;
  testing::manual_clock clock;
  in_threads(4, [&](int t) {
    for (int i = 0; i < 5'000; ++i) {
      const auto a = breaker.before(clock.steady_now());
      if (!a) {
        clock.advance(100us);
        continue;
      }
      if (a.permit.probe != 0) {
        const int now = ++probing;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --probing;
      }
      const bool fails = (i + t) % 7 == 0;
      breaker.after(
          a.permit, fails ? outcome_kind::transient : outcome_kind::ok, clock.steady_now()
      );
    }
  });
  CHECK(most <= 3);
  CHECK(opened > 1);
  CHECK(static_cast<std::uint64_t>(opened) == breaker.stats(clock.steady_now()).opened);
  CHECK(half_open >= opened - 1);
}

TEST_CASE("a window counts every call of every thread") {
  for (const auto kind : {breaker_window_kind::calls, breaker_window_kind::time}) {
    auto breaker =
        circuit_breaker::make(
            {.window = kind, .window_calls = 100'000, .window_time = 1h, .failure_rate = 1}
        )
            .value();
    const steady_time now{duration(3600s)};
    in_threads(4, [&](int) {
      for (int i = 0; i < 10'000; ++i) {
        const auto a = breaker.before(now);
        breaker.after(a.permit, i % 2 == 0 ? outcome_kind::ok : outcome_kind::transient, now);
      }
    });
    CHECK(breaker.stats(now).calls == 40'000);
    CHECK(breaker.stats(now).failures == 20'000);
  }
}

TEST_CASE("budgets never pay twice from one purse") {
  const auto tokens =
      token_budget::make({.capacity = 10'000, .cost = 7, .throttled_cost = 7}).value();
  const auto ratio = ratio_budget::make({.ratio = 0.1, .minimum = 0, .window = 1h}).value();
  const steady_time now{duration(3600s)};
  for (int i = 0; i < 10'000; ++i) ratio->on_call(now);
  std::atomic<std::uint64_t> by_tokens = 0, by_ratio = 0;
  in_threads(4, [&](int) {
    for (int i = 0; i < 2'000; ++i) {
      if (tokens->withdraw(outcome_kind::transient, now) != 0) ++by_tokens;
      if (ratio->withdraw(outcome_kind::transient, now) != 0) ++by_ratio;
    }
  });
  CHECK(by_tokens == 10'000 / 7);
  CHECK(by_ratio <= 1'000);
  CHECK(by_ratio >= 990);
}

TEST_CASE("a pipeline under load gives everything back") {
  testing::manual_clock clock;
  testing::fixed_random random;
  const auto shedder = load_shedder::make().value();
  const auto throttle = adaptive_throttle::make().value();
  auto breaker = circuit_breaker::make({.open_for = 1ms, .max_open_for = 2ms, .ramp = 2ms}).value();
  const auto retry = retry_policy::make({.backoff = {.base = 1us}, .throttled_base = 1us}).value();
  const auto budget = ratio_budget::make().value();
  const auto limit = adaptive_limit::make({.initial = 3}).value();
  const auto places = bulkhead::make({.max_concurrent = 2, .max_queue = 8}).value();
  pipeline_options o{
      .shedder = shedder.get(),
      .throttle = throttle.get(),
      .breaker = &breaker,
      .retry = &retry,
      .budget = budget.get(),
      .concurrency = limit.get(),
      .clock = &clock,
      .wait = &clock,
      .random = &random};
  const auto first = pipeline::make(o).value();
  o.concurrency = nullptr;
  o.bulkhead = places.get();
  const auto second = pipeline::make(o).value();
  in_threads(4, [&](int t) {
    const auto& p = t % 2 == 0 ? first : second;
    for (int i = 0; i < 5'000; ++i) {
      static_cast<void>(p->call([&]() -> result<int> {
        clock.advance(10us);
        if (i % 5 == 0) return errc::unavailable;
        if (i % 11 == 0) return errc::limit_exceeded;
        return i;
      }));
    }
  });
  CHECK(limit->stats().in_flight == 0);
  CHECK(places->stats().in_flight == 0);
  CHECK(places->stats().waiting == 0);
  for (const auto* p : {first.get(), second.get()}) {
    std::uint64_t ended = 0, refused = 0;
    const pipeline_stats s = p->stats();
    for (const std::uint64_t n : s.ended) ended += n;
    for (const std::uint64_t n : s.refused) refused += n;
    CHECK(ended <= 10'000);
    CHECK(ended + refused >= 10'000);
  }
}

TEST_CASE("nodes in threads agree through a store") {
  testing::manual_clock clock;
  memory_breaker_store store(clock);
  struct node {
    circuit_breaker own =
        circuit_breaker::make({.minimum_calls = 2, .open_for = 10ms, .ramp = 0s}).value();
    std::unique_ptr<cluster_breaker> shared;
  };
  std::vector<node> nodes(3);
  for (node& n : nodes)
    n.shared = cluster_breaker::make(n.own, store, {.key = "k", .refresh = 1ms}).value();
  std::atomic<bool> down = true;
  const auto work = [&](int rounds) {
    in_threads(6, [&](int t) {
      cluster_breaker& b = *nodes[static_cast<std::size_t>(t % 3)].shared;
      for (int i = 0; i < rounds; ++i) {
        clock.advance(50us);
        const auto a = b.before(clock.steady_now());
        if (a)
          b.after(a.permit, down ? outcome_kind::transient : outcome_kind::ok, clock.steady_now());
      }
    });
  };
  work(2'000);
  for (const node& n : nodes) CHECK(n.own.state(clock.steady_now()) != breaker_state::closed);
  down = false;
  clock.advance(1min);
  work(2'000);
  for (const node& n : nodes) CHECK(n.own.state(clock.steady_now()) == breaker_state::closed);
}
