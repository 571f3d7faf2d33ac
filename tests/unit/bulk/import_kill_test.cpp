// SPDX-License-Identifier: BSL-1.0
// A process that imports is ended by a timer at random moments, again and again; table and reports
// must be what a run that was never disturbed leaves behind.
#include "import_sqlite.hpp"
#include "torture.hpp"
#include "worker_pool.hpp"

#include <scalekit/testing/fixed_random.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

bulk::import_options how(const worker_pool* workers) {
  bulk::import_options o = payment_import();
  o.batch_rows = 100;
  o.chunk_bytes = 64 * 1024;
  o.duplicates = sql::duplicate_policy::first_wins;
  if (workers != nullptr) {
    o.writers = 2;
  }
  return o;
}

/// In a process of its own: goes on with the import until the timer ends the process.
[[noreturn]] void import_and_die(
    const std::string& db, const std::string& path, const std::string& id, bool parallel, int micros
) {
  // As `kill -9` does: nothing is undone, no destructor runs.
  std::signal(SIGALRM, [](int) { ::kill(::getpid(), SIGKILL); });
  const itimerval timer{
      .it_interval = {}, .it_value = {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000}};
  if (micros > 0) ::setitimer(ITIMER_REAL, &timer, nullptr);
  worker_pool workers(2);
  auto pool = payment_database::open(db);
  auto file = csv::disk_file::open_path(path).value();
  bulk::import_options o = how(parallel ? &workers : nullptr);
  if (parallel) o.executor = workers.executor();
  auto job = bulk::import_job::resume(*pool, *file, o, id).value();
  const bool whole = job->run().value().outcome == bulk::import_outcome::completed;
  std::_Exit(whole ? 0 : 1);
}

std::string begin(payment_database& db, csv::input_file& file, bool parallel) {
  worker_pool workers(1);
  bulk::import_options o = how(parallel ? &workers : nullptr);
  if (parallel) o.executor = workers.executor();
  return bulk::import_job::start(db.pool(), file, o).value()->id();
}

std::int64_t rows_in(payment_database& db) {
  auto write = db.write();
  auto rows = write->query("SELECT count(*) FROM payment").value();
  REQUIRE(rows->next().value());
  return rows->row()[0].as_int64();
}

struct kill_count {
  int kills = 0;
  int in_the_midst = 0;  ///< of processes that had written a batch
};

/// One process after the other, until one of them ends by itself: the last is left alone.
void kill_until_over(
    payment_database& db,
    const std::string& path,
    const std::string& id,
    bool parallel,
    testing::fixed_random& random,
    int wanted,
    kill_count& n
) {
  // From before it has opened the database to the midst of the rows, however slow the machine is.
  std::uint64_t longest = 9'000;
  for (std::int64_t rows = 0;;) {
    const int micros = n.kills >= wanted ? 0 : 1 + static_cast<int>(random.below(longest));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) import_and_die(db.path(), path, id, parallel, micros);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      return;
    }
    REQUIRE(WTERMSIG(status) == SIGKILL);
    ++n.kills;
    const std::int64_t before = std::exchange(rows, rows_in(db));
    if (rows > before) {
      ++n.in_the_midst;
    } else {
      longest = std::min<std::uint64_t>(longest * 9 / 8, 2'000'000);
    }
  }
}

}  // namespace

TEST_CASE("killed at random moments, the import ends as if nothing had been") {
  auto all = random_payments(20'000, 31);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 501 == 50) all[i].account = 666;
    if (i % 29 == 3) all[i].reference = all[i / 2].reference;
  }
  const std::string text = to_file(all);
  temp_folder folder;
  const std::string path = folder / "payments.csv";
  std::ofstream(path, std::ios::binary) << text;
  auto file = csv::disk_file::open_path(path).value();

  payment_database clean;
  auto reference = bulk::import_job::start(clean.pool(), *file, how(nullptr)).value();
  REQUIRE(reference->run());

  for (const bool parallel : {false, true}) {
    CAPTURE(parallel);
    testing::fixed_random random(9);
    kill_count n;
    for (int wanted = rounds(50); n.kills < wanted;) {
      payment_database db;
      const std::string id = begin(db, *file, parallel);
      kill_until_over(db, path, id, parallel, random, wanted, n);
      auto after = bulk::import_job::resume(db.pool(), *file, how(nullptr), id).value();
      const auto a = after->summary().value();
      const auto b = reference->summary().value();
      CHECK(a.outcome == bulk::import_outcome::completed);
      CHECK(a.inserted == b.inserted);
      CHECK(a.folded == b.folded);
      CHECK(a.rejected_by_code == b.rejected_by_code);
      CHECK(db.table() == clean.table());
      CHECK(rejects_of(*after) == rejects_of(*reference));
      CHECK(errors_of(*after) == errors_of(*reference));
    }
    MESSAGE("killed " << n.kills << " times, " << n.in_the_midst << " of them behind a batch");
    CHECK(n.in_the_midst >= n.kills / 10);
  }
}
