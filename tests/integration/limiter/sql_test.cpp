// SPDX-License-Identifier: BSL-1.0
// What only a store in a table has.
#include "../../unit/resilience/limiter_support.hpp"
#include "backend.hpp"
#include "sql_backend.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace resilience = scalekit::resilience;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

std::string now_us(scalekit::sql::dialect d) {
  if (d == scalekit::sql::dialect::sqlite) {
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)";
  }
  if (d == scalekit::sql::dialect::postgres) {
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";
  }
  return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";
}

}  // namespace

TEST_CASE("what is full and has not been used for long is removed, and nothing else") {
  const auto base = limiter_test::open_backend();
  auto& b = dynamic_cast<limiter_test::sql_backend&>(*base);
  b.forget();
  const limit_claim soon{.name = "soon", .rate = rate_of(1, 10s, 5)};
  const limit_claim late{.name = "late", .rate = rate_of(1, 100'000s, 5)};
  const limit_claim paused{.name = "paused", .rate = rate_of(1, 10s, 1)};
  REQUIRE(b.store().take({&soon, 1})->allowed);
  REQUIRE(b.store().take({&late, 1})->allowed);
  REQUIRE(b.store().cool_down(paused, 100'000s));
  CHECK(b.sql_store().purge(0s).value() == 0);
  b.pass(5000s);
  CHECK(b.sql_store().purge(6000s).value() == 0);
  CHECK(b.sql_store().purge(4000s).value() == 1);
  CHECK(b.count() == 2);
  CHECK_FALSE(b.store().take({&paused, 1})->allowed);
  // It is new again, and full.
  const auto a = b.store().take({&soon, 1}).value();
  CHECK(a.allowed);
  CHECK(a.grants[0].fresh);
}

TEST_CASE("who gives back and has to wait for the row gives back less by the wait") {
  const auto base = limiter_test::open_backend();
  base->forget();
  const limit_claim c{.name = "k", .rate = rate_of(1, 400ms, 10), .cost = 2};
  const auto taken = base->store().take({&c, 1}).value();
  const auto full = taken.at + taken.grants[0].verdict.reset_after / 1us * 1us;

  const auto other = limiter_test::open_pool();
  auto holder = other->acquire(scalekit::sql::access::write).value();
  const auto number = [&](const std::string& sql) {
    auto rows = holder->query(sql).value();
    return rows->next().value() ? rows->row()[0].as_int64() : -1;
  };
  const auto d = holder->dialect();
  REQUIRE(holder->begin({}));
  // Locked, and left as it was.
  number(
      std::string("SELECT full_us FROM scalekit_limiter") +
      (d == scalekit::sql::dialect::sqlite ? "" : " FOR UPDATE")
  );
  std::thread waiting([&] { CHECK(base->store().give_back("k", taken.grants[0], 2)); });
  const std::int64_t worthless = full.time_since_epoch().count();
  while (number("SELECT " + now_us(d)) < worthless) {
  }
  REQUIRE(holder->commit());
  waiting.join();
  CHECK(number("SELECT full_us FROM scalekit_limiter") == worthless);
}

TEST_CASE("a prefix that is no identifier is refused") {
  const auto b = limiter_test::open_pool();
  CHECK(
      resilience::sql_limiter_store::open(*b, "a; DROP").error().code() == errc::invalid_argument
  );
  CHECK(
      resilience::sql_limiter_store::open(*b, std::string(30, 'p')).error().code() ==
      errc::invalid_argument
  );
  REQUIRE(resilience::sql_limiter_store::open(*b, "other_"));
  REQUIRE(resilience::sql_limiter_store::open(*b, "other_"));  // the table is there already
}
