// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <scalekit/sql/transaction.hpp>

#include <span>

using namespace mariadb_test;
using scalekit_tests::direction;

namespace {

// Through a proxy, with the table `t` in it; cut at its next statement.
struct cuttable {
  scalekit_tests::tcp_proxy proxy{server().port()};
  std::unique_ptr<mariadb::connection> db;

  cuttable() {
    auto o = options();
    o.port = proxy.port();
    db = with_table("id INT PRIMARY KEY", o);
  }
  error at(direction way, std::string_view sql) {
    proxy.cut_after(way, 0);
    auto done = db->execute(sql);
    REQUIRE_FALSE(done);
    CHECK(db->is_broken());
    CHECK_FALSE(db->in_transaction());
    return done.error();
  }
};

}  // namespace

TEST_CASE("isolation and access are set in one round trip, in two on MySQL") {
  auto db = with_table("v INT");
  for (const auto level :
       {sql::isolation::read_committed,
        sql::isolation::repeatable_read,
        sql::isolation::serializable}) {
    const auto before = db->stats().statements;
    db->begin({.level = level}).value();
    CHECK(db->stats().statements == before + (on_mysql() ? 2 : 1));
    CHECK(db->in_transaction());
    db->rollback().value();
  }
  db->begin({.level = sql::isolation::serializable,
             .access = sql::transaction_options::access::read_only})
      .value();
  const auto written = db->execute("INSERT INTO t VALUES (1)");
  REQUIRE_FALSE(written);
  CHECK(written.error().code() == errc::invalid_argument);
  CHECK(db->in_transaction());
  db->commit().value();
  CHECK_FALSE(db->in_transaction());
}

TEST_CASE("a failed statement leaves the transaction open, a deadlock does not") {
  auto first = with_table("id INT PRIMARY KEY, v INT");
  first->execute("INSERT INTO t VALUES (1, 0), (2, 0)").value();
  auto second = connect();
  first->begin({}).value();
  CHECK(first->execute("INSERT INTO t VALUES (1, 0)").error().code() == errc::conflict);
  CHECK(first->in_transaction());
  first->execute("UPDATE t SET v = 1 WHERE id = 1").value();
  second->begin({}).value();
  second->execute("UPDATE t SET v = 2 WHERE id = 2").value();
  const auto waited = first->execute("UPDATE t SET v = 1 WHERE id = 2");
  CHECK(waited.error().code() == errc::busy);
  CHECK(waited.error().cause().code == 1205);
  CHECK(first->in_transaction());  // a lock wait undoes the statement only
  first->rollback().value();
  second->commit().value();
  CHECK(number(*first, "SELECT SUM(v) = 2 FROM t") == 1);
}

TEST_CASE("what commits implicitly ends the transaction, and is seen to") {
  auto db = with_table("id INT PRIMARY KEY");
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1)").value();
  db->execute("CREATE TABLE IF NOT EXISTS other (v INT)").value();
  CHECK_FALSE(db->in_transaction());
  CHECK(db->commit().error().code() == errc::invalid_argument);
}

TEST_CASE("a lost answer is unknown only where something may last") {
  for (const auto way : {direction::request, direction::reply}) {
    CAPTURE(static_cast<int>(way));
    CHECK(cuttable().at(way, "INSERT INTO t VALUES (1)").code() == errc::outcome_unknown);
    CHECK(cuttable().at(way, "SHOW TABLES").code() == errc::unavailable);
    // It may call a function that writes.
    CHECK(cuttable().at(way, "SELECT 1").code() == errc::outcome_unknown);
    cuttable inside;
    inside.db->begin({}).value();
    CHECK(inside.at(way, "INSERT INTO t VALUES (1)").code() == errc::unavailable);
    cuttable ddl;
    ddl.db->begin({}).value();
    CHECK(ddl.at(way, "CREATE TABLE IF NOT EXISTS other (v INT)").code() == errc::outcome_unknown);
    cuttable committing;
    committing.db->begin({}).value();
    const auto e = committing.at(way, "COMMIT");
    CHECK(e.code() == errc::outcome_unknown);
    CHECK(e.message().find("may have taken effect") != std::string::npos);
    CHECK(committing.db->rollback().has_value());
  }
}

TEST_CASE("a connection the server has closed is known before anything is sent") {
  auto db = with_table("id INT PRIMARY KEY");
  auto other = connect();
  const auto id = number(*db, "SELECT CONNECTION_ID()");
  other->execute("KILL " + std::to_string(id)).value();
  // The server needs a moment to close it; until it is gone from the list nothing is asked.
  const auto gone = [&] {
    return number(
               *other,
               "SELECT COUNT(*) FROM information_schema.processlist WHERE id = " +
                   std::to_string(id)
           ) == 0;
  };
  REQUIRE(scalekit_tests::wait_until(gone, 10));
  CHECK(db->execute("INSERT INTO t VALUES (1)").error().code() == errc::unavailable);
  CHECK(db->is_broken());
  CHECK(number(*other, "SELECT COUNT(*) FROM t") == 0);
}

TEST_CASE("a transaction that a failed statement has opened is seen, and is not left behind") {
  auto db = with_table("id INT PRIMARY KEY");
  db->execute("DROP PROCEDURE IF EXISTS opens").value();
  db->execute(
        "CREATE PROCEDURE opens(a INT) BEGIN "
        "START TRANSACTION; INSERT INTO t VALUES (a); SIGNAL SQLSTATE '45000'; END"
  )
      .value();
  const std::vector<sql::value_view> one_value = {1};
  const std::pair<std::string_view, sql::parameters> calls[] = {
      {"CALL opens(1)", {}},
      {"CALL opens(?)", one_value},
      {"BEGIN NOT ATOMIC START TRANSACTION; INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); "
       "END",
       {}}};
  for (const auto& [sql, params] : std::span(calls).first(on_mysql() ? 2 : 3)) {
    CAPTURE(sql);
    CHECK_FALSE(db->execute(sql, params));
    CHECK(db->in_transaction());
    CHECK(db->rollback().has_value());
    CHECK_FALSE(db->query(sql, params));
    CHECK(db->in_transaction());
    CHECK(db->rollback().has_value());
    CHECK_FALSE(db->execute_script(params.empty() ? sql : "CALL opens(1)"));
    CHECK(db->in_transaction());
    CHECK(db->rollback().has_value());
  }
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
  // Without autocommit any statement opens one.
  db->execute("SET autocommit = 0").value();
  CHECK_FALSE(db->execute("INSERT INTO t SELECT 1 FROM (SELECT 1 UNION ALL SELECT 2) a"));
  CHECK(db->in_transaction());
}

TEST_CASE("a transaction that could not begin, or was lost before its commit, is unavailable") {
  for (const auto way : {direction::request, direction::reply}) {
    for (const auto level : {sql::isolation::standard, sql::isolation::serializable}) {
      cuttable starting;
      starting.proxy.cut_after(way, 0);
      CHECK(starting.db->begin({.level = level}).error().code() == errc::unavailable);
    }
    cuttable inside;
    inside.db->begin({}).value();
    CHECK(inside.at(way, "INSERT INTO t VALUES (1)").code() == errc::unavailable);
    CHECK(inside.db->commit().error().code() == errc::unavailable);
  }
}
