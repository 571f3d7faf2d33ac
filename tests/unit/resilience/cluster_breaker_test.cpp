// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/cluster_breaker.hpp>
#include <scalekit/resilience/memory_breaker_store.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

// A store that can be lost, and that counts.
class shaky_store final : public breaker_store {
 public:
  explicit shaky_store(breaker_store& real) : real_(real) {}
  result<breaker_poll> exchange(const breaker_report& r) override {
    ++exchanges;
    if (on_exchange) on_exchange();
    if (lost) return errc::unavailable;
    return real_.exchange(r);
  }
  result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override {
    ++leases;
    if (lost) return errc::unavailable;
    return real_.lease_probe(key, holder, most, ttl);
  }
  result<void> return_probe(std::string_view key, std::string_view holder) override {
    if (lost) return errc::unavailable;
    return real_.return_probe(key, holder);
  }
  std::function<void()> on_exchange{};
  bool lost = false;
  int exchanges = 0;
  int leases = 0;

 private:
  breaker_store& real_;
};

struct node {
  node(breaker_store& store, cluster_options o, std::vector<breaker_event>* events)
      : own(circuit_breaker::make(
                {.window = breaker_window_kind::calls,
                 .window_calls = 4,
                 .minimum_calls = 2,
                 .probes = 2,
                 .probe_timeout = 3s,
                 .ramp = 0s,
                 .listener = [events](const breaker_event& e) { events->push_back(e); }}
        ).value()),
        shared(cluster_breaker::make(own, store, std::move(o)).value()) {}
  circuit_breaker own;
  std::unique_ptr<cluster_breaker> shared;
};

struct cluster {
  explicit cluster(int size, double quorum = 0.5) {
    for (int i = 0; i < size; ++i) {
      nodes.push_back(std::make_unique<node>(
          store,
          cluster_options{
              .key = "partner", .node = "node" + std::to_string(i), .quorum = quorum, .probes = 1},
          &events
      ));
    }
    pass(1);
  }
  // Every node polls, `times` times, a refresh apart.
  void pass(int times) {
    for (int i = 0; i < times; ++i) {
      for (auto& n : nodes) static_cast<void>(n->shared->tick(now()));
      time.advance(250ms);
    }
  }
  [[nodiscard]] steady_time now() const { return time.steady_now(); }
  bool call(std::size_t i, outcome_kind kind) {
    const auto a = nodes[i]->shared->before(now());
    if (a) nodes[i]->shared->after(a.permit, kind, now());
    return a.admitted;
  }
  void break_node(std::size_t i) {
    for (int n = 0; n < 2; ++n) call(i, outcome_kind::transient);
    REQUIRE(nodes[i]->own.state(now()) == breaker_state::open);
  }
  [[nodiscard]] breaker_state state(std::size_t i) const { return nodes[i]->own.state(now()); }

  testing::manual_clock time;
  memory_breaker_store memory{time};
  shaky_store store{memory};
  std::vector<breaker_event> events;
  std::vector<std::unique_ptr<node>> nodes;
};

}  // namespace

TEST_CASE("one node's trouble is its own; a quorum's is everybody's, at the next poll") {
  cluster c(4);
  c.break_node(0);
  c.pass(1);
  CHECK(c.state(0) == breaker_state::open);
  CHECK(c.state(1) == breaker_state::closed);
  CHECK(c.call(1, outcome_kind::ok));
  c.break_node(1);
  c.pass(1);
  CHECK(c.state(2) == breaker_state::open);
  CHECK(c.state(3) == breaker_state::open);
  CHECK_FALSE(c.call(3, outcome_kind::ok));
  CHECK(c.nodes[3]->shared->stats(c.now()).opened_by_votes == 1);
  CHECK(c.nodes[3]->shared->stats(c.now()).poll == breaker_poll{4, 2, 0});
}

TEST_CASE("followers do not vote: the failing nodes alone keep it open") {
  cluster c(4);
  c.break_node(0);
  c.break_node(1);
  c.pass(3);
  REQUIRE(c.state(2) == breaker_state::open);
  CHECK(c.nodes[0]->shared->stats(c.now()).poll.failing == 2);
}

TEST_CASE("probes are leased by the cluster, and one node's success closes all") {
  cluster c(4);
  c.break_node(0);
  c.break_node(1);
  c.pass(5);  // all are half-open now
  const auto mine = c.nodes[2]->shared->before(c.now());
  REQUIRE(mine.admitted);
  CHECK(mine.permit.lease != 0);
  for (const std::size_t other : {0U, 1U, 3U}) CHECK_FALSE(c.call(other, outcome_kind::ok));
  CHECK(c.nodes[3]->shared->stats(c.now()).probes_denied == 1);
  c.nodes[2]->shared->after(mine.permit, outcome_kind::ok, c.now());
  CHECK(c.call(2, outcome_kind::ok));
  CHECK(c.state(2) == breaker_state::closed);
  c.pass(2);
  for (std::size_t i = 0; i < 4; ++i) CHECK(c.state(i) == breaker_state::closed);
  CHECK(c.nodes[0]->shared->stats(c.now()).closed_by_peers == 1);
  CHECK(c.nodes[0]->shared->stats(c.now()).poll == breaker_poll{4, 0, 1});
  // Votes of the new epoch count again.
  c.break_node(0);
  c.break_node(3);
  c.pass(3);
  CHECK(c.state(1) == breaker_state::open);
}

TEST_CASE("nodes whose long names differ at the end alone do not share a lease") {
  testing::manual_clock time;
  memory_breaker_store store(time);
  std::vector<breaker_event> events;
  const std::string name(63, 'n');
  node a(store, {.key = "partner", .node = name + "a", .probes = 2}, &events);
  node b(store, {.key = "partner", .node = name + "b", .probes = 2}, &events);
  for (node* n : {&a, &b}) {
    REQUIRE(n->shared->tick(time.steady_now()));
    n->own.open(time.steady_now());
  }
  time.advance(1s);
  for (node* n : {&a, &b}) REQUIRE(n->shared->tick(time.steady_now()));
  CHECK(a.shared->before(time.steady_now()));
  CHECK(b.shared->before(time.steady_now()));
  CHECK_FALSE(a.shared->before(time.steady_now()));  // two are out
}

TEST_CASE("a probe's lease lasts as long as the probe may take") {
  testing::manual_clock time;
  memory_breaker_store store(time);
  std::vector<breaker_event> events;
  const auto with = [](std::string name) {
    return cluster_options{.key = "partner", .node = std::move(name), .vote_ttl = 1s, .probes = 1};
  };
  node a(store, with("a"), &events);
  node b(store, with("b"), &events);
  for (node* n : {&a, &b}) n->own.open(time.steady_now());
  time.advance(1s);
  for (node* n : {&a, &b}) REQUIRE(n->shared->tick(time.steady_now()));
  REQUIRE(a.shared->before(time.steady_now()));
  time.advance(2900ms);
  CHECK_FALSE(b.shared->before(time.steady_now()));
  time.advance(100ms);
  CHECK(b.shared->before(time.steady_now()));
}

TEST_CASE("a probe that never reports holds the cluster's lease no longer than it lasts") {
  cluster c(3);
  c.break_node(0);
  c.break_node(1);
  c.pass(5);
  REQUIRE(c.nodes[0]->shared->before(c.now()));
  CHECK_FALSE(c.call(1, outcome_kind::ok));
  c.pass(21);  // 5 s
  CHECK(c.call(1, outcome_kind::ok));
}

TEST_CASE("a follower whose own probes fail has a vote of its own") {
  cluster c(4);
  c.break_node(0);
  c.break_node(1);
  c.pass(5);
  CHECK(c.call(2, outcome_kind::transient));
  CHECK(c.state(2) == breaker_state::open);
  c.pass(2);
  CHECK(c.nodes[0]->shared->stats(c.now()).poll.failing == 3);
}

TEST_CASE("votes and nodes that say nothing are forgotten") {
  cluster c(4);
  c.break_node(0);
  for (int i = 0; i < 25; ++i) {
    static_cast<void>(c.nodes[2]->shared->tick(c.now()));
    c.time.advance(250ms);
  }
  CHECK(c.nodes[2]->shared->stats(c.now()).poll == breaker_poll{1, 0, 0});
}

TEST_CASE("a lost store leaves each node to itself, probes and all, and does not slow it down") {
  cluster c(2);
  c.store.lost = true;
  const int before = c.store.exchanges;
  for (int i = 0; i < 100; ++i) {
    CHECK(c.call(0, outcome_kind::ok));
    c.time.advance(10ms);
  }
  CHECK(c.store.exchanges - before <= 2);
  CHECK(c.nodes[0]->shared->stats(c.now()).alone);
  CHECK(c.nodes[0]->shared->stats(c.now()).store_failures > 0);
  c.break_node(0);
  c.time.advance(1s);
  CHECK(c.call(0, outcome_kind::ok));
  CHECK(c.call(0, outcome_kind::ok));
  CHECK(c.state(0) == breaker_state::closed);
  // And it comes back.
  c.store.lost = false;
  c.time.advance(1s);
  CHECK(c.call(0, outcome_kind::ok));
  CHECK_FALSE(c.nodes[0]->shared->stats(c.now()).alone);
}

namespace {

// A node whose breaker is half-open, and another thread whose call polls and hangs in the store.
struct node_that_polls {
  node_that_polls() { n.own.open(time.steady_now()); }
  ~node_that_polls() { finish(); }
  // Long after the last poll, if there was one.
  void begin(duration idle = 5s) {
    time.advance(idle);
    store.on_exchange = [this] {
      asked.count_down();
      answers.wait();
    };
    polling = std::thread([this, now = time.steady_now()] { first = n.shared->before(now); });
    asked.wait();
  }
  void finish() {
    if (!polling.joinable()) return;
    answers.count_down();
    polling.join();
    store.on_exchange = {};
  }
  breaker_admission before() { return n.shared->before(time.steady_now()); }

  testing::manual_clock time;
  memory_breaker_store memory{time};
  shaky_store store{memory};
  std::vector<breaker_event> events;
  node n{store, {.key = "k", .probes = 1}, &events};
  std::latch asked{1};
  std::latch answers{1};
  breaker_admission first;
  std::thread polling;
};

}  // namespace

TEST_CASE("while another call polls, no probe goes without the cluster's lease") {
  for (const bool polled_before : {false, true}) {
    CAPTURE(polled_before);
    node_that_polls p;
    if (polled_before) REQUIRE(p.n.shared->tick(p.time.steady_now()));
    p.begin();
    const auto second = p.before();
    CHECK_FALSE(second.admitted);
    CHECK(second.state == breaker_state::half_open);
    CHECK(second.retry_after == 100ms);
    CHECK(p.n.shared->stats(p.time.steady_now()).probes_denied == 1);
    p.finish();
    CHECK(p.first.admitted);
    CHECK(p.first.permit.lease != 0);
    CHECK_FALSE(p.before());  // the cluster's one lease is out
  }
}

TEST_CASE("nobody waits for a poll longer than it would be believed, nor for a lost store") {
  {
    node_that_polls p;
    p.begin();
    p.time.advance(249ms);
    CHECK_FALSE(p.before());
    p.time.advance(1ms);
    const auto probe = p.before();
    CHECK(probe.admitted);
    CHECK(probe.permit.lease == 0);
  }
  node_that_polls p;
  p.store.lost = true;
  CHECK_FALSE(p.n.shared->tick(p.time.steady_now()));
  p.begin();
  const auto probe = p.before();
  CHECK(probe.admitted);
  CHECK(probe.permit.lease == 0);
  p.store.lost = false;
  p.finish();
  // It is back, and asked once more.
  CHECK(p.first.permit.lease != 0);
}

TEST_CASE("a recovery that the store did not hear of is told again") {
  cluster c(3);
  c.break_node(0);
  c.break_node(1);
  c.pass(5);
  REQUIRE(c.state(2) == breaker_state::half_open);
  c.store.lost = true;
  CHECK(c.call(0, outcome_kind::ok));
  CHECK(c.call(0, outcome_kind::ok));
  CHECK(c.state(0) == breaker_state::closed);
  c.pass(1);
  c.store.lost = false;
  c.pass(10);
  for (std::size_t i = 0; i < 3; ++i) CHECK(c.state(i) == breaker_state::closed);
  CHECK(c.nodes[2]->shared->stats(c.now()).poll.epoch == 1);
}

TEST_CASE("with tick, calls never talk to the store") {
  testing::manual_clock time;
  memory_breaker_store memory(time);
  shaky_store store(memory);
  std::vector<breaker_event> events;
  node n(store, {.key = "k", .refresh_by = refresh_by::tick}, &events);
  for (int i = 0; i < 100; ++i) {
    n.shared->after(
        n.shared->before(time.steady_now()).permit, outcome_kind::ok, time.steady_now()
    );
    time.advance(1s);
  }
  CHECK(store.exchanges == 0);
  CHECK(n.shared->tick(time.steady_now()));
  CHECK(n.shared->tick(time.steady_now()));
  CHECK(store.exchanges == 1);

  // Not even for a probe: its lease comes with the tick before, and goes with the one after.
  n.own.open(time.steady_now());
  time.advance(900ms);
  CHECK(n.shared->tick(time.steady_now()));
  time.advance(100ms);
  CHECK_FALSE(n.shared->before(time.steady_now()));
  CHECK(n.shared->tick(time.steady_now()));
  CHECK(store.leases == 1);
  const auto probe = n.shared->before(time.steady_now());
  REQUIRE(probe.admitted);
  CHECK(probe.permit.lease != 0);
  CHECK_FALSE(n.shared->before(time.steady_now()));
  n.shared->after(probe.permit, outcome_kind::ok, time.steady_now());
  CHECK(store.leases == 1);
  CHECK(memory.lease_probe("k", "other", 3, 1s).value() == probe_lease::granted);
  CHECK(memory.lease_probe("k", "another", 3, 1s).value() == probe_lease::granted);
  CHECK(memory.lease_probe("k", "one more", 3, 1s).value() == probe_lease::taken);
  CHECK(n.shared->tick(time.steady_now()));
  CHECK(store.leases == 2);
  const auto second = n.shared->before(time.steady_now());
  REQUIRE(second.admitted);
  n.shared->after(second.permit, outcome_kind::ok, time.steady_now());
  CHECK(n.own.state(time.steady_now()) == breaker_state::closed);
  // A spare lease that nobody took is worth nothing once it has run out.
  n.own.open(time.steady_now());
  time.advance(30s);
  CHECK(n.shared->tick(time.steady_now()));
  time.advance(5s);
  CHECK(n.shared->before(time.steady_now()).admitted);  // alone by now: no lease is needed
}

TEST_CASE("a node whose ticks have stopped goes by its own breaker 250 ms after the last") {
  testing::manual_clock time;
  memory_breaker_store store(time);
  std::vector<breaker_event> events;
  node n(store, {.key = "k", .probes = 1, .refresh_by = refresh_by::tick}, &events);
  const auto alone = [&] { return n.shared->stats(time.steady_now()).alone; };
  REQUIRE(store.lease_probe("k", "another's", 1, 1min).value() == probe_lease::granted);
  n.own.open(time.steady_now());
  time.advance(1s);
  CHECK(n.shared->tick(time.steady_now()));
  time.advance(249ms);
  CHECK_FALSE(alone());
  CHECK_FALSE(n.shared->before(time.steady_now()));
  time.advance(1ms);
  CHECK(alone());
  const auto probe = n.shared->before(time.steady_now());
  REQUIRE(probe.admitted);
  CHECK(probe.permit.lease == 0);
  // The next one that comes is believed again.
  CHECK(n.shared->tick(time.steady_now()));
  CHECK_FALSE(alone());
  CHECK_FALSE(n.shared->before(time.steady_now()));
}

TEST_CASE("a node that votes have opened and whose ticks have stopped comes back by itself") {
  testing::manual_clock time;
  memory_breaker_store store(time);
  std::vector<breaker_event> events;
  node n(store, {.key = "k", .probes = 1, .refresh_by = refresh_by::tick}, &events);
  for (const std::string_view other : {"a", "b"}) {
    REQUIRE(store.exchange({.key = "k", .node = other, .stance = breaker_stance::failing}));
  }
  CHECK(n.shared->tick(time.steady_now()));
  REQUIRE(n.own.state(time.steady_now()) == breaker_state::open);
  time.advance(1s);
  for (int i = 0; i < 2; ++i) {
    const auto probe = n.shared->before(time.steady_now());
    REQUIRE(probe.admitted);
    n.shared->after(probe.permit, outcome_kind::ok, time.steady_now());
  }
  CHECK(n.own.state(time.steady_now()) == breaker_state::closed);
}

TEST_CASE("the memory store knows its own rules") {
  testing::manual_clock time;
  memory_breaker_store s(time);
  CHECK(s.exchange({.key = "", .node = "n"}).error().code() == errc::invalid_argument);
  CHECK(s.exchange({.key = "k", .node = ""}).error().code() == errc::invalid_argument);
  CHECK(
      s.exchange({.key = "k", .node = "a", .stance = breaker_stance::failing, .epoch = 3})
          .value() == breaker_poll{1, 0, 0}
  );
  CHECK(
      s.exchange({.key = "k", .node = "a", .stance = breaker_stance::failing}).value() ==
      breaker_poll{1, 1, 0}
  );
  CHECK(
      s.exchange({.key = "k", .node = "b", .stance = breaker_stance::recovered, .epoch = 7})
          .value() == breaker_poll{2, 1, 0}
  );
  CHECK(
      s.exchange({.key = "k", .node = "b", .stance = breaker_stance::recovered}).value() ==
      breaker_poll{2, 0, 1}
  );
  CHECK(s.exchange({.key = "other", .node = "b"}).value() == breaker_poll{1, 0, 0});
  CHECK(s.lease_probe("k", "a", 1, 1s).value() == probe_lease::granted);
  CHECK(s.lease_probe("k", "b", 1, 1s).value() == probe_lease::taken);
  time.advance(1s);
  CHECK(s.lease_probe("k", "b", 1, 1s).value() == probe_lease::granted);
  CHECK(s.return_probe("k", "a"));
  CHECK(s.lease_probe("k", "a", 1, 1s).value() == probe_lease::taken);
  CHECK(s.return_probe("k", "b"));
  CHECK(s.lease_probe("k", "a", 1, 1s).value() == probe_lease::granted);
}

TEST_CASE("options out of range are refused by name") {
  memory_breaker_store store;
  circuit_breaker own = circuit_breaker::make().value();
  const auto refused = [&](cluster_options o, const std::string& name) {
    const auto made = cluster_breaker::make(own, store, std::move(o));
    REQUIRE_FALSE(made);
    CHECK(made.error().message().find("cluster_breaker: " + name + " ") == 0);
  };
  refused({}, "key");
  refused({.key = "k", .node = std::string(65, 'n')}, "node");
  refused({.key = "k", .quorum = 0}, "quorum");
  refused({.key = "k", .minimum_votes = 0}, "minimum_votes");
  refused({.key = "k", .refresh = 126ms}, "refresh");
  refused({.key = "k", .vote_ttl = 199ms}, "vote_ttl");
  refused({.key = "k", .lost_for = 1ms}, "lost_for");
  refused({.key = "k", .probes = 0}, "probes");
  CHECK(to_string(breaker_stance::recovered) == "recovered");
}
