// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"

#include <scalekit/resilience/breaker_registry.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{duration(3600s)};

std::unique_ptr<breaker_registry> make(std::size_t most) {
  return breaker_registry::make({.breaker = {.minimum_calls = 1, .ramp = 1s}, .max_keys = most})
      .value();
}

}  // namespace

TEST_CASE("each key has a breaker of its own, and always the same") {
  const auto r = make(10);
  const auto a = r->get("a", start).value();
  CHECK(r->get("a", start).value() == a);
  const auto b = r->get("b", start).value();
  CHECK(b != a);
  a->after(a->before(start).permit, outcome_kind::transient, start);
  CHECK(a->state(start) == breaker_state::open);
  CHECK(b->state(start) == breaker_state::closed);
  CHECK(r->size() == 2);
  CHECK(r->stats(start).size() == 2);
}

TEST_CASE("a closed one that was not asked for lately makes room") {
  const auto r = make(3);
  const auto failing = r->get("failing", start).value();
  failing->open(start);
  const auto old = r->get("old", start + 1s).value();
  const auto young = r->get("young", start + 2s).value();
  CHECK(r->get("old", start + 3s).value() == old);
  const auto fresh = r->get("fresh", start + 3s).value();
  CHECK(r->size() == 3);
  CHECK(r->get("failing", start + 3s).value() == failing);
  CHECK(r->get("old", start + 3s).value() == old);
  CHECK(r->get("fresh", start + 3s).value() == fresh);
}

TEST_CASE("what was asked for is passed over once, and then is as good as any other") {
  const auto r = make(3);
  const auto a = r->get("a", start).value();
  const std::weak_ptr<circuit_breaker> b = r->get("b", start).value();
  const std::weak_ptr<circuit_breaker> c = r->get("c", start).value();
  CHECK(r->get("a", start).value() == a);
  const std::weak_ptr<circuit_breaker> d = r->get("d", start).value();
  CHECK(b.expired());
  CHECK_FALSE(c.expired());
  REQUIRE(r->get("e", start));
  CHECK(c.expired());
  CHECK_FALSE(d.expired());
  CHECK(a.use_count() == 2);
  REQUIRE(r->get("f", start));
  CHECK(a.use_count() == 1);  // ours
  CHECK_FALSE(d.expired());
  CHECK(r->size() == 3);
}

TEST_CASE("a registry of one has room for the next") {
  const auto r = make(1);
  for (const std::string key : {"a", "b", "c"}) {
    REQUIRE(r->get(key, start));
    CHECK(r->get(key, start).value() == r->get(key, start).value());
    CHECK(r->size() == 1);
  }
}

TEST_CASE("each key in turn makes room, those that are not closed left out") {
  const auto r = make(100);
  std::vector<std::weak_ptr<circuit_breaker>> made;
  for (int i = 0; i < 1000; ++i) {
    const auto fresh = r->get(std::to_string(i), start).value();
    if (i % 20 == 0) fresh->open(start);
    made.push_back(fresh);
  }
  CHECK(r->size() == 100);
  std::size_t alive = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    CAPTURE(i);
    CHECK(made[i].expired() == (i % 20 != 0 && i < 948));  // of the last 50 closed
    alive += made[i].expired() ? 0U : 1U;
  }
  CHECK(alive == 100);
}

TEST_CASE("what is not closed is never forgotten") {
  const auto r = make(2);
  r->get("a", start).value()->open(start);
  r->get("b", start).value()->open(start);
  const auto none = r->get("c", start);
  REQUIRE_FALSE(none);
  CHECK(none.error().code() == errc::limit_exceeded);
  // One that has closed and come to the end of its ramp may go, though nobody has called since.
  r->get("a", start).value()->close(start + 1s);
  CHECK_FALSE(r->get("c", start + 1s));
  CHECK(r->get("c", start + 3s));
}

TEST_CASE("finding a key allocates nothing") {
  const auto r = make(2);
  const std::string key = "a key that is too long for the small string buffer";
  REQUIRE(r->get(key, start));
  const std::uint64_t before = scalekit_tests::allocations();
  for (int i = 0; i < 100; ++i) static_cast<void>(r->get(key, start));
  CHECK(scalekit_tests::allocations() == before);
}

TEST_CASE("threads that ask for one key at once get one breaker") {
  const auto r = make(64);
  std::vector<std::vector<std::shared_ptr<circuit_breaker>>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&] {
      for (int i = 0; i < 64; ++i) mine.push_back(r->get(std::to_string(i), start).value());
    });
  }
  for (auto& t : threads) t.join();
  for (const auto& mine : got) CHECK(mine == got[0]);
}

TEST_CASE("options out of range are refused by name") {
  CHECK(
      breaker_registry::make({.max_keys = 0})
          .error()
          .message()
          .find("breaker_registry: max_keys ") == 0
  );
  CHECK(
      breaker_registry::make({.breaker = {.probes = 0}})
          .error()
          .message()
          .find("circuit_breaker: probes ") == 0
  );
}
