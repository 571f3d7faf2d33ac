// SPDX-License-Identifier: BSL-1.0
// A limiter store whose statements fail; the rest is in tests/integration/limiter.
#include "limiter_support.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/resilience/sql_limiter_store.hpp>
#include <scalekit/testing/fault_injection.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace resilience = scalekit::resilience;
namespace sql = scalekit::sql;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::errc;
using scalekit::error;
using scalekit::testing::sql_fault;
using namespace std::chrono_literals;

namespace {

// One connection that fails when told to.
class faulty_pool final : public sql::pool {
 public:
  scalekit::result<sql::pooled_connection> acquire(sql::access kind) override {
    return sql::pooled_connection(*this, &faulty, kind);
  }

  std::unique_ptr<scalekit::sqlite::connection> real =
      scalekit::sqlite::connection::open(":memory:").value();
  scalekit::testing::faulty_connection faulty{*real};

 private:
  void give_back(sql::connection*, sql::access) noexcept override {}
};

struct fixture {
  faulty_pool pool;
  std::unique_ptr<resilience::sql_limiter_store> store =
      resilience::sql_limiter_store::open(pool).value();
  limit_claim claim{.name = "k", .rate = rate_of(1, 1000s, 10)};

  scalekit::result<resilience::limit_answer> take() { return store->take({&claim, 1}); }
  void fail(
      errc code, std::uint64_t times, sql_fault::moment when = sql_fault::moment::before_effect
  ) {
    pool.faulty.inject(
        {.at = scalekit::testing::sql_call::query,
         .when = when,
         .what = error(code, "injected"),
         .times = times}
    );
  }
};

}  // namespace

TEST_CASE("contention is met by running the statement again") {
  for (const errc code : {errc::busy, errc::conflict}) {
    fixture f;
    f.fail(code, 3);
    CHECK(f.take()->grants[0].verdict.remaining == 9);
    CHECK(f.pool.faulty.struck() == 3);
    f.fail(code, 4);
    CHECK(f.take().error().code() == code);
    CHECK(f.take()->grants[0].verdict.remaining == 8);
  }
}

TEST_CASE("any other failure is reported at once, and nothing is run twice") {
  for (const errc code : {errc::unavailable, errc::timed_out, errc::limit_exceeded}) {
    fixture f;
    f.fail(code, 1);
    CHECK(f.take().error().code() == code);
    CHECK(f.take()->grants[0].verdict.remaining == 9);
  }
  fixture f;
  f.fail(errc::outcome_unknown, 1, sql_fault::moment::after_effect);
  CHECK(f.take().error().code() == errc::outcome_unknown);
  const auto a = f.take().value();
  CHECK(a.grants[0].verdict.remaining >= 8);  // the first may have been taken
}

TEST_CASE("what is no state of a limiter is reported") {
  fixture f;
  REQUIRE(f.take());
  REQUIRE(f.pool.real->execute("UPDATE scalekit_limiter SET step = 0, version = 7"));
  CHECK(f.take().error().code() == errc::data_corrupted);
  REQUIRE(f.pool.real->execute("UPDATE scalekit_limiter SET step = 1, burst = -5"));
  CHECK(f.take().error().code() == errc::data_corrupted);
  for (const char* wrong :
       {"part = -1", "part = parts + 1", "part = 0, full_us = -1 << 62", "paused_us = 1 << 62"}) {
    CAPTURE(wrong);
    REQUIRE(f.pool.real->execute("DELETE FROM scalekit_limiter"));
    REQUIRE(f.take());
    REQUIRE(f.pool.real->execute(std::string("UPDATE scalekit_limiter SET ") + wrong));
    CHECK(f.take().error().code() == errc::data_corrupted);
  }
}
