// SPDX-License-Identifier: BSL-1.0
#include "fake_connection.hpp"

#include <scalekit/ports/sql.hpp>

#include <doctest/doctest.h>

#include <utility>

namespace sql = scalekit::sql;

namespace {

/// Lends one connection and counts how often it comes back.
class counting_pool final : public sql::pool {
 public:
  [[nodiscard]] scalekit::result<sql::pooled_connection> acquire(sql::access kind) override {
    return sql::pooled_connection(*this, &db, kind);
  }
  void give_back(sql::connection* c, sql::access kind) noexcept override {
    CHECK(c == &db);
    ++(kind == sql::access::read ? reads : writes);
  }
  fake_connection db;
  int reads = 0;
  int writes = 0;
};

}  // namespace

TEST_CASE("a connection on loan goes back exactly once, as what it was borrowed for") {
  counting_pool pool;
  {
    auto lent = pool.acquire(sql::access::write);
    REQUIRE(lent.has_value());
    CHECK(&**lent == &pool.db);
    CHECK((*lent)->dialect() == sql::dialect::sqlite);
    CHECK(pool.writes == 0);
  }
  CHECK(pool.writes == 1);
  CHECK(pool.reads == 0);
}

TEST_CASE("it can go back early") {
  counting_pool pool;
  auto lent = *pool.acquire(sql::access::read);
  lent.release();
  CHECK_FALSE(static_cast<bool>(lent));
  lent.release();
  CHECK(pool.reads == 1);
}

TEST_CASE("moving hands the loan on") {
  counting_pool first;
  counting_pool second;
  {
    auto a = *first.acquire(sql::access::read);
    auto b = *second.acquire(sql::access::write);
    b = std::move(a);
    CHECK(second.writes == 1);
    CHECK(first.reads == 0);
    CHECK(&*b == &first.db);
    sql::pooled_connection c = std::move(b);
    CHECK(static_cast<bool>(c));
  }
  CHECK(first.reads == 1);
  CHECK(second.writes == 1);
}

TEST_CASE("an empty loan is nothing to give back") {
  sql::pooled_connection none;
  CHECK_FALSE(static_cast<bool>(none));
  none.release();
}

TEST_CASE("parameters come from a braced list, a vector, an array or a span") {
  const auto sum = [](sql::parameters params) {
    std::int64_t total = 0;
    for (const auto& p : params) total += p.as_int64();
    return total;
  };
  const std::vector<sql::value_view> vector{1, 2};
  const sql::value_view array[] = {3, 4};
  CHECK(sum({}) == 0);
  CHECK(sum({5, 6, "no number", nullptr}) == 11);
  CHECK(sum(vector) == 3);
  CHECK(sum(array) == 7);
  CHECK(sum(std::span<const sql::value_view>(vector)) == 3);
}

TEST_CASE("dialects are spelled") {
  CHECK(sql::to_string(sql::dialect::sqlite) == "sqlite");
  CHECK(sql::to_string(sql::dialect::postgres) == "postgres");
  CHECK(sql::to_string(sql::dialect::mariadb) == "mariadb");
  CHECK(sql::to_string(sql::dialect::mysql) == "mysql");
  CHECK(sql::to_string(static_cast<sql::dialect>(99)) == "unknown");
}
