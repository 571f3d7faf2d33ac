// SPDX-License-Identifier: BSL-1.0
#include "sqlite_support.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <limits>
#include <memory>
#include <vector>

using namespace scalekit;
using namespace sqlite_test;

TEST_CASE("a statement is prepared once while it stays in the cache") {
  auto db = memory({.statement_cache_capacity = 2});
  const auto prepared_by = [&](std::string_view sql) {
    const auto before = db->stats().prepared;
    db->execute(sql).value();
    return db->stats().prepared - before;
  };
  CHECK(prepared_by("SELECT 1") == 1);
  CHECK(prepared_by("SELECT 1") == 0);
  CHECK(prepared_by("SELECT 2") == 1);
  CHECK(prepared_by("SELECT 1") == 0);
  CHECK(prepared_by("SELECT 3") == 1);  // pushes out 2, the least recently used
  CHECK(prepared_by("SELECT 1") == 0);
  CHECK(prepared_by("SELECT 2") == 1);
  CHECK(db->stats().cache_hits == 3);
}

TEST_CASE("more statements in use than the cache holds") {
  auto db = memory({.statement_cache_capacity = 2});
  std::vector<std::unique_ptr<sql::rows>> live;
  for (int i = 0; i < 6; ++i) {
    live.push_back(db->query("SELECT " + std::to_string(i % 4)).value());
  }
  for (int i = 0; i < 6; ++i) {
    auto& rows = *live[static_cast<std::size_t>(i)];
    REQUIRE(rows.next().value());
    CHECK(rows.row()[0].as_int64() == i % 4);
  }
  live.clear();
  CHECK(first_int(*db, "SELECT 3") == 3);
}

TEST_CASE("a failed statement can be run again") {
  auto db = memory();
  db->execute("CREATE TABLE t (id INTEGER PRIMARY KEY)").value();
  const std::string insert = "INSERT INTO t VALUES (?1)";
  CHECK(db->execute(insert, {1}).has_value());
  CHECK(db->execute(insert, {1}).error().code() == errc::conflict);
  CHECK(db->execute(insert, {2}).has_value());
  CHECK(db->execute(insert, {"x"}).error().code() == errc::invalid_argument);
  CHECK(db->execute(insert, {3}).has_value());
  db->execute("DROP TABLE t").value();
  CHECK(db->execute(insert, {4}).error().code() == errc::invalid_argument);
  db->execute("CREATE TABLE t (id INTEGER PRIMARY KEY)").value();
  CHECK(db->execute(insert, {4}).has_value());
}

TEST_CASE("what follows the one statement") {
  auto db = memory();
  for (const std::string_view fine :
       {"SELECT 1;",
        "SELECT 1 ; ;\n",
        "SELECT 1 -- note",
        "SELECT 1; -- note\n /* and */ ; ",
        "/* first */ SELECT 1",
        "SELECT ';' /* ; */",
        "SELECT 1; /* never closed"}) {
    CAPTURE(fine);
    CHECK(db->execute(fine).has_value());
  }
  for (const std::string_view refused :
       {"SELECT 1; SELECT 2",
        "SELECT 1; garbage",
        "SELECT 1; -- note\nDROP TABLE t",
        "SELECT 1;'"}) {
    CAPTURE(refused);
    const auto done = db->execute(refused);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::invalid_argument);
    CHECK(contains(done.error().message(), "execute_script"));
  }
  const auto nul = db->execute(std::string_view("SELECT 1\0; DROP TABLE t", 23));
  CHECK(contains(nul.error().message(), "NUL"));
  for (const std::string_view empty : {"", ";", " \n", "-- only", "/* only */;"}) {
    CHECK(contains(db->execute(empty).error().message(), "no statement"));
  }
}

TEST_CASE("values SQLite would change are refused") {
  auto db = memory();
  const std::string select = "SELECT ?1";
  const auto nan = db->query(select, {std::numeric_limits<double>::quiet_NaN()});
  CHECK(nan.error().code() == errc::invalid_argument);
  CHECK(contains(nan.error().message(), "NaN"));
  const auto big = db->query(select, {UINT64_MAX});
  CHECK(big.error().code() == errc::invalid_argument);
  CHECK(contains(big.error().message(), "parameter 1"));
  CHECK(first(*db, select, {sql::value_view::uint64(INT64_MAX)}) == sql::value(INT64_MAX));
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(first(*db, select, {inf}) == sql::value(inf));
}

TEST_CASE("empty is not null") {
  auto db = memory();
  const auto kind_of = [&](sql::value_view v) {
    return first(*db, "SELECT typeof(?1)", {v}).view().as_text() == "null";
  };
  CHECK_FALSE(kind_of(std::string_view()));
  CHECK_FALSE(kind_of(bytes_view()));
  CHECK(kind_of(nullptr));
  CHECK(first(*db, "SELECT ?1", {bytes_view()}).kind() == sql::value_kind::blob);
  CHECK(first(*db, "SELECT zeroblob(3)").view().as_text() == std::string_view("\0\0\0", 3));
}

TEST_CASE("parameters by number and by name") {
  auto db = memory();
  CHECK(first_int(*db, "SELECT ?2 - ?1 + ?1", {1, 5}) == 5);
  CHECK(first_int(*db, "SELECT :a * $b * @c", {2, 3, 7}) == 42);
  CHECK(db->query("SELECT ?3", {1, 2}).error().code() == errc::invalid_argument);
}

TEST_CASE("a query's parameters may die, an INSERT RETURNING is done at once") {
  auto db = memory();
  db->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)").value();
  auto text = std::make_unique<std::string>(200, 'x');
  auto rows = db->query("INSERT INTO t (v) VALUES (?1), (?1) RETURNING id, v", {*text}).value();
  text.reset();
  CHECK(rows->columns()[1].declared_type == "TEXT");
  for (int i = 1; i <= 2; ++i) {
    REQUIRE(rows->next().value());
    CHECK(rows->row()[0].as_int64() == i);
    CHECK(rows->row()[1].as_text() == std::string(200, 'x'));
  }
  CHECK_FALSE(rows->next().value());
  rows = db->query("INSERT INTO t (v) VALUES ('y') RETURNING id").value();
  rows.reset();
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 3);
}

TEST_CASE("identifiers with quotes") {
  auto db = memory();
  db->execute(R"(CREATE TABLE "a ""b"" 'c' [d] `e`" ("x;--" TEXT, "ü €" INTEGER))").value();
  db->execute(R"(INSERT INTO "a ""b"" 'c' [d] `e`" VALUES ('v', 1))").value();
  auto rows = db->query(R"(SELECT * FROM "a ""b"" 'c' [d] `e`")").value();
  CHECK(rows->columns()[0].name == "x;--");
  CHECK(rows->columns()[1].name == "ü €");
  CHECK(rows->columns()[1].declared_type == "INTEGER");
}

TEST_CASE("a misspelt column in double quotes is an error, not a text") {
  auto db = memory();
  db->execute("CREATE TABLE t (amount INTEGER)").value();
  const auto done = db->query(R"(SELECT * FROM t WHERE "amuont" = 1)");
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::invalid_argument);
}

TEST_CASE("text that is not UTF-8 comes back byte by byte") {
  auto db = memory();
  const std::string bad = "a\xFF\xFE\xC3(\xED\xA0\x80z";
  CHECK(first(*db, "SELECT ?1", {bad}) == sql::value(bad));
  db->execute("CREATE TABLE t (v TEXT)").value();
  db->execute("INSERT INTO t VALUES (?1)", {bad}).value();
  CHECK(first(*db, "SELECT v FROM t WHERE v = ?1", {bad}) == sql::value(bad));
}

TEST_CASE("a UTF-16 database gives UTF-8") {
  auto db = memory();
  db->execute_script("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (v TEXT)").value();
  const std::string text = "ä€\xF0\x9F\x92\xB0";
  db->execute("INSERT INTO t VALUES (?1)", {text}).value();
  CHECK(first(*db, "SELECT v FROM t") == sql::value(text));
}

TEST_CASE("a field of 64 MB") {
  const temp_folder folder;
  auto db = open_file(folder / "large.db");
  db->execute("CREATE TABLE t (v TEXT)").value();
  std::string large(std::size_t{64} << 20U, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4093) large[i] = static_cast<char>('a' + i % 26);
  db->execute("INSERT INTO t VALUES (?1)", {large}).value();
  auto rows = db->query("SELECT v FROM t").value();
  REQUIRE(rows->next().value());
  CHECK((rows->row()[0].as_text() == large));
}

TEST_CASE("rows are read again after their table changed under the cache") {
  auto db = memory();
  db->execute_script("CREATE TABLE t (a); INSERT INTO t VALUES (1)").value();
  CHECK(db->query("SELECT * FROM t").value()->columns().size() == 1);
  db->execute_script("DROP TABLE t; CREATE TABLE t (c TEXT, b, a); INSERT INTO t VALUES (7, 8, 9)")
      .value();
  auto rows = db->query("SELECT * FROM t").value();
  REQUIRE(rows->columns().size() == 3);
  CHECK(rows->columns()[0].name == "c");
  REQUIRE(rows->next().value());
  CHECK(rows->row()[0].as_text() == "7");
  CHECK(rows->row()[2].as_int64() == 9);
}

TEST_CASE("a script with parameters or an error says which statement") {
  auto db = memory();
  const auto params = db->execute_script("CREATE TABLE t (v); INSERT INTO t VALUES (?1)");
  CHECK(contains(params.error().message(), "statement 2"));
  const auto syntax = db->execute_script(";;-- x\nINSERT INTO t VALUES (1);\nINSRT INTO t;");
  CHECK(contains(syntax.error().message(), "statement 2"));
  CHECK(contains(syntax.error().message(), "INSRT"));
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 1);
}
