// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"
#include "worker_pool.hpp"

#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/bulk/parallel_export.hpp>
#include <scalekit/encoding.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;
using scalekit_tests::worker_pool;

namespace {

bulk::parallel_options on(worker_pool& pool, std::int64_t rows = 37) {
  return {.executor = pool.executor(), .in_flight = 4, .range_rows = rows};
}

bulk::export_options bounded() {
  bulk::export_options o = all_entries();
  o.bound_column = "id";
  return o;
}

std::string serial(ledger& data, const bulk::export_options& o) {
  auto db = data.reader();
  return drain(*bulk::export_stream::open(*db, o).value());
}

}  // namespace

TEST_CASE("workers give the serial bytes, for any range size, with or without threads") {
  ledger data(1000);
  const std::string expected = serial(data, bounded());
  for (const std::size_t threads : {1U, 2U, 4U}) {
    worker_pool pool(threads);
    for (const std::int64_t rows : {1, 10, 333, 1000, 5000}) {
      auto stream = bulk::parallel_export::open(data.pool(), bounded(), on(pool, rows)).value();
      REQUIRE(drain(*stream) == expected);
      CHECK(stream->position().rows == 1000);
      CHECK(stream->position().at_end);
    }
  }
  auto inline_work =
      bulk::parallel_export::open(data.pool(), bounded(), {.executor = {}, .range_rows = 50})
          .value();
  CHECK(drain(*inline_work) == expected);
}

TEST_CASE("the digest is the serial digest, and any position resumes") {
  ledger data(400);
  worker_pool pool(2);
  auto whole = bulk::parallel_export::open(data.pool(), bounded(), on(pool)).value();
  std::vector<bulk::checkpoint> positions{bulk::checkpoint()};
  std::string all;
  csv::buffer chunk;
  while (whole->next(chunk).value()) {
    all += chunk.view();
    positions.push_back(whole->position());
  }
  CHECK(all == serial(data, bounded()));
  data.insert(401, 500);
  for (const bulk::checkpoint& from : positions) {
    auto rest =
        bulk::parallel_export::resume(
            data.pool(), bounded(), on(pool, 50), from, whole->upper_bound(), whole->fingerprint()
        )
            .value();
    REQUIRE(drain(*rest) == all.substr(from.bytes));
    CHECK(rest->digest_value() == whole->digest_value());
  }
}

TEST_CASE("rows may be deleted and added while ranges are read") {
  ledger data(2000);
  worker_pool pool(2);
  auto stream = bulk::parallel_export::open(data.pool(), bounded(), on(pool, 100)).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  std::string all(chunk.view());
  data.writer()->execute_script("DELETE FROM entry WHERE id > 1500 AND id % 2 = 0").value();
  data.insert(2001, 2200);
  all += drain(*stream);
  int last = 0;
  int odd_after_1500 = 0;
  std::size_t at = all.find('\n') + 1;
  for (; at < all.size(); at = all.find("Z\n", at) + 2) {
    const int id = std::stoi(all.substr(at, 10));
    REQUIRE(id > last);
    last = id;
    if (id > 1500 && id % 2 == 1) ++odd_after_1500;
  }
  CHECK(last == 1999);
  CHECK(odd_after_1500 == 250);
}

TEST_CASE("no more than the window is made ahead of a consumer that stops asking") {
  ledger data(1000);
  worker_pool pool(2);
  std::atomic<int> rows_seen{0};
  bulk::export_options o = bounded();
  o.transform = [&rows_seen](bulk::row_editor&) -> result<bulk::row_action> {
    rows_seen.fetch_add(1);
    return bulk::row_action::write;
  };
  {
    auto stream = bulk::parallel_export::open(data.pool(), o, on(pool, 10)).value();
    csv::buffer chunk;
    REQUIRE(stream->next(chunk).value());
  }
  // One range taken and at most in_flight more: destruction has waited for all of them.
  CHECK(rows_seen.load() <= 10 + 4 * 10);
}

TEST_CASE("an error in one range reaches the consumer in its place") {
  ledger data(500);
  worker_pool pool(2);
  bulk::export_options o = bounded();
  o.transform = [](bulk::row_editor& row) -> result<bulk::row_action> {
    if (row[0].as_int64() == 250) return error(errc::limit_exceeded, "row 250");
    return bulk::row_action::write;
  };
  auto stream = bulk::parallel_export::open(data.pool(), o, on(pool, 20)).value();
  std::uint64_t delivered = 0;
  csv::buffer chunk;
  for (;;) {
    auto more = stream->next(chunk);
    if (!more) {
      CHECK(more.error().code() == errc::limit_exceeded);
      break;
    }
    REQUIRE(*more);
    delivered = stream->position().rows;
  }
  CHECK(delivered == 240);
}

TEST_CASE("a cancel from another thread ends it") {
  ledger data(3000);
  worker_pool pool(2);
  auto stream = bulk::parallel_export::open(data.pool(), bounded(), on(pool, 5)).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  std::thread canceller([handle = stream->cancel_handle()] { handle->cancel(); });
  result<bool> more = true;
  while ((more = stream->next(chunk)) && *more) {
  }
  canceller.join();
  if (!more) CHECK(more.error().code() == errc::cancelled);
}

TEST_CASE("an executor that runs tasks at once, or never until the end, cannot block it") {
  ledger data(300);
  const std::string expected = serial(data, bounded());
  auto at_once = bulk::parallel_export::open(
                     data.pool(),
                     bounded(),
                     {.executor = [](std::function<void()> task) { task(); }, .range_rows = 10}
  )
                     .value();
  CHECK(drain(*at_once) == expected);

  std::vector<std::function<void()>> held;
  auto never =
      bulk::parallel_export::open(
          data.pool(),
          bounded(),
          {.executor = [&held](std::function<void()> task) { held.push_back(std::move(task)); },
           .range_rows = 10}
      )
          .value();
  CHECK(drain(*never) == expected);
  for (auto& task : held) task();
}

TEST_CASE("on a thread of its own executor it neither blocks nor waits for tasks never begun") {
  ledger data(300);
  const std::string expected = serial(data, bounded());
  std::string made;
  {
    worker_pool pool(1);
    pool.executor()([&] {
      auto stream = bulk::parallel_export::open(data.pool(), bounded(), on(pool, 10)).value();
      made = drain(*stream);
    });
  }
  CHECK(made == expected);
}

TEST_CASE("what throws in a task reaches the consumer as an error") {
  ledger data(300);
  worker_pool pool(2);
  bulk::export_options o = bounded();
  o.transform = [](bulk::row_editor& row) -> result<bulk::row_action> {
    if (row[0].as_int64() == 100) throw std::runtime_error("host's own");
    return bulk::row_action::write;
  };
  auto stream = bulk::parallel_export::open(data.pool(), o, on(pool, 10)).value();
  csv::buffer chunk;
  result<bool> more = true;
  while ((more = stream->next(chunk)) && *more) {
  }
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::internal);
  CHECK(more.error().message().find("host's own") != std::string::npos);

  auto refusing =
      bulk::parallel_export::open(
          data.pool(),
          bounded(),
          {.executor = [](const std::function<void()>&) { throw std::runtime_error("full"); }}
      ).value();
  CHECK(drain(*refusing) == serial(data, bounded()));
}

TEST_CASE("options that cannot work are refused") {
  ledger data(1);
  bulk::export_options o = bounded();
  o.read_view = bulk::read_view::run;
  CHECK(bulk::parallel_export::open(data.pool(), o, {}).error().code() == errc::invalid_argument);
  CHECK(
      bulk::parallel_export::open(data.pool(), bounded(), {.executor = {}, .in_flight = 0})
          .error()
          .code() == errc::invalid_argument
  );
  CHECK(
      bulk::parallel_export::open(data.pool(), bounded(), {.executor = {}, .range_rows = 0})
          .error()
          .code() == errc::invalid_argument
  );
}
