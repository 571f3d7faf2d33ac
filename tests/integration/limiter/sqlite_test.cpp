// SPDX-License-Identifier: BSL-1.0
// What a refusal costs other writers of the file: nothing.
#include "../../unit/resilience/limiter_support.hpp"
#include "backend.hpp"
#include "sql_backend.hpp"

#include <doctest/doctest.h>

#include <array>

namespace resilience = scalekit::resilience;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::sql::access;
using namespace std::chrono_literals;

namespace {

// Another number each time that another connection has written.
std::int64_t changes(scalekit::sql::connection& reader) {
  auto rows = reader.query("PRAGMA data_version").value();
  return rows->next().value() ? rows->row()[0].as_int64() : -1;
}

}  // namespace

TEST_CASE("a refusal and a look write nothing, and do not wait for who writes") {
  const auto base = limiter_test::open_backend();
  base->forget();
  const auto r = rate_of(1, 1000s, 2);
  const std::array both{
      limit_claim{.name = "a", .rate = r, .cost = 2}, limit_claim{.name = "b", .rate = r}};
  const limit_claim look{.name = "a", .rate = r, .cost = 0};
  REQUIRE(base->store().take(both)->allowed);

  const auto pool = limiter_test::open_pool();
  const auto reader = pool->acquire(access::read).value();
  const auto before = changes(*reader);
  {
    const auto writer = pool->acquire(access::write).value();
    REQUIRE(writer->begin({}));
    for (int i = 0; i < 3; ++i) {
      const auto refused = base->store().take(both).value();
      CHECK_FALSE(refused.allowed);
      CHECK_FALSE(refused.grants[0].fresh);
      CHECK(refused.grants[1].verdict.remaining == 1);
      CHECK(base->store().take({&look, 1})->allowed);
    }
    REQUIRE(writer->rollback());
  }
  CHECK(changes(*reader) == before);
  const limit_claim b{.name = "b", .rate = r};
  CHECK(base->store().take({&b, 1})->allowed);
  CHECK(changes(*reader) != before);
}

TEST_CASE("a refusal by a newer rate writes it, once") {
  const auto base = limiter_test::open_backend();
  base->forget();
  const limit_claim old{.name = "a", .rate = rate_of(1, 1000s, 2), .cost = 2, .version = 1};
  const limit_claim newer{.name = "a", .rate = rate_of(1, 1000s, 1), .version = 2};
  REQUIRE(base->store().take({&old, 1})->allowed);

  const auto pool = limiter_test::open_pool();
  const auto reader = pool->acquire(access::read).value();
  const auto before = changes(*reader);
  CHECK_FALSE(base->store().take({&newer, 1})->allowed);
  const auto once = changes(*reader);
  CHECK(once != before);
  for (const auto& c : {newer, old, newer}) CHECK_FALSE(base->store().take({&c, 1})->allowed);
  CHECK(changes(*reader) == once);
}
