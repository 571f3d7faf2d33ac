// SPDX-License-Identifier: BSL-1.0
// Every order, every page size, both ways: what the pages give is what the server's own ORDER BY
// gives, and what a sort in C++ gives.
#include "server.hpp"

using namespace keyset_server;
using namespace keyset_test;

namespace {

const keyset::source all{.table = "r", .columns = {"id"}};

/// The order in the server's own SQL, spelled another way than the library does: whether a value is
/// NULL comes first, as a number.
std::vector<std::int64_t> sorted_by_server(
    sql::connection& db, const std::vector<model_column>& by
) {
  std::string text = "SELECT id FROM r ORDER BY ";
  for (const model_column& m : by) {
    const std::string name = column_name(m.column);
    text += "CASE WHEN " + name + " IS NULL THEN " + (m.nulls_last ? "1 ELSE 0" : "0 ELSE 1") +
            " END, " + name + (m.descending ? " DESC, " : ", ");
  }
  text.resize(text.size() - 2);
  return numbers(db, text);
}

std::unique_ptr<sql::connection> filled() {
  auto db = connect();
  run(*db,
      "DROP TABLE IF EXISTS r; CREATE TABLE r(id bigint PRIMARY KEY, a int, b int, c int);"
      "CREATE INDEX r_ab ON r(a, b, id); CREATE INDEX r_ba ON r(b DESC, a, id);");
  for (const model_row& r : tangled_rows()) {
    run(*db, "INSERT INTO r(id, a, b, c) VALUES (?, ?, ?, ?)", {r.id, r.c[0], r.c[1], r.c[2]});
  }
  return db;
}

/// One snapshot for all of it would hide nothing, but saves nothing either.
void walk_orders(std::size_t every, const std::vector<std::int64_t>& sizes) {
  auto db = filled();
  const auto rows = tangled_rows();
  const auto orders = every_order();
  REQUIRE(orders.size() == 168);
  for (std::size_t i = 0; i < orders.size(); i += every) {
    const auto& by = orders[i];
    const auto expected = sorted_by_server(*db, by);
    REQUIRE(expected == sorted_ids(rows, by));
    const auto order = to_order(by, keyset::key_storage::ordinary);
    for (const std::int64_t size : sizes) {
      for (const bool forward : {true, false}) {
        REQUIRE_MESSAGE(walk(*db, all, order, size, forward) == expected, order.canonical());
      }
    }
  }
}

}  // namespace

TEST_CASE("pages of every order lose and repeat nothing, both ways") { walk_orders(1, {3, 7}); }

TEST_CASE("pages of one and two rows: every fifth order") { walk_orders(5, {1, 2}); }

TEST_CASE("pages of every order and size" * doctest::skip()) { walk_orders(1, {1, 2, 3, 7, 35}); }

TEST_CASE("scans of every order give the same with any page size") {
  auto db = filled();
  const auto rows = tangled_rows();
  for (const auto& by : every_order()) {
    for (const std::int64_t size : {0, 5}) {
      auto scan = must(keyset::scan::open(
          *db, all, to_order(by, keyset::key_storage::ordinary), {.page_rows = size}
      ));
      REQUIRE(ids_of(scan) == sorted_ids(rows, by));
    }
  }
}

TEST_CASE("between any two keys lie exactly the rows the model puts there") {
  auto db = filled();
  const auto rows = tangled_rows();
  std::int64_t size = 0;
  std::size_t turn = 0;
  for (const auto& by : every_order()) {
    auto ordered = rows;
    std::sort(ordered.begin(), ordered.end(), [&](const auto& x, const auto& y) {
      return model_less(x, y, by);
    });
    const auto ids = sorted_ids(rows, by);
    const std::size_t low = ++turn % 7;
    for (std::size_t high = low; high < ordered.size(); high += 6) {
      size = (size + 3) % 8;
      auto scan = must(keyset::scan::open(
          *db,
          all,
          to_order(by, keyset::key_storage::ordinary),
          {.after = key_of(ordered[low], by), .up_to = key_of(ordered[high], by), .page_rows = size}
      ));
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(low) + 1;
      const auto end = ids.begin() + static_cast<std::ptrdiff_t>(high) + 1;
      REQUIRE(ids_of(scan) == std::vector<std::int64_t>(begin, end));
    }
  }
}
