// SPDX-License-Identifier: BSL-1.0
// The modules that speak to the SQL port, on a real PostgreSQL.
#include "support.hpp"

#include <scalekit/adapters/postgres/pool.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/timestamp.hpp>

using namespace postgres_test;
namespace bulk = scalekit::bulk;
namespace keyset = scalekit::keyset;

namespace {

bulk::checkpoint at(std::uint64_t position) {
  bulk::checkpoint c;
  c.bytes = position;
  c.rows = position / 10;
  return c;
}

scalekit::system_time moment(std::int64_t seconds) {
  return scalekit::system_time(std::chrono::seconds(seconds));
}

bulk::export_record record(std::string id, std::int64_t expires) {
  bulk::export_record r;
  r.id = std::move(id);
  r.name = "transactions";
  r.fingerprint.schema = UINT64_MAX;
  r.upper_bound = std::int64_t{1} << 60;
  r.created_at = moment(10);
  r.expires_at = moment(expires);
  return r;
}

void check_store(sql::pool& pool) {
  auto store = bulk::sql_checkpoint_store::open(pool).value();
  auto again = bulk::sql_checkpoint_store::open(pool).value();
  store->create(record("a", 100)).value();
  CHECK(store->create(record("a", 100)).error().code() == errc::conflict);
  auto found = again->find("a", moment(50)).value();
  REQUIRE(found);
  CHECK(found->fingerprint.schema == UINT64_MAX);
  CHECK(found->upper_bound == sql::value(std::int64_t{1} << 60));
  CHECK(found->created_at == moment(10));
  CHECK_FALSE(found->totals);
  CHECK_FALSE(store->find("a", moment(100)).value());
  for (const std::uint64_t position : {100U, 200U, 100U}) store->append("a", at(position)).value();
  bulk::checkpoint other = at(200);
  other.rows = 1;
  CHECK(store->append("a", other).error().code() == errc::conflict);
  CHECK(store->append("none", at(1)).error().code() == errc::not_found);
  CHECK(store->at_or_before("a", 150).value()->bytes == 100);
  CHECK(store->after("a", 150).value()->bytes == 200);
  CHECK_FALSE(store->after("a", 200).value());
  store->finish("a", {.rows = 20, .bytes = 200, .digest_hex = "ab"}).value();
  CHECK(store->find("a", moment(50)).value()->totals->digest_hex == "ab");
  CHECK(store->purge_expired(moment(100), 10).value() == 1);
  CHECK_FALSE(store->find("a", moment(50)).value());
}

// All pages of `limit` rows, forward or backward, as the ids they hold.
std::vector<std::int64_t> walk(sql::connection& db, const keyset::order& by, bool forward) {
  const keyset::source what{.table = "page_me", .columns = {"id"}};
  std::vector<std::int64_t> ids;
  keyset::page_request request{
      .limit = 7, .from = forward ? keyset::place::first : keyset::place::last};
  for (;;) {
    const auto page = keyset::fetch(db, what, by, request);
    REQUIRE_MESSAGE(page, page.error().describe());
    std::vector<std::int64_t> here;
    for (const auto& r : page->rows) here.push_back(r.values[0].view().as_int64());
    ids.insert(forward ? ids.end() : ids.begin(), here.begin(), here.end());
    if (!(forward ? page->has_next : page->has_previous)) return ids;
    request.from = forward ? keyset::place::after : keyset::place::before;
    request.key = forward ? page->rows.back().key : page->rows.front().key;
  }
}

}  // namespace

TEST_CASE("export checkpoints are kept in PostgreSQL, pooled or not") {
  for (const auto mode : {postgres::prepared::named, postgres::prepared::unnamed}) {
    auto pool = postgres::open_pool({.conninfo = server().conninfo(), .prepared = mode}).value();
    check_store(*pool);
    pool->acquire(sql::access::write)
        .value()
        ->execute_script("DROP TABLE scalekit_export, scalekit_export_checkpoint")
        .value();
  }
}

TEST_CASE("keyset pages agree with ORDER BY, whatever the types and ties") {
  for (const auto mode : {postgres::prepared::named, postgres::prepared::unnamed}) {
    auto db = open({.prepared = mode});
    db->execute_script(
          "DROP TABLE IF EXISTS page_me;"
          "CREATE TABLE page_me (id int4 PRIMARY KEY, at timestamptz NOT NULL, amount "
          "numeric(20,4) NOT NULL, name text NOT NULL, score float8);"
          "INSERT INTO page_me SELECT n, timestamptz '2024-01-01' + (n / 5) * interval '1 us', "
          "(n % 3) * 0.0001, 'n' || (n % 4), CASE WHEN n % 6 = 0 THEN NULL ELSE n % 2 + 0.1 END "
          "FROM generate_series(1, 60) n"
    )
        .value();
    for (const std::string column : {"at", "amount", "name", "score"}) {
      for (const auto direction : {keyset::direction::ascending, keyset::direction::descending}) {
        CAPTURE(column);
        const auto by = keyset::order::make(
            {{.name = column,
              .direction = direction,
              .nullability = column == "score" ? keyset::nullability::nullable
                                               : keyset::nullability::not_null}},
            {.columns = {"id"}}
        );
        REQUIRE(by);
        const bool up = direction == keyset::direction::ascending;
        const auto rows =
            all(*db,
                "SELECT id FROM page_me ORDER BY " + column + (up ? ", id" : " DESC, id DESC"));
        std::vector<std::int64_t> expected;
        for (const auto& r : rows) expected.push_back(r[0].view().as_int64());
        CHECK(walk(*db, *by, true) == expected);
        CHECK(walk(*db, *by, false) == expected);
      }
    }
    db->execute("DROP TABLE page_me").value();
  }
}

TEST_CASE("savepoints undo a part of a transaction") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  auto tx = sql::transaction::begin(*db).value();
  db->execute("INSERT INTO t VALUES ($1)", {1}).value();
  {
    auto part = sql::savepoint::begin(*db, "part").value();
    CHECK_FALSE(db->execute("INSERT INTO t VALUES ($1)", {1}));
    CHECK(postgres::sqlstate_of(db->execute("SELECT 1").error()) == "25P02");
  }
  db->execute("INSERT INTO t VALUES ($1)", {2}).value();
  tx.commit().value();
  CHECK(number(*db, "SELECT count(*) FROM t") == 2);
}
