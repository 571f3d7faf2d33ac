// SPDX-License-Identifier: BSL-1.0
// What only PostgreSQL has: rows that arrive by COPY, through a table that comes and goes.
#include "database.hpp"
#include "servers.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/bytes.hpp>
#include <scalekit/sql/transaction.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <limits>
#include <random>
#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::on_conflict;
using sql::upsert_role;
using counts = sql::upsert_counts;

namespace {

sql::upsert make(std::string table, on_conflict what = on_conflict::update_distinct) {
  return sql::upsert::make(
             sql::dialect::postgres,
             {.table = std::move(table),
              .columns = {{"k", upsert_role::key}, {"v"}},
              .on_conflict = what}
  )
      .value();
}

// Enough rows for COPY, of these values and then others.
std::vector<sql::value_view> many(std::initializer_list<sql::value_view> values) {
  std::vector<sql::value_view> rows;
  int key = 0;
  for (const sql::value_view& v : values) rows.insert(rows.end(), {key++, v});
  for (; key < 100; ++key) rows.insert(rows.end(), {key, nullptr});
  return rows;
}

}  // namespace

TEST_CASE("values survive COPY exactly") {
  const auto db = connect();
  make_table(*db, "exact", "k int PRIMARY KEY, v text");
  CHECK(make("exact")
            .run(*db, many({"", nullptr, "\\N", "\\.", "a\tb\nc\rd\\", "\x01\x7F"}))
            .has_value());
  CHECK(
      all_rows(*db, "SELECT v FROM exact WHERE k < 6 ORDER BY k") ==
      std::vector<row>{{""}, {nullptr}, {"\\N"}, {"\\."}, {"a\tb\nc\rd\\"}, {"\x01\x7F"}}
  );
  make_table(*db, "exact_double", "k int PRIMARY KEY, v double precision");
  std::mt19937_64 random(5);
  std::vector<sql::value_view> doubles;
  for (int k = 0; k < 1000; ++k) {
    double d = std::bit_cast<double>(random());
    if (d != d) d = std::numeric_limits<double>::infinity();
    doubles.insert(doubles.end(), {k, d});
  }
  CHECK(make("exact_double").run(*db, doubles).has_value());
  CHECK(make("exact_double").run(*db, doubles).value() == counts{.unchanged = 1000});
  const auto stored = all_rows(*db, "SELECT v FROM exact_double ORDER BY k");
  for (std::size_t i = 0; i < stored.size(); ++i) {
    CHECK(sql::identical(stored[i][0].view(), doubles[2 * i + 1]));
  }
}

TEST_CASE("what a column cannot hold is refused, and nothing is written") {
  const auto db = connect();
  make_table(*db, "strict_text", "k int PRIMARY KEY, v text");
  make_table(*db, "strict_int", "k int PRIMARY KEY, v int");
  make_table(*db, "strict_date", "k int PRIMARY KEY, v date");
  const system_time noon{std::chrono::hours(12)};
  const auto refused = [&](const char* table, sql::value_view v) {
    const auto done = make(table).run(*db, many({nullptr, v}));
    return !done && done.error().code() == errc::invalid_argument && !db->in_transaction() &&
           one_int(*db, std::string("SELECT count(*) FROM ") + table) == 0;
  };
  CHECK(refused("strict_text", std::string_view("a\0b", 3)));
  CHECK(refused("strict_int", 1.5));
  CHECK(refused("strict_int", sql::value_view::decimal("1.5")));
  CHECK(refused("strict_int", "many"));
  CHECK(refused("strict_int", 5'000'000'000));
  CHECK(refused("strict_date", noon));
  CHECK(make("strict_int").run(*db, many({2.0})).has_value());
}

TEST_CASE("a value has one spelling as text, whatever the size of the batch") {
  const auto db = connect();
  db->execute("SET TimeZone = 'Asia/Kolkata'").value();
  db->execute("SET DateStyle = 'SQL, DMY'").value();
  db->execute("SET bytea_output = 'escape'").value();
  const sql::value_view blob = as_bytes(std::string_view("a\x01"));
  const system_time moment(std::chrono::seconds(1'714'980'000));
  const auto decimal = sql::value_view::decimal("007.50");
  const std::vector<sql::value_view> all = {
      1e5, 1e15, 1e-5, moment, blob, decimal, UINT64_MAX, -5, "text"};
  int tables = 0;
  // Whether the first of the rows has `v`, in the column of that type, and is written.
  const auto is_taken = [&](const std::string& type, sql::value_view v, bool as_key) {
    const std::string table = "spelled_" + std::to_string(++tables);
    make_table(
        *db, table, as_key ? "k " + type + " PRIMARY KEY, v int" : "k int PRIMARY KEY, v " + type
    );
    const auto rows = [&](int count) {
      std::vector<sql::value_view> values;
      for (int i = 0; i < count; ++i) {
        const sql::value_view other = i;
        values.push_back(as_key && i == 0 ? v : other);
        values.push_back(as_key ? other : v);
      }
      return values;
    };
    const auto u = make(table);
    const auto many = u.run(*db, rows(40));
    const auto few = u.run(*db, rows(5));
    REQUIRE(many.has_value() == few.has_value());
    CHECK((few ? *few == counts{.unchanged = 5} : few.error().code() == many.error().code()));
    return few.has_value();
  };
  for (const sql::value_view& v : all) {
    CHECK(is_taken("text", v, true));
    CHECK(is_taken("text", v, false));
    const bool is_blob = v.kind() == sql::value_kind::blob;
    CHECK(is_taken("varchar(99)", v, true) == !is_blob);
    CHECK(is_taken("varchar(99)", v, false) == !is_blob);
    is_taken("json", v, false);
  }
  // And where such values go by way of a table of their own.
  db->execute("DROP TABLE IF EXISTS spelled_parts").value();
  db->execute("CREATE TABLE spelled_parts (k text PRIMARY KEY, v int) PARTITION BY HASH (k)")
      .value();
  db->execute(
        "CREATE TABLE spelled_part PARTITION OF spelled_parts "
        "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
  )
      .value();
  std::vector<sql::value_view> rows;
  for (int i = 0; i < 40; ++i) rows.insert(rows.end(), {1e5 * (i + 1), i});
  const auto u = make("spelled_parts");
  CHECK(u.run(*db, rows).value() == counts{.inserted = 40});
  rows.resize(10);
  CHECK(u.run(*db, rows).value() == counts{.unchanged = 5});
  CHECK(one_int(*db, "SELECT count(*) FROM spelled_parts WHERE k = '100000'") == 1);
}

TEST_CASE("a table altered between two batches is written as it is now") {
  const auto db = connect();
  const auto other = connect();
  make_table(*db, "altered", "k int PRIMARY KEY, v int");
  const auto u = make("altered");
  CHECK(u.run(*db, many({1})).has_value());
  other->execute("ALTER TABLE altered ALTER v TYPE numeric(20,5)").value();
  CHECK(
      u.run(*db, many({sql::value_view::decimal("1.25")})).value() ==
      counts{.updated = 1, .unchanged = 99}
  );
  other->execute("ALTER TABLE altered ALTER v TYPE text USING v::text").value();
  CHECK(u.run(*db, many({"text"})).value() == counts{.updated = 1, .unchanged = 99});
  other->execute("DROP TABLE altered").value();
  CHECK(u.run(*db, many({"text"})).error().code() == errc::invalid_argument);
  CHECK_FALSE(db->in_transaction());
}

TEST_CASE("columns whose type has no equality are compared all the same") {
  const auto db = connect();
  make_table(*db, "documents", "k int PRIMARY KEY, v json");
  const auto u = make("documents");
  CHECK(u.run(*db, many({R"({"a": 1})"})).value() == counts{.inserted = 100});
  CHECK(u.run(*db, many({R"({"a": 2})"})).value() == counts{.updated = 1, .unchanged = 99});
  CHECK(u.run(*db, {0, R"({"a": 2})"}).value() == counts{.unchanged = 1});
}

TEST_CASE("long values that are stored apart count as unchanged if they are") {
  const auto db = connect();
  make_table(*db, "toasted", "k int PRIMARY KEY, v text");
  std::string text;
  std::mt19937 random(3);
  while (text.size() < 100'000) text += static_cast<char>('a' + random() % 26);
  const auto u = make("toasted");
  CHECK(u.run(*db, many({text})).value() == counts{.inserted = 100});
  CHECK(u.run(*db, many({text})).value() == counts{.unchanged = 100});
  text.back() = '!';
  CHECK(u.run(*db, many({text})).value() == counts{.updated = 1, .unchanged = 99});
}

TEST_CASE("partitions, also with columns in another order") {
  const auto db = connect();
  db->execute("DROP TABLE IF EXISTS parted").value();
  db->execute("CREATE TABLE parted (k int PRIMARY KEY, v int) PARTITION BY RANGE (k)").value();
  db->execute("CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50)").value();
  db->execute("CREATE TABLE parted_2 (v int, gone int, k int NOT NULL)").value();
  db->execute("ALTER TABLE parted_2 DROP gone").value();
  db->execute("ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (50) TO (999)").value();
  const auto u = make("parted");
  CHECK(u.run(*db, many({1})).value() == counts{.inserted = 100});
  CHECK(u.run(*db, many({2})).value() == counts{.updated = 1, .unchanged = 99});
  CHECK(u.run(*db, {70, 7, 500, 5}).value() == counts{.inserted = 1, .updated = 1});
  const auto always = make("parted", on_conflict::update);
  CHECK(always.run(*db, {70, 7, 501, 5}).value() == counts{.inserted = 1, .updated = 1});
  db->execute("DROP VIEW IF EXISTS seen").value();
  db->execute("CREATE VIEW seen AS SELECT k, v FROM parted").value();
  CHECK(make("seen").run(*db, {70, 8, 501, 5}).value() == counts{.updated = 1, .unchanged = 1});
  db->execute("DROP VIEW seen").value();
}

TEST_CASE("a trigger may skip a row") {
  const auto db = connect();
  make_table(*db, "picky", "k int PRIMARY KEY, v int");
  db->execute_script(
        "CREATE OR REPLACE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF new.v = 13 THEN RETURN NULL; END IF; RETURN new; END $$;"
        "CREATE TRIGGER skip BEFORE INSERT OR UPDATE ON picky "
        "FOR EACH ROW EXECUTE FUNCTION skip()"
  )
      .value();
  const auto u = make("picky");
  CHECK(u.run(*db, many({13, 1})).value() == counts{.inserted = 99, .unchanged = 1});
  CHECK(u.run(*db, many({nullptr, 13})).value() == counts{.inserted = 1, .unchanged = 99});
}

TEST_CASE("counts are exact where triggers meddle with partitions") {
  const auto db = connect();
  db->execute_script(
        "DROP TABLE IF EXISTS meddled;"
        "CREATE TABLE meddled (k text PRIMARY KEY, v int, n bigserial) PARTITION BY HASH (k);"
        "CREATE TABLE meddled_0 PARTITION OF meddled FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
        "CREATE TRIGGER same BEFORE UPDATE ON meddled FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger();"
        "CREATE TABLE updates (k text);"
        "CREATE OR REPLACE FUNCTION log_update() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN INSERT INTO updates VALUES (new.k); RETURN new; END $$;"
        "CREATE TRIGGER log AFTER UPDATE ON meddled FOR EACH ROW EXECUTE FUNCTION log_update()"
  )
      .value();
  const auto always = make("meddled", on_conflict::update);
  for (const int rows : {3, 40}) {
    db->execute("TRUNCATE meddled, updates").value();
    std::vector<sql::value_view> values;
    for (int i = 0; i < rows; ++i) values.insert(values.end(), {i, i});
    const auto all = static_cast<std::uint64_t>(rows);
    CHECK(always.run(*db, values).value() == counts{.inserted = all});
    CHECK(one_int(*db, "SELECT count(*) FROM updates") == 0);
    CHECK(always.run(*db, values).value() == counts{.unchanged = all});
    values[1] = 7;
    values.insert(values.end(), {"new", 1});
    CHECK(
        always.run(*db, values).value() == counts{.inserted = 1, .updated = 1, .unchanged = all - 1}
    );
    CHECK(one_int(*db, "SELECT count(*) FROM updates") == 1);
  }
  // Other values at each insert, and other keys.
  db->execute_script(
        "CREATE SEQUENCE IF NOT EXISTS drawn;"
        "CREATE OR REPLACE FUNCTION draw() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN new.v := nextval('drawn'); new.k := lower(new.k); RETURN new; END $$;"
        "CREATE TRIGGER draw BEFORE INSERT ON meddled FOR EACH ROW EXECUTE FUNCTION draw()"
  )
      .value();
  for (const on_conflict what : {on_conflict::update, on_conflict::update_distinct}) {
    db->execute("TRUNCATE meddled").value();
    const auto u = make("meddled", what);
    CHECK(u.run(*db, {"a", 1, "b", 2}).value() == counts{.inserted = 2});
    CHECK(u.run(*db, {"a", 1, "c", 2}).value() == counts{.inserted = 1, .updated = 1});
    CHECK(u.run(*db, {"D", 1, "E", 2}).value() == counts{.inserted = 2});
  }
}

TEST_CASE("a stage belongs to the user who made it") {
  const auto db = connect();
  make_table(*db, "shared", "k int PRIMARY KEY, v int");
  db->execute_script(
        "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk; GRANT ALL ON shared TO clerk;"
        "GRANT CREATE, USAGE ON SCHEMA public TO clerk"
  )
      .value();
  const auto u = make("shared");
  CHECK(u.run(*db, many({1})).value() == counts{.inserted = 100});
  db->execute("SET ROLE clerk").value();
  CHECK(u.run(*db, many({2})).value() == counts{.updated = 1, .unchanged = 99});
  db->execute("RESET ROLE").value();
  CHECK(u.run(*db, many({2})).value() == counts{.unchanged = 100});
  db->execute("DROP OWNED BY clerk").value();
  db->execute("DROP ROLE clerk").value();
}

TEST_CASE("keys that are equal only to the column's collation are refused") {
  const auto db = connect();
  db->execute(
        "CREATE COLLATION IF NOT EXISTS any_case (provider = icu, locale = 'und-u-ks-level2',"
        " deterministic = false)"
  )
      .value();
  make_table(*db, "folded", "k text COLLATE any_case PRIMARY KEY, v int");
  const auto failed = make("folded").run(*db, {"abc", 1, "ABC", 2});
  CHECK(failed.error().code() == errc::invalid_argument);
  CHECK(failed.error().message().find("second time") != std::string::npos);
  CHECK(make("folded").run(*db, {"abc", 1}).value() == counts{.inserted = 1});
  CHECK(make("folded").run(*db, {"ABC", 2}).value() == counts{.updated = 1});
  db->execute("DROP TABLE IF EXISTS folded_parts").value();
  db->execute(
        "CREATE TABLE folded_parts (k text COLLATE any_case, n int, v int, UNIQUE (k, n)) "
        "PARTITION BY RANGE (n)"
  )
      .value();
  db->execute("CREATE TABLE folded_part PARTITION OF folded_parts DEFAULT").value();
  const auto parted = sql::upsert::make(
                          sql::dialect::postgres,
                          {.table = "folded_parts",
                           .columns = {{"k", upsert_role::key}, {"n", upsert_role::key}, {"v"}}}
  ).value();
  CHECK(parted.run(*db, {"abc", 1, 1, "ABC", 1, 2}).error().code() == errc::invalid_argument);
  CHECK(parted.run(*db, {"abc", 1, 1, "ABC", 2, 2}).value() == counts{.inserted = 2});
  CHECK(parted.run(*db, {"abc", 1, 1, "ABC", 1, 2}).error().code() == errc::invalid_argument);
}

TEST_CASE("a refused value is named by its row") {
  const auto db = connect();
  make_table(*db, "plain", "k int PRIMARY KEY, v int NOT NULL");
  const auto failed = make("plain").run(*db, many({1, nullptr}));
  CHECK(failed.error().code() == errc::conflict);
  const auto bad_value = make("plain").run(*db, many({1, 2, 1.5}));
  CHECK(bad_value.error().message().find("row 2: ") != std::string::npos);
}

TEST_CASE("behind a pooler that gives each transaction another server connection") {
  if (!scalekit_tests::pgbouncer::is_installed()) {
    MESSAGE("skipped: PgBouncer is not installed");
    return;
  }
  const scalekit_tests::postgres_server server;
  const scalekit_tests::pgbouncer bouncer(server);
  const auto open = [&] {
    return postgres::connection::open({.conninfo = server.conninfo(bouncer.port()),
                                       .prepared = postgres::prepared::unnamed})
        .value();
  };
  const auto one = open();
  const auto two = open();
  const auto three = open();
  make_table(*one, "pooled", "k int PRIMARY KEY, v int");
  const auto u = make("pooled", on_conflict::update);
  for (int round = 0; round < 5; ++round) {
    // While `one` holds a server connection, the others have the other one in turn.
    auto held = sql::transaction::begin(*one).value();
    CHECK(u.run(*two, many({round})).has_value());
    CHECK(u.run(*three, many({round + 1})).value() == counts{.updated = 100});
    CHECK(held.rollback().has_value());
    auto other = sql::transaction::begin(*two).value();
    CHECK(u.run(*one, many({round + 2})).value() == counts{.updated = 100});
    CHECK(other.rollback().has_value());
  }
}
