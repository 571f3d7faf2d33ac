// SPDX-License-Identifier: BSL-1.0
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <doctest/doctest.h>

#include <array>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace scalekit;

namespace {

// A child process that runs `work` and talks over two pipes; killed if it still lives at the end.
class child {
 public:
  template <class Work>
  explicit child(const Work& work) {
    REQUIRE(pipe(to_child_.data()) == 0);
    REQUIRE(pipe(to_parent_.data()) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      close(to_child_[1]);
      close(to_parent_[0]);
      _exit(work(*this) ? 0 : 1);
    }
    close(to_child_[0]);
    close(to_parent_[1]);
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    end_by_kill();
    close(to_child_[1]);
    close(to_parent_[0]);
  }

  // For the child.
  bool tell_parent(char c) const { return write(to_parent_[1], &c, 1) == 1; }
  bool hear_parent() const { return hear(to_child_[0]) != '\0'; }
  // For the parent; NUL if the child has died.
  char hear_child() const { return hear(to_parent_[0]); }
  void tell_child() const { REQUIRE(write(to_child_[1], "g", 1) == 1); }

  int wait_for_end() {
    int status = -1;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  void end_by_kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    wait_for_end();
  }

 private:
  static char hear(int fd) {
    char c = '\0';
    return read(fd, &c, 1) == 1 ? c : '\0';
  }
  std::array<int, 2> to_child_{};
  std::array<int, 2> to_parent_{};
  pid_t pid_ = -1;
};

sqlite::connection_options impatient() { return {.busy_timeout = std::chrono::milliseconds(0)}; }

// In the child: takes the write lock, writes a row, says so.
std::unique_ptr<sqlite::connection> hold_lock(const child& self, const std::string& path) {
  auto db = sqlite::connection::open(path, impatient());
  if (!db || !(*db)->begin({})) return nullptr;
  if (!(*db)->execute("INSERT INTO t VALUES (?1)", {1})) return nullptr;
  return self.tell_parent('L') ? *std::move(db) : nullptr;
}

std::int64_t count(sqlite::connection& db) {
  auto rows = db.query("SELECT count(*) FROM t").value();
  REQUIRE(rows->next().value());
  return rows->row()[0].as_int64();
}

}  // namespace

TEST_CASE("a lock held by another process is busy, and its commit is seen") {
  const scalekit_tests::temp_folder folder;
  const std::string path = folder / "p.db";
  sqlite::connection::open(path).value()->execute("CREATE TABLE t (id INTEGER)").value();
  child other([&](const child& self) {
    auto db = hold_lock(self, path);
    return db && self.hear_parent() && db->commit() && self.tell_parent('C');
  });
  REQUIRE(other.hear_child() == 'L');
  auto db = sqlite::connection::open(path, impatient()).value();
  const auto begun = db->begin({});
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code() == errc::busy);
  CHECK(begun.error().retryable());
  CHECK(begun.error().cause().system == "sqlite");
  const auto written = db->execute("INSERT INTO t VALUES (2)");
  REQUIRE_FALSE(written);
  CHECK(written.error().code() == errc::busy);
  CHECK(count(*db) == 0);
  other.tell_child();
  REQUIRE(other.hear_child() == 'C');
  CHECK(count(*db) == 1);
  CHECK(db->execute("INSERT INTO t VALUES (2)").has_value());
  CHECK(other.wait_for_end() == 0);
}

TEST_CASE("a process killed inside a transaction leaves neither lock nor rows") {
  const scalekit_tests::temp_folder folder;
  const std::string path = folder / "k.db";
  auto db = sqlite::connection::open(path, impatient()).value();
  db->execute("CREATE TABLE t (id INTEGER)").value();
  // Open connections must not be carried over a fork.
  db.reset();
  child other([&](const child& self) {
    auto held = hold_lock(self, path);
    return held && self.hear_parent();
  });
  REQUIRE(other.hear_child() == 'L');
  db = sqlite::connection::open(path, impatient()).value();
  CHECK_FALSE(db->begin({}));
  other.end_by_kill();
  CHECK(db->begin({}).has_value());
  CHECK(count(*db) == 0);
  CHECK(db->execute("INSERT INTO t VALUES (5)").has_value());
  CHECK(db->commit().has_value());
  CHECK(count(*db) == 1);
}
