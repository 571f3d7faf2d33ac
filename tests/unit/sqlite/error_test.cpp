// SPDX-License-Identifier: BSL-1.0
#include "sqlite_support.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <doctest/doctest.h>

#include <utility>

using namespace scalekit;
using namespace sqlite_test;

TEST_CASE("every result code has its meaning") {
  // The numbers are SQLite's file of result codes, which never change.
  const std::pair<int, errc> expected[] = {
      {1, errc::invalid_argument},   // ERROR
      {2, errc::internal},           // INTERNAL
      {3, errc::invalid_argument},   // PERM
      {4, errc::internal},           // ABORT
      {5, errc::busy},               // BUSY
      {6, errc::busy},               // LOCKED
      {7, errc::internal},           // NOMEM
      {8, errc::invalid_argument},   // READONLY
      {9, errc::cancelled},          // INTERRUPT
      {10, errc::unavailable},       // IOERR
      {11, errc::data_corrupted},    // CORRUPT
      {12, errc::not_supported},     // NOTFOUND
      {13, errc::limit_exceeded},    // FULL
      {14, errc::unavailable},       // CANTOPEN
      {15, errc::busy},              // PROTOCOL
      {17, errc::busy},              // SCHEMA
      {18, errc::limit_exceeded},    // TOOBIG
      {19, errc::conflict},          // CONSTRAINT
      {20, errc::invalid_argument},  // MISMATCH
      {21, errc::internal},          // MISUSE
      {22, errc::limit_exceeded},    // NOLFS
      {23, errc::invalid_argument},  // AUTH
      {24, errc::data_corrupted},    // FORMAT
      {25, errc::invalid_argument},  // RANGE
      {26, errc::data_corrupted},    // NOTADB
      {261, errc::busy},             // BUSY_RECOVERY
      {517, errc::busy},             // BUSY_SNAPSHOT
      {773, errc::busy},             // BUSY_TIMEOUT
      {262, errc::busy},             // LOCKED_SHAREDCACHE
      {513, errc::busy},             // ERROR_RETRY
      {769, errc::busy},             // ERROR_SNAPSHOT
      {516, errc::cancelled},        // ABORT_ROLLBACK
      {2067, errc::conflict},        // CONSTRAINT_UNIQUE
      {1555, errc::conflict},        // CONSTRAINT_PRIMARYKEY
      {787, errc::conflict},         // CONSTRAINT_FOREIGNKEY
      {1299, errc::conflict},        // CONSTRAINT_NOTNULL
      {275, errc::conflict},         // CONSTRAINT_CHECK
      {1811, errc::conflict},        // CONSTRAINT_TRIGGER
      {267, errc::data_corrupted},   // CORRUPT_VTAB
      {779, errc::data_corrupted},   // CORRUPT_INDEX
      {778, errc::unavailable},      // IOERR_WRITE
      {3082, errc::internal},        // IOERR_NOMEM
      {8202, errc::data_corrupted},  // IOERR_DATA
      {8458, errc::data_corrupted},  // IOERR_CORRUPTFS
      {526, errc::unavailable},      // CANTOPEN_ISDIR
      {264, errc::unavailable},      // READONLY_RECOVERY
      {520, errc::unavailable},      // READONLY_CANTLOCK
      {776, errc::unavailable},      // READONLY_ROLLBACK
      {1032, errc::unavailable},     // READONLY_DBMOVED
      {1288, errc::unavailable},     // READONLY_CANTINIT
      {1544, errc::unavailable},     // READONLY_DIRECTORY
  };
  for (const auto& [code, meaning] : expected) {
    CAPTURE(code);
    CHECK(sqlite::to_errc(code) == meaning);
  }
}

TEST_CASE("a constraint is named as SQLite names it, with its extended code") {
  auto db = memory();
  db->execute_script(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, v INT NOT NULL,"
        " CONSTRAINT positive CHECK (v > 0));"
        "INSERT INTO t VALUES (1, 'a', 1)"
  )
      .value();
  const auto insert = [&](int id, const char* code, sql::value_view v) {
    const auto done = db->execute("INSERT INTO t VALUES (?1, ?2, ?3)", {id, code, v});
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::conflict);
    CHECK(done.error().cause().system == "sqlite");
    return std::pair(done.error().message(), done.error().cause().code);
  };
  using outcome = std::pair<std::string, std::int64_t>;
  CHECK(insert(1, "b", 1) == outcome("UNIQUE constraint failed: t.id", 1555));
  CHECK(insert(2, "a", 1) == outcome("UNIQUE constraint failed: t.code", 2067));
  CHECK(insert(2, "b", nullptr) == outcome("NOT NULL constraint failed: t.v", 1299));
  CHECK(insert(2, "b", -5) == outcome("CHECK constraint failed: positive", 275));
}

TEST_CASE("what does not parse is quoted around the place, never a parameter") {
  auto db = memory();
  const auto message = [&](std::string_view sql, sql::parameters params = {}) {
    const auto done = db->execute(sql, params);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::invalid_argument);
    CHECK(done.error().cause().code == 1);
    return done.error().message();
  };
  CHECK(
      message("SELECT * FORM t") == "near \"FORM\": syntax error at byte 9 of \"SELECT * FORM t\""
  );
  const std::string long_sql =
      "SELECT " + std::string(200, '1') + " FROM\n\tnowhere_at_all WHERE " + std::string(200, '2');
  const std::string cut = message(long_sql);
  CHECK(contains(cut, "no such table: nowhere_at_all"));
  CHECK(cut.size() < 160);
  CHECK(cut.find('\n') == std::string::npos);
  const std::string secret = "s3cret-value";
  CHECK_FALSE(contains(message("SELECT nosuch(?1)", {secret}), secret));
  const auto overflow = db->query("SELECT abs(?1)", {INT64_MIN});
  REQUIRE_FALSE(overflow);
  CHECK(contains(overflow.error().message(), "integer overflow"));
  CHECK_FALSE(contains(overflow.error().message(), "9223372036854775808"));
}

TEST_CASE("an excerpt does not cut a character in two") {
  auto db = memory();
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "€";
  for (int shift = 0; shift < 3; ++shift) {
    const auto sql = "SELECT '" + std::string(static_cast<std::size_t>(shift), 'x') + euros +
                     "' FORM '" + euros + "'";
    const std::string text = db->execute(sql).error().message();
    // Every byte that continues a character follows one that begins or continues it.
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte != 0xE2) continue;
      REQUIRE(i + 2 < text.size());
      CHECK(static_cast<unsigned char>(text[i + 1]) == 0x82);
      CHECK(static_cast<unsigned char>(text[i + 2]) == 0xAC);
      i += 2;
    }
    CHECK(contains(text, "FORM"));
  }
}

TEST_CASE("a value too big for SQLite is a limit, an opened table a lock") {
  auto db = memory();
  const auto big = db->query("SELECT zeroblob(2000000000)");
  REQUIRE_FALSE(big);
  CHECK(big.error().code() == errc::limit_exceeded);
  db->execute_script("CREATE TABLE t (v); INSERT INTO t VALUES (1), (2)").value();
  auto rows = db->query("SELECT v FROM t").value();
  CHECK(rows->next().value());
  CHECK(db->execute("DROP TABLE t").error().code() == errc::busy);
  rows.reset();
  CHECK(db->execute("DROP TABLE t").has_value());
}

TEST_CASE("a deferred foreign key fails the commit, and the transaction can go on") {
  auto db = memory();
  db->execute_script(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);"
        "CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
  )
      .value();
  db->begin({}).value();
  db->execute("INSERT INTO c VALUES (1)").value();
  CHECK(db->commit().error().code() == errc::conflict);
  CHECK(db->in_transaction());
  db->execute("INSERT INTO p VALUES (1)").value();
  CHECK(db->commit().has_value());
}
