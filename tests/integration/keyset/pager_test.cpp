// SPDX-License-Identifier: BSL-1.0
// What a page costs and what it knows, over a real server.
#include "server.hpp"

#include <scalekit/keyset/page_token.hpp>
#include <scalekit/keyset/plain_codec.hpp>
#include <scalekit/keyset/ranges.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <atomic>
#include <set>
#include <thread>

using namespace keyset_server;
using keyset::place;

namespace {

const keyset::source people{.table = "p", .columns = {"name"}};

/// Ten rows; the first three have the time 0, the next four 1, the last three 2.
std::unique_ptr<sql::connection> ten() {
  auto db = connect();
  run(*db,
      "DROP TABLE IF EXISTS p; CREATE TABLE p(id bigint PRIMARY KEY, t int, name varchar(20));"
      "CREATE INDEX p_t ON p(t, id);");
  for (int i = 1; i <= 10; ++i) {
    run(*db, "INSERT INTO p VALUES (?, ?, ?)", {i, i / 4, std::to_string(i)});
  }
  return db;
}

keyset::order by_time(keyset::nullability n = keyset::nullability::nullable) {
  return must(keyset::order::make({{.name = "t", .nullability = n}}, {.columns = {"id"}}));
}

std::string names(const keyset::page& p) {
  std::string out(p.has_previous ? "<" : "|");
  for (const auto& r : p.rows) out.append(r.values[0].view().as_text()).append(" ");
  return out + (p.has_next ? ">" : "|");
}

/// Also that it took one statement, whatever the page.
std::string read(
    sql::connection& db,
    std::int64_t limit,
    place from,
    std::vector<sql::value> key = {},
    keyset::nullability n = keyset::nullability::nullable
) {
  const auto before = db.stats().statements;
  const auto page =
      must(keyset::fetch(db, people, by_time(n), {.limit = limit, .from = from, .key = key}));
  CHECK(db.stats().statements - before == 1);
  CHECK_FALSE(db.in_transaction());
  return names(page);
}

std::vector<std::int64_t> ids_in(
    sql::connection& db,
    const keyset::source& what,
    const keyset::order& by,
    const keyset::scan_options& options
) {
  auto scan = must(keyset::scan::open(db, what, by, options));
  return keyset_test::ids_of(scan);
}

}  // namespace

TEST_CASE("a page knows exactly what lies beside it, and takes one statement") {
  auto db = ten();
  for (const auto n : {keyset::nullability::nullable, keyset::nullability::not_null}) {
    CHECK(read(*db, 4, place::first, {}, n) == "|1 2 3 4 >");
    CHECK(read(*db, 4, place::after, {1, 4}, n) == "<5 6 7 8 >");
    CHECK(read(*db, 2, place::after, {2, 8}, n) == "<9 10 |");
    CHECK(read(*db, 4, place::after, {2, 10}, n) == "<|");
    CHECK(read(*db, 4, place::after, {0, 0}, n) == "|1 2 3 4 >");
    CHECK(read(*db, 4, place::last, {}, n) == "<7 8 9 10 |");
    CHECK(read(*db, 4, place::before, {1, 7}, n) == "<3 4 5 6 >");
    CHECK(read(*db, 4, place::before, {1, 5}, n) == "|1 2 3 4 >");
    CHECK(read(*db, 4, place::before, {0, 1}, n) == "|>");
    CHECK(read(*db, 10, place::first, {}, n) == "|1 2 3 4 5 6 7 8 9 10 |");
    CHECK(read(*db, 4, place::at_or_after, {1, 5}, n) == "<5 6 7 8 >");
    CHECK(read(*db, 4, place::at_or_after, {0, 1}, n) == "|1 2 3 4 >");
    CHECK(read(*db, 4, place::at_or_after, {9, 9}, n) == "<|");
  }
  // Beside an empty page the key's own row counts.
  run(*db, "DELETE FROM p WHERE id <> 5");
  CHECK(read(*db, 4, place::after, {1, 5}) == "<|");
  CHECK(read(*db, 4, place::before, {1, 5}) == "|>");
  CHECK(read(*db, 4, place::after, {1, 4}) == "|5 |");
}

TEST_CASE("a repeated page is neither parsed nor planned again") {
  auto db = ten();
  CHECK(read(*db, 2, place::after, {1, 4}) == "<5 6 >");
  const auto prepared = db->stats().prepared;
  for (int i = 0; i < 10; ++i) CHECK(read(*db, 2, place::after, {1, 4 + i % 3}).starts_with("<"));
  CHECK(db->stats().prepared == prepared);
}

TEST_CASE("a page joins the transaction that is open") {
  auto db = ten();
  auto tx = must(sql::transaction::begin(*db));
  run(*db, "DELETE FROM p WHERE id < 9", {});
  CHECK(names(must(keyset::fetch(*db, people, by_time(), {.limit = 4}))) == "|9 10 |");
  CHECK(db->in_transaction());
  REQUIRE(tx.rollback());
  CHECK(read(*db, 2, place::first) == "|1 2 >");
}

TEST_CASE("tokens lead from page to page, back, and to the same page again") {
  auto db = ten();
  const auto by = by_time();
  const keyset::plain_codec codec;
  const auto binding = keyset::bind_cursor(people, by, "GET /p", "", 1);
  const auto open = [&](std::optional<std::string> token) {
    return must(keyset::fetch(*db, people, by, must(keyset::request_page(token, 4, codec, binding)))
    );
  };
  const auto first = open({});
  const auto beside_first = must(keyset::neighbour_tokens(first, codec, binding));
  CHECK_FALSE(beside_first.previous);
  const auto second = open(beside_first.next);
  CHECK(names(second) == "<5 6 7 8 >");
  const auto beside_second = must(keyset::neighbour_tokens(second, codec, binding));
  CHECK(names(open(beside_second.previous)) == "|1 2 3 4 >");
  CHECK(names(open(beside_second.next)) == "<9 10 |");

  // The anchors go; the tokens still stand for their places.
  run(*db, "DELETE FROM p WHERE id IN (4, 5, 8)");
  CHECK(names(open(beside_first.next)) == "<6 7 9 10 |");
  CHECK(names(open(beside_second.previous)) == "|1 2 3 >");
  const keyset::page_request again{
      .limit = 4, .from = place::at_or_after, .key = second.rows[0].key};
  CHECK(names(must(keyset::fetch(*db, people, by, again))) == "<6 7 9 10 |");
}

TEST_CASE("the horizon hides what may still be overtaken") {
  auto db = connect();
  run(*db,
      std::string("DROP TABLE IF EXISTS h; CREATE TABLE h(id bigint PRIMARY KEY, at ") +
          spelling().timestamp + " NOT NULL, name varchar(20));");
  const scalekit::testing::manual_clock clock;
  const scalekit::system_time noon = clock.system_now();
  for (int i = 1; i <= 5; ++i) {
    run(*db,
        "INSERT INTO h VALUES (?, ?, ?)",
        {i, noon - std::chrono::seconds(6 - i), std::to_string(i)});
  }
  const auto by = must(keyset::order::make(
      {{.name = "at", .nullability = keyset::nullability::not_null}}, {.columns = {"id"}}
  ));
  keyset::source safe{.table = "h", .columns = {"name"}};
  safe.until = keyset::horizon_behind("at", clock, std::chrono::seconds(3));
  CHECK(names(must(keyset::fetch(*db, safe, by, {}))) == "|1 2 |");
}

TEST_CASE("scans stop at up_to, and end their statements without cancelling them") {
  auto db = ten();
  const keyset::source ids{.table = "p", .columns = {"id"}};
  const auto by = by_time(keyset::nullability::not_null);
  const std::vector<sql::value> after{0, 2};
  const std::vector<sql::value> up_to{1, 6};
  for (const std::int64_t rows : {0, 1, 2, 3, 100}) {
    CHECK(
        ids_in(*db, ids, by, {.after = after, .up_to = up_to, .page_rows = rows}) ==
        std::vector<std::int64_t>{3, 4, 5, 6}
    );
  }
  // In a transaction, which a cancelled statement would fail.
  auto tx = must(sql::transaction::begin(*db));
  CHECK(ids_in(*db, ids, by, {.page_rows = 5}).size() == 10);
  REQUIRE(tx.commit());
}

TEST_CASE("ranges cover every row once, whichever way they are found") {
  auto db = connect();
  run(*db,
      "DROP TABLE IF EXISTS s; CREATE TABLE s(id bigint PRIMARY KEY, tenant int NOT NULL, v int);");
  for (std::int64_t i = 0; i < 300; ++i) {
    const sql::value_view v = i % 5 == 0 ? sql::value_view() : sql::value_view(i * 7 % 11);
    run(*db, "INSERT INTO s VALUES (?, ?, ?)", {i * i - 7, i < 200 ? 0 : 1, v});
  }
  for (const auto where : {keyset::nulls::first, keyset::nulls::last}) {
    const auto by = must(keyset::order::make({{.name = "v", .nulls = where}}, {.columns = {"id"}}));
    keyset::source what{.table = "s", .columns = {"id"}};
    for (const bool mine : {false, true}) {
      if (mine) what.fixed = {{"tenant", 1}};
      const auto expected = ids_in(*db, what, by, {.page_rows = 0});
      for (const auto method : {keyset::split_method::sampled, keyset::split_method::counted}) {
        std::vector<std::int64_t> got;
        for (const auto& r : must(keyset::split_ranges(*db, what, by, {.method = method}))) {
          auto options = r.options();
          options.page_rows = 50;
          const auto part = ids_in(*db, what, by, options);
          CHECK(part.size() < expected.size());
          got.insert(got.end(), part.begin(), part.end());
        }
        CHECK(got == expected);
      }
    }
  }
}

TEST_CASE("a page of several segments is one snapshot, while another session writes") {
  auto db = connect();
  run(*db,
      "DROP TABLE IF EXISTS g; CREATE TABLE g(id bigint PRIMARY KEY, t int, generation int);"
      "CREATE INDEX g_t ON g(t, id);");
  for (int i = 0; i < 60; ++i) {
    const sql::value_view t = i % 4 == 0 ? sql::value_view() : sql::value_view(i % 3);
    run(*db, "INSERT INTO g VALUES (?, ?, 0)", {i, t});
  }
  std::atomic<bool> enough = false;
  std::atomic<bool> failed = false;
  std::thread writer([&] {
    auto other = connect();
    while (!enough && !failed) {
      if (!other->execute("UPDATE g SET generation = generation + 1")) failed = true;
    }
  });
  const keyset::source what{.table = "g", .columns = {"generation"}};
  const auto by =
      must(keyset::order::make({{.name = "t", .nulls = keyset::nulls::last}}, {.columns = {"id"}}));
  std::set<std::int64_t> seen;
  bool torn = false;
  do {
    auto page = keyset::fetch(*db, what, by, {.limit = 50, .from = place::after, .key = {0, 6}});
    if (!page || page->rows.size() != 50) {
      failed = true;
      break;
    }
    for (const auto& row : page->rows) torn = torn || row.values != page->rows[0].values;
    seen.insert(page->rows[0].values[0].view().as_int64());
  } while (seen.size() < 50 && !failed);
  enough = true;
  writer.join();
  CHECK_FALSE(failed);
  CHECK_FALSE(torn);
}
