// SPDX-License-Identifier: BSL-1.0
#include "fake_connection.hpp"

#include <scalekit/sql/transaction.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace std::chrono_literals;
using scalekit::duration;
using scalekit::errc;
using scalekit::result;
using scalekit::testing::manual_clock;
namespace sql = scalekit::sql;

namespace {

/// Every wait that was asked for, on a clock that does not run.
struct recorded_waits final : scalekit::sleeper {
  void sleep_for(duration wait) override { waits.push_back(wait); }
  std::vector<duration> waits;
};

/// Always draws the largest number, so that every wait is the whole ceiling.
struct highest final : scalekit::random_source {
  void fill(std::span<std::byte> out) noexcept override {
    std::fill(out.begin(), out.end(), std::byte{0xff});
  }
};

result<void> insert(sql::connection& db) {
  if (auto done = db.execute("INSERT"); !done) return done.error();
  return {};
}

struct fixture {
  fake_connection db;
  manual_clock time;
  scalekit::testing::fixed_random random;
  [[nodiscard]] sql::retry_options retry(int attempts = 8) {
    return {.max_attempts = attempts, .wait = &time, .random = &random};
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a body that succeeds is committed, once and without waiting") {
  CHECK(sql::run_transaction(db, insert, {}, retry()).has_value());
  CHECK(db.history() == "BEGIN; INSERT; COMMIT");
  CHECK(time.sleeps() == 0);
}

TEST_CASE_FIXTURE(fixture, "contention anywhere is rolled back and tried again from the start") {
  db.fail("BEGIN", {errc::busy});
  db.fail("INSERT", {errc::busy});
  db.fail("COMMIT", {errc::busy});
  CHECK(sql::run_transaction(db, insert, {}, retry()).has_value());
  CHECK(
      db.history() ==
      "BEGIN; "
      "BEGIN; INSERT; ROLLBACK; "
      "BEGIN; INSERT; COMMIT; ROLLBACK; "
      "BEGIN; INSERT; COMMIT"
  );
  CHECK(time.sleeps() == 3);
  CHECK_FALSE(db.in_transaction());
}

TEST_CASE_FIXTURE(fixture, "an unknown outcome is never tried again") {
  db.fail("COMMIT", {errc::outcome_unknown});
  const auto done = sql::run_transaction(db, insert, {}, retry());
  CHECK(done.error().outcome_unknown());
  CHECK(db.history() == "BEGIN; INSERT; COMMIT; ROLLBACK");
  CHECK(time.sleeps() == 0);
}

TEST_CASE_FIXTURE(fixture, "no error but contention is tried again") {
  for (int code = 1; code <= static_cast<int>(errc::internal); ++code) {
    if (static_cast<errc>(code) == errc::busy) continue;
    db.calls.clear();
    db.fail("INSERT", {static_cast<errc>(code)});
    CHECK(sql::run_transaction(db, insert, {}, retry()).error().code() == static_cast<errc>(code));
    CHECK(db.history() == "BEGIN; INSERT; ROLLBACK");
  }
  CHECK(time.sleeps() == 0);
}

TEST_CASE_FIXTURE(fixture, "it gives up after the tries it was given, with the last error") {
  for (const int attempts : {-1, 0, 1, 2, 5}) {
    db.calls.clear();
    const auto tries = static_cast<std::size_t>(std::max(attempts, 1));
    db.fail("BEGIN", std::vector<errc>(tries, errc::busy));
    const auto before = time.sleeps();
    const auto done = sql::run_transaction(db, insert, {}, retry(attempts));
    CHECK(done.error().code() == errc::busy);
    CHECK(done.error().message() == "BEGIN failed as planned");
    CHECK(db.calls.size() == tries);
    CHECK(time.sleeps() - before == tries - 1);
  }
}

TEST_CASE_FIXTURE(fixture, "options hold for every try") {
  db.fail("COMMIT", {errc::busy});
  const sql::transaction_options options{.level = sql::isolation::serializable};
  CHECK(sql::run_transaction(db, insert, options, retry()).has_value());
  CHECK(db.begun_with.level == sql::isolation::serializable);
}

TEST_CASE("the wait is at most a ceiling that doubles up to the cap") {
  fake_connection db;
  db.fail("BEGIN", std::vector<errc>(9, errc::busy));
  scalekit::testing::fixed_random random(99);
  recorded_waits sleeper;
  const sql::retry_options retry{
      .max_attempts = 10,
      .base_delay = 2ms,
      .max_delay = 50ms,
      .wait = &sleeper,
      .random = &random};
  CHECK(sql::run_transaction(db, insert, {}, retry).has_value());
  const std::vector<duration> ceilings{2ms, 4ms, 8ms, 16ms, 32ms, 50ms, 50ms, 50ms, 50ms};
  REQUIRE(sleeper.waits.size() == ceilings.size());
  for (std::size_t i = 0; i < ceilings.size(); ++i) {
    CHECK(sleeper.waits[i] >= duration::zero());
    CHECK(sleeper.waits[i] <= ceilings[i]);
  }
  CHECK(std::adjacent_find(sleeper.waits.begin(), sleeper.waits.end()) == sleeper.waits.end());
}

TEST_CASE("the jitter is full: it reaches from nothing to the whole ceiling") {
  // below() is uniform, so over many first waits the extremes and the middle must show.
  scalekit::testing::fixed_random random(5);
  recorded_waits sleeper;
  for (int i = 0; i < 2000; ++i) {
    fake_connection db;
    db.fail("BEGIN", {errc::busy});
    CHECK(sql::run_transaction(
              db,
              insert,
              {},
              {.base_delay = 1ms, .max_delay = 1ms, .wait = &sleeper, .random = &random}
    )
              .has_value());
  }
  const auto [low, high] = std::minmax_element(sleeper.waits.begin(), sleeper.waits.end());
  CHECK(*low < 10us);
  CHECK(*high > 990us);
  CHECK(*high <= 1ms);
  duration sum{};
  for (const duration wait : sleeper.waits) sum += wait;
  CHECK(sum / 2000 > 450us);
  CHECK(sum / 2000 < 550us);
}

TEST_CASE("delays that make no sense do not run away") {
  const auto waits = [](duration base, duration cap) {
    fake_connection db;
    db.fail("BEGIN", std::vector<errc>(70, errc::busy));
    recorded_waits sleeper;
    highest random;
    const sql::retry_options retry{
        .max_attempts = 71,
        .base_delay = base,
        .max_delay = cap,
        .wait = &sleeper,
        .random = &random};
    CHECK(sql::run_transaction(db, insert, {}, retry).has_value());
    REQUIRE(sleeper.waits.size() == 70);
    return sleeper.waits;
  };
  for (const duration wait : waits(-1s, 1s)) CHECK(wait == duration::zero());
  for (const duration wait : waits(1s, -1s)) CHECK(wait == duration::zero());
  // The cap holds for the first wait too.
  for (const duration wait : waits(10s, 1s)) CHECK(wait <= 1s);
  // Doubling 70 times without a cap stays inside what a duration can hold.
  for (const duration wait : waits(1ns, duration::max())) CHECK(wait >= duration::zero());
}
