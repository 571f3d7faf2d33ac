// SPDX-License-Identifier: BSL-1.0
// What every breaker store does, and what a cluster of nodes makes of it.
#include "backend.hpp"
#include "child_process.hpp"
#include "node.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

using breaker_test::node;
using breaker_test::now;
using breaker_test::the_backend;
using scalekit_tests::wait_until;

namespace {

// A key of its own for each test: the servers are shared.
std::string fresh_key() {
  static int n = 0;
  return "Partner " + std::to_string(++n) + " {é}";
}

void poll(node& n) {
  auto polled = n.shared->tick(now());
  if (!polled) FAIL(polled.error().describe());
}

}  // namespace

TEST_CASE("votes are counted, and void after a recovery") {
  const auto a = the_backend().open();
  const auto b = the_backend().open();
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

TEST_CASE("whoever says nothing is forgotten") {
  const auto s = the_backend().open();
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

TEST_CASE("probes are leased, a bounded number of them") {
  const auto a = the_backend().open();
  const auto b = the_backend().open();
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

TEST_CASE("nodes that ask at once get no lease too many") {
  const std::string key = fresh_key();
  constexpr int nodes = 4;
  std::vector<std::unique_ptr<breaker_store>> stores;
  for (int i = 0; i < nodes; ++i) stores.push_back(the_backend().open());
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

TEST_CASE("nodes open and close together") {
  const std::string key = fresh_key();
  std::vector<std::unique_ptr<node>> nodes;
  for (int i = 0; i < 3; ++i) {
    nodes.push_back(std::make_unique<node>(key, "node" + std::to_string(i)));
  }
  const auto everybody = [&](auto&& holds) {
    return wait_until(
        [&] {
          for (auto& n : nodes) poll(*n);
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

TEST_CASE("a lost server leaves a node to itself, and it comes back") {
  breaker_test::backend& server = the_backend();
  if (!server.stop) return;
  const std::string key = fresh_key();
  node alone(key, "alone");
  const steady_time start = now();
  REQUIRE(alone.shared->tick(start));
  CHECK_FALSE(alone.shared->stats(start).alone);
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
