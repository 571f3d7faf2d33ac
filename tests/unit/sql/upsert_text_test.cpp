// SPDX-License-Identifier: BSL-1.0
#include "upsert_recorder.hpp"

#include <scalekit/sql/upsert.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using sql::dialect;
using sql::on_conflict;
using sql::upsert_role;

namespace {

sql::upsert_options ledger(on_conflict what) {
  return {
      .table = "book.entry",
      .columns =
          {{"id", upsert_role::key},
           {"no", upsert_role::key},
           {"v"},
           {"w"},
           {"made", upsert_role::insert_only}},
      .on_conflict = what};
}

// The statement that writes one row.
std::string statement(dialect d, on_conflict what) {
  upsert_recorder db(d);
  const auto u = sql::upsert::make(d, ledger(what)).value();
  // MariaDB's index has one column, so that this is refused after the statement is known.
  static_cast<void>(u.run(db, {1, 2, 3, 4, 5}));
  for (const auto& c : db.calls) {
    if (c.text.find("INSERT INTO") != std::string::npos) return c.text;
  }
  return "none";
}

std::string one_key(dialect d, on_conflict what) {
  upsert_recorder db(d);
  const auto u =
      sql::upsert::make(
          d, {.table = "t", .columns = {{"id", upsert_role::key}, {"v"}}, .on_conflict = what}
      )
          .value();
  CHECK(u.run(db, {1, 2}).has_value());
  for (const auto& c : db.calls) {
    if (c.text.starts_with("INSERT INTO")) return c.text;
  }
  return "none";
}

}  // namespace

TEST_CASE("SQLite") {
  const std::string insert =
      R"(INSERT INTO "book"."entry" AS scalekit_target ("id","no","v","w","made") )"
      R"(VALUES (?1,?2,?3,?4,?5) ON CONFLICT ("id","no") )";
  const std::string update = R"(DO UPDATE SET "v"=excluded."v","w"=excluded."w")";
  CHECK(statement(dialect::sqlite, on_conflict::do_nothing) == insert + "DO NOTHING");
  CHECK(statement(dialect::sqlite, on_conflict::update) == insert + update);
  CHECK(
      statement(dialect::sqlite, on_conflict::update_distinct) ==
      insert + update +
          R"( WHERE scalekit_target."v" IS NOT excluded."v" COLLATE BINARY)"
          R"( OR scalekit_target."w" IS NOT excluded."w" COLLATE BINARY)"
  );
}

TEST_CASE("PostgreSQL") {
  const std::string insert =
      R"(INSERT INTO "book"."entry" AS scalekit_target ("id","no","v","w","made") )"
      R"(VALUES ($1,$2,$3,$4,$5) ON CONFLICT ("id","no") )";
  const std::string update = R"(DO UPDATE SET "v"=excluded."v","w"=excluded."w")";
  const std::string returning =
      " RETURNING scalekit_target.xmax = 0 AS is_new) "
      "SELECT count(*) FILTER (WHERE is_new), count(*) FROM written";
  CHECK(statement(dialect::postgres, on_conflict::do_nothing) == insert + "DO NOTHING");
  CHECK(
      statement(dialect::postgres, on_conflict::update) ==
      "WITH written AS (" + insert + update + returning
  );
  CHECK(
      statement(dialect::postgres, on_conflict::update_distinct) ==
      "WITH written AS (" + insert + update +
          R"( WHERE ROW(scalekit_target."v",scalekit_target."w")::record OPERATOR(pg_catalog.*<>))"
          R"( ROW(excluded."v",excluded."w")::record)" +
          returning
  );
}

TEST_CASE("MariaDB guards the key, for its clause fires on every unique index") {
  const std::string guarded =
      "INSERT INTO `t` (`id`,`v`) VALUES (?,?) ON DUPLICATE KEY UPDATE `id` = "
      "IF(IF(`t`.`id` <=> VALUES(`id`), @scalekit_existing_rows := @scalekit_existing_rows + 1, "
      "(SELECT 1 UNION ALL SELECT 2)), `t`.`id`, NULL)";
  CHECK(one_key(dialect::mariadb, on_conflict::do_nothing) == guarded);
  CHECK(one_key(dialect::mariadb, on_conflict::update) == guarded + ", `v` = VALUES(`v`)");
  CHECK(one_key(dialect::mariadb, on_conflict::update_distinct) == guarded + ", `v` = VALUES(`v`)");
}

TEST_CASE("MySQL, where VALUES() is deprecated, names the new row") {
  CHECK(
      one_key(dialect::mysql, on_conflict::update) ==
      "INSERT INTO `t` (`id`,`v`) VALUES (?,?) AS scalekit_new ON DUPLICATE KEY UPDATE `id` = "
      "IF(IF(`t`.`id` <=> scalekit_new.`id`, "
      "@scalekit_existing_rows := @scalekit_existing_rows + 1, (SELECT 1 UNION ALL SELECT 2)), "
      "`t`.`id`, NULL), `v` = scalekit_new.`v`"
  );
}

TEST_CASE("without a column to update nothing is updated, whatever is asked for") {
  upsert_recorder db(dialect::sqlite);
  const auto u = sql::upsert::make(
                     dialect::sqlite,
                     {.table = "t",
                      .columns = {{"id", upsert_role::key}, {"made", upsert_role::insert_only}},
                      .on_conflict = on_conflict::update}
  )
                     .value();
  CHECK(u.run(db, {1, 2}).has_value());
  CHECK(db.calls.at(1).text.ends_with("DO NOTHING"));
}

TEST_CASE("few rows go into PostgreSQL by plain statements, many through a temporary table") {
  const auto u = sql::upsert::make(dialect::postgres, ledger(on_conflict::update_distinct)).value();
  for (const bool can : {true, false}) {
    for (const std::size_t rows : {31U, 32U}) {
      upsert_recorder db(dialect::postgres);
      db.has_insert_rows = can;
      std::vector<sql::value_view> values;
      for (std::size_t i = 0; i < rows; ++i) values.insert(values.end(), {i, i, i, i, i});
      CHECK(u.run(db, values).has_value());
      const bool staged = db.history().find("rows into pg") != std::string::npos;
      CHECK(staged == (can && rows == 32));
      if (!staged) continue;
      const std::string stage = "pg_temp.scalekit_upsert_";
      CHECK(db.calls.at(3).text.starts_with("CREATE TEMPORARY TABLE " + stage));
      CHECK(db.calls.at(3).text.find("_ff ON COMMIT DELETE ROWS") != std::string::npos);
      CHECK(
          db.calls.at(5).text.find("SELECT \"id\",\"no\",\"v\",\"w\",\"made\" FROM " + stage) !=
          std::string::npos
      );
    }
  }
}

TEST_CASE("PostgreSQL spells values of a text column itself, so that they do not go by COPY") {
  const auto u = sql::upsert::make(dialect::postgres, ledger(on_conflict::update)).value();
  upsert_recorder db(dialect::postgres);
  db.has_insert_rows = true;
  db.spelled_by_server = 1;
  std::vector<sql::value_view> values;
  for (int i = 0; i < 40; ++i) values.insert(values.end(), {i, i, 1e5, sql::value_view(), i});
  CHECK(u.run(db, values).has_value());
  CHECK(db.calls.at(2).rows.at(0).at(2) == sql::value("{\"v\"}"));
  CHECK(db.history().find("rows into") == std::string::npos);
  CHECK(db.history().find("CREATE") == std::string::npos);
}

TEST_CASE("where PostgreSQL has no xmax, new rows leave the stage before the others are updated") {
  const auto u = sql::upsert::make(dialect::postgres, ledger(on_conflict::update)).value();
  upsert_recorder db(dialect::postgres);
  db.is_plain = 0;
  CHECK(u.run(db, {1, 2, 3, 4, 5}).value() == sql::upsert_counts{.unchanged = 1});
  CHECK(
      db.history() ==
      "BEGIN; SELECT count; SELECT signa; CREATE TEMPO; INSERT INTO ; "
      "WITH scaleki; INSERT INTO ; COMMIT"
  );
  const std::string& inserts = db.calls.at(5).text;
  CHECK(
      inserts.find("DO NOTHING RETURNING scalekit_target.\"id\",scalekit_target.\"no\")") !=
      std::string::npos
  );
  CHECK(
      inserts.find("WHERE staged.\"id\" = scalekit_new.\"id\" AND "
                   "staged.\"no\" = scalekit_new.\"no\"") != std::string::npos
  );
}
