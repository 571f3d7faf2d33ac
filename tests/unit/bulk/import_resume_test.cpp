// SPDX-License-Identifier: BSL-1.0
#include "import_sqlite.hpp"
#include "worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// Payments of which some are bad by rule and some by constraint.
std::string mixed_file(int rows, unsigned seed) {
  auto all = random_payments(rows, seed);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 101 == 50) all[i].account = 666;
  }
  return to_file(all);
}

/// A schema like that of the payments, with a rule that calls `each` for every row.
std::shared_ptr<const bulk::import_schema> watched(std::function<void()> each) {
  auto schema = *payment_schema();
  schema.rules.push_back(
      {.name = "watch",
       .columns = {"reference"},
       .check = [each = std::move(each)](bulk::typed_row&) -> std::optional<bulk::rule_failure> {
         each();
         return {};
       }}
  );
  return std::make_shared<bulk::import_schema>(schema);
}

struct outcome {
  std::string table;
  std::string rejects;
  std::string errors;
  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome outcome_of(payment_database& db, bulk::import_job& job) {
  return {db.table(), rejects_of(job), errors_of(job)};
}

outcome clean_run(csv::input_file& file) {
  payment_database db;
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  REQUIRE(job->run().value().outcome == bulk::import_outcome::completed);
  return outcome_of(db, *job);
}

}  // namespace

TEST_CASE("paused anywhere and resumed, by the same object or another, it ends the same") {
  const std::string text = mixed_file(1500, 21);
  csv::memory_file file(text);
  const outcome expected = clean_run(file);
  for (const bool same_object : {true, false}) {
    payment_database db;
    bulk::import_job* running = nullptr;
    int rows = 0;
    bulk::import_options o = payment_import();
    o.schema = watched([&] {
      if (++rows % 230 == 0 && running != nullptr) running->pause();
    });
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    running = job.get();
    int pauses = 0;
    for (;;) {
      const auto done = job->run().value();
      if (done.outcome == bulk::import_outcome::completed) break;
      REQUIRE(done.outcome == bulk::import_outcome::paused);
      CHECK(done.unprocessed > 0);
      ++pauses;
      if (!same_object) {
        const std::string id = job->id();
        running = nullptr;
        job = bulk::import_job::resume(db.pool(), file, o, id).value();
        running = job.get();
      }
    }
    CHECK(pauses >= 4);
    CHECK(outcome_of(db, *job) == expected);
  }
}

TEST_CASE("a cancelled import stays as it is, and names what it has not read") {
  payment_database db;
  const auto all = random_payments(1000, 22);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  bulk::import_job* running = nullptr;
  int rows = 0;
  bulk::import_options o = payment_import();
  o.schema = watched([&] {
    if (running != nullptr && ++rows == 300) CHECK(running->cancel());
  });
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  running = job.get();
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::cancelled);
  const auto again = bulk::import_job::resume(db.pool(), file, o, job->id());
  REQUIRE_FALSE(again);
  CHECK(again.error().code() == errc::conflict);
  CHECK_FALSE(job->run());

  const std::string rest = unprocessed_of(*job);
  csv::memory_file second(rest);
  o.schema = payment_schema();
  CHECK(bulk::import_job::start(db.pool(), second, o).value()->run());
  CHECK(db.table() == expected_dump(all));
}

TEST_CASE("chunks go in any order, by several workers, and twice does no harm") {
  const std::string text = mixed_file(1500, 23);
  csv::memory_file file(text);
  const outcome expected = clean_run(file);
  payment_database db;
  bulk::import_options o = payment_import();
  o.chunk_records = 100;
  auto first = bulk::import_job::start(db.pool(), file, o).value();
  CHECK(first->chunk_count() == 15);
  auto second =
      bulk::import_job::resume(db.pool(), file, o, first->id(), bulk::import_job::verify::head)
          .value();
  std::vector<std::size_t> order(15);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(5);
  std::ranges::shuffle(order, random);
  for (const std::size_t chunk : order) {
    CHECK(first->run_chunk(chunk));
    CHECK(second->run_chunk(chunk));
  }
  CHECK(second->summary().value().outcome == bulk::import_outcome::completed);
  CHECK(second->summary().value().read == 1500);
  CHECK(outcome_of(db, *second) == expected);
  CHECK(first->run_chunk(15).error().code() == errc::invalid_argument);
}

TEST_CASE("of two runs at once one is told to stop, and nothing is applied twice") {
  const std::string text = mixed_file(1500, 24);
  csv::memory_file file(text);
  const outcome expected = clean_run(file);
  payment_database db;
  std::unique_ptr<bulk::import_job> other;
  int rows = 0;
  bulk::import_options o = payment_import();
  bulk::import_options quiet = payment_import();
  o.schema = watched([&] {
    if (other != nullptr && ++rows == 400) {
      REQUIRE(other->run().value().outcome == bulk::import_outcome::completed);
    }
  });
  // The two differ in what watches them only.
  quiet.schema = watched([] {});
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  other = bulk::import_job::resume(db.pool(), file, quiet, job->id()).value();
  const auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::stale_token);
  CHECK(outcome_of(db, *job) == expected);
}

TEST_CASE("a file, a schema or a format that has changed is refused") {
  payment_database db;
  const std::string text = mixed_file(600, 25);
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto refused = [&](const std::string& other, std::string_view why) {
    csv::memory_file changed(other);
    const auto again = bulk::import_job::resume(db.pool(), changed, o, job->id());
    REQUIRE_FALSE(again);
    CHECK(again.error().code() == errc::conflict);
    CHECK(again.error().message().find(why) != std::string::npos);
  };
  std::string flipped = text;
  flipped[text.size() / 2] = static_cast<char>(flipped[text.size() / 2] ^ 1);
  refused(flipped, "have changed");
  refused(text + "R9,1,1.00,paid,\n", "grown");
  refused(text.substr(0, text.size() - 10), "have changed");
  std::string header = text;
  header.replace(0, 9, "Reference");
  refused(header, "header has changed");

  o.format.trim = csv::trim::blanks;
  refused(text, "format");
  o = payment_import();
  o.target.insert_only = {"note"};
  refused(text, "target");
  o = payment_import();
  o.mode = bulk::import_mode::dry_run;
  refused(text, "mode");
  o = payment_import();
  auto schema = *payment_schema();
  schema.version = "2";
  o.schema = std::make_shared<bulk::import_schema>(schema);
  refused(text, "schema");

  o = payment_import();
  CHECK(bulk::import_job::resume(db.pool(), file, o, "nobody").error().code() == errc::not_found);

  SUBCASE("chunk by chunk") {
    auto cut = bulk::import_job::start(db.pool(), file, o).value();
    csv::memory_file changed(flipped);
    auto worker =
        bulk::import_job::resume(db.pool(), changed, o, cut->id(), bulk::import_job::verify::head)
            .value();
    std::size_t bad = 0;
    for (std::size_t i = 0; i < worker->chunk_count(); ++i) {
      const auto done = worker->run_chunk(i);
      if (done) continue;
      CHECK(done.error().code() == errc::conflict);
      ++bad;
    }
    CHECK(bad == 1);
  }
}

TEST_CASE("a rule that throws ends the run with an error, on any thread") {
  payment_database db;
  worker_pool workers(2);
  const std::string text = mixed_file(1500, 26);
  csv::memory_file file(text);
  std::atomic<int> rows = 0;
  std::atomic<bool> armed = true;
  bulk::import_options o = payment_import();
  o.executor = workers.executor();
  o.schema = watched([&] {
    if (armed && ++rows == 3700) throw std::runtime_error("no such luck");
  });
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::internal);
  CHECK(done.error().message().find("no such luck") != std::string::npos);
  armed = false;
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
  CHECK(outcome_of(db, *job) == clean_run(file));
}

TEST_CASE("a rule that throws ends the start with an error, whatever it throws") {
  payment_database db;
  const std::string text = mixed_file(100, 26);
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.schema = watched([] { throw 7; });
  CHECK(bulk::import_job::start(db.pool(), file, o).error().code() == errc::internal);
  o.schema = watched([] { throw std::runtime_error("no such luck"); });
  CHECK(bulk::import_job::start(db.pool(), file, o).error().code() == errc::internal);
}

TEST_CASE("an import that another process cancels stops at its next batch") {
  payment_database db;
  const std::string text = mixed_file(1500, 28);
  csv::memory_file file(text);
  std::unique_ptr<bulk::import_job> other;
  int rows = 0;
  bulk::import_options o = payment_import();
  bulk::import_options quiet = payment_import();
  o.schema = watched([&] {
    if (other != nullptr && ++rows == 400) CHECK(other->cancel());
  });
  quiet.schema = watched([] {});
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  other = bulk::import_job::resume(db.pool(), file, quiet, job->id()).value();
  CHECK(job->run().value().outcome == bulk::import_outcome::cancelled);
  CHECK(job->run().error().code() == errc::conflict);
  CHECK(job->summary().value().read < 450);
}

TEST_CASE("a pause before a run is a pause of that run") {
  payment_database db;
  const std::string text = mixed_file(100, 29);
  csv::memory_file file(text);
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  job->pause();
  const auto paused = job->run().value();
  CHECK(paused.outcome == bulk::import_outcome::paused);
  CHECK(paused.read == 0);
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
}

TEST_CASE("a file that changes behind a job's back is found out before its rows go in") {
  payment_database db;
  const std::string text = mixed_file(600, 30);
  std::string held = text;
  csv::memory_file file(held);
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  SUBCASE("edited") { held[held.size() / 2] ^= 1; }
  SUBCASE("cut") {
    // The same place in memory, as a file that was truncated has the same name.
    std::fill(held.begin() + static_cast<std::ptrdiff_t>(held.size() / 2), held.end(), '\n');
  }
  const auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::conflict);
  std::string sunk;
  CHECK(job->write_rejects(into(sunk)).error().code() == errc::conflict);
  held = text;
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
  CHECK(outcome_of(db, *job) == clean_run(file));
}

TEST_CASE("any executor will do: inline, late, forgetful, one that throws") {
  const std::string text = mixed_file(1500, 31);
  csv::memory_file file(text);
  const outcome expected = clean_run(file);
  for (int kind = 0; kind < 4; ++kind) {
    CAPTURE(kind);
    payment_database db;
    std::vector<std::function<void()>> late;
    int calls = 0;
    bulk::import_options o = payment_import();
    o.writers = 3;
    o.executor = [&](std::function<void()> task) {
      if (kind == 0) task();
      if (kind == 1) late.push_back(std::move(task));
      if (kind == 3 && ++calls % 2 == 0) throw std::runtime_error("full");
      if (kind == 3) late.push_back(std::move(task));
    };
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    CHECK(job->run().value().outcome == bulk::import_outcome::completed);
    CHECK(outcome_of(db, *job) == expected);
    job.reset();
    for (const auto& task : late) task();
  }
}

TEST_CASE("a job can be forgotten; its rows stay") {
  payment_database db;
  const std::string text = mixed_file(100, 27);
  csv::memory_file file(text);
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  CHECK(job->run());
  const std::string table = db.table();
  CHECK(job->forget());
  CHECK(
      bulk::import_job::resume(db.pool(), file, payment_import(), job->id()).error().code() ==
      errc::not_found
  );
  CHECK(db.table() == table);
}
