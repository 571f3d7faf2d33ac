// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"
#include "limiter_support.hpp"

#include <scalekit/resilience/keyed_limiter.hpp>
#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/limit_group.hpp>
#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::rate_of;
using namespace std::chrono_literals;

TEST_CASE("no local decision allocates") {
  resilience::token_bucket a(rate_of(100, 1s, 10), at(0));
  resilience::token_bucket b(rate_of(100, 1s, 10), at(0), {.over = 1s});
  const auto group = resilience::limit_group::make(std::array{&a, &b}).value();
  const auto keyed =
      resilience::keyed_limiter::open(
          {.per_key = rate_of(10, 1s), .common = rate_of(1000, 1s), .max_keys = 64}, at(0)
      )
          .value();
  const std::string long_key(100, 'k');
  std::int64_t allowed = 0;

  const std::uint64_t before = scalekit_tests::allocations();
  for (int us = 0; us < 100'000; us += 100) {
    allowed += a.try_take(at(us)) ? 1 : 0;
    const auto d = b.take(at(us), 2);
    b.refund(at(us), d, 1);
    allowed += group.take(at(us)).allowed ? 1 : 0;
    allowed += a.peek(at(us)).allowed ? 1 : 0;
    allowed += a.reserve(at(us), 1, 1ms).allowed ? 1 : 0;
    a.debit(at(us), 1);
    allowed += keyed->take(at(us), "tenant", long_key).allowed ? 1 : 0;
    if (us % 50'000 == 0) {
      a.cool_down(at(us), 1ms);
      a.set_limit(at(us), rate_of(200, 1s, 10));
      keyed->set_limit(rate_of(20, 1s));
    }
  }
  CHECK(scalekit_tests::allocations() == before);
  CHECK(allowed > 0);
}

TEST_CASE("a block is spent without an allocation, and so is a refusal that is known") {
  scalekit::testing::manual_clock clock;
  resilience::memory_limiter_store store(clock);
  const auto l = resilience::leased_limiter::open(
                     store, {.name = "n", .rate = rate_of(100'000, 1s, 10'000), .clock = &clock}
  )
                     .value();
  const auto now = clock.steady_now();
  std::int64_t allowed = 0;
  while (l->stats().held < 100) allowed += l->take(now).allowed ? 1 : 0;
  const std::uint64_t before = scalekit_tests::allocations();
  for (int i = 0; i < 100; ++i) allowed += l->take(now).allowed ? 1 : 0;
  CHECK(scalekit_tests::allocations() == before);
  while (l->take(now).allowed) ++allowed;
  const std::uint64_t refused = scalekit_tests::allocations();
  std::int64_t more = 0;
  for (int i = 0; i < 100; ++i) more += l->take(now).allowed ? 1 : 0;
  CHECK(scalekit_tests::allocations() == refused);
  CHECK(more == 0);
  CHECK(allowed <= 10'000);
}
