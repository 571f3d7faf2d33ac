// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <scalekit/keyset/ranges.hpp>

using namespace keyset_test;
using scalekit::errc;

namespace {

std::vector<std::int64_t> all_ids(
    sql::connection& db,
    const keyset::source& what,
    const keyset::order& by,
    const std::vector<keyset::range>& ranges
) {
  std::vector<std::int64_t> out;
  for (const auto& r : ranges) {
    auto scan = keyset::scan::open(db, what, by, r.options());
    REQUIRE(scan);
    const auto part = ids_of(*scan);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace

TEST_CASE("ranges of every order, one behind the other, are the whole order") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, a, b, c);");
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  const keyset::source all{.table = "r", .columns = {"id"}};
  for (const auto& by : every_order()) {
    for (const auto method : {keyset::split_method::sampled, keyset::split_method::counted}) {
      auto ranges = keyset::split_ranges(*db, all, to_order(by), {.ranges = 5, .method = method});
      REQUIRE(ranges);
      CHECK(ranges->size() == 5);
      REQUIRE(all_ids(*db, all, to_order(by), *ranges) == sorted_ids(rows, by));
    }
  }
}

TEST_CASE("the database's collation decides, not the bytes") {
  auto db = open_memory("CREATE TABLE w(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE);");
  const std::vector<std::string> words{"a", "A", "b", "B", "Ab", "aB", "c", "C"};
  for (std::int64_t i = 0; i < 64; ++i) {
    REQUIRE(
        db->execute("INSERT INTO w VALUES (?1, ?2)", {i, words[static_cast<std::size_t>(i % 8)]})
    );
  }
  auto by = keyset::order::make({{.name = "v"}}, {.columns = {"id"}});
  const keyset::source all{.table = "w", .columns = {"id"}};
  auto whole = keyset::scan::open(*db, all, *by, {.page_rows = 0});
  REQUIRE(whole);
  const auto expected = ids_of(*whole);
  for (const auto method : {keyset::split_method::sampled, keyset::split_method::counted}) {
    for (const std::size_t n : {2U, 9U, 40U}) {
      auto ranges = keyset::split_ranges(*db, all, *by, {.ranges = n, .method = method});
      REQUIRE(ranges);
      CHECK(all_ids(*db, all, *by, *ranges) == expected);
    }
  }
}

TEST_CASE("a tenant's rows are split by the tenant's rows, sparse identifiers or not") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, tenant INT, a INT);");
  // Tenant 1 has the last quarter only, so all rows' quarters would leave it three empty ranges.
  for (std::int64_t i = 0; i < 800; ++i) {
    REQUIRE(db->execute("INSERT INTO r VALUES (?1, ?2, ?3)", {i * i - 7, i < 600 ? 0 : 1, -i}));
  }
  const keyset::source mine{.table = "r", .columns = {"id"}, .fixed = {{"tenant", 1}}};
  auto by = keyset::order::make({{.name = "a"}}, {.columns = {"id"}});
  for (const auto method : {keyset::split_method::sampled, keyset::split_method::counted}) {
    auto ranges = keyset::split_ranges(*db, mine, *by, {.ranges = 4, .method = method});
    REQUIRE(ranges);
    REQUIRE(ranges->size() == 4);
    for (const auto& r : *ranges) CHECK(all_ids(*db, mine, *by, {r}).size() > 25);
    auto ids = all_ids(*db, mine, *by, *ranges);
    CHECK(ids.size() == 200);
    CHECK(std::is_sorted(ids.rbegin(), ids.rend()));
  }
}

TEST_CASE("as many samples as may be asked for fit one statement") {
  auto db = open_memory(
      "CREATE TABLE r(id INTEGER PRIMARY KEY);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
      "INSERT INTO r SELECT i FROM n;"
  );
  auto by = keyset::order::make({}, {.columns = {"id"}});
  const keyset::source all{.table = "r", .columns = {"id"}};
  auto ranges = keyset::split_ranges(
      *db,
      all,
      *by,
      {.ranges = 1024, .method = keyset::split_method::sampled, .samples_per_range = 1024}
  );
  REQUIRE_MESSAGE(ranges, (ranges ? std::string() : ranges.error().describe()));
  CHECK(ranges->size() == 1024);
  CHECK(all_ids(*db, all, *by, *ranges).size() == 50000);
}

TEST_CASE("few rows, no rows, identifiers at both ends of int64, and text keys") {
  auto db = open_memory(
      "CREATE TABLE r(id INTEGER PRIMARY KEY); CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL);"
      "INSERT INTO x VALUES ('a'), ('b'), ('c'), ('d');"
  );
  auto by = keyset::order::make({}, {.columns = {"id"}});
  const keyset::source all{.table = "r", .columns = {"id"}};
  CHECK(keyset::split_ranges(*db, all, *by)->size() == 1);
  REQUIRE(db->execute("INSERT INTO r VALUES (?1), (?2), (0)", {INT64_MIN, INT64_MAX}));
  auto ranges = keyset::split_ranges(*db, all, *by, {.method = keyset::split_method::sampled});
  REQUIRE(ranges);
  CHECK(ranges->size() <= 4);
  CHECK(all_ids(*db, all, *by, *ranges) == std::vector<std::int64_t>{INT64_MIN, 0, INT64_MAX});

  const keyset::source texts{.table = "x", .columns = {{"n", "unicode(id)"}}};
  auto split = keyset::split_ranges(*db, texts, *by, {.ranges = 2});
  REQUIRE(split);
  CHECK(split->size() == 2);
  CHECK(all_ids(*db, texts, *by, *split) == std::vector<std::int64_t>{'a', 'b', 'c', 'd'});
  auto demanded = keyset::split_ranges(*db, texts, *by, {.method = keyset::split_method::sampled});
  CHECK(demanded.error().code() == errc::not_supported);
  CHECK(
      keyset::split_ranges(*db, all, *by, {.ranges = 0}).error().code() == errc::invalid_argument
  );
  CHECK(!keyset::split_ranges(*db, all, *by, {.samples_per_range = 0}));
}
