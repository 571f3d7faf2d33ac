// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"
#include "recording_registry.hpp"

#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/testing/manual_clock.hpp>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;

namespace {

/// Moves the clock by a tenth of a second a row, so that rates are known.
bulk::export_options timed(testing::manual_clock& clock) {
  bulk::export_options o = all_entries();
  o.time = &clock;
  o.transform = [&clock](bulk::row_editor&) -> result<bulk::row_action> {
    clock.advance(std::chrono::milliseconds(100));
    return bulk::row_action::write;
  };
  return o;
}

}  // namespace

TEST_CASE("progress tells rows, rate, share and remaining time") {
  ledger data(1000);
  auto db = data.reader();
  testing::manual_clock clock;
  bulk::export_options o = timed(clock);
  o.bound_column = "id";
  auto stream = bulk::export_stream::open(*db, o).value();
  CHECK(stream->progress().rows == 0);
  csv::buffer chunk;
  while (stream->position().rows < 500) REQUIRE(stream->next(chunk).value());
  const bulk::progress p = stream->progress();
  CHECK(p.rows_per_second == doctest::Approx(10.0));
  CHECK(p.fraction.value() == doctest::Approx(static_cast<double>(p.rows) / 1000).epsilon(0.01));
  const double remaining = std::chrono::duration<double>(p.remaining.value()).count();
  CHECK(remaining == doctest::Approx(static_cast<double>(1000 - p.rows) / 10).epsilon(0.02));
  static_cast<void>(drain(*stream));
  CHECK(stream->progress().fraction.value() == doctest::Approx(1.0));
  CHECK(stream->progress().rows == 1000);
}

TEST_CASE("a resumed run reckons its own rate and what is left") {
  ledger data(1000);
  auto db = data.reader();
  testing::manual_clock clock;
  bulk::export_options o = timed(clock);
  o.estimated_rows = 1000;
  auto first = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  while (first->position().rows < 800) REQUIRE(first->next(chunk).value());
  clock.advance(std::chrono::hours(5));
  auto second = bulk::export_stream::resume(
                    *db, o, first->position(), first->upper_bound(), first->fingerprint()
  )
                    .value();
  REQUIRE(second->next(chunk).value());
  const bulk::progress p = second->progress();
  CHECK(p.rows > 800);
  CHECK(p.rows_per_second == doctest::Approx(10.0));
  const double remaining = std::chrono::duration<double>(p.remaining.value()).count();
  CHECK(remaining == doctest::Approx(static_cast<double>(1000 - p.rows) / 10).epsilon(0.05));
}

TEST_CASE("without an estimate there is no share") {
  ledger data(100);
  auto db = data.reader();
  auto stream = bulk::export_stream::open(*db, all_entries()).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  CHECK_FALSE(stream->progress().fraction);
  CHECK_FALSE(stream->progress().remaining);
}

TEST_CASE("an export counts rows, bytes, time and aborts") {
  ledger data(100);
  auto db = data.reader();
  testing::manual_clock clock;
  scalekit_tests::recording_registry counts;
  bulk::export_options o = timed(clock);
  o.metrics = &counts;
  auto stream = bulk::export_stream::open(*db, o).value();
  const std::string all = drain(*stream);
  CHECK(counts.sum("scalekit_export_rows_total") == 100);
  CHECK(counts.sum("scalekit_export_bytes_total") == static_cast<double>(all.size()));
  CHECK(counts.sum("scalekit_export_chunk_seconds") == doctest::Approx(10.0));
  CHECK(counts.sum("scalekit_export_aborted_total") == 0);
  o.transform = [](bulk::row_editor&) -> result<bulk::row_action> { return errc::internal; };
  csv::buffer chunk;
  CHECK_FALSE(bulk::export_stream::open(*db, o).value()->next(chunk));
  CHECK(counts.sum("scalekit_export_aborted_total") == 1);
}
