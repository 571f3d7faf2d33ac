// SPDX-License-Identifier: BSL-1.0
#include "sqlite_support.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <atomic>
#include <filesystem>
#include <limits>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace sqlite_test;

TEST_CASE("settings are as the options say") {
  const temp_folder folder;
  auto db = sqlite::connection::open(
                folder / "o.db",
                {.sync = sqlite::synchronous::normal,
                 .cache_kib = 5000,
                 .mmap_bytes = 65536,
                 .wal_autocheckpoint = 123,
                 .foreign_keys = false}
  )
                .value();
  CHECK(first(*db, "PRAGMA journal_mode") == sql::value("wal"));
  CHECK(first_int(*db, "PRAGMA synchronous") == 1);
  CHECK(first_int(*db, "PRAGMA cache_size") == -5000);
  CHECK(first_int(*db, "PRAGMA mmap_size") == 65536);
  CHECK(first_int(*db, "PRAGMA wal_autocheckpoint") == 123);
  CHECK(first_int(*db, "PRAGMA foreign_keys") == 0);
  CHECK(first_int(*db, "PRAGMA temp_store") == 2);
}

TEST_CASE("by default a commit is durable and foreign keys hold") {
  const temp_folder folder;
  auto db = open_file(folder / "d.db");
  CHECK(first_int(*db, "PRAGMA synchronous") == 2);
  CHECK(first_int(*db, "PRAGMA foreign_keys") == 1);
  db->execute_script(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);"
        "CREATE TABLE c (p INTEGER REFERENCES p)"
  )
      .value();
  CHECK(db->execute("INSERT INTO c VALUES (1)").error().code() == errc::conflict);
}

TEST_CASE("the journal mode is changed, or kept") {
  const temp_folder folder;
  const std::string path = folder / "j.db";
  const auto mode_of = [&](sqlite::journal_mode m) {
    auto db = sqlite::connection::open(path, {.journal = m}).value();
    return first(*db, "PRAGMA journal_mode");
  };
  CHECK(mode_of(sqlite::journal_mode::rollback) == sql::value("delete"));
  CHECK(mode_of(sqlite::journal_mode::keep) == sql::value("delete"));
  CHECK(mode_of(sqlite::journal_mode::wal) == sql::value("wal"));
  CHECK(mode_of(sqlite::journal_mode::keep) == sql::value("wal"));
}

TEST_CASE("a bad option is refused by its name") {
  using std::chrono::milliseconds;
  const auto refused = [](sqlite::connection_options o, std::string_view name) {
    const auto db = sqlite::connection::open(":memory:", std::move(o));
    REQUIRE_FALSE(db);
    CHECK(db.error().code() == errc::invalid_argument);
    CHECK(contains(db.error().message(), name));
  };
  refused({.busy_timeout = milliseconds(-1)}, "busy_timeout");
  refused({.busy_timeout = std::chrono::hours(25)}, "busy_timeout");
  refused({.cache_kib = -1}, "cache_kib");
  refused({.cache_kib = std::int64_t{1} << 40}, "cache_kib");
  refused({.mmap_bytes = -1}, "mmap_bytes");
  refused({.wal_autocheckpoint = -1}, "wal_autocheckpoint");
  CHECK(sqlite::connection::open("").error().code() == errc::invalid_argument);
  CHECK(sqlite::connection::open(std::string("a\0b", 3)).error().code() == errc::invalid_argument);
  CHECK_FALSE(std::filesystem::exists("a"));
}

TEST_CASE("open modes") {
  const temp_folder folder;
  const std::string path = folder / "m.db";
  const auto open = [&](sqlite::open_mode m) {
    return sqlite::connection::open(path, {.mode = m});
  };
  CHECK(open(sqlite::open_mode::read_only).error().code() == errc::not_found);
  CHECK(open(sqlite::open_mode::read_write).error().code() == errc::not_found);
  CHECK_FALSE(std::filesystem::exists(path));
  open(sqlite::open_mode::create).value()->execute("CREATE TABLE t (v)").value();
  CHECK(open(sqlite::open_mode::read_write).value()->execute("INSERT INTO t VALUES (1)"));
  auto reader = open(sqlite::open_mode::read_only).value();
  CHECK(first_int(*reader, "SELECT count(*) FROM t") == 1);
  CHECK(reader->execute("DELETE FROM t").error().code() == errc::invalid_argument);
}

TEST_CASE("an adopted handle stays open, and its settings as they were") {
  auto host = memory({.foreign_keys = false});
  host->execute("CREATE TABLE t (v)").value();
  {
    auto guest = sqlite::connection::adopt(host->native_handle()).value();
    CHECK(guest->native_handle() == host->native_handle());
    CHECK(guest->execute("INSERT INTO t VALUES (?1)", {5}).value().affected_rows == 1);
    CHECK(first_int(*guest, "PRAGMA foreign_keys") == 0);
    CHECK(guest->begin({}).has_value());
  }
  CHECK(host->in_transaction());
  CHECK(host->rollback().has_value());
  CHECK(first_int(*host, "SELECT v FROM t") == 5);
  CHECK(sqlite::connection::adopt(nullptr).error().code() == errc::invalid_argument);
}

TEST_CASE("a transaction left open is rolled back, and logged") {
  const temp_folder folder;
  std::vector<std::string> heard;
  auto db = sqlite::connection::open(
                folder / "l.db",
                {.log = [&](log_level, std::string_view line) { heard.emplace_back(line); }}
  ).value();
  db->execute("CREATE TABLE t (v)").value();
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1)").value();
  db.reset();
  REQUIRE(heard.size() == 1);
  CHECK(contains(heard[0], "rolled back"));
  db = open_file(folder / "l.db");
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("a read-only transaction refuses every way of writing") {
  auto db = memory();
  db->execute("CREATE TABLE t (v)").value();
  const sql::transaction_options read_only{.access = sql::transaction_options::access::read_only};
  db->begin(read_only).value();
  CHECK(db->execute("INSERT INTO t VALUES (1)").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("SELECT 1; DROP TABLE t").error().code() == errc::invalid_argument);
  const auto returning = db->query("INSERT INTO t VALUES (1) RETURNING v");
  REQUIRE_FALSE(returning);
  CHECK(contains(returning.error().message(), "read-only"));
  // Ending it behind the port's back must not leave the refusal behind.
  db->execute("COMMIT").value();
  CHECK(db->execute("INSERT INTO t VALUES (1)").has_value());
  db->begin({}).value();
  CHECK(db->execute("INSERT INTO t VALUES (2)").has_value());
  db->commit().value();
  CHECK(first_int(*db, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("last_insert_id and affected rows") {
  auto db = memory();
  db->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)").value();
  CHECK(db->execute("INSERT INTO t VALUES (7, 1)").value().last_insert_id == 7);
  CHECK(db->execute("INSERT INTO t (v) VALUES (1), (2)").value().last_insert_id == 9);
  const auto nothing = db->execute("UPDATE t SET v = 0 WHERE id = 100").value();
  CHECK(nothing.affected_rows == 0);
  CHECK(nothing.last_insert_id == 0);
  CHECK(db->execute("SELECT * FROM t").value().affected_rows == 0);
  CHECK(db->execute("CREATE TABLE u AS SELECT * FROM t").value().affected_rows == 0);
  CHECK(db->execute("DROP TABLE u").value().affected_rows == 0);
  CHECK(db->execute("DELETE FROM t").value().affected_rows == 3);
  const auto upsert = "INSERT INTO t VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET v = v + 1";
  CHECK(db->execute(upsert).value().affected_rows == 1);
  CHECK(db->execute(upsert).value().affected_rows == 1);
}

TEST_CASE("an interrupt ends the wait for a lock") {
  const temp_folder folder;
  auto holder = open_file(folder / "b.db");
  holder->execute("CREATE TABLE t (v)").value();
  holder->begin({}).value();
  auto db =
      sqlite::connection::open(folder / "b.db", {.busy_timeout = std::chrono::hours(1)}).value();
  std::atomic<bool> stop{false};
  std::thread nag([&, handle = db->interrupt_handle()] {
    while (!stop.load()) {
      handle->interrupt();
      std::this_thread::yield();
    }
  });
  const auto begun = db->begin({});
  stop.store(true);
  nag.join();
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code() == errc::cancelled);
  holder->rollback().value();
  CHECK(db->begin({}).has_value());
}

TEST_CASE("a wait for a lock ends when the lock does") {
  const temp_folder folder;
  auto holder = open_file(folder / "w.db");
  holder->execute("CREATE TABLE t (v)").value();
  holder->begin({}).value();
  auto db =
      sqlite::connection::open(folder / "w.db", {.busy_timeout = std::chrono::hours(1)}).value();
  std::thread waiting([&] { CHECK(db->execute("INSERT INTO t VALUES (1)").has_value()); });
  holder->commit().value();
  waiting.join();
  CHECK(first_int(*holder, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("an interrupt stops live rows, and what runs beside them") {
  auto db = memory();
  auto rows = db->query("VALUES (1), (2), (3)").value();
  CHECK(rows->next().value());
  db->interrupt_handle()->interrupt();
  CHECK(db->execute("SELECT 1").error().code() == errc::cancelled);
  CHECK(rows->next().error().code() == errc::cancelled);
  CHECK_FALSE(rows->next().value());
  CHECK(rows->row().empty());
  CHECK(db->execute("SELECT 1").has_value());
}

TEST_CASE("work counts the steps of SQLite's machine") {
  auto db = memory();
  const auto cost = [&](const std::string& sql) {
    const auto before = db->stats().work;
    db->execute(sql).value();
    return db->stats().work - before;
  };
  const std::string count = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<";
  CHECK(cost(count + "1000) SELECT * FROM c") > 5 * cost(count + "100) SELECT * FROM c"));
}

TEST_CASE("the version is that of a SQLite new enough") {
  CHECK(sqlite::library_version().starts_with("3."));
  auto db = memory();
  CHECK(first(*db, "SELECT sqlite_version()") == sql::value(sqlite::library_version()));
  CHECK(std::stoi(std::string(sqlite::library_version().substr(2))) >= 40);
}
