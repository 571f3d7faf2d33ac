// SPDX-License-Identifier: BSL-1.0
// Only a conflict on the key makes an update; whatever else is wrong fails the whole batch.
#include "database.hpp"

#include <scalekit/sql/identifier.hpp>
#include <scalekit/sql/transaction.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::duplicate_policy;
using sql::on_conflict;
using sql::upsert_role;

namespace {

constexpr on_conflict all_ways[] = {
    on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing};

sql::upsert make(
    const sql::connection& db,
    std::string table,
    std::vector<sql::upsert_column> columns,
    on_conflict what = on_conflict::update_distinct
) {
  return sql::upsert::make(
             db.dialect(),
             {.table = std::move(table), .columns = std::move(columns), .on_conflict = what}
  )
      .value();
}

using counts = sql::upsert_counts;

}  // namespace

TEST_CASE("a collision with another unique index is a conflict and touches no row") {
  const auto db = connect();
  const auto t = types();
  for (const on_conflict what : all_ways) {
    make_table(
        *db, "member", "id " + t.integer + " PRIMARY KEY, email " + t.text + " UNIQUE, v BIGINT"
    );
    db->execute("INSERT INTO member VALUES (1, 'a@b', 10), (2, 'c@d', 20)").value();
    const auto before = all_rows(*db, "SELECT * FROM member ORDER BY id");
    const auto u = make(*db, "member", {{"id", upsert_role::key}, {"email"}, {"v"}}, what);
    // Alone and after a good row; few rows and many.
    CHECK(u.run(*db, {3, "a@b", 99}).error().code() == errc::conflict);
    CHECK(u.run(*db, {2, "e@f", 21, 3, "a@b", 99}).error().code() == errc::conflict);
    std::vector<sql::value_view> many;
    for (int i = 100; i < 200; ++i) many.insert(many.end(), {i, nullptr, i});
    many.insert(many.end(), {300, "c@d", 1});
    const auto failed = u.run(*db, many);
    CHECK(failed.error().code() == errc::conflict);
    CHECK(failed.error().message().find("member") != std::string::npos);
    CHECK_FALSE(db->in_transaction());
    CHECK(all_rows(*db, "SELECT * FROM member ORDER BY id") == before);
    if (what == on_conflict::do_nothing) continue;
    // An update into the value of another row is one too.
    CHECK(u.run(*db, {1, "c@d", 1}).error().code() == errc::conflict);
    CHECK(all_rows(*db, "SELECT * FROM member ORDER BY id") == before);
    CHECK(u.run(*db, {1, "new@b", 10}).value() == counts{.updated = 1});
  }
}

TEST_CASE("foreign keys, checks and NOT NULL fail the batch, whatever is done on conflict") {
  const auto db = connect();
  const auto t = types();
  db->execute("DROP TABLE IF EXISTS child").value();
  make_table(*db, "parent", "id " + t.integer + " PRIMARY KEY");
  make_table(
      *db,
      "child",
      "id " + t.integer + " PRIMARY KEY, parent BIGINT NOT NULL, v BIGINT, CHECK (v > 0), " +
          "FOREIGN KEY (parent) REFERENCES parent (id)"
  );
  db->execute("INSERT INTO parent VALUES (1)").value();
  db->execute("INSERT INTO child VALUES (5, 1, 1)").value();
  for (const on_conflict what : all_ways) {
    const auto u = make(*db, "child", {{"id", upsert_role::key}, {"parent"}, {"v"}}, what);
    CHECK(u.run(*db, {1, 1, 1, 2, 77, 1}).error().code() == errc::conflict);
    CHECK(u.run(*db, {1, 1, 1, 2, 1, -1}).error().code() == errc::conflict);
    CHECK(u.run(*db, {1, 1, 1, 2, nullptr, 1}).error().code() == errc::conflict);
    CHECK(one_int(*db, "SELECT count(*) FROM child") == 1);
  }
  db->execute("DROP TABLE child").value();
}

TEST_CASE("without a unique index over exactly the key it is refused") {
  const auto db = connect();
  const auto t = types();
  for (const std::string extra : {"", ", UNIQUE (a, b)", ", UNIQUE (a, b, c), UNIQUE (b)"}) {
    make_table(*db, "loose", "a " + t.integer + ", b BIGINT, c BIGINT" + extra);
    const bool fits = extra == ", UNIQUE (a, b)";
    const auto by_a = make(*db, "loose", {{"a", upsert_role::key}, {"b"}});
    CHECK(by_a.run(*db, {1, 1}).error().code() == errc::invalid_argument);
    const auto by_both = make(*db, "loose", {{"b", upsert_role::key}, {"a", upsert_role::key}});
    CHECK(by_both.run(*db, {1, 1}).has_value() == fits);
    CHECK(one_int(*db, "SELECT count(*) FROM loose") == (fits ? 1 : 0));
  }
}

TEST_CASE("columns that the database makes itself are left out, and made") {
  const auto db = connect();
  const auto t = types();
  make_table(
      *db,
      "made",
      "id " + t.identity + ", code " + t.text + " NOT NULL UNIQUE, n BIGINT, " +
          "twice BIGINT GENERATED ALWAYS AS (n * 2) STORED"
  );
  const auto u = make(*db, "made", {{"code", upsert_role::key}, {"n"}});
  std::vector<std::string> codes;
  for (int i = 0; i < 50; ++i) codes.push_back("c" + std::to_string(100 + i));
  std::vector<sql::value_view> values;
  for (int i = 0; i < 50; ++i) values.insert(values.end(), {codes[static_cast<std::size_t>(i)], i});
  CHECK(u.run(*db, values).value() == counts{.inserted = 50});
  CHECK(u.run(*db, {"c100", 5, "new", 7}).value() == counts{.inserted = 1, .updated = 1});
  CHECK(one_int(*db, "SELECT count(*) FROM made WHERE twice = n * 2") == 51);
  CHECK(one_int(*db, "SELECT count(DISTINCT id) FROM made") == 51);
  CHECK_FALSE(make(*db, "made", {{"code", upsert_role::key}, {"twice"}}).run(*db, {"c100", 1}));
}

TEST_CASE("names are quoted, whatever is in them") {
  const auto db = connect();
  const auto quoted = [&](std::string_view name) {
    return sql::quote_identifier(db->dialect(), name).value();
  };
  const std::string table = "we\"ird`; select 'x'";
  const std::vector<std::string> names = {"from", "a\"b`", "excluded", "$1 ?1 ?"};
  make_table(
      *db,
      quoted(table),
      quoted(names[0]) + " BIGINT PRIMARY KEY, " + quoted(names[1]) + " BIGINT, " +
          quoted(names[2]) + " BIGINT, " + quoted(names[3]) + " BIGINT"
  );
  for (const on_conflict what : all_ways) {
    const auto u =
        make(*db, table, {{names[0], upsert_role::key}, {names[1]}, {names[2]}, {names[3]}}, what);
    std::vector<sql::value_view> values;
    for (int i = 0; i < 40; ++i) values.insert(values.end(), {i, i, i, i});
    CHECK(u.run(*db, values).has_value());
    CHECK(u.run(*db, {1, 1, 1, 1}).has_value());
  }
  CHECK(one_int(*db, "SELECT count(*) FROM " + quoted(table)) == 40);
  db->execute("DROP TABLE " + quoted(table)).value();
}

TEST_CASE("bad rows are refused before anything is sent") {
  const auto db = connect();
  const auto t = types();
  make_table(*db, "plain", "id " + t.integer + " PRIMARY KEY, v BIGINT");
  const auto u = make(*db, "plain", {{"id", upsert_role::key}, {"v"}});
  CHECK(u.run(*db, {1, 1, 2}).error().code() == errc::invalid_argument);
  const auto null_key = u.run(*db, {1, 1, nullptr, 2});
  CHECK(null_key.error().code() == errc::invalid_argument);
  CHECK(null_key.error().message().find("row 1: the key column") != std::string::npos);
  CHECK(u.run(*db, {}).value() == counts{});
  const auto strict = sql::upsert::make(
                          db->dialect(),
                          {.table = "plain",
                           .columns = {{"id", upsert_role::key}, {"v"}},
                           .duplicates = duplicate_policy::reject}
  )
                          .value();
  CHECK(
      strict.run(*db, {1, 1, 2, 2, 1, 3}).error().message().find("rows 0 and 2") !=
      std::string::npos
  );
  CHECK(one_int(*db, "SELECT count(*) FROM plain") == 0);
}

TEST_CASE("in an open transaction it becomes part of that, and a savepoint undoes a failure") {
  const auto db = connect();
  const auto t = types();
  make_table(*db, "part", "id " + t.integer + " PRIMARY KEY, v BIGINT NOT NULL");
  const auto u = make(*db, "part", {{"id", upsert_role::key}, {"v"}});
  std::vector<sql::value_view> values;
  for (int i = 0; i < 100; ++i) values.insert(values.end(), {i, i});
  {
    auto tx = sql::transaction::begin(*db).value();
    CHECK(u.run(*db, values).value() == counts{.inserted = 100});
    CHECK(db->in_transaction());
  }
  CHECK(one_int(*db, "SELECT count(*) FROM part") == 0);
  auto tx = sql::transaction::begin(*db).value();
  CHECK(u.run(*db, {500, 1}).value() == counts{.inserted = 1});
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto bad = values;
    bad[101] = nullptr;
    auto mark = sql::savepoint::begin(*db, "one_batch").value();
    CHECK(u.run(*db, bad).error().code() == errc::conflict);
    CHECK(mark.rollback().has_value());
  }
  // The same shape twice in one transaction.
  CHECK(u.run(*db, values).value() == counts{.inserted = 100});
  values[1] = 7;
  CHECK(u.run(*db, values).value() == counts{.updated = 1, .unchanged = 99});
  CHECK(tx.commit().has_value());
  CHECK(one_int(*db, "SELECT count(*) FROM part") == 101);
}
