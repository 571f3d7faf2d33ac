// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"
#include "ledger.hpp"

#include <scalekit/bulk/export_session.hpp>
#include <scalekit/bulk/memory_checkpoint_store.hpp>
#include <scalekit/testing/fault_injection.hpp>

#include <atomic>
#include <string>
#include <thread>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;

TEST_CASE("wherever a row fails, the export fails there and resumes to the same bytes") {
  ledger data(60);
  auto real = data.reader();
  const bulk::export_options what = all_entries();
  const std::string all = drain(*bulk::export_stream::open(*real, what).value());
  for (std::uint64_t row = 0; row < 60; ++row) {
    testing::faulty_connection db(*real);
    bulk::memory_checkpoint_store store;
    auto session = bulk::export_session::start(db, store, what).value();
    db.inject({.at = testing::sql_call::next, .what = error(errc::unavailable, "disk"), .skip = row}
    );
    std::string seen;
    csv::buffer chunk;
    result<bool> more = true;
    while ((more = session->next(chunk)) && *more) seen += chunk.view();
    REQUIRE_FALSE(more);
    CHECK(more.error().code() == errc::unavailable);
    CHECK(chunk.size() == 0);
    db.clear();
    auto rest = bulk::export_session::resume(db, store, what, session->id(), seen.size()).value();
    REQUIRE(seen + drain(*rest) == all);
  }
}

TEST_CASE("a failing page statement ends the export with its error") {
  ledger data(60);
  auto real = data.reader();
  testing::faulty_connection db(*real);
  auto stream = bulk::export_stream::open(db, all_entries()).value();
  db.inject({.at = testing::sql_call::query, .what = error(errc::busy, "locked"), .skip = 1});
  csv::buffer chunk;
  result<bool> more = true;
  while ((more = stream->next(chunk)) && *more) {
  }
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::busy);
}

TEST_CASE("a cancel before, between and inside chunks stops the export") {
  ledger data(1000);
  auto db = data.reader();
  csv::buffer chunk;
  auto before = bulk::export_stream::open(*db, all_entries()).value();
  before->cancel_handle()->cancel();
  CHECK(before->next(chunk).error().code() == errc::cancelled);
  before.reset();

  auto between = bulk::export_stream::open(*db, all_entries()).value();
  REQUIRE(between->next(chunk).value());
  between->cancel_handle()->cancel();
  CHECK(between->next(chunk).error().code() == errc::cancelled);
  between.reset();

  // A statement that finds nothing for minutes: only an interrupt can end it.
  bulk::export_options endless = all_entries();
  endless.source.where = {sql::fragment(
      "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000000) "
      "SELECT count(*) FROM n) < 0"
  )};
  std::atomic<bool> running{false};
  testing::faulty_connection watched(*db);
  auto inside = bulk::export_stream::open(watched, endless).value();
  // Strikes never: it only tells when the page statement is about to run.
  watched.inject({.at = testing::sql_call::query, .matches = [&running](std::string_view) {
                    running.store(true);
                    return false;
                  }});
  std::atomic<bool> ended{false};
  std::thread other([&, handle = inside->cancel_handle()] {
    while (!running.load()) std::this_thread::yield();
    // An interrupt before the statement's first step finds nothing to stop, so keep asking.
    while (!ended.load()) handle->cancel();
  });
  auto stopped = inside->next(chunk);
  ended.store(true);
  other.join();
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code() == errc::cancelled);
}

TEST_CASE("a cancelled export leaves its connection usable, and a late cancel harms nobody") {
  ledger data(100);
  auto db = data.reader();
  auto stream = bulk::export_stream::open(*db, all_entries()).value();
  auto handle = stream->cancel_handle();
  stream.reset();
  auto next_user = bulk::export_stream::open(*db, all_entries()).value();
  csv::buffer chunk;
  REQUIRE(next_user->next(chunk).value());
  handle->cancel();
  REQUIRE(next_user->next(chunk).value());
}

TEST_CASE("identifiers with quotes and data that looks like SQL are only names and data") {
  ledger data(0);
  data.writer()
      ->execute_script(
          "CREATE TABLE \"we\"\"ird\" (id INTEGER PRIMARY KEY, \"a\"\"b\" TEXT);"
          "INSERT INTO \"we\"\"ird\" VALUES (1, '''; DROP TABLE entry; --')"
      )
      .value();
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.source.table = "we\"ird";
  o.columns = {{.name = "id"}, {.name = "a\"b"}};
  CHECK(
      drain(*bulk::export_stream::open(*db, o).value()) ==
      "id,\"a\"\"b\"\n1,'; DROP TABLE entry; --\n"
  );
  o.columns = {{.name = "id) FROM entry; --"}};
  CHECK(bulk::export_stream::open(*db, o).error().code() == errc::invalid_argument);
}

TEST_CASE("NUL bytes, bytes that are not UTF-8 and a huge field pass through whole") {
  ledger data(0);
  const std::string huge(std::size_t{64} << 20, 'x');
  {
    auto db = data.writer();
    const std::string odd("nul\0\xff\xfe", 6);
    static_cast<void>(db->execute("INSERT INTO entry (id, note) VALUES (1, ?1)", {odd}).value());
    static_cast<void>(db->execute("INSERT INTO entry (id, note) VALUES (2, ?1)", {huge}).value());
  }
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.columns = {{.name = "note"}};
  const std::string all = drain(*bulk::export_stream::open(*db, o).value());
  CHECK(all.size() == 5 + 6 + 1 + huge.size() + 1);
  CHECK(all.substr(5, 7) == std::string("nul\0\xff\xfe\n", 7));
}

TEST_CASE("no allocation per row, and none that grows with the table") {
  const auto count = [](int table_rows) {
    ledger data(table_rows);
    auto db = data.reader();
    bulk::export_options o = all_entries();
    o.chunk_bytes = 1 << 20;
    o.first_chunk_bytes = o.chunk_bytes;
    o.page_rows = 0x7fff'ffff;
    o.digest = {};
    csv::buffer chunk;
    chunk.append(std::string(2 << 20, ' '));
    auto stream = bulk::export_stream::open(*db, o).value();
    const std::uint64_t before = scalekit_tests::allocations();
    while (stream->next(chunk).value()) {
    }
    return scalekit_tests::allocations() - before;
  };
  static_cast<void>(count(10));
  const std::uint64_t small = count(100);
  const std::uint64_t large = count(5000);
  CHECK(large <= small + 4);
}
