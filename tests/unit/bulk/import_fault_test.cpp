// SPDX-License-Identifier: BSL-1.0
// Whatever the database fails with, before an effect or after it, an import ends with the same
// table and the same reports, or with an error and a job that can go on.
#include "faulty_pool.hpp"
#include "import_sqlite.hpp"

#include <scalekit/testing/fixed_random.hpp>

#include <array>
#include <optional>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

std::string faulty_file() {
  auto all = random_payments(700, 41);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 101 == 50) all[i].account = 666;
  }
  return to_file(all);
}

struct outcome {
  std::string table;
  std::string rejects;
  std::string errors;
  std::uint64_t inserted = 0;
  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome outcome_of(payment_database& db, bulk::import_job& job) {
  return {db.table(), rejects_of(job), errors_of(job), job.summary().value().inserted};
}

}  // namespace

TEST_CASE("a commit without an answer is settled, whether it took effect or not") {
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database clean;
  auto reference = bulk::import_job::start(clean.pool(), file, payment_import()).value();
  REQUIRE(reference->run());
  const outcome expected = outcome_of(clean, *reference);
  for (const auto when :
       {testing::sql_fault::moment::before_effect, testing::sql_fault::moment::after_effect}) {
    payment_database db;
    faulty_pool pool(db.path());
    waiting_clock time;
    bulk::import_options o = payment_import();
    o.retry.wait = &time;
    o.time = &time;
    auto job = bulk::import_job::start(pool, file, o).value();
    for (const std::uint64_t skip : {1U, 4U, 9U}) {
      pool.faulty.inject(
          {.at = testing::sql_call::commit,
           .when = when,
           .what = error(errc::outcome_unknown, "connection lost"),
           .skip = skip}
      );
    }
    CHECK(job->run().value().outcome == bulk::import_outcome::completed);
    CHECK(pool.faulty.struck() == 3);
    CHECK(job->stats().in_doubt == 3);
    CHECK(job->stats().given_up == 0);
    CHECK(outcome_of(db, *job) == expected);
  }
}

TEST_CASE("any fault anywhere: tried again, or reported and resumed, the end is the same") {
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database clean;
  auto reference = bulk::import_job::start(clean.pool(), file, payment_import()).value();
  REQUIRE(reference->run());
  const outcome expected = outcome_of(clean, *reference);

  testing::fixed_random random(17);
  constexpr std::array calls = {
      testing::sql_call::execute,
      testing::sql_call::execute_many,
      testing::sql_call::begin,
      testing::sql_call::commit,
      testing::sql_call::rollback};
  constexpr std::array codes = {
      errc::busy, errc::unavailable, errc::timed_out, errc::data_corrupted, errc::cancelled};
  std::uint64_t struck = 0;
  int resumed = 0;
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    payment_database db;
    faulty_pool pool(db.path());
    waiting_clock time;
    bulk::import_options o = payment_import();
    o.retry.wait = &time;
    o.time = &time;
    auto job = bulk::import_job::start(pool, file, o).value();
    for (int i = 0; i < 4; ++i) {
      const auto at = calls[random.below(calls.size())];
      pool.faulty.inject(
          {.at = at,
           .when = at == testing::sql_call::commit ? testing::sql_fault::moment::before_effect
                                                   : testing::sql_fault::moment::after_effect,
           .what = error(codes[random.below(codes.size())], "injected"),
           .skip = random.below(14),
           .times = 1 + random.below(3)}
      );
    }
    for (int tries = 0; tries < 20; ++tries) {
      auto done = job->run();
      if (done) {
        CHECK(done->outcome == bulk::import_outcome::completed);
        break;
      }
      ++resumed;
    }
    struck += pool.faulty.struck();
    pool.faulty.clear();
    CHECK(outcome_of(db, *job) == expected);
  }
  CHECK(struck > 60);
  CHECK(resumed > 5);
}

TEST_CASE("contention is tried as often as the options say, an outage as long") {
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database db;
  faulty_pool pool(db.path());
  waiting_clock time;
  bulk::import_options o = payment_import();
  o.retry = {.max_attempts = 5, .wait = &time};
  o.time = &time;
  o.outage_patience = std::chrono::seconds(20);
  auto job = bulk::import_job::start(pool, file, o).value();

  pool.faulty.inject(
      {.at = testing::sql_call::begin, .what = error(errc::busy, "locked"), .times = 5}
  );
  auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::busy);
  CHECK(time.waits == 4);
  CHECK(job->stats().contended == 5);
  CHECK(job->stats().given_up == 1);

  pool.faulty.inject(
      {.at = testing::sql_call::begin, .what = error(errc::unavailable, "down"), .times = 100'000}
  );
  const steady_time before = time.steady_now();
  done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::unavailable);
  CHECK(time.steady_now() - before >= std::chrono::seconds(20));
  CHECK(time.steady_now() - before < std::chrono::seconds(22));
  pool.faulty.clear();
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
}

TEST_CASE("a full disk is no fault of the rows") {
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database db;
  faulty_pool pool(db.path());
  auto job = bulk::import_job::start(pool, file, payment_import()).value();
  pool.faulty.inject(
      {.at = testing::sql_call::execute_many,
       .what = error(errc::limit_exceeded, "disk full"),
       .skip = 8,
       .times = 100'000}
  );
  auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::limit_exceeded);
  pool.faulty.clear();
  const auto rest = job->run().value();
  CHECK(rest.outcome == bulk::import_outcome::completed);
  CHECK(rest.rejected_by_code.count("database.limit") == 0);
}

TEST_CASE("a disk that is full for a moment is no fault of the rows of that moment") {
  constexpr int sqlite_full = 13;
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database clean;
  auto reference = bulk::import_job::start(clean.pool(), file, payment_import()).value();
  REQUIRE(reference->run());
  payment_database db;
  faulty_pool pool(db.path());
  auto job = bulk::import_job::start(pool, file, payment_import()).value();
  // Long enough for a batch to be taken apart down to its first row.
  pool.faulty.inject(
      {.at = testing::sql_call::execute_many,
       .what = error(errc::limit_exceeded, "database or disk is full", {"sqlite", sqlite_full}),
       .skip = 8,
       .times = 7}
  );
  int runs = 1;
  for (; runs < 20; ++runs) {
    const auto done = job->run();
    if (done) break;
    CHECK(done.error().code() == errc::limit_exceeded);
  }
  CHECK(runs == 8);
  CHECK(outcome_of(db, *job) == outcome_of(clean, *reference));
}

TEST_CASE("a table that is gone is no fault of the rows") {
  const std::string text = faulty_file();
  csv::memory_file file(text);
  payment_database db;
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  db.write()->execute_script("ALTER TABLE payment RENAME TO away").value();
  auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().message().find("payment") != std::string::npos);
  CHECK(job->summary().value().rejected == 0);
  db.write()->execute_script("ALTER TABLE away RENAME TO payment").value();
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
}
