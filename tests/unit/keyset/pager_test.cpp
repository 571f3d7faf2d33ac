// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <scalekit/keyset/pager.hpp>
#include <scalekit/sql/transaction.hpp>

using namespace keyset_test;
using keyset::place;
using scalekit::errc;

namespace {

const keyset::source people{.table = "p", .columns = {"name"}};

std::unique_ptr<sql::connection> ten() {
  auto db = open_memory("CREATE TABLE p(id INTEGER PRIMARY KEY, t INT, name TEXT);");
  for (int i = 1; i <= 10; ++i) {
    REQUIRE(db->execute("INSERT INTO p VALUES (?1, ?2, ?3)", {i, i / 4, std::to_string(i)}));
  }
  return db;
}

keyset::order by_time() {
  return *keyset::order::make(
      {{.name = "t"}}, {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
  );
}

std::string names(const keyset::page& p) {
  std::string out(p.has_previous ? "<" : "|");
  for (const auto& r : p.rows) out.append(r.values[0].view().as_text()).append(" ");
  return out + (p.has_next ? ">" : "|");
}

std::string read(
    sql::connection& db, std::int64_t limit, place from, std::vector<sql::value> key = {}
) {
  auto p = keyset::fetch(db, people, by_time(), {limit, from, std::move(key)});
  return p ? names(*p) : p.error().describe();
}

}  // namespace

TEST_CASE("pages know exactly what lies beside them") {
  auto db = ten();
  CHECK(read(*db, 4, place::first) == "|1 2 3 4 >");
  CHECK(read(*db, 4, place::after, {1, 4}) == "<5 6 7 8 >");
  CHECK(read(*db, 2, place::after, {2, 8}) == "<9 10 |");
  CHECK(read(*db, 4, place::after, {2, 10}) == "<|");
  CHECK(read(*db, 4, place::last) == "<7 8 9 10 |");
  CHECK(read(*db, 4, place::before, {1, 7}) == "<3 4 5 6 >");
  CHECK(read(*db, 4, place::before, {1, 5}) == "|1 2 3 4 >");
  CHECK(read(*db, 4, place::before, {0, 1}) == "|>");
  CHECK(read(*db, 10, place::first) == "|1 2 3 4 5 6 7 8 9 10 |");
  CHECK(read(*db, 4, place::at_or_after, {1, 5}) == "<5 6 7 8 >");
  CHECK(read(*db, 4, place::at_or_after, {9, 9}) == "<|");
  CHECK_FALSE(db->in_transaction());

  // Beside an empty page the key's own row counts.
  REQUIRE(db->execute("DELETE FROM p WHERE id <> 5"));
  CHECK(read(*db, 4, place::after, {1, 5}) == "<|");
  CHECK(read(*db, 4, place::before, {1, 5}) == "|>");
  CHECK(read(*db, 4, place::after, {1, 4}) == "|5 |");
}

TEST_CASE("rows come and go between pages, the anchor too") {
  auto db = ten();
  auto first = keyset::fetch(*db, people, by_time(), {.limit = 4});
  REQUIRE(first);
  CHECK(first->columns == std::vector<std::string>{"name"});
  CHECK(first->rows[0].values.size() == 1);  // the key's columns are not shown
  CHECK(first->rows[0].key == std::vector<sql::value>{0, 1});
  REQUIRE(db->execute("DELETE FROM p WHERE id IN (4, 5)"));
  REQUIRE(db->execute("INSERT INTO p VALUES (0, 0, 'new in front'), (11, 1, 'new behind')"));
  CHECK(read(*db, 4, place::after, first->rows.back().key) == "<6 7 new behind 8 >");
  CHECK(read(*db, 4, place::at_or_after, first->rows.front().key) == "<1 2 3 6 >");
}

TEST_CASE("inside the host's transaction the page joins it") {
  auto db = ten();
  auto tx = sql::transaction::begin(*db);
  REQUIRE(tx);
  REQUIRE(db->execute("DELETE FROM p WHERE id < 9"));
  CHECK(read(*db, 4, place::first) == "|9 10 |");
  CHECK(db->in_transaction());
  REQUIRE(tx->rollback());
  CHECK(read(*db, 2, place::first) == "|1 2 >");
}

TEST_CASE("requests out of range are refused, never adjusted") {
  auto db = ten();
  const auto code = [&](keyset::page_request r, keyset::page_limits limits = {}) {
    return keyset::fetch(*db, people, by_time(), r, limits).error().code();
  };
  for (const std::int64_t bad :
       {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1001}, INT64_MAX}) {
    CHECK(code({.limit = bad}) == errc::invalid_argument);
  }
  CHECK(keyset::fetch(*db, people, by_time(), {.limit = 1001}, {.max_page_size = 2000}));
  CHECK(code({.from = place::after}) == errc::invalid_argument);
  CHECK(code({.from = place::after, .key = {1}}) == errc::invalid_argument);
  CHECK(code({.from = place::after, .key = {1, nullptr}}) == errc::invalid_argument);
  CHECK(code({.from = place::first, .key = {1, 2}}) == errc::invalid_argument);
}

TEST_CASE("a NULL where the order declares none is an error, not a lost row") {
  auto db = ten();
  REQUIRE(db->execute("UPDATE p SET t = NULL WHERE id = 3"));
  auto by = keyset::order::make(
      {{.name = "t", .nullability = keyset::nullability::not_null}}, {.columns = {"id"}}
  );
  REQUIRE(by);
  auto page = keyset::fetch(*db, people, *by, {.limit = 2});
  REQUIRE(!page);
  CHECK(page.error().message().find("NULL in t") != std::string::npos);
}

TEST_CASE("names are names: nothing in one is ever SQL") {
  const std::string nasty = "x\" FROM p; DROP TABLE p; --";
  auto db = ten();
  keyset::source bad{.table = "p", .columns = {nasty}};
  CHECK(keyset::fetch(*db, bad, by_time(), {}).error().code() == errc::invalid_argument);
  CHECK(read(*db, 1, place::first) == "|1 >");

  REQUIRE(db->execute_script(
      R"(CREATE TABLE q(id INTEGER PRIMARY KEY, "x"" FROM p; DROP TABLE p; --" TEXT);)"
      R"(INSERT INTO q VALUES (1, 'b'), (2, 'a');)"
  ));
  auto by = keyset::order::make({{.name = nasty}}, {.columns = {"id"}});
  REQUIRE(by);
  auto page = keyset::fetch(*db, {.table = "q", .columns = {nasty}}, *by, {});
  REQUIRE(page);
  CHECK(names(*page) == "|a b |");
  CHECK(read(*db, 1, place::first) == "|1 >");
}

TEST_CASE("the horizon hides what may still be overtaken") {
  auto db = ten();
  keyset::source safe = people;
  safe.until = keyset::horizon{"t", 2};
  auto page = keyset::fetch(*db, safe, by_time(), {});
  REQUIRE(page);
  CHECK(names(*page) == "|1 2 3 4 5 6 7 |");
}
