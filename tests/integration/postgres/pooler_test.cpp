// SPDX-License-Identifier: BSL-1.0
// Behind a real PgBouncer that gives each transaction another of two server connections.
#include "support.hpp"

#include <scalekit/keyset/pager.hpp>
#include <scalekit/sql/transaction.hpp>

#include <atomic>
#include <thread>

using namespace postgres_test;
using namespace scalekit;
using scalekit_tests::pgbouncer;

namespace {

std::unique_ptr<postgres::connection> open_pooled() {
  scalekit_tests::skip_unless(pgbouncer::is_installed(), "PgBouncer");
  static pgbouncer between(server());
  return open(
      {.conninfo = server().conninfo(between.port()), .prepared = postgres::prepared::unnamed}
  );
}

}  // namespace

TEST_CASE("statements with parameters, each on whichever connection is free") {
  auto first = open_pooled();
  auto second = open_pooled();
  auto third = open_pooled();
  for (int i = 0; i < 50; ++i) {
    for (auto* db : {first.get(), second.get(), third.get()}) {
      CHECK(number(*db, "SELECT $1::bigint + 1", {i}) == i + 1);
      CHECK(one(*db, "SELECT $1::text", {"it's"}) == sql::value("it's"));
    }
  }
}

TEST_CASE("many clients share two server connections, and no update is lost") {
  auto db = open_pooled();
  db->execute_script(
        "DROP TABLE IF EXISTS pooled; CREATE TABLE pooled (id int, n bigint);"
        "INSERT INTO pooled VALUES (1, 0)"
  )
      .value();
  constexpr int clients = 6;
  constexpr int rounds = 40;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&failures, mine = open_pooled()] {
      for (int i = 0; i < rounds; ++i) {
        const auto done = sql::run_transaction(*mine, [](sql::connection& tx) -> result<void> {
          auto rows = tx.query("SELECT n FROM pooled WHERE id = $1 FOR UPDATE", {1});
          if (!rows) return rows.error();
          if (auto more = (*rows)->next(); !more) return more.error();
          const std::int64_t n = (*rows)->row()[0].as_int64();
          rows->reset();
          auto written = tx.execute("UPDATE pooled SET n = $1 WHERE id = $2", {n + 1, 1});
          return written ? result<void>() : written.error();
        });
        if (!done) ++failures;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(failures == 0);
  CHECK(number(*db, "SELECT n FROM pooled") == clients * rounds);
}

TEST_CASE("pages and timestamps are the same as without it") {
  auto db = open_pooled();
  db->execute_script(
        "DROP TABLE IF EXISTS paged; CREATE TABLE paged (id bigint PRIMARY KEY, at timestamptz NOT "
        "NULL);"
        "INSERT INTO paged SELECT i, timestamptz '2024-05-06 07:08:09.123456+00' + i / 7 * "
        "interval '1 s' "
        "FROM generate_series(1, 500) i; CREATE INDEX ON paged (at, id)"
  )
      .value();
  const auto order =
      keyset::order::make(
          {{.name = "at", .nullability = keyset::nullability::not_null}}, {.columns = {"id"}}
      ).value();
  const keyset::source source{.table = "paged", .columns = {"id", "at"}};
  std::vector<std::int64_t> ids;
  keyset::page_request request{.limit = 37};
  for (;;) {
    const auto page = keyset::fetch(*db, source, order, request).value();
    for (const auto& r : page.rows) ids.push_back(r.values[0].view().as_int64());
    if (!page.has_next) break;
    request.from = keyset::place::after;
    request.key = page.rows.back().key;
  }
  REQUIRE(ids.size() == 500);
  for (std::size_t i = 0; i < ids.size(); ++i) CHECK(ids[i] == static_cast<std::int64_t>(i) + 1);
}
