// SPDX-License-Identifier: BSL-1.0
// What only SQLite has: tables without rowids, triggers that skip, ids that look like a mark.
#include "allocation_counter.hpp"
#include "database.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/testing/fault_injection.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::duplicate_policy;
using sql::on_conflict;
using sql::upsert_role;
using counts = sql::upsert_counts;

namespace {

sql::upsert make(
    std::string table,
    on_conflict what = on_conflict::update_distinct,
    duplicate_policy policy = duplicate_policy::last_wins
) {
  return sql::upsert::make(
             sql::dialect::sqlite,
             {.table = std::move(table),
              .columns = {{"k", upsert_role::key}, {"v"}},
              .on_conflict = what,
              .duplicates = policy}
  )
      .value();
}

std::unique_ptr<sqlite::connection> memory(std::string_view schema) {
  auto db = sqlite::connection::open(":memory:").value();
  db->execute_script(schema).value();
  return db;
}

}  // namespace

TEST_CASE("counts are exact in a table without rowids") {
  const auto db = memory("CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID");
  const auto u = make("t");
  CHECK(u.run(*db, {"a", 1, "b", 2}).value() == counts{.inserted = 2});
  CHECK(
      u.run(*db, {"c", 1, "b", 3, "a", 1}).value() ==
      counts{.inserted = 1, .updated = 1, .unchanged = 1}
  );
  CHECK(make("t", on_conflict::update).run(*db, {"a", 1}).value() == counts{.updated = 1});
}

TEST_CASE("and in an attached database, with a namesake in the main one") {
  const auto db = memory(
      "ATTACH ':memory:' AS aux; CREATE TABLE aux.t (k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
      "CREATE TABLE main.t (k TEXT PRIMARY KEY, v)"
  );
  for (const char* table : {"aux.t", "main.t"}) {
    CHECK(make(table).run(*db, {"a", 1, "b", 2}).value() == counts{.inserted = 2});
    CHECK(make(table).run(*db, {"a", 2}).value() == counts{.updated = 1});
  }
}

TEST_CASE("triggers do not disturb the counts, and may skip a row") {
  const auto db = memory(
      "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what);"
      "CREATE TABLE t (k INTEGER PRIMARY KEY, v);"
      "CREATE TRIGGER i AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES ('i'), ('j'); END;"
      "CREATE TRIGGER u AFTER UPDATE ON t BEGIN INSERT INTO log (what) VALUES ('u'); END;"
      "CREATE TRIGGER s BEFORE INSERT ON t WHEN new.v = 'skip' BEGIN SELECT RAISE(IGNORE); END"
  );
  const auto u = make("t");
  CHECK(u.run(*db, {1, "a", 2, "skip", 3, "b"}).value() == counts{.inserted = 2, .unchanged = 1});
  CHECK(u.run(*db, {1, "x", 3, "b"}).value() == counts{.updated = 1, .unchanged = 1});
  CHECK(one_int(*db, "SELECT count(*) FROM log") == 5);
}

TEST_CASE("every rowid there is counts as new once") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
  const auto u = make("t", on_conflict::update);
  const std::vector<sql::value_view> values = {
      INT64_MIN, INT64_MIN + 1, INT64_MIN + 1, 0, 0, INT64_MIN, INT64_MAX, 0, -1, -1};
  CHECK(u.run(*db, values).value() == counts{.inserted = 5});
  CHECK(u.run(*db, values).value() == counts{.updated = 5});
}

TEST_CASE("also those that are given as something else") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
  const auto u = make("t", on_conflict::update);
  const std::vector<sql::value_view> values = {
      "-9223372036854775808", 1, " -9223372036854775807", "-09223372036854775806", "-1", nullptr};
  CHECK(u.run(*db, values).value() == counts{.inserted = 3});
  CHECK(u.run(*db, values).value() == counts{.updated = 3});
}

TEST_CASE("last_insert_rowid is that of the last new row") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
  const auto u = make("t");
  CHECK(u.run(*db, {7, 1, 9, 1}).has_value());
  CHECK(one_int(*db, "SELECT last_insert_rowid()") == 9);
  CHECK(u.run(*db, {7, 2, 8, 1}).has_value());
  CHECK(one_int(*db, "SELECT last_insert_rowid()") == 8);
  CHECK(u.run(*db, {7, 3}).has_value());
  CHECK(one_int(*db, "SELECT last_insert_rowid()") == 8);
}

TEST_CASE("of keys that are equal to the column's collation the same row wins") {
  for (const char* table :
       {"CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v)",
        "CREATE TABLE t (k TEXT, v); CREATE UNIQUE INDEX i ON t (k COLLATE NOCASE)"}) {
    const auto final_value = [&](on_conflict what, duplicate_policy policy) {
      const auto db = memory(table);
      const auto done = make("t", what, policy).run(*db, {"abc", 1, "x", 0, "ABC", 2}).value();
      CHECK(done.inserted == 2);
      CHECK(done.updated + done.unchanged == 1);
      return one_int(*db, "SELECT v FROM t WHERE k COLLATE NOCASE = 'abc'");
    };
    for (const on_conflict what :
         {on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing}) {
      CHECK(final_value(what, duplicate_policy::last_wins) == 2);
      CHECK(final_value(what, duplicate_policy::first_wins) == 1);
    }
  }
}

TEST_CASE("of keys that the column converts to one the same row wins") {
  using sql::value_view;
  const auto wins = [](const char* type, value_view a, value_view b) {
    for (const on_conflict what :
         {on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing}) {
      for (const bool last : {true, false}) {
        const auto db = memory("CREATE TABLE t (k " + std::string(type) + " PRIMARY KEY, v)");
        const auto policy = last ? duplicate_policy::last_wins : duplicate_policy::first_wins;
        const auto done = make("t", what, policy).run(*db, {a, 1, b, 2}).value();
        CHECK(done.inserted == 1);
        CHECK(done.updated + done.unchanged == 1);
        CHECK(one_int(*db, "SELECT v FROM t") == (last ? 2 : 1));
      }
    }
  };
  const auto both = [&](const char* type, value_view a, value_view b) {
    wins(type, a, b);
    wins(type, b, a);
  };
  both("INTEGER", "1", "01");
  both("INTEGER", "9", "+9");
  both("INTEGER", " 7", "7");
  both("INTEGER", "1e2", "100");
  both("INTEGER", 5, "5");
  both("INTEGER", 5, 5.0);
  both("INT", "-3", "-3.0");
  both("NUMERIC", value_view::decimal("2.50"), 2.5);
  both("REAL", 0.0, -0.0);
}

TEST_CASE("a column that ignores case is still updated where only case differs") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE)");
  const auto u = make("t");
  CHECK(u.run(*db, {1, "abc"}).value() == counts{.inserted = 1});
  CHECK(u.run(*db, {1, "ABC"}).value() == counts{.updated = 1});
}

TEST_CASE("the message says which row it was, as the caller counts") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v NOT NULL)");
  const auto failed = make("t").run(*db, {3, 1, 2, nullptr, 1, 1});
  CHECK(failed.error().code() == errc::conflict);
  CHECK(failed.error().message().find("row 1: ") != std::string::npos);
  CHECK(failed.error().message().find("upsert into \"t\"") != std::string::npos);
}

TEST_CASE("once warm, memory is taken for the batch and not for the row") {
  const auto db = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
  const auto u = make("t");
  const auto allocations_of = [&](int rows) {
    std::vector<sql::value_view> values;
    for (int i = rows; i > 0; --i) values.insert(values.end(), {i, "some text"});
    CHECK(u.run(*db, values).has_value());
    const auto before = scalekit_tests::allocations();
    CHECK(u.run(*db, values).has_value());
    return scalekit_tests::allocations() - before;
  };
  CHECK(allocations_of(10'000) <= allocations_of(1000) + 4);
}

TEST_CASE("wherever it fails, all of a batch is there or none") {
  using testing::sql_call;
  const auto rows_after = [](const testing::sql_fault& fault, errc expected) {
    const auto real = memory("CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
    testing::faulty_connection db(*real);
    db.inject(fault);
    std::vector<sql::value_view> values;
    for (int i = 0; i < 1000; ++i) values.insert(values.end(), {1000 - i, i});
    const auto done = make("t").run(db, values);
    CHECK(db.struck() == 1);
    CHECK(done.error().code() == expected);
    CHECK_FALSE(real->in_transaction());
    return one_int(*real, "SELECT count(*) FROM t");
  };
  constexpr auto after = testing::sql_fault::moment::after_effect;
  const error lost(errc::outcome_unknown, "lost");
  CHECK(rows_after({.at = sql_call::begin}, errc::unavailable) == 0);
  CHECK(rows_after({.at = sql_call::query}, errc::unavailable) == 0);
  CHECK(rows_after({.at = sql_call::next}, errc::unavailable) == 0);
  for (std::uint64_t piece = 0; piece < 5; ++piece) {
    CHECK(rows_after({.at = sql_call::execute_many, .skip = piece}, errc::unavailable) == 0);
    CHECK(
        rows_after(
            {.at = sql_call::execute_many, .when = after, .skip = piece}, errc::unavailable
        ) == 0
    );
  }
  CHECK(rows_after({.at = sql_call::commit}, errc::unavailable) == 0);
  CHECK(
      rows_after({.at = sql_call::commit, .when = after, .what = lost}, errc::outcome_unknown) ==
      1000
  );
}
