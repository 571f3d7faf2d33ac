// SPDX-License-Identifier: BSL-1.0
// Large batches: all of it in few round trips.
#include "database.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <random>
#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::upsert_role;

namespace {

struct numbered {
  std::vector<std::string> texts;
  std::vector<sql::value_view> values;

  explicit numbered(std::size_t rows, unsigned seed) {
    std::vector<std::size_t> ids(rows);
    std::iota(ids.begin(), ids.end(), std::size_t{0});
    std::mt19937 random(seed);
    std::shuffle(ids.begin(), ids.end(), random);
    for (const std::size_t id : ids) texts.push_back("note " + std::to_string(id));
    for (std::size_t i = 0; i < rows; ++i) {
      const sql::value_view n = ids[i] % 7 == 0 ? sql::value_view() : ids[i] * 3;
      values.insert(values.end(), {ids[i], texts[i], n});
    }
  }
};

sql::upsert entries(const sql::connection& db) {
  return sql::upsert::make(
             db.dialect(),
             {.table = "entry", .columns = {{"id", upsert_role::key}, {"note"}, {"n"}}}
  ).value();
}

}  // namespace

TEST_CASE("20,000 shuffled rows go in at once, and again, and in part") {
  const auto db = connect();
  make_table(*db, "entry", "id BIGINT PRIMARY KEY, note TEXT, n BIGINT");
  const auto u = entries(*db);
  numbered rows(20'000, 1);
  CHECK(u.run(*db, rows.values).value() == sql::upsert_counts{.inserted = 20'000});
  CHECK(u.run(*db, rows.values).value() == sql::upsert_counts{.unchanged = 20'000});
  for (std::size_t i = 0; i < rows.values.size(); i += 30) rows.values[i + 2] = -1;
  rows.values[0] = 1'000'000;
  const auto done = u.run(*db, rows.values).value();
  CHECK(done == sql::upsert_counts{.inserted = 1, .updated = 1999, .unchanged = 18'000});
  CHECK(one_int(*db, "SELECT count(*) FROM entry WHERE n = -1") == 2000);
  CHECK(one_int(*db, "SELECT count(*) FROM entry") == 20'001);
}

TEST_CASE("a batch of 5,000 rows costs a bounded number of round trips") {
  const auto db = connect();
  if (db->dialect() == sql::dialect::sqlite) return;  // there are none
  make_table(*db, "entry", "id BIGINT PRIMARY KEY, note TEXT, n BIGINT");
  const auto u = entries(*db);
  const numbered rows(5000, 2);
  for (int pass = 0; pass < 2; ++pass) {
    const auto before = db->stats().statements;
    CHECK(u.run(*db, rows.values).has_value());
    CHECK(db->stats().statements - before <= 16);
  }
}

TEST_CASE("wide rows and long texts are split as the server needs") {
  const auto db = connect();
  std::string columns = "id BIGINT PRIMARY KEY, big TEXT";
  sql::upsert_options options{.table = "wide", .columns = {{"id", upsert_role::key}, {"big"}}};
  for (int c = 0; c < 100; ++c) {
    columns += ", c" + std::to_string(c) + " INT";
    options.columns.push_back({"c" + std::to_string(c)});
  }
  make_table(*db, "wide", columns);
  const auto u = sql::upsert::make(db->dialect(), options).value();
  const std::string big(60'000, 'x');
  std::vector<sql::value_view> values;
  // 2,000 rows have more than 65,535 parameters; every tenth is large.
  for (int i = 0; i < 2000; ++i) {
    values.push_back(i);
    values.push_back(i % 10 == 0 ? std::string_view(big) : std::string_view("small"));
    for (int c = 0; c < 100; ++c) values.push_back(c);
  }
  CHECK(u.run(*db, values).value() == sql::upsert_counts{.inserted = 2000});
  CHECK(u.run(*db, values).value() == sql::upsert_counts{.unchanged = 2000});
}
