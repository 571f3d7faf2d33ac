// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <scalekit/bulk/memory_checkpoint_store.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <functional>
#include <optional>

using namespace scalekit;

namespace {

bulk::export_record record(std::string id, system_time now) {
  return {
      .id = std::move(id),
      .name = "entries",
      .fingerprint = {1, 2, 3, 4, ~std::uint64_t{0}},
      .upper_bound = sql::value(42),
      .created_at = now,
      .expires_at = now + std::chrono::hours(1),
      .totals = {}};
}

bulk::checkpoint at(std::uint64_t position) {
  bulk::checkpoint c;
  c.key = {sql::value(static_cast<std::int64_t>(position))};
  c.bytes = position;
  return c;
}

/// Runs on every store: what the interface promises.
void check_store(bulk::checkpoint_store& store) {
  const testing::manual_clock clock;
  const system_time now = clock.system_now();

  store.create(record("a", now)).value();
  CHECK(store.create(record("a", now)).error().code() == errc::conflict);
  const auto found = store.find("a", now).value();
  REQUIRE(found);
  CHECK(found->name == "entries");
  CHECK(found->fingerprint == record("a", now).fingerprint);
  CHECK(found->upper_bound == sql::value(42));
  CHECK(found->created_at == now);
  CHECK_FALSE(found->totals);
  CHECK_FALSE(store.find("b", now).value());

  CHECK_FALSE(store.at_or_before("a", 1000).value());
  CHECK_FALSE(store.after("a", 0).value());
  for (const std::uint64_t p : {300U, 100U, 200U}) store.append("a", at(p)).value();
  CHECK(store.append("b", at(1)).error().code() == errc::not_found);
  CHECK_FALSE(store.at_or_before("a", 99).value());
  CHECK(*store.at_or_before("a", 100).value() == at(100));
  CHECK(*store.at_or_before("a", 299).value() == at(200));
  CHECK(*store.after("a", 0).value() == at(100));
  CHECK(*store.after("a", 100).value() == at(200));
  CHECK_FALSE(store.after("a", 300).value());

  store.append("a", at(200)).value();
  bulk::checkpoint other = at(200);
  other.rows = 7;
  CHECK(store.append("a", other).error().code() == errc::conflict);
  CHECK(*store.at_or_before("a", 200).value() == at(200));

  const bulk::export_totals totals{3, 300, "ab"};
  store.finish("a", totals).value();
  CHECK(store.find("a", now).value()->totals == totals);

  const system_time late = now + std::chrono::hours(1);
  CHECK_FALSE(store.find("a", late).value());
  CHECK(store.purge_expired(now, 10).value() == 0);
  for (const char* id : {"x", "y", "z"}) store.create(record(id, now)).value();
  CHECK(store.purge_expired(late, 2).value() == 2);
  CHECK(store.purge_expired(late, 10).value() == 2);
  CHECK_FALSE(store.at_or_before("a", 1000).value());
  CHECK(store.append("a", at(1)).error().code() == errc::not_found);
}

}  // namespace

TEST_CASE("the memory store keeps what it is told") {
  bulk::memory_checkpoint_store store;
  check_store(store);
}

TEST_CASE("the SQL store keeps what it is told, and across a reopening") {
  scalekit_tests::ledger data(0);
  auto store = bulk::sql_checkpoint_store::open(data.pool()).value();
  check_store(*store);
  const testing::manual_clock clock;
  store->create(record("kept", clock.system_now())).value();
  auto again = bulk::sql_checkpoint_store::open(data.pool()).value();
  CHECK(again->find("kept", clock.system_now()).value());
}

TEST_CASE("two prefixes do not see each other") {
  scalekit_tests::ledger data(0);
  const testing::manual_clock clock;
  auto one = bulk::sql_checkpoint_store::open(data.pool(), "one_").value();
  auto two = bulk::sql_checkpoint_store::open(data.pool(), "two_").value();
  one->create(record("a", clock.system_now())).value();
  CHECK_FALSE(two->find("a", clock.system_now()).value());
}

TEST_CASE("a prefix that is not a plain name is refused") {
  scalekit_tests::ledger data(0);
  for (const char* bad : {"x; DROP TABLE entry", "a.b", "\"", "abcdefghijklmnopqrstuvwxyz"}) {
    auto store = bulk::sql_checkpoint_store::open(data.pool(), bad);
    REQUIRE_FALSE(store);
    CHECK(store.error().code() == errc::invalid_argument);
  }
}

TEST_CASE("damaged state is an error, not a wrong resume") {
  scalekit_tests::ledger data(0);
  const testing::manual_clock clock;
  auto store = bulk::sql_checkpoint_store::open(data.pool()).value();
  store->create(record("a", clock.system_now())).value();
  store->append("a", at(5)).value();
  data.writer()
      ->execute_script("UPDATE scalekit_export_checkpoint SET state = x'01020304050607080900'")
      .value();
  CHECK(store->at_or_before("a", 9).error().code() == errc::data_corrupted);
  data.writer()->execute_script("UPDATE scalekit_export SET fingerprint = x'00'").value();
  CHECK(store->find("a", clock.system_now()).error().code() == errc::data_corrupted);
}
