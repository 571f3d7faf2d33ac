// SPDX-License-Identifier: BSL-1.0
// Random schemas, files and tables, imported in every way there is and disturbed in every way we
// know: the end is what a plain model says.
#include "import_model.hpp"

#include "faulty_pool.hpp"
#include "import_sqlite.hpp"
#include "torture.hpp"
#include "worker_pool.hpp"

#include <scalekit/csv/reader.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// The fields of a line of the errors report, whose texts hold no quote in these columns.
std::string error_of(const csv::record& row) {
  return std::string(row[0]) + " " + std::string(row[3]) + " " + std::string(row[5]);
}

import_end end_of(sql::connection& db, bulk::import_job& job, const import_case& c) {
  const bulk::import_summary s = job.summary().value();
  import_end end{
      .rejects = rejects_of(job),
      .read = s.read,
      .inserted = s.inserted,
      .updated = s.updated,
      .unchanged = s.unchanged,
      .folded = s.folded,
      .rejected = s.rejected};
  CHECK(s.read == s.good + s.rejected);
  CHECK(s.good == s.inserted + s.updated + s.unchanged + s.folded);
  auto rows = db.query(c.select()).value();
  while (rows->next().value()) end.table.emplace_back(rows->row()[0].as_text());
  rows.reset();
  const std::string report = errors_of(job);
  csv::memory_source source(report);
  auto reader = csv::reader::open(source).value();
  while (reader->next().value()) end.errors.push_back(error_of(reader->row()));
  std::uint64_t counted = 0;
  for (const auto& [code, count] : s.rejected_by_code) counted += count;
  CHECK(counted == end.errors.size());
  std::ranges::sort(end.table);
  std::ranges::sort(end.errors);
  return end;
}

void check_end(const import_end& is, const import_end& must) {
  CHECK(is.table == must.table);
  CHECK(is.errors == must.errors);
  CHECK(is.rejects == must.rejects);
  CHECK(is.read == must.read);
  CHECK(is.inserted == must.inserted);
  CHECK(is.updated == must.updated);
  CHECK(is.unchanged == must.unchanged);
  CHECK(is.folded == must.folded);
  CHECK(is.rejected == must.rejected);
}

class database {
 public:
  explicit database(const import_case& c) : path_(folder_ / "import.db") {
    pool_ = payment_database::open(path_);
    write()->execute_script(c.create()).value();
  }
  [[nodiscard]] sql::pooled_connection write() {
    return std::move(pool_->acquire(sql::access::write)).value();
  }
  [[nodiscard]] sqlite::pool& pool() { return *pool_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  temp_folder folder_;
  std::string path_;
  std::unique_ptr<sqlite::pool> pool_;
};

void inject_some(testing::faulty_connection& db, testing::fixed_random& random) {
  using testing::sql_call;
  constexpr std::array calls = {
      sql_call::execute,
      sql_call::execute_many,
      sql_call::query,
      sql_call::begin,
      sql_call::commit,
      sql_call::rollback};
  constexpr std::array codes = {
      errc::busy, errc::unavailable, errc::timed_out, errc::data_corrupted, errc::cancelled};
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    const sql_call at = calls[random.below(calls.size())];
    const bool lost = at == sql_call::commit && random.below(2) == 0;
    testing::sql_fault fault{
        .at = at,
        .what = error(codes[random.below(codes.size())], "injected"),
        .skip = random.below(40),
        .times = 1 + random.below(3)};
    if (lost) fault.what = error(errc::outcome_unknown, "connection lost");
    // A commit that has happened must not be said to have failed, but that it did is unknown.
    const bool never_late = at == sql_call::commit && !lost;
    const bool late = !never_late && (at == sql_call::rollback || random.below(2) == 0);
    if (late) fault.when = testing::sql_fault::moment::after_effect;
    db.inject(std::move(fault));
  }
}

/// One run of the whole job, or of its chunks in any order; pauses, faults and limits may end it.
void run_somehow(bulk::import_job& job, testing::fixed_random& random) {
  if (random.below(6) == 0) job.pause();
  if (random.below(3) != 0) {
    static_cast<void>(job.run());
    return;
  }
  std::vector<std::size_t> order(job.chunk_count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  order.resize(random.below(order.size() + 1));
  for (const std::size_t chunk : order) static_cast<void>(job.run_chunk(chunk));
}

/// Goes on with the job, by this object or another, until it is over.
void disturb(
    std::unique_ptr<bulk::import_job>& job,
    sql::pool& pool,
    csv::input_file& file,
    bulk::import_options o,
    testing::fixed_random& random,
    const std::function<void()>& before_run
) {
  const std::string id = job->id();
  for (int tries = 0; tries < 6; ++tries) {
    before_run();
    if (random.below(2) == 0) {
      const bool all = random.below(2) == 0;
      o.batch_rows = 1 + random.below(60);
      o.limits.max_rejected = random.below(3) == 0 ? random.below(5) : UINT64_MAX;
      auto other = bulk::import_job::resume(
          pool, file, o, id, all ? bulk::import_job::verify::file : bulk::import_job::verify::head
      );
      if (other) job = *std::move(other);
    }
    run_somehow(*job, random);
  }
}

}  // namespace

TEST_CASE("an import that nothing disturbs ends as the model says") {
  for (int round = 0; round < rounds(100); ++round) {
    CAPTURE(round);
    const import_case c(static_cast<unsigned>(round));
    database db(c);
    csv::memory_file file(c.text());
    bulk::import_options o = c.options;
    if (round % 4 == 0) {
      o.mode = bulk::import_mode::dry_run;
      auto dry = bulk::import_job::start(db.pool(), file, o).value();
      const auto would = dry->run().value();
      CHECK(would.inserted == c.end().inserted);
      CHECK(would.updated == c.end().updated);
      CHECK(would.unchanged == c.end().unchanged);
      CHECK(would.rejected == c.end().rejected);
      o.mode = bulk::import_mode::write;
    }
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    REQUIRE(job->run().value().outcome == bulk::import_outcome::completed);
    check_end(end_of(*db.write(), *job, c), c.end());
    // Again: whoever is there already stays.
    auto again = bulk::import_job::start(db.pool(), file, o).value()->run().value();
    CHECK(again.inserted == 0);
    CHECK(again.rejected == c.end().rejected);
  }
}

TEST_CASE("faults, pauses, limits and new processes change nothing about the end") {
  std::uint64_t struck = 0;
  for (int round = 0; round < rounds(60); ++round) {
    CAPTURE(round);
    const import_case c(static_cast<unsigned>(round) + 1'000'000);
    database db(c);
    csv::memory_file file(c.text());
    testing::fixed_random random(static_cast<std::uint64_t>(round));
    waiting_clock time;
    faulty_pool pool(db.path());
    bulk::import_options o = c.options;
    o.retry.wait = &time;
    o.time = &time;
    auto job = bulk::import_job::start(pool, file, o).value();
    disturb(job, pool, file, o, random, [&] { inject_some(pool.faulty, random); });
    struck += pool.faulty.struck();
    pool.faulty.clear();
    job = bulk::import_job::resume(pool, file, o, job->id()).value();
    const auto done = job->run();
    REQUIRE_MESSAGE(done, done.error().describe());
    CHECK(done->outcome == bulk::import_outcome::completed);
    check_end(end_of(*db.write(), *job, c), c.end());
  }
  CHECK(struck > 30);
}

TEST_CASE("any number of writers, on any threads, end as the model says") {
  worker_pool workers(3);
  for (int round = 0; round < rounds(40); ++round) {
    CAPTURE(round);
    const import_case c(static_cast<unsigned>(round) + 2'000'000);
    database db(c);
    csv::memory_file file(c.text());
    testing::fixed_random random(static_cast<std::uint64_t>(round));
    bulk::import_options o = c.options;
    o.executor = workers.executor();
    o.writers = 1 + random.below(4);
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    disturb(job, db.pool(), file, o, random, [] {});
    job = bulk::import_job::resume(db.pool(), file, o, job->id()).value();
    REQUIRE(job->run().value().outcome == bulk::import_outcome::completed);
    check_end(end_of(*db.write(), *job, c), c.end());
  }
}
