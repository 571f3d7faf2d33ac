// SPDX-License-Identifier: BSL-1.0
// A process that imports is ended by a timer at random moments, again and again; table and reports
// must be what a run that was never disturbed leaves behind.
#include "import_sqlite.hpp"
#include "worker_pool.hpp"

#include <scalekit/testing/fixed_random.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

bulk::import_options how(const worker_pool* workers) {
  bulk::import_options o = payment_import();
  o.batch_rows = 100;
  o.chunk_bytes = 64 * 1024;
  if (workers != nullptr) {
    o.writers = 2;
  }
  return o;
}

/// In a process of its own: goes on with the import until the timer ends the process.
[[noreturn]] void import_and_die(
    const std::string& db, const std::string& path, const std::string& id, bool parallel, int micros
) {
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = micros}};
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

int kills_wanted() {
  const char* text = std::getenv("SCALEKIT_TORTURE");
  return text != nullptr ? std::atoi(text) : 50;
}

}  // namespace

TEST_CASE("killed at random moments, the import ends as if nothing had been") {
  auto all = random_payments(20'000, 31);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 501 == 50) all[i].account = 666;
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
    payment_database db;
    std::string id;
    {
      worker_pool workers(1);
      bulk::import_options o = how(parallel ? &workers : nullptr);
      if (parallel) o.executor = workers.executor();
      id = bulk::import_job::start(db.pool(), *file, o).value()->id();
    }
    testing::fixed_random random(9);
    int kills = 0;
    for (int tries = 0;; ++tries) {
      const bool last = kills >= kills_wanted() || tries > 20 * kills_wanted();
      // From before it has opened the database to the midst of the rows.
      const int micros = last ? 0 : 1 + static_cast<int>(random.below(9'000));
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) import_and_die(db.path(), path, id, parallel, micros);
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      if (WIFEXITED(status)) {
        REQUIRE(WEXITSTATUS(status) == 0);
        break;
      }
      REQUIRE(WTERMSIG(status) == SIGALRM);
      ++kills;
    }
    CHECK(kills > 0);
    MESSAGE("killed " << kills << " times");
    bulk::import_options o = how(nullptr);
    auto after = bulk::import_job::resume(db.pool(), *file, o, id).value();
    CHECK(after->summary().value().outcome == bulk::import_outcome::completed);
    CHECK(db.table() == clean.table());
    CHECK(rejects_of(*after) == rejects_of(*reference));
    CHECK(errors_of(*after) == errors_of(*reference));
    const auto a = after->summary().value();
    const auto b = reference->summary().value();
    CHECK(a.inserted == b.inserted);
    CHECK(a.rejected_by_code == b.rejected_by_code);
  }
}
