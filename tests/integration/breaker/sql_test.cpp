// SPDX-License-Identifier: BSL-1.0
// What only a store in tables has.
#include "backend.hpp"

#include <scalekit/resilience/sql_breaker_store.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

TEST_CASE("an exchange is one statement or two, and one more for a recovery") {
  const auto pool = breaker_test::the_backend().pool();
  const auto store = sql_breaker_store::open(*pool).value();
  const auto statements = [&] {
    return pool->acquire(sql::access::write).value()->stats().statements;
  };
  const std::uint64_t fewest =
      pool->acquire(sql::access::write).value()->dialect() == sql::dialect::postgres ? 1 : 2;
  const auto cost = [&](breaker_stance stance, std::uint64_t epoch) {
    const auto before = statements();
    REQUIRE(store->exchange(
        {.key = "counted", .node = "n", .stance = stance, .epoch = epoch, .ttl = 1min}
    ));
    return statements() - before;
  };
  using enum breaker_stance;
  for (const std::uint64_t epoch : {0U, 1U, 2U}) {
    CAPTURE(epoch);
    CHECK(cost(well, epoch) == fewest);
    CHECK(cost(failing, epoch) == fewest);
    CHECK(cost(recovered, epoch) == fewest + 1);
    CHECK(cost(recovered, epoch) == fewest + 1);  // heard already: it does nothing
  }
  const auto heard = store->exchange({.key = "counted", .node = "n", .ttl = 1min});
  CHECK(heard.value() == breaker_poll{1, 0, 3});
}
