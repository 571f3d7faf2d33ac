// SPDX-License-Identifier: BSL-1.0
// A disk that is really full: the run ends, no row is blamed for it, and with room again the import
// goes on to the end it would have had.
#include "import_sqlite.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// Payments of which some are bad by rule and some by constraint, so that batches are taken apart.
std::string mixed_file() {
  auto all = random_payments(1500, 61);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 31 == 20) all[i].account = 666;
  }
  return to_file(all);
}

void check_same(bulk::import_job& job, payment_database& db, const std::string& text) {
  csv::memory_file file(text);
  payment_database clean;
  auto reference = bulk::import_job::start(clean.pool(), file, payment_import()).value();
  const auto must = reference->run().value();
  const auto is = job.summary().value();
  CHECK(is.outcome == bulk::import_outcome::completed);
  CHECK(is.rejected_by_code == must.rejected_by_code);
  CHECK(is.inserted == must.inserted);
  CHECK(db.table() == clean.table());
  CHECK(rejects_of(job) == rejects_of(*reference));
  CHECK(errors_of(job) == errors_of(*reference));
}

std::int64_t number(sql::connection& db, const std::string& pragma) {
  auto rows = db.query(pragma).value();
  REQUIRE(rows->next().value());
  return rows->row()[0].as_int64();
}

/// In a process of its own, whose files may not grow beyond `most`.
[[noreturn]] void import_within(
    const std::string& db, const std::string& path, const std::string& id, std::uintmax_t most
) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{.rlim_cur = most, .rlim_max = most};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::_Exit(3);
  auto pool = payment_database::open(db);
  auto file = csv::disk_file::open_path(path).value();
  auto job = bulk::import_job::resume(*pool, *file, payment_import(), id);
  if (!job) std::_Exit(job.error().code() == errc::limit_exceeded ? 1 : 4);
  auto done = (*job)->run();
  if (done) std::_Exit(0);
  std::_Exit(done.error().code() == errc::limit_exceeded ? 1 : 2);
}

}  // namespace

TEST_CASE("a database that may grow by a page at a time takes all rows in the end") {
  payment_database db;
  const std::string text = mixed_file();
  csv::memory_file file(text);
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  int full = 0;
  for (auto pages = number(*db.write(), "PRAGMA page_count");; ++pages) {
    number(*db.write(), "PRAGMA max_page_count = " + std::to_string(pages));
    const auto done = job->run();
    if (done) break;
    REQUIRE(done.error().code() == errc::limit_exceeded);
    CHECK(done.error().message().find("full") != std::string::npos);
    ++full;
  }
  CHECK(full > 10);
  check_same(*job, db, text);
}

TEST_CASE("a process whose files may not grow leaves an import that another can end") {
  temp_folder folder;
  const std::string path = folder / "payments.csv";
  const std::string text = mixed_file();
  std::ofstream(path, std::ios::binary) << text;
  auto file = csv::disk_file::open_path(path).value();
  payment_database db;
  auto job = bulk::import_job::start(db.pool(), *file, payment_import()).value();
  int full = 0;
  for (std::uintmax_t most = 64 * 1024;; most += 16 * 1024) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) import_within(db.path(), path, job->id(), most);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) < 2);
    if (WEXITSTATUS(status) == 0) break;
    ++full;
  }
  CHECK(full > 2);
  check_same(*job, db, text);
}
