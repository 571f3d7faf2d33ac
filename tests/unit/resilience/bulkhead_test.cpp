// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/bulkhead.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using resilience::bulkhead;
using resilience::bulkhead_options;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<bulkhead> make(std::uint32_t concurrent, std::uint32_t queue = 0) {
  return bulkhead::make({.max_concurrent = concurrent, .max_queue = queue}).value();
}

struct noted final : bulkhead::waiter {
  int granted_times = 0;
  void granted() noexcept override { ++granted_times; }
};

void wait_for_waiters(const bulkhead& b, std::uint32_t n) {
  while (b.stats().waiting != n) std::this_thread::yield();
}

}  // namespace

TEST_CASE("as many as there are places, and no more") {
  const auto b = make(2);
  CHECK(b->try_acquire());
  CHECK(b->try_acquire());
  CHECK_FALSE(b->try_acquire());
  b->release();
  CHECK(b->try_acquire());
  CHECK(b->stats().in_flight == 2);
  CHECK(b->stats().refused == 1);
}

TEST_CASE("a permit gives its place back, once, wherever it is moved") {
  const testing::manual_clock clock;
  const auto b = make(1);
  {
    auto p = b->acquire(clock, steady_time::max());
    REQUIRE(p);
    bulkhead::permit moved = *std::move(p);
    bulkhead::permit again;
    again = std::move(moved);
    CHECK(again);
    CHECK(b->stats().in_flight == 1);
    const auto full = b->acquire(clock, steady_time::max());
    REQUIRE_FALSE(full);
    CHECK(full.error().code() == errc::busy);
  }
  CHECK(b->stats().in_flight == 0);
  auto kept = b->acquire(clock, steady_time::max());
  kept->keep();
  { const bulkhead::permit gone = *std::move(kept); }
  CHECK(b->stats().in_flight == 1);
}

TEST_CASE("waiters are served in turn, and nobody overtakes them") {
  const auto b = make(1, 2);
  REQUIRE(b->try_acquire());
  noted first, second, third;
  CHECK(b->enter(first) == bulkhead::entry::queued);
  CHECK(b->enter(second) == bulkhead::entry::queued);
  CHECK(b->enter(third) == bulkhead::entry::refused);
  CHECK(b->stats().waiting == 2);
  b->release();
  CHECK(first.granted_times == 1);
  CHECK(second.granted_times == 0);
  CHECK_FALSE(b->try_acquire());
  CHECK(b->stats().in_flight == 1);
  b->release();
  CHECK(second.granted_times == 1);
  b->release();
  CHECK(b->stats().in_flight == 0);
  noted at_once;
  CHECK(b->enter(at_once) == bulkhead::entry::granted);
  CHECK(at_once.granted_times == 0);
  CHECK(b->stats().waited == 2);
  CHECK(b->stats().refused == 1);
}

TEST_CASE("whoever leaves the queue is not served; whoever was served cannot leave") {
  const auto b = make(1, 3);
  REQUIRE(b->try_acquire());
  noted a, c, d;
  REQUIRE(b->enter(a) == bulkhead::entry::queued);
  REQUIRE(b->enter(c) == bulkhead::entry::queued);
  REQUIRE(b->enter(d) == bulkhead::entry::queued);
  CHECK(b->leave(c));
  CHECK_FALSE(b->leave(c));
  b->release();
  CHECK(a.granted_times == 1);
  CHECK_FALSE(b->leave(a));
  b->release();
  CHECK(c.granted_times == 0);
  CHECK(d.granted_times == 1);
  CHECK(b->stats().left == 1);
}

TEST_CASE("a higher limit serves those who wait; a lower one lets calls end") {
  const auto b = make(1, 2);
  REQUIRE(b->try_acquire());
  noted a, c;
  REQUIRE(b->enter(a) == bulkhead::entry::queued);
  REQUIRE(b->enter(c) == bulkhead::entry::queued);
  b->set_limit(3);
  CHECK(a.granted_times + c.granted_times == 2);
  b->set_limit(0);
  CHECK(b->limit() == 1);
  b->release();
  b->release();
  CHECK_FALSE(b->try_acquire());
  b->release();
  CHECK(b->try_acquire());
}

TEST_CASE("a thread that waits gets the place that is given back") {
  const auto b = make(1, 1);
  REQUIRE(b->try_acquire());
  std::atomic<bool> served = false;
  std::thread waiter([&] {
    auto p = b->acquire(clock::system(), steady_time::max());
    served = static_cast<bool>(p);
  });
  wait_for_waiters(*b, 1);
  CHECK_FALSE(served);
  b->release();
  waiter.join();
  CHECK(served);
  CHECK(b->stats().in_flight == 0);
}

TEST_CASE("a deadline that has passed is not waited for") {
  const testing::manual_clock clock;
  const auto b = make(1, 1);
  REQUIRE(b->try_acquire());
  const auto late = b->acquire(clock, clock.steady_now());
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == errc::timed_out);
  CHECK_FALSE(b->acquire(clock, steady_time::min()));
  CHECK(b->stats().waiting == 0);
  b->release();
  CHECK(b->acquire(clock, clock.steady_now()));
}

TEST_CASE("threads that queue up are never more than the limit, and all are served") {
  const auto b = make(2, 16);
  std::atomic<int> inside = 0, most = 0, served = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        auto p = b->acquire(clock::system(), steady_time::max());
        if (!p) continue;
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        ++served;
        --inside;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(served == 16'000);
  CHECK(most <= 2);
  CHECK(b->stats().in_flight == 0);
  CHECK(b->stats().waiting == 0);
}

TEST_CASE("options out of range are refused by name") {
  CHECK(
      bulkhead::make({.max_concurrent = 0}).error().message().find("bulkhead: max_concurrent ") == 0
  );
  CHECK(
      bulkhead::make({.max_queue = 2'000'000}).error().message().find("max_queue") !=
      std::string::npos
  );
}
