// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <algorithm>
#include <optional>

using namespace mariadb_test;

namespace {

bulk::checkpoint at(std::uint64_t position) {
  bulk::checkpoint c;
  c.key = {sql::value(position)};
  c.bytes = position;
  return c;
}

}  // namespace

TEST_CASE("an export's checkpoints are kept in MariaDB") {
  auto pool = mariadb::open_pool(options()).value();
  auto store = bulk::sql_checkpoint_store::open(*pool, "it_").value();
  CHECK(bulk::sql_checkpoint_store::open(*pool, "it_").has_value());
  const system_time now = testing::manual_clock().system_now();
  const bulk::export_record record{
      .id = "a",
      .name = "entries",
      .fingerprint = {1, 2, 3, 4, ~std::uint64_t{0}},
      .upper_bound = sql::value(42),
      .created_at = now,
      .expires_at = now + std::chrono::hours(1),
      .totals = {}};
  store->create(record).value();
  CHECK(store->create(record).error().code() == errc::conflict);
  for (const std::uint64_t p : {300U, 100U, 200U}) store->append("a", at(p)).value();
  store->append("a", at(200)).value();
  CHECK(store->append("b", at(1)).error().code() == errc::not_found);
  auto other = at(200);
  other.rows = 9;
  CHECK(store->append("a", other).error().code() == errc::conflict);
  CHECK(*store->at_or_before("a", 299).value() == at(200));
  CHECK(*store->after("a", 100).value() == at(200));
  CHECK_FALSE(store->after("a", 300).value());
  store->finish("a", {.rows = 7, .bytes = 300, .digest_hex = "00ff"}).value();
  const auto found = store->find("a", now).value();
  REQUIRE(found);
  CHECK(found->fingerprint == record.fingerprint);
  CHECK(found->totals == bulk::export_totals{.rows = 7, .bytes = 300, .digest_hex = "00ff"});
  CHECK(store->purge_expired(now + std::chrono::hours(2), 10).value() == 1);
  CHECK_FALSE(store->find("a", now).value());
}

TEST_CASE("pages over ties and NULLs have no gap and no duplicate") {
  auto db =
      with_table("id BIGINT PRIMARY KEY, at DATETIME(6) NOT NULL, score DECIMAL(9,3), KEY(at)");
  db->execute(
        "INSERT INTO t SELECT seq, '2024-01-01' + INTERVAL seq DIV 7 MICROSECOND, "
        "IF(seq % 5 = 0, NULL, seq % 11 / 8) FROM seq_1_to_500"
  )
      .value();
  const keyset::source source{.table = "t", .columns = {"id"}};
  const std::vector<std::vector<keyset::order_column>> orders = {
      {{.name = "at", .nullability = keyset::nullability::not_null}},
      {{.name = "at", .direction = keyset::direction::descending}},
      {{.name = "score"}},
      {{.name = "score", .direction = keyset::direction::descending}}};
  for (const auto& columns : orders) {
    const auto order = keyset::order::make(columns, {.columns = {"id"}}).value();
    for (const std::int64_t size : {1, 7, 100}) {
      std::vector<std::int64_t> seen;
      keyset::page_request request{.limit = size};
      for (;;) {
        const auto page = keyset::fetch(*db, source, order, request).value();
        for (const auto& r : page.rows) seen.push_back(r.values[0].view().as_int64());
        if (!page.has_next) break;
        request.from = keyset::place::after;
        request.key = page.rows.back().key;
      }
      std::ranges::sort(seen);
      REQUIRE(seen.size() == 500);
      CHECK(std::ranges::adjacent_find(seen) == seen.end());
    }
  }
}
