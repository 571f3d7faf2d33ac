// SPDX-License-Identifier: BSL-1.0
#include "store_suite.hpp"

#include "child_process.hpp"

#include <scalekit/resilience/cluster_breaker.hpp>
#include <scalekit/resilience/sql_breaker_store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace scalekit_tests {

namespace {

class store_with_pool final : public breaker_store {
 public:
  explicit store_with_pool(std::unique_ptr<sql::pool> pool)
      : pool_(std::move(pool)), store_(sql_breaker_store::open(*pool_).value()) {}
  result<breaker_poll> exchange(const breaker_report& r) override { return store_->exchange(r); }
  result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override {
    return store_->lease_probe(key, holder, most, ttl);
  }
  result<void> return_probe(std::string_view key, std::string_view holder) override {
    return store_->return_probe(key, holder);
  }

 private:
  std::unique_ptr<sql::pool> pool_;
  std::unique_ptr<sql_breaker_store> store_;
};

steady_time now() { return clock::system().steady_now(); }

// A key of its own for each test: the servers are shared.
std::string fresh_key() {
  static int n = 0;
  return "Partner " + std::to_string(++n) + " {é}";
}

struct node {
  node(breaker_server& server, const std::string& key, const std::string& name)
      : store(server.open()),
        own(circuit_breaker::make({.minimum_calls = 2, .open_for = 300ms, .probes = 1, .ramp = 0s})
                .value()),
        shared(cluster_breaker::make(
                   own,
                   *store,
                   {.key = key,
                    .node = name,
                    .refresh = 20ms,
                    .vote_ttl = 2s,
                    .lost_for = 200ms,
                    .probes = 1}
        )
                   .value()) {}
  bool call(outcome_kind kind) {
    const auto a = shared->before(now());
    if (a) shared->after(a.permit, kind, now());
    return a.admitted;
  }
  void poll() {
    auto polled = shared->tick(now());
    if (!polled) FAIL(polled.error().describe());
  }
  [[nodiscard]] breaker_state state() const { return own.state(now()); }
  std::unique_ptr<breaker_store> store;
  circuit_breaker own;
  std::unique_ptr<cluster_breaker> shared;
};

}  // namespace

std::unique_ptr<breaker_store> over_pool(std::unique_ptr<sql::pool> pool) {
  return std::make_unique<store_with_pool>(std::move(pool));
}

void test_votes(breaker_server& server) {
  const auto a = server.open();
  const auto b = server.open();
  const std::string key = fresh_key();
  const auto say =
      [&](breaker_store& s, std::string_view node, breaker_stance stance, std::uint64_t epoch) {
        auto heard =
            s.exchange({.key = key, .node = node, .stance = stance, .epoch = epoch, .ttl = 1min});
        if (!heard) FAIL(heard.error().describe());
        return *heard;
      };
  using enum breaker_stance;
  CHECK(say(*a, "a", well, 0) == breaker_poll{1, 0, 0});
  CHECK(say(*b, "b", failing, 0) == breaker_poll{2, 1, 0});
  CHECK(say(*a, "a", failing, 0) == breaker_poll{2, 2, 0});
  // Names are told apart by case; a vote of another epoch is none.
  CHECK(say(*a, "A", failing, 7) == breaker_poll{3, 2, 0});
  CHECK(say(*a, "a", well, 0) == breaker_poll{3, 1, 0});
  CHECK(say(*a, "a", failing, 0) == breaker_poll{3, 2, 0});
  // A recovery voids all votes, once.
  CHECK(say(*b, "b", recovered, 0) == breaker_poll{3, 0, 1});
  CHECK(say(*b, "b", recovered, 0) == breaker_poll{3, 0, 1});
  CHECK(say(*a, "a", failing, 0) == breaker_poll{3, 0, 1});
  CHECK(say(*a, "a", failing, 1) == breaker_poll{3, 1, 1});
  CHECK(say(*b, "b", recovered, 1) == breaker_poll{3, 0, 2});
  // Another key knows nothing of it.
  const auto other = b->exchange({.key = key + "'", .node = "b", .stance = failing});
  CHECK(other.value() == breaker_poll{1, 1, 0});
  CHECK(a->exchange({.key = "", .node = "a"}).error().code() == errc::invalid_argument);
  CHECK(
      a->exchange({.key = std::string(101, 'k'), .node = "a"}).error().code() ==
      errc::invalid_argument
  );
}

void test_expiry(breaker_server& server) {
  const auto s = server.open();
  const std::string key = fresh_key();
  const auto failing = breaker_stance::failing;
  REQUIRE(s->exchange({.key = key, .node = "a", .stance = failing, .ttl = 50ms}));
  CHECK(wait_until(
      [&] {
        return s->exchange({.key = key, .node = "b", .ttl = 1min}).value() == breaker_poll{1, 0, 0};
      },
      20
  ));
  // A report renews both.
  REQUIRE(s->exchange({.key = key, .node = "a", .stance = failing, .ttl = 50ms}));
  REQUIRE(s->exchange({.key = key, .node = "a", .stance = failing, .ttl = 1min}));
  CHECK(s->exchange({.key = key, .node = "b", .ttl = 1min}).value() == breaker_poll{2, 1, 0});
}

void test_probe_leases(breaker_server& server) {
  const auto a = server.open();
  const auto b = server.open();
  const std::string key = fresh_key();
  CHECK(a->lease_probe(key, "a", 2, 1min).value() == probe_lease::granted);
  CHECK(b->lease_probe(key, "b", 2, 50ms).value() == probe_lease::granted);
  CHECK(a->lease_probe(key + "'", "a", 1, 1min).value() == probe_lease::granted);
  // The second runs out by itself, the first is given back; what is not held cannot be.
  CHECK(wait_until(
      [&] { return a->lease_probe(key, "c", 2, 1min).value() == probe_lease::granted; }, 20
  ));
  CHECK(b->lease_probe(key, "d", 2, 1min).value() == probe_lease::taken);
  CHECK(b->return_probe(key, "b"));
  CHECK(b->lease_probe(key, "d", 2, 1min).value() == probe_lease::taken);
  CHECK(b->return_probe(key, "a"));
  CHECK(b->lease_probe(key, "d", 2, 1min).value() == probe_lease::granted);
}

void test_concurrent_leases(breaker_server& server) {
  const std::string key = fresh_key();
  constexpr int nodes = 4;
  std::vector<std::unique_ptr<breaker_store>> stores;
  for (int i = 0; i < nodes; ++i) stores.push_back(server.open());
  std::atomic<int> granted = 0, failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < nodes; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 10; ++n) {
        const std::string holder = std::to_string(i) + ":" + std::to_string(n);
        const auto got = stores[static_cast<std::size_t>(i)]->lease_probe(key, holder, 3, 1min);
        // Contention may cost an attempt, never a lease too many.
        if (!got) {
          CHECK(got.error().code() == errc::busy);
          ++failed;
        } else if (*got == probe_lease::granted) {
          ++granted;
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(granted == 3);
  CHECK(failed < nodes * 10);
}

void test_cluster(breaker_server& server) {
  const std::string key = fresh_key();
  std::vector<std::unique_ptr<node>> nodes;
  for (int i = 0; i < 3; ++i) {
    nodes.push_back(std::make_unique<node>(server, key, "node" + std::to_string(i)));
  }
  const auto everybody = [&](auto&& holds) {
    return wait_until(
        [&] {
          for (auto& n : nodes) n->poll();
          return holds();
        },
        20
    );
  };
  REQUIRE(everybody([&] { return nodes[0]->shared->stats(now()).poll.nodes == 3; }));
  // One of three is not believed; two are.
  for (int i = 0; i < 2; ++i) CHECK(nodes[0]->call(outcome_kind::transient));
  CHECK(everybody([&] { return nodes[2]->shared->stats(now()).poll.failing == 1; }));
  CHECK(nodes[2]->state() == breaker_state::closed);
  for (int i = 0; i < 2; ++i) CHECK(nodes[1]->call(outcome_kind::transient));
  CHECK(everybody([&] { return nodes[2]->state() != breaker_state::closed; }));
  CHECK(nodes[2]->shared->stats(now()).opened_by_votes == 1);
  // They come back together, on the word of one of them.
  CHECK(everybody([&] {
    static_cast<void>(nodes[2]->call(outcome_kind::ok));
    for (auto& n : nodes) {
      if (n->state() != breaker_state::closed) return false;
    }
    return true;
  }));
  CHECK(everybody([&] { return nodes[0]->shared->stats(now()).poll == breaker_poll{3, 0, 1}; }));
}

void test_lost_store(breaker_server& server) {
  if (!server.stop) return;
  const std::string key = fresh_key();
  node alone(server, key, "alone");
  alone.poll();
  CHECK_FALSE(alone.shared->stats(now()).alone);
  server.stop();
  // Its own breaker goes on: it opens, probes and closes.
  REQUIRE(
      wait_until([&] { return alone.call(outcome_kind::ok), alone.shared->stats(now()).alone; }, 20)
  );
  for (int i = 0; i < 100 && alone.state() == breaker_state::closed; ++i) {
    alone.call(outcome_kind::transient);
  }
  CHECK(alone.state() != breaker_state::closed);
  CHECK(wait_until(
      [&] { return alone.call(outcome_kind::ok), alone.state() == breaker_state::closed; }, 20
  ));
  CHECK(alone.shared->stats(now()).store_failures > 0);
  server.start();
  CHECK(wait_until(
      [&] { return alone.call(outcome_kind::ok), !alone.shared->stats(now()).alone; }, 30
  ));
}

}  // namespace scalekit_tests
