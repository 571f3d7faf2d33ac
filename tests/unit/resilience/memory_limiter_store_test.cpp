// SPDX-License-Identifier: BSL-1.0
// What only the store in memory has; the rest is in tests/integration/limiter.
#include "limiter_support.hpp"

#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace resilience = scalekit::resilience;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::errc;
using namespace std::chrono_literals;

TEST_CASE("it holds so many names, and forgets only what is full") {
  scalekit::testing::manual_clock clock;
  resilience::memory_limiter_store store(clock, 3);
  const auto take = [&](const std::string& name) {
    const limit_claim c{.name = name, .rate = rate_of(1, 10s, 2)};
    return store.take({&c, 1});
  };
  for (const char* name : {"a", "b", "c"}) CHECK(take(name)->allowed);
  CHECK(take("d").error().code() == errc::limit_exceeded);
  CHECK(store.size() == 3);
  clock.advance(5s);
  CHECK(take("a")->allowed);
  clock.advance(6s);  // b and c are full
  const limit_claim look{.name = "a", .rate = rate_of(1, 10s, 2), .cost = 0};
  CHECK(store.take({&look, 1})->allowed);
  CHECK(store.size() == 3);  // a name that is known needs no room
  CHECK(take("d")->allowed);
  CHECK(store.size() == 2);
  CHECK(take("a")->allowed);
  CHECK_FALSE(take("a")->allowed);

  // A call makes room for all its claims, and for none at the cost of another.
  const auto r = rate_of(1, 10s, 2);
  const std::array two{limit_claim{.name = "e", .rate = r}, limit_claim{.name = "f", .rate = r}};
  CHECK(store.take(two).error().code() == errc::limit_exceeded);
  clock.advance(1h);
  CHECK(store.take(two)->allowed);
  const limit_claim paused{.name = "g", .rate = r};
  CHECK(store.cool_down(paused, 1h));
  CHECK(store.cool_down({.name = "h", .rate = r}, 1s).error().code() == errc::limit_exceeded);
  store.clear();
  CHECK(store.size() == 0);
}

TEST_CASE("a wall clock that is set back admits less, never more") {
  scalekit::testing::manual_clock clock;
  resilience::memory_limiter_store store(clock);
  const limit_claim c{.name = "k", .rate = rate_of(1, 1s, 5), .cost = 5};
  CHECK(store.take({&c, 1})->allowed);
  clock.step_system(-1h);
  const auto a = store.take({&c, 1});
  CHECK_FALSE(a->allowed);
  CHECK(a->retry_after == 1h + 5s);
  clock.step_system(1h);
  CHECK_FALSE(store.take({&c, 1})->allowed);
  clock.advance(5s);
  CHECK(store.take({&c, 1})->allowed);
}
