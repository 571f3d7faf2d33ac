// SPDX-License-Identifier: BSL-1.0
#include "fake_connection.hpp"

#include <scalekit/sql/transaction.hpp>

#include <doctest/doctest.h>

#include <utility>

using scalekit::errc;
namespace sql = scalekit::sql;

TEST_CASE("a transaction that is not committed is rolled back") {
  fake_connection db;
  {
    auto tx = sql::transaction::begin(db);
    REQUIRE(tx.has_value());
    CHECK(db.in_transaction());
  }
  CHECK_FALSE(db.in_transaction());
  CHECK(db.history() == "BEGIN; ROLLBACK");
}

TEST_CASE("a commit ends it, once") {
  fake_connection db;
  {
    auto tx = sql::transaction::begin(db);
    CHECK(tx->commit().has_value());
    CHECK(tx->commit().error().code() == errc::invalid_argument);
    CHECK(tx->rollback().has_value());
  }
  CHECK(db.history() == "BEGIN; COMMIT");
}

TEST_CASE("a rollback ends it, once") {
  fake_connection db;
  {
    auto tx = sql::transaction::begin(db);
    CHECK(tx->rollback().has_value());
    CHECK(tx->rollback().has_value());
    CHECK(tx->commit().error().code() == errc::invalid_argument);
  }
  CHECK(db.history() == "BEGIN; ROLLBACK");
}

TEST_CASE("a commit that met contention may be tried again") {
  fake_connection db;
  db.fail("COMMIT", {errc::busy, errc::busy});
  auto tx = sql::transaction::begin(db);
  CHECK(tx->commit().error().code() == errc::busy);
  CHECK(tx->commit().error().code() == errc::busy);
  CHECK(tx->commit().has_value());
  CHECK(db.history() == "BEGIN; COMMIT; COMMIT; COMMIT");
}

TEST_CASE("contention that ended the transaction cannot be committed over") {
  fake_connection db;
  db.failed_commit_ends_transaction = true;
  db.fail("COMMIT", {errc::busy});
  auto tx = sql::transaction::begin(db);
  CHECK(tx->commit().error().code() == errc::busy);
  CHECK(tx->commit().error().code() == errc::invalid_argument);
  CHECK(db.history() == "BEGIN; COMMIT; ROLLBACK");
}

TEST_CASE("any other failed commit rolls back and reports itself, not the rollback") {
  for (const errc code : {errc::conflict, errc::outcome_unknown, errc::unavailable}) {
    fake_connection db;
    db.fail("COMMIT", {code});
    db.fail("ROLLBACK", {errc::unavailable});
    auto tx = sql::transaction::begin(db);
    CHECK(tx->commit().error().code() == code);
    CHECK(db.history() == "BEGIN; COMMIT; ROLLBACK");
    CHECK(tx->commit().error().code() == errc::invalid_argument);
  }
}

TEST_CASE("a roll back that is refused for now is made up for") {
  fake_connection db;
  db.failed_rollback_keeps_transaction = true;
  db.fail("COMMIT", {errc::invalid_argument});
  db.fail("ROLLBACK", {errc::invalid_argument, errc::invalid_argument});
  {
    auto tx = sql::transaction::begin(db);
    CHECK_FALSE(tx->commit());
    CHECK_FALSE(tx->rollback());
    CHECK(db.in_transaction());
  }
  CHECK_FALSE(db.in_transaction());
  CHECK(db.history() == "BEGIN; COMMIT; ROLLBACK; ROLLBACK; ROLLBACK");
}

TEST_CASE("a transaction that cannot begin does nothing more") {
  fake_connection db;
  db.fail("BEGIN", {errc::busy});
  CHECK(sql::transaction::begin(db).error().code() == errc::busy);
  CHECK(db.history() == "BEGIN");

  auto outer = sql::transaction::begin(db);
  CHECK(sql::transaction::begin(db).error().code() == errc::invalid_argument);
  CHECK(db.in_transaction());
}

TEST_CASE("options reach the connection") {
  fake_connection db;
  const sql::transaction_options options{
      .mode = sql::transaction_mode::deferred,
      .level = sql::isolation::serializable,
      .access = sql::transaction_options::access::read_only};
  auto tx = sql::transaction::begin(db, options);
  CHECK(db.begun_with.mode == sql::transaction_mode::deferred);
  CHECK(db.begun_with.level == sql::isolation::serializable);
  CHECK(db.begun_with.access == sql::transaction_options::access::read_only);
}

TEST_CASE("moving hands the duty to roll back on") {
  fake_connection db;
  {
    auto first = sql::transaction::begin(db);
    sql::transaction second = *std::move(first);
    CHECK(db.history() == "BEGIN");
  }
  CHECK(db.history() == "BEGIN; ROLLBACK");
}

TEST_CASE("a savepoint that is not released is undone") {
  fake_connection db;
  auto tx = sql::transaction::begin(db);
  { auto mark = sql::savepoint::begin(db, "row 7"); }
  CHECK(
      db.history() ==
      R"(BEGIN; SAVEPOINT "row 7"; ROLLBACK TO SAVEPOINT "row 7"; RELEASE SAVEPOINT "row 7")"
  );
  CHECK(db.in_transaction());
}

TEST_CASE("a released savepoint is over") {
  fake_connection db(sql::dialect::mariadb);
  auto tx = sql::transaction::begin(db);
  {
    auto mark = sql::savepoint::begin(db, "a`b");
    CHECK(mark->release().has_value());
    CHECK(mark->release().error().code() == errc::invalid_argument);
    CHECK(mark->rollback().has_value());
  }
  CHECK(db.history() == "BEGIN; SAVEPOINT `a``b`; RELEASE SAVEPOINT `a``b`");
}

TEST_CASE("a savepoint whose release fails is undone after all") {
  fake_connection db;
  db.fail("RELEASE SAVEPOINT \"s\"", {errc::conflict});
  auto tx = sql::transaction::begin(db);
  {
    auto mark = sql::savepoint::begin(db, "s");
    CHECK(mark->release().error().code() == errc::conflict);
  }
  CHECK(
      db.history() ==
      R"(BEGIN; SAVEPOINT "s"; RELEASE SAVEPOINT "s"; ROLLBACK TO SAVEPOINT "s"; RELEASE SAVEPOINT "s")"
  );
}

TEST_CASE("a savepoint says which of its two steps back failed") {
  for (const std::string step : {"ROLLBACK TO SAVEPOINT \"s\"", "RELEASE SAVEPOINT \"s\""}) {
    fake_connection db;
    db.fail(step, {errc::unavailable});
    auto tx = sql::transaction::begin(db);
    auto mark = sql::savepoint::begin(db, "s");
    CHECK(mark->rollback().error().message() == step + " failed as planned");
  }
}

TEST_CASE("a savepoint needs a transaction, a name, and a backend that can") {
  fake_connection db;
  CHECK(sql::savepoint::begin(db, "s").error().code() == errc::invalid_argument);
  auto tx = sql::transaction::begin(db);
  CHECK(sql::savepoint::begin(db, "").error().code() == errc::invalid_argument);
  db.fail("SAVEPOINT \"s\"", {errc::unavailable});
  CHECK(sql::savepoint::begin(db, "s").error().code() == errc::unavailable);
  CHECK(db.history() == "BEGIN; SAVEPOINT \"s\"");
}

TEST_CASE("a savepoint whose transaction is gone leaves the connection alone") {
  fake_connection db;
  {
    auto tx = sql::transaction::begin(db);
    auto mark = sql::savepoint::begin(db, "s");
    static_cast<void>(db.rollback());  // as a deadlock does
    CHECK(mark->rollback().has_value());
  }
  CHECK(db.history() == "BEGIN; SAVEPOINT \"s\"; ROLLBACK; ROLLBACK");
}
