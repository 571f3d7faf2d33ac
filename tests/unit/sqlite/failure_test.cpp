// SPDX-License-Identifier: BSL-1.0
// Failures that really happen: full disks, broken files, missing rights.
#include "sqlite_support.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace scalekit;
using namespace sqlite_test;

namespace {

// A child process for what changes a process for good; true if `work` returned true.
bool in_child(const std::function<bool()>& work) {
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) _exit(work() ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status == 0;
}

result<void> fill(sqlite::connection& db, int rows) {
  const std::string payload(1000, 'x');
  for (int i = 0; i < rows; ++i) {
    if (auto done = db.execute("INSERT INTO t VALUES (?1)", {payload}); !done) return done.error();
  }
  return {};
}

void make_table(const std::string& path, int rows) {
  auto db = sqlite::connection::open(path, {.journal = sqlite::journal_mode::rollback}).value();
  db->execute("CREATE TABLE t (v TEXT)").value();
  db->begin({}).value();
  fill(*db, rows).value();
  db->commit().value();
}

// Writing stops where the process may write no further into any file, as on a full disk.
bool meets_the_file_limit(const std::string& path, sqlite::journal_mode journal) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{300'000, 300'000};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
  auto db = sqlite::connection::open(path, {.journal = journal});
  if (!db || !(*db)->execute("CREATE TABLE t (v TEXT)")) return false;
  if (!fill(**db, 10)) return false;
  if (!(*db)->begin({})) return false;
  auto full = fill(**db, 5000);
  if (full) full = (*db)->commit();
  if (full || full.error().code() != errc::limit_exceeded) return false;
  // What was committed is there, nothing else is, and the connection still works.
  return (*db)->rollback() && first_int(**db, "SELECT count(*) FROM t") == 10 &&
         first(**db, "PRAGMA integrity_check") == sql::value("ok");
}

}  // namespace

TEST_CASE("a full database is a limit, and keeps what was committed") {
  const temp_folder folder;
  auto db = open_file(folder / "full.db");
  db->execute_script("CREATE TABLE t (v TEXT); PRAGMA max_page_count = 20").value();
  fill(*db, 5).value();
  db->begin({}).value();
  const auto full = fill(*db, 1000);
  REQUIRE_FALSE(full);
  CHECK(full.error().code() == errc::limit_exceeded);
  CHECK(full.error().cause().code == 13);
  CHECK(db->rollback().has_value());
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 5);
  CHECK(fill(*db, 1).has_value());
}

TEST_CASE("a full disk is a limit, in both journal modes") {
  const temp_folder folder;
  CHECK(in_child([&] { return meets_the_file_limit(folder / "w.db", sqlite::journal_mode::wal); }));
  CHECK(in_child([&] {
    return meets_the_file_limit(folder / "r.db", sqlite::journal_mode::rollback);
  }));
}

TEST_CASE("broken bytes in the middle are found") {
  const temp_folder folder;
  const std::string path = folder / "broken.db";
  make_table(path, 200);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * 4096);
    file << std::string(10 * 4096, '\xA5');
    REQUIRE(file.good());
  }
  auto db = open_file(path);
  auto rows = db->query("SELECT v FROM t").value();
  result<bool> more(true);
  int good = 0;
  while (more && *more) {
    more = rows->next();
    if (more && *more) ++good;
  }
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::data_corrupted);
  CHECK(good < 200);
  CHECK_FALSE(rows->next().value());
}

TEST_CASE("what is not a database is said so, and left alone") {
  const temp_folder folder;
  const std::string path = folder / "notes.txt";
  const std::string text(5000, 'n');
  std::ofstream(path) << text;
  for (const auto mode : {sqlite::open_mode::create, sqlite::open_mode::read_only}) {
    const auto db = sqlite::connection::open(path, {.mode = mode});
    REQUIRE_FALSE(db);
    CHECK(db.error().code() == errc::data_corrupted);
    CHECK(contains(db.error().message(), path));
  }
  std::string now;
  std::getline(std::ifstream(path), now, '\0');
  CHECK(now == text);
}

TEST_CASE("a folder that is missing, and a folder instead of a file") {
  const temp_folder folder;
  const auto missing = sqlite::connection::open(folder / "no/such/folder.db");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == errc::not_found);
  CHECK(contains(missing.error().message(), "no/such/folder.db"));
  CHECK_FALSE(missing.error().retryable());
  std::filesystem::create_directory(folder / "sub");
  const auto directory = sqlite::connection::open(folder / "sub");
  REQUIRE_FALSE(directory);
  CHECK(directory.error().code() == errc::unavailable);
}

TEST_CASE("a write-protected file is refused at open, and can be read") {
  const temp_folder folder;
  const std::string path = folder / "protected.db";
  make_table(path, 3);
  REQUIRE(chmod(path.c_str(), 0444) == 0);
  REQUIRE(chmod(std::filesystem::path(path).parent_path().c_str(), 0755) == 0);
  CHECK(in_child([&] {
    // The superuser may write everything.
    if (geteuid() == 0 && setuid(65534) != 0) return false;
    const auto writer = sqlite::connection::open(path);
    if (writer || writer.error().code() != errc::invalid_argument) return false;
    if (!contains(writer.error().message(), "read_only")) return false;
    const auto reader = sqlite::connection::open(path, {.mode = sqlite::open_mode::read_only});
    return reader && first_int(**reader, "SELECT count(*) FROM t") == 3;
  }));
}

TEST_CASE("a foreign lock is busy, and leaves the connection usable") {
  const temp_folder folder;
  auto holder = open_file(folder / "lock.db");
  auto db = open_file(folder / "lock.db");
  holder->execute("CREATE TABLE t (v)").value();
  holder->begin({}).value();
  const auto refused = db->execute("INSERT INTO t VALUES (1)");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == errc::busy);
  CHECK(refused.error().retryable());
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 0);
  holder->commit().value();
  CHECK(db->execute("INSERT INTO t VALUES (1)").has_value());
}

TEST_CASE("a file taken away under a connection does no harm to the next") {
  const temp_folder folder;
  const std::string path = folder / "gone.db";
  auto db = open_file(path);
  db->execute("CREATE TABLE t (v)").value();
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  std::filesystem::remove(path + "-shm");
  auto fresh = open_file(path);
  CHECK(fresh->query("SELECT * FROM t").error().code() == errc::invalid_argument);
  CHECK(fresh->execute("CREATE TABLE t (v)").has_value());
}
