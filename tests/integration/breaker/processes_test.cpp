// SPDX-License-Identifier: BSL-1.0
// A cluster of processes: they open and close together, one that is killed is in nobody's way, and
// without the store each goes by what it has seen itself.
#include "backend.hpp"
#include "child_process.hpp"
#include "forked_process.hpp"
#include "node.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using breaker_test::now;
using scalekit_tests::wait_until;

namespace {

enum class order : char {
  poll,     // ask the store, if it is time to
  succeed,  // make a call that goes well
  fail,     // make one that does not
  hang      // begin one
};

// What a process did, and how it stands.
struct report {
  bool admitted = false;
  bool leased = false;
  breaker_state state = breaker_state::closed;
  cluster_stats shared;
};

void obey(int stream, const std::string& key, const std::string& name) {
  breaker_test::node n(key, name);
  order o{};
  while (scalekit_tests::read_all(stream, &o, sizeof o)) {
    report r;
    if (o == order::poll) {
      static_cast<void>(n.shared->tick(now()));
    } else {
      const auto a = n.shared->before(now());
      r.admitted = a.admitted;
      r.leased = a.permit.lease != 0;
      const auto kind = o == order::succeed ? outcome_kind::ok : outcome_kind::transient;
      if (a && o != order::hang) n.shared->after(a.permit, kind, now());
    }
    const steady_time t = now();
    r.state = n.own.state(t);
    r.shared = n.shared->stats(t);
    if (!scalekit_tests::write_all(stream, &r, sizeof r)) return;
  }
}

class worker {
 public:
  worker(const std::string& key, const std::string& name)
      : process_([&](int stream) { obey(stream, key, name); }) {}
  report tell(order o) {
    report r;
    REQUIRE(scalekit_tests::write_all(process_.stream(), &o, sizeof o));
    REQUIRE(scalekit_tests::read_all(process_.stream(), &r, sizeof r));
    return r;
  }
  void kill() { process_.kill(); }

 private:
  scalekit_tests::forked_process process_;
};

struct cluster {
  cluster(const std::string& key, int size) {
    static_cast<void>(breaker_test::the_backend().open());  // the server, and its tables
    for (int i = 0; i < size; ++i) {
      workers.push_back(std::make_unique<worker>(key, "process" + std::to_string(i)));
    }
  }
  // Every worker is told so, until `holds` holds of each report.
  template <class Condition>
  [[nodiscard]] bool all(order o, const Condition& holds) {
    return wait_until(
        [&] {
          return std::ranges::count_if(workers, [&](auto& w) { return holds(w->tell(o)); }) ==
                 static_cast<std::ptrdiff_t>(workers.size());
        },
        20
    );
  }
  void break_own(std::size_t i) {
    CHECK(wait_until([&] { return workers[i]->tell(order::fail).state == breaker_state::open; }, 20)
    );
  }

  std::vector<std::unique_ptr<worker>> workers;
};

auto in(breaker_state s) {
  return [s](const report& r) { return r.state == s; };
}
auto not_in(breaker_state s) {
  return [s](const report& r) { return r.state != s; };
}

}  // namespace

TEST_CASE("processes open and close together, and one that is killed is in nobody's way") {
  cluster c("partner of processes", 4);
  REQUIRE(c.all(order::poll, [](const report& r) { return r.shared.poll.nodes == 4; }));
  // One of four is not believed; two are.
  c.break_own(0);
  REQUIRE(c.all(order::poll, [](const report& r) { return r.shared.poll.failing == 1; }));
  for (const std::size_t i : {1U, 2U, 3U}) {
    CHECK(c.workers[i]->tell(order::poll).state == breaker_state::closed);
  }
  c.break_own(1);
  REQUIRE(c.all(order::poll, not_in(breaker_state::closed)));
  CHECK(c.workers[2]->tell(order::poll).shared.opened_by_votes == 1);
  CHECK(c.workers[3]->tell(order::poll).shared.opened_by_votes == 1);

  // It dies with the cluster's one lease in hand.
  REQUIRE(wait_until([&] { return c.workers[2]->tell(order::hang).leased; }, 20));
  c.workers[2]->kill();
  c.workers.erase(c.workers.begin() + 2);
  CHECK(c.all(order::succeed, in(breaker_state::closed)));
  CHECK(c.all(order::poll, [](const report& r) {
    return r.shared.poll.nodes == 3 && r.shared.poll.failing == 0 && r.shared.poll.epoch > 0;
  }));
  // Those that live are a quorum.
  c.break_own(0);
  c.break_own(1);
  CHECK(c.all(order::poll, not_in(breaker_state::closed)));
}

TEST_CASE("without the store each process goes by its own breaker") {
  breaker_test::backend& server = breaker_test::the_backend();
  if (!server.stop) return;
  cluster c("partner of the lonely", 3);
  REQUIRE(c.all(order::poll, [](const report& r) { return r.shared.poll.nodes == 3; }));
  server.stop();
  REQUIRE(c.all(order::succeed, [](const report& r) { return r.shared.alone; }));
  // Two would be a quorum; the third does not hear of them.
  c.break_own(0);
  c.break_own(1);
  const report third = c.workers[2]->tell(order::succeed);
  CHECK(third.admitted);
  CHECK(third.state == breaker_state::closed);
  CHECK(third.shared.store_failures > 0);
  // They probe without a lease, each for itself.
  CHECK(c.all(order::succeed, in(breaker_state::closed)));
  server.start();
  CHECK(c.all(order::poll, [](const report& r) {
    return !r.shared.alone && r.shared.poll.nodes == 3;
  }));
}
