// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <atomic>
#include <thread>

using namespace mariadb_test;
using scalekit_tests::direction;

namespace {

constexpr std::string_view hundred_gigabytes =
    "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000";

}  // namespace

TEST_CASE("rows dropped early cost a second connection, not the rest of the rows") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = options();
  o.port = proxy.port();
  auto db = connect(o);
  {
    auto rows = db->query(hundred_gigabytes).value();
    REQUIRE(rows->next().value());
    CHECK(rows->row()[0].as_int64() == 1);
    CHECK(proxy.connections() == 1);
  }
  CHECK(proxy.connections() == 2);
  CHECK(proxy.passed(direction::reply) < 64'000'000);
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("few rows left are simply read") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = options();
  o.port = proxy.port();
  auto db = connect(o);
  for (int i = 0; i < 10; ++i) {
    auto rows = db->query("SELECT seq FROM seq_1_to_1000").value();
    REQUIRE(rows->next().value());
  }
  CHECK(proxy.connections() == 1);
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("a write whose rows are dropped is not killed") {
  if (on_mysql()) return;  // no write of it has rows
  auto db = with_table("v LONGTEXT");
  {
    auto rows =
        db->query("INSERT INTO t SELECT REPEAT('x', 1000) FROM seq_1_to_20000 RETURNING v").value();
    REQUIRE(rows->next().value());
  }
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 20'000);
}

TEST_CASE("a transaction goes on after a killed query") {
  auto db = with_table("v INT");
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1)").value();
  {
    auto rows = db->query(hundred_gigabytes).value();
    REQUIRE(rows->next().value());
  }
  CHECK(db->in_transaction());
  db->commit().value();
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 1);
}

TEST_CASE("while rows live other calls are refused, and the rows go on") {
  auto db = connect();
  auto rows = db->query("SELECT seq FROM seq_1_to_3").value();
  REQUIRE(rows->next().value());
  CHECK(db->query("SELECT 1").error().code() == errc::invalid_argument);
  CHECK(db->execute("DO 1").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("DO 1").error().code() == errc::invalid_argument);
  CHECK(db->begin({}).error().code() == errc::invalid_argument);
  CHECK(rows->next().value());
  CHECK(rows->row()[0].as_int64() == 2);
  CHECK(rows->next().value());
  CHECK_FALSE(rows->next().value());
  // At the end they need not be destroyed.
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("an interrupt between two rows ends the query with cancelled") {
  auto db = connect();
  auto rows = db->query(hundred_gigabytes).value();
  REQUIRE(rows->next().value());
  const auto handle = db->interrupt_handle();
  std::thread([&] { handle->interrupt(); }).join();
  result<bool> more = true;
  std::uint64_t n = 0;
  while (more && *more && ++n < 10'000'000) more = rows->next();
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::cancelled);
  CHECK_FALSE(rows->next().value());
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("a scan cut in the middle has failed, and the connection with it") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = options();
  o.port = proxy.port();
  auto db = connect(o);
  auto rows = db->query("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_200000").value();
  REQUIRE(rows->next().value());
  proxy.cut();
  result<bool> more = true;
  while (more && *more) more = rows->next();
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::outcome_unknown);
  CHECK(db->is_broken());
  rows.reset();
  CHECK(db->query("SELECT 1").error().code() == errc::unavailable);
}

TEST_CASE("columns outlive rows, statement and cache") {
  auto o = options();
  o.statement_cache_capacity = 0;
  auto db = connect(o);
  auto rows = db->query("SELECT 1 AS one").value();
  REQUIRE(rows->next().value());
  REQUIRE_FALSE(rows->next().value());
  CHECK(number(*db, "SELECT 2") == 2);
  CHECK(rows->columns()[0].name == "one");
}

TEST_CASE("many columns, many of them NULL") {
  std::string sql = "SELECT 0";
  for (int i = 1; i < 300; ++i) sql += i % 3 == 0 ? ",NULL" : "," + std::to_string(i);
  auto db = connect();
  const auto row = one_row(*db, sql);
  REQUIRE(row.size() == 300);
  for (std::size_t i = 0; i < row.size(); ++i) {
    CHECK(row[i] == (i % 3 == 0 && i > 0 ? sql::value() : sql::value(i)));
  }
}
