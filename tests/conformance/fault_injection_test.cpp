// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/testing/fault_injection.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace scalekit;
using testing::sql_call;
using moment = testing::sql_fault::moment;

namespace {

struct database {
  std::unique_ptr<sqlite::connection> real = sqlite::connection::open(":memory:").value();
  testing::faulty_connection db{*real};

  database() { real->execute_script("CREATE TABLE t (id INTEGER PRIMARY KEY)").value(); }
  // Past the wrapper.
  std::int64_t count() const {
    auto rows = real->query("SELECT count(*) FROM t").value();
    REQUIRE(rows->next().value());
    return rows->row()[0].as_int64();
  }
  result<sql::execution> insert(int id) { return db.execute("INSERT INTO t VALUES (?1)", {id}); }
};

}  // namespace

TEST_CASE("without a fault everything passes through") {
  database d;
  CHECK(d.insert(1)->affected_rows == 1);
  CHECK(d.db.begin({}).has_value());
  CHECK(d.db.in_transaction());
  CHECK(d.db.execute_script("INSERT INTO t VALUES (2)").has_value());
  CHECK(d.db.commit().has_value());
  CHECK(d.db.rollback().has_value());
  CHECK(d.count() == 2);
  CHECK(d.db.dialect() == sql::dialect::sqlite);
  CHECK(d.db.interrupt_handle() == d.real->interrupt_handle());
  CHECK(d.db.stats().statements == d.real->stats().statements);
  CHECK(d.db.struck() == 0);
}

TEST_CASE("before the effect nothing happens") {
  database d;
  d.db.inject({.at = sql_call::execute, .what = error(errc::busy, "injected")});
  const auto failed = d.insert(1);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == errc::busy);
  CHECK(failed.error().message() == "injected");
  CHECK(d.count() == 0);
  CHECK(d.insert(1).has_value());
  CHECK(d.db.struck() == 1);
}

TEST_CASE("after the effect the answer is lost, not the effect") {
  database d;
  d.db.inject(
      {.at = sql_call::commit,
       .when = moment::after_effect,
       .what = error(errc::outcome_unknown, "connection lost")}
  );
  REQUIRE(d.db.begin({}).has_value());
  REQUIRE(d.insert(1).has_value());
  const auto committed = d.db.commit();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().outcome_unknown());
  CHECK_FALSE(d.db.in_transaction());
  CHECK(d.count() == 1);
}

TEST_CASE("a call that fails by itself keeps its own error") {
  database d;
  REQUIRE(d.insert(1).has_value());
  d.db.inject({.at = sql_call::execute, .when = moment::after_effect});
  CHECK(d.insert(1).error().code() == errc::conflict);
}

TEST_CASE("skip and times choose the calls that fail") {
  database d;
  d.db.inject({.at = sql_call::execute, .skip = 2, .times = 2});
  const bool expected[] = {true, true, false, false, true};
  for (int i = 0; i < 5; ++i) CHECK(d.insert(i).has_value() == expected[i]);
  CHECK(d.count() == 3);
  d.db.inject({.at = sql_call::execute, .times = 100});
  CHECK_FALSE(d.insert(9));
  d.db.clear();
  CHECK(d.insert(9).has_value());
}

TEST_CASE("a predicate chooses by the SQL") {
  database d;
  d.db.inject({.at = sql_call::execute, .matches = [](std::string_view s) {
                 return s.starts_with("DELETE");
               }});
  CHECK(d.insert(1).has_value());
  CHECK_FALSE(d.db.execute("DELETE FROM t"));
  CHECK(d.count() == 1);
}

TEST_CASE("the fault added first strikes, and each counts for itself") {
  database d;
  d.db.inject({.at = sql_call::begin, .what = error(errc::busy, "first")});
  d.db.inject({.at = sql_call::begin, .what = error(errc::unavailable, "second"), .skip = 1});
  CHECK(d.db.begin({}).error().message() == "first");
  CHECK(d.db.begin({}).error().message() == "second");
  CHECK(d.db.begin({}).has_value());
  d.db.inject({.at = sql_call::rollback, .what = error(errc::unavailable, "third")});
  CHECK(d.db.rollback().error().message() == "third");
  CHECK(d.db.in_transaction());
  CHECK(d.db.rollback().has_value());
}

TEST_CASE("rows fail after as many as asked for") {
  database d;
  for (int i = 0; i < 5; ++i) REQUIRE(d.insert(i).has_value());
  d.db.inject({.at = sql_call::next, .what = error(errc::unavailable, "cut"), .skip = 3});
  auto rows = d.db.query("SELECT id FROM t ORDER BY id").value();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(rows->next().value());
    CHECK(rows->row()[0].as_int64() == i);
  }
  CHECK(rows->next().error().message() == "cut");
  CHECK(rows->row().empty());
  CHECK_FALSE(rows->next().value());
  REQUIRE(rows->columns().size() == 1);
  CHECK(rows->columns()[0].name == "id");
}

TEST_CASE("queries and scripts fail as well") {
  database d;
  d.db.inject({.at = sql_call::query});
  CHECK_FALSE(d.db.query("SELECT 1"));
  CHECK(d.db.query("SELECT 1").has_value());
  d.db.inject({.at = sql_call::execute_script, .when = moment::after_effect});
  CHECK_FALSE(d.db.execute_script("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"));
  CHECK(d.count() == 2);
}

TEST_CASE("run_transaction repeats what was busy and never what may have been committed") {
  database d;
  d.db.inject({.at = sql_call::commit, .what = error(errc::busy, "deadlock"), .times = 2});
  int runs = 0;
  const auto body = [&](sql::connection& c) -> result<void> {
    const auto done = c.execute("INSERT INTO t VALUES (?1)", {++runs});
    return done ? result<void>() : done.error();
  };
  CHECK(sql::run_transaction(d.db, body, {}, {.base_delay = duration(0)}).has_value());
  CHECK(runs == 3);
  CHECK(d.count() == 1);
  d.db.inject(
      {.at = sql_call::commit,
       .when = moment::after_effect,
       .what = error(errc::outcome_unknown, "connection lost")}
  );
  const auto unknown = sql::run_transaction(d.db, body, {}, {.base_delay = duration(0)});
  CHECK(unknown.error().outcome_unknown());
  CHECK(runs == 4);
  CHECK(d.count() == 2);
}

TEST_CASE("rows in bulk fail like single ones") {
  database d;
  const char* insert = "INSERT INTO t VALUES (?1)";
  CHECK(d.db.execute_many(insert, {1, 2}, 1)->affected_rows == 2);
  std::size_t failed = 9;
  CHECK_FALSE(d.db.execute_many(insert, {3, 1}, 1, &failed));
  CHECK(failed == 1);
  d.db.inject({.at = sql_call::execute_many, .what = error(errc::busy, "before")});
  d.db.inject({.at = sql_call::execute_many, .when = moment::after_effect, .skip = 1});
  CHECK(d.db.execute_many(insert, {7}, 1).error().message() == "before");
  CHECK(d.count() == 3);
  CHECK_FALSE(d.db.execute_many(insert, {7}, 1));
  CHECK(d.count() == 4);
  CHECK(d.db.insert_rows("t", "id", {8}, 1).error().code() == errc::not_supported);
  d.db.inject(
      {.at = sql_call::insert_rows,
       .what = error(errc::busy, "bulk"),
       .matches = [](auto s) { return s == "t"; }}
  );
  CHECK(d.db.insert_rows("t", "id", {8}, 1).error().message() == "bulk");
}
