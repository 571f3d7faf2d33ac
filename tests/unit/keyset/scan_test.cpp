// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <scalekit/testing/fault_injection.hpp>

#include <limits>

using namespace keyset_test;
using scalekit::errc;

namespace {

/// Every kind SQLite stores, with the awkward values of each, in one untyped column.
std::vector<sql::value> awkward() {
  const std::string nul("a\0b", 3);
  return {
      nullptr,
      std::numeric_limits<std::int64_t>::min(),
      -1,
      0,
      std::int64_t{9007199254740993},
      std::numeric_limits<std::int64_t>::max(),
      -0.5,
      1e300,
      -std::numeric_limits<double>::infinity(),
      "",
      "it's \"quoted\" -- ; %",
      nul,
      "\xC3\xA9",
      scalekit::as_bytes(""),
      scalekit::as_bytes(nul),
      scalekit::as_bytes("\xff\xfe")};
}

keyset::order by_value(keyset::direction d, keyset::nulls n) {
  return *keyset::order::make({{.name = "v", .direction = d, .nulls = n}}, {.columns = {"id"}});
}

}  // namespace

TEST_CASE("a read whose answer was lost may be tried again, for it has no outcome") {
  auto db = open_memory("CREATE TABLE k(id INTEGER PRIMARY KEY); INSERT INTO k VALUES (1), (2)");
  const auto by_id = *keyset::order::make({}, {.columns = {"id"}});
  for (const auto at : {scalekit::testing::sql_call::query, scalekit::testing::sql_call::next}) {
    scalekit::testing::faulty_connection lost(*db);
    lost.inject({.at = at, .what = scalekit::error(errc::outcome_unknown, "no answer")});
    auto scan = keyset::scan::open(lost, {.table = "k", .columns = {"id"}}, by_id);
    REQUIRE(scan);
    const auto first = scan->next();
    REQUIRE_FALSE(first);
    CHECK(first.error().code() == errc::unavailable);
    CHECK(first.error().retryable());
  }
}

TEST_CASE("keys of every kind find their place again") {
  auto db = open_memory("CREATE TABLE k(id INTEGER PRIMARY KEY, v); CREATE INDEX kv ON k(v, id);");
  std::int64_t id = 0;
  for (int copy = 0; copy < 3; ++copy) {
    for (const auto& v : awkward())
      REQUIRE(db->execute("INSERT INTO k VALUES (?1, ?2)", {++id, v}));
  }
  const keyset::source all{.table = "k", .columns = {"id"}};
  for (const auto d : {keyset::direction::ascending, keyset::direction::descending}) {
    for (const auto n : {keyset::nulls::first, keyset::nulls::last}) {
      auto whole = keyset::scan::open(*db, all, by_value(d, n), {.page_rows = 0});
      REQUIRE(whole);
      const auto expected = ids_of(*whole);
      CHECK(expected.size() == static_cast<std::size_t>(id));
      for (const std::int64_t size : {1, 2, 5}) {
        auto paged = keyset::scan::open(*db, all, by_value(d, n), {.page_rows = size});
        REQUIRE(paged);
        CHECK(ids_of(*paged) == expected);
      }
    }
  }
}

TEST_CASE("a scan goes on from the key of any row") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, a, b, c);");
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  const std::vector<model_column> by{{0, false, true}, {1, true, false}, {3, true, false}};
  const auto expected = sorted_ids(rows, by);
  const keyset::source all{.table = "r", .columns = {"id"}};
  for (std::size_t stop = 1; stop <= expected.size(); ++stop) {
    auto first = keyset::scan::open(*db, all, to_order(by), {.page_rows = 5});
    REQUIRE(first);
    for (std::size_t i = 0; i < stop; ++i) REQUIRE(*first->next());
    std::vector<sql::value> key;
    REQUIRE(first->key(key));
    CHECK(first->row().size() == 1);
    auto rest = keyset::scan::open(*db, all, to_order(by), {.after = key, .page_rows = 5});
    REQUIRE(rest);
    CHECK(
        ids_of(*rest) == std::vector<std::int64_t>(
                             expected.begin() + static_cast<std::ptrdiff_t>(stop), expected.end()
                         )
    );
  }
}

TEST_CASE("what changes between pages neither stops nor doubles the rest") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, a, b, c);");
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  const std::vector<model_column> by{{0, false, false}, {3, false, false}};
  const auto expected = sorted_ids(rows, by);
  auto scan =
      keyset::scan::open(*db, {.table = "r", .columns = {"id"}}, to_order(by), {.page_rows = 3});
  REQUIRE(scan);
  std::vector<std::int64_t> got;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(*scan->next());
    got.push_back(scan->row()[0].as_int64());
    // At a page's end its own last row goes, and a row appears far in front.
    if (got.size() % 3 == 0) {
      REQUIRE(db->execute("DELETE FROM r WHERE id = ?1", {got.back()}));
      REQUIRE(db->execute(
          "INSERT INTO r(id, a) VALUES (?1, NULL)", {-static_cast<std::int64_t>(got.size())}
      ));
    }
  }
  CHECK_FALSE(*scan->next());
  CHECK_FALSE(*scan->next());
  CHECK(got == expected);
  CHECK(scan->row().empty());
}

TEST_CASE("pages bound the statements, and none is run beyond the end") {
  auto db = open_memory(
      "CREATE TABLE r(id INTEGER PRIMARY KEY, a);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
      "INSERT INTO r SELECT i, 1 FROM n;"
  );
  auto by = keyset::order::make({}, {.columns = {"id"}});
  const keyset::source all{.table = "r", .columns = {"id"}};
  auto scan = keyset::scan::open(*db, all, *by, {.page_rows = 30});
  REQUIRE(scan);
  CHECK(ids_of(*scan).size() == 100);
  CHECK(scan->stats().pages == 4);
  CHECK(scan->stats().statements == 4);
  auto one = keyset::scan::open(*db, all, *by, {.page_rows = 0});
  REQUIRE(one);
  CHECK(ids_of(*one).size() == 100);
  CHECK(one->stats().statements == 1);
}

TEST_CASE("keys that do not fit are refused before anything is read") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, a);");
  const auto by = by_value(keyset::direction::ascending, keyset::nulls::first);
  const auto code = [&](keyset::scan_options o) {
    return keyset::scan::open(*db, {.table = "r"}, by, std::move(o)).error().code();
  };
  CHECK(code({.after = std::vector<sql::value>{}}) == errc::invalid_argument);
  CHECK(code({.up_to = std::vector<sql::value>{1}}) == errc::invalid_argument);
  CHECK(code({.after = std::vector<sql::value>{1, nullptr}}) == errc::invalid_argument);
  CHECK(code({.page_rows = -1}) == errc::invalid_argument);
}

TEST_CASE("the database's error ends the scan") {
  auto db = open_memory();
  auto by = keyset::order::make({}, {.columns = {"id"}});
  auto scan = keyset::scan::open(*db, {.table = "missing", .columns = {"id"}}, *by);
  REQUIRE(scan);
  CHECK_FALSE(scan->next().has_value());
  CHECK_FALSE(*scan->next());
  std::vector<sql::value> key;
  CHECK_FALSE(scan->key(key).has_value());
}
