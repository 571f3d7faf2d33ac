// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/adaptive_limit.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

// A callee that serves `servers` calls at a time in `service` each; more of them queue up there.
struct callee {
  double servers;
  duration service;
  [[nodiscard]] duration answer_in(double in_flight) const {
    return std::chrono::duration_cast<duration>(service * std::max(1.0, in_flight / servers));
  }
};

// Keeps as many calls under way as the limit allows, in rounds; fails those beyond `breaks_at`.
void drive(
    adaptive_limit& l, const callee& c, steady_time& now, int rounds, double breaks_at = 1e9
) {
  for (int i = 0; i < rounds; ++i) {
    std::vector<limit_ticket> out;
    while (const limit_ticket t = l.try_acquire(now)) out.push_back(t);
    const auto n = static_cast<double>(out.size());
    now += c.answer_in(n);
    for (std::size_t k = 0; k < out.size(); ++k) {
      const bool broken = static_cast<double>(k) >= breaks_at;
      l.release(out[k], broken ? outcome_kind::transient : outcome_kind::ok, now);
    }
  }
}

}  // namespace

TEST_CASE("no more than the limit are under way") {
  const auto l = adaptive_limit::make({.initial = 2}).value();
  const auto a = l->try_acquire(start);
  CHECK(a.in_flight == 1);
  CHECK(l->try_acquire(start));
  CHECK_FALSE(l->try_acquire(start));
  CHECK(l->stats().refused == 1);
  l->release(a, outcome_kind::cancelled, start);
  CHECK(l->stats().in_flight == 1);
  CHECK(l->limit() == 2);
  CHECK(l->try_acquire(start));
}

TEST_CASE("aimd grows by one a round while it is used") {
  const auto l = adaptive_limit::make({.algorithm = limit_algorithm::aimd, .initial = 10}).value();
  steady_time now = start;
  drive(*l, {100, 10ms}, now, 5);
  // Half of a round begins while less than half of the limit is in use.
  CHECK(l->limit() >= 12);
  CHECK(l->limit() <= 15);
  // One call at a time uses too little of it.
  const auto before = l->limit();
  for (int i = 0; i < 1000; ++i) {
    l->release(l->try_acquire(now), outcome_kind::ok, now);
  }
  CHECK(l->limit() == before);
}

TEST_CASE("a failure cuts once for all the calls that were under way") {
  for (const auto algorithm : {limit_algorithm::aimd, limit_algorithm::gradient2}) {
    const auto l =
        adaptive_limit::make({.algorithm = algorithm, .initial = 100, .decrease = 0.5}).value();
    std::vector<limit_ticket> out;
    for (int i = 0; i < 100; ++i) out.push_back(l->try_acquire(start));
    for (const limit_ticket& t : out) l->release(t, outcome_kind::throttled, start + 1s);
    CHECK(l->limit() == 50);
    CHECK(l->stats().cuts == 1);
    const limit_ticket next = l->try_acquire(start + 1s);
    l->release(next, outcome_kind::transient, start + 2s);
    CHECK(l->limit() == 25);
  }
}

TEST_CASE("permanent and cancelled calls are no measure") {
  const auto l = adaptive_limit::make({.initial = 10}).value();
  for (int i = 0; i < 1000; ++i) {
    l->release(l->try_acquire(start), outcome_kind::permanent, start + 10s);
    l->release(l->try_acquire(start), outcome_kind::cancelled, start + 10s);
  }
  CHECK(l->limit() == 10);
  CHECK(l->stats().long_run == 0ns);
}

TEST_CASE("it never leaves its bounds") {
  const auto l = adaptive_limit::make(
                     {.algorithm = limit_algorithm::aimd, .initial = 5, .minimum = 3, .maximum = 8}
  )
                     .value();
  steady_time now = start;
  drive(*l, {100, 1ms}, now, 200);
  CHECK(l->limit() == 8);
  for (int i = 0; i < 200; ++i, now += 1ms) {
    l->release(l->try_acquire(now), outcome_kind::transient, now + 1ms);
  }
  CHECK(l->limit() == 3);
}

TEST_CASE("aimd swings around the point where calls begin to fail") {
  const auto l = adaptive_limit::make({.algorithm = limit_algorithm::aimd, .initial = 5}).value();
  steady_time now = start;
  drive(*l, {1000, 10ms}, now, 500, 40);
  CHECK(l->limit() >= 34);
  CHECK(l->limit() <= 42);
}

TEST_CASE("gradient2 settles near what the callee can do at once, before anything fails") {
  for (const double servers : {20.0, 100.0}) {
    CAPTURE(servers);
    const auto l = adaptive_limit::make({.initial = 10}).value();
    steady_time now = start;
    while (now < start + 60s) drive(*l, {servers, 10ms}, now, 1);
    CHECK(l->limit() >= static_cast<std::uint32_t>(servers * 0.9));
    CHECK(l->limit() <= static_cast<std::uint32_t>(servers * 3));
  }
}

TEST_CASE("gradient2 follows a callee that slows down, and recovers with it") {
  const auto l = adaptive_limit::make({.initial = 50}).value();
  steady_time now = start;
  const auto drive_for = [&](duration how_long, const callee& c) {
    for (const steady_time end = now + how_long; now < end;) drive(*l, c, now, 1);
  };
  drive_for(10s, {100, 10ms});
  const std::uint32_t before = l->limit();
  drive_for(3s, {100, 40ms});
  const std::uint32_t slow = l->limit();
  CHECK(slow < before / 2);
  drive_for(20s, {100, 10ms});
  CHECK(l->limit() > slow * 2);
}

TEST_CASE("times out of order do no harm") {
  const auto l = adaptive_limit::make().value();
  l->release(l->try_acquire(start), outcome_kind::ok, start - 1h);
  l->release(l->try_acquire(steady_time::min()), outcome_kind::ok, steady_time::max());
  l->release(l->try_acquire(steady_time::max()), outcome_kind::transient, steady_time::min());
  CHECK(l->limit() >= 1);
  CHECK(l->limit() <= 1'000);
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](adaptive_limit_options o) {
    return adaptive_limit::make(o).error().message();
  };
  CHECK(message({.minimum = 0}).find("adaptive_limit: minimum ") == 0);
  CHECK(message({.minimum = 5, .maximum = 4}).find("maximum") != std::string::npos);
  CHECK(message({.initial = 2'000}).find("initial") != std::string::npos);
  CHECK(message({.decrease = 1}).find("decrease") != std::string::npos);
  CHECK(message({.tolerance = 0.5}).find("tolerance") != std::string::npos);
  CHECK(message({.smoothing = 0}).find("smoothing") != std::string::npos);
  CHECK(message({.queue = 1'001}).find("queue") != std::string::npos);
  CHECK(message({.sample = 0ns}).find("sample") != std::string::npos);
  CHECK(message({.long_run = 9}).find("long_run") != std::string::npos);
}
