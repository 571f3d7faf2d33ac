// SPDX-License-Identifier: BSL-1.0
// Every order, every page size, both ways: what the library reads is what a sort in C++ gives.
#include "table.hpp"

#include <scalekit/keyset/pager.hpp>

using namespace keyset_test;

namespace {

constexpr const char* schema =
    "CREATE TABLE r(id INTEGER PRIMARY KEY, a, b, c);"
    "CREATE TABLE o(id INT NOT NULL UNIQUE, a, b, c);"
    "CREATE INDEX r_ab ON r(a, b, id); CREATE INDEX r_ba ON r(b DESC, a, id);"
    "CREATE INDEX o_abc ON o(a, b, c, id);";

const std::vector<std::int64_t> page_sizes{1, 2, 3, 7};

keyset::source reading(const char* table) { return {.table = table, .columns = {"id"}}; }

/// All identifiers by pages, walked from one end to the other.
std::vector<std::int64_t> walk(
    sql::connection& db, const char* table, const keyset::order& by, std::int64_t size, bool forward
) {
  std::vector<std::int64_t> out;
  keyset::page_request request{
      .limit = size, .from = forward ? keyset::place::first : keyset::place::last};
  for (;;) {
    auto page = keyset::fetch(db, reading(table), by, request);
    REQUIRE_MESSAGE(page, (page ? std::string() : page.error().describe()));
    std::vector<std::int64_t> ids;
    for (const auto& row : page->rows) ids.push_back(row.values[0].view().as_int64());
    if (forward) {
      CHECK(page->has_previous == !out.empty());
      out.insert(out.end(), ids.begin(), ids.end());
    } else {
      CHECK(page->has_next == !out.empty());
      out.insert(out.begin(), ids.begin(), ids.end());
    }
    if (!(forward ? page->has_next : page->has_previous)) return out;
    REQUIRE(out.size() < 1000);  // pages that go round for ever
    REQUIRE(static_cast<std::int64_t>(ids.size()) == size);
    request.from = forward ? keyset::place::after : keyset::place::before;
    request.key = (forward ? page->rows.back() : page->rows.front()).key;
  }
}

}  // namespace

TEST_CASE("pages of every order and size lose and repeat nothing, both ways") {
  auto db = open_memory(schema);
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  insert(*db, "o", rows);
  const auto orders = every_order();
  REQUIRE(orders.size() >= 132);
  int cases = 0;
  for (const auto& by : orders) {
    const auto expected = sorted_ids(rows, by);
    for (const std::int64_t size : page_sizes) {
      for (const bool forward : {true, false}) {
        const auto storage =
            cases % 2 == 0 ? keyset::key_storage::sqlite_rowid : keyset::key_storage::ordinary;
        const char* table = cases % 2 == 0 ? "r" : "o";
        const auto got = walk(*db, table, to_order(by, storage), size, forward);
        REQUIRE_MESSAGE(got == expected, to_order(by).canonical());
        ++cases;
      }
    }
  }
  CHECK(cases == static_cast<int>(orders.size()) * 8);
}

TEST_CASE("scans of every order give the same with any page size") {
  auto db = open_memory(schema);
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  for (const auto& by : every_order()) {
    const auto expected = sorted_ids(rows, by);
    for (const std::int64_t size : {0, 1, 2, 3, 7, 5000}) {
      auto scan = keyset::scan::open(*db, reading("r"), to_order(by), {.page_rows = size});
      REQUIRE(scan);
      REQUIRE(ids_of(*scan) == expected);
      CHECK(scan->stats().rows == expected.size());
    }
  }
}

TEST_CASE("between any two keys lie exactly the rows the model puts there") {
  auto db = open_memory(schema);
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  std::int64_t size = 0;
  for (const auto& by : every_order()) {
    auto ordered = rows;
    std::sort(ordered.begin(), ordered.end(), [&](const auto& x, const auto& y) {
      return model_less(x, y, by);
    });
    const auto ids = sorted_ids(rows, by);
    for (std::size_t low = 0; low < ordered.size(); low += 5) {
      for (std::size_t high = 0; high < ordered.size(); high += 3) {
        size = (size + 1) % 6;
        auto scan = keyset::scan::open(
            *db,
            reading("r"),
            to_order(by),
            {.after = key_of(ordered[low], by),
             .up_to = key_of(ordered[high], by),
             .page_rows = size}
        );
        REQUIRE(scan);
        std::vector<std::int64_t> expected;
        for (std::size_t i = low + 1; i <= high; ++i) expected.push_back(ids[i]);
        REQUIRE(ids_of(*scan) == expected);
      }
    }
    for (std::size_t high = 0; high < ordered.size(); high += 2) {
      auto scan = keyset::scan::open(
          *db, reading("r"), to_order(by), {.up_to = key_of(ordered[high], by), .page_rows = 4}
      );
      REQUIRE(scan);
      REQUIRE(
          ids_of(*scan) == std::vector<std::int64_t>(
                               ids.begin(), ids.begin() + 1 + static_cast<std::ptrdiff_t>(high)
                           )
      );
    }
  }
}

TEST_CASE("the row-value spelling agrees too, where it is used") {
  auto db = open_memory("CREATE TABLE n(id TEXT PRIMARY KEY, a INT NOT NULL, b INT NOT NULL);");
  std::vector<model_row> rows;
  for (std::int64_t id = 100; id < 140; ++id) {
    model_row r{{id % 4, id % 3, {}}, id};
    rows.push_back(r);
    REQUIRE(db->execute("INSERT INTO n VALUES (?1, ?2, ?3)", {std::to_string(id), r.c[0], r.c[1]}));
  }
  for (const bool down : {false, true}) {
    const auto way = down ? keyset::direction::descending : keyset::direction::ascending;
    auto by = keyset::order::make(
        {{.name = "a", .direction = way, .nullability = keyset::nullability::not_null},
         {.name = "b", .direction = way, .nullability = keyset::nullability::not_null}},
        {.columns = {"id"}}
    );
    REQUIRE(by);
    const auto expected = sorted_ids(rows, {{0, down, false}, {1, down, false}, {3, down, false}});
    for (const std::int64_t size : {0, 1, 2, 3, 7}) {
      keyset::source what{.table = "n", .columns = {{"number", "CAST(id AS INTEGER)"}}};
      auto scan = keyset::scan::open(*db, what, *by, {.page_rows = size});
      REQUIRE(scan);
      CHECK(ids_of(*scan) == expected);
      CHECK(
          scan->compiled().statements({.after = std::vector<sql::value>{1, 1, "100"}})->size() == 1
      );
    }
  }
}
