// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/transaction.hpp>

#include <filesystem>
#include <string>
#include <system_error>

namespace scalekit::inline v0::testing {

namespace {

conformance_outcome parameter_count(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "params", "id BIGINT PRIMARY KEY, v BIGINT"));
  const std::string insert = t->insert(2);
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(insert));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(insert, {1}));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(insert, {1, 2, 3}));
  const std::string select = t->sql("SELECT id FROM", "WHERE v = ?");
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->query(select));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->query(select, {1, 2}));
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 0);
  SCALEKIT_EXPECT_OK(db->execute(insert, {1, 2}));
  return {};
}

conformance_outcome parse_errors(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  for (const std::string_view sql :
       {"SELEC 1",
        "SELECT 1 FROM",
        "SELECT * FROM sk_conformance_no_such_table",
        "",
        "  ",
        "-- only a comment"}) {
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(sql));
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->query(sql));
  }
  const auto failed = db->execute("SELEC 1");
  SCALEKIT_EXPECT(!failed.error().message().empty());
  SCALEKIT_TRY(one, one_int(*db, "SELECT 1"));
  SCALEKIT_EXPECT(one == 1);
  return {};
}

// Else a value pasted into SQL could bring a statement of its own.
conformance_outcome one_statement_only(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "single", "id BIGINT PRIMARY KEY"));
  const std::string two = t->sql("INSERT INTO", "VALUES (1)") + "; " + t->sql("DELETE FROM");
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(two));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->query("SELECT 1; SELECT 2"));
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 0);
  return {};
}

conformance_outcome constraints(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(
      t,
      scratch_table::make(
          *db, "rules", "id BIGINT PRIMARY KEY, v BIGINT NOT NULL UNIQUE, CHECK (v > 0)"
      )
  );
  const std::string insert = t->insert(2);
  SCALEKIT_EXPECT_OK(db->execute(insert, {1, 10}));
  SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute(insert, {1, 11}));
  SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute(insert, {2, 10}));
  SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute(insert, {3, nullptr}));
  SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute(insert, {4, -1}));
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 1);
  return {};
}

conformance_outcome affected_rows(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "affected", "id BIGINT PRIMARY KEY, v BIGINT"));
  const std::string insert = t->sql("INSERT INTO", "VALUES (?, ?), (?, ?), (?, ?)");
  SCALEKIT_TRY(inserted, db->execute(insert, {1, 1, 2, 2, 3, 3}));
  SCALEKIT_EXPECT(inserted.affected_rows == 3);
  SCALEKIT_TRY(updated, db->execute(t->sql("UPDATE", "SET v = v + 10 WHERE id <= ?"), {2}));
  SCALEKIT_EXPECT(updated.affected_rows == 2);
  SCALEKIT_TRY(missed, db->execute(t->sql("DELETE FROM", "WHERE id = ?"), {99}));
  SCALEKIT_EXPECT(missed.affected_rows == 0);
  SCALEKIT_TRY(deleted, db->execute(t->sql("DELETE FROM", "WHERE id > ?"), {1}));
  SCALEKIT_EXPECT(deleted.affected_rows == 2);
  SCALEKIT_TRY(altered, db->execute(t->sql("ALTER TABLE", "ADD COLUMN w BIGINT")));
  SCALEKIT_EXPECT(altered.affected_rows == 0);
  return {};
}

conformance_outcome columns(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "columns", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_TRY(rows, db->query(t->sql("SELECT id, v AS renamed FROM")));
  SCALEKIT_EXPECT(rows->columns().size() == 2);
  SCALEKIT_EXPECT(rows->columns()[0].name == "id");
  SCALEKIT_EXPECT(rows->columns()[1].name == "renamed");
  SCALEKIT_TRY(more, rows->next());
  SCALEKIT_EXPECT(!more);
  SCALEKIT_TRY(still, rows->next());
  SCALEKIT_EXPECT(!still);
  SCALEKIT_EXPECT(rows->columns().size() == 2);
  return {};
}

conformance_outcome early_end(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "early", "id BIGINT PRIMARY KEY"));
  for (int i = 0; i < 100; ++i) SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {i}));
  for (int taken = 0; taken < 5; ++taken) {
    SCALEKIT_TRY(rows, db->query(t->sql("SELECT id FROM", "ORDER BY id")));
    for (int i = 0; i < taken; ++i) {
      SCALEKIT_TRY(more, rows->next());
      SCALEKIT_EXPECT(more);
      SCALEKIT_EXPECT(rows->row()[0].as_int64() == i);
    }
  }
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {100}));
  SCALEKIT_TRY(count, t->count(*db));
  SCALEKIT_EXPECT(count == 101);
  return {};
}

// The rows keep nothing of the caller's: parameters may die once query() has returned.
conformance_outcome parameters_may_die(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const auto names = fixture.type_names(db->dialect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "lifetime", "id BIGINT PRIMARY KEY, v " + names.text));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {1, "wanted"}));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {2, "wanted"}));
  std::string wanted = "wanted";
  SCALEKIT_TRY(rows, db->query(t->sql("SELECT id FROM", "WHERE v = ? ORDER BY id"), {wanted}));
  wanted.assign("XXXXXX");
  for (int i = 1; i <= 2; ++i) {
    SCALEKIT_TRY(more, rows->next());
    SCALEKIT_EXPECT(more);
    SCALEKIT_EXPECT(rows->row()[0].as_int64() == i);
  }
  return {};
}

// Other calls while rows live are optional; where they are refused, it must be with an error.
conformance_outcome interleaved(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  if (db->dialect() != sql::dialect::sqlite) return skipped("one live rows per connection");
  SCALEKIT_TRY(t, scratch_table::make(*db, "interleaved", "id BIGINT PRIMARY KEY"));
  for (int i = 1; i <= 3; ++i) SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {i}));
  const std::string sql = t->sql("SELECT id FROM", "WHERE id >= ? ORDER BY id");
  SCALEKIT_TRY(first, db->query(sql, {1}));
  SCALEKIT_TRY(second, db->query(sql, {2}));
  for (int i = 1; i <= 2; ++i) {
    SCALEKIT_TRY(a, first->next());
    SCALEKIT_TRY(b, second->next());
    SCALEKIT_EXPECT(a && b);
    SCALEKIT_EXPECT(first->row()[0].as_int64() == i);
    SCALEKIT_EXPECT(second->row()[0].as_int64() == i + 1);
  }
  return {};
}

conformance_outcome schema_change(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "schema", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  const std::string select = t->sql("SELECT * FROM", "WHERE id = ?");
  SCALEKIT_TRY(before, all_rows(*db, select, {1}));
  SCALEKIT_EXPECT(before.at(0).size() == 1);
  SCALEKIT_EXPECT_OK(db->execute(t->sql("ALTER TABLE", "ADD COLUMN v BIGINT DEFAULT 7")));
  SCALEKIT_TRY(rows, db->query(select, {1}));
  SCALEKIT_EXPECT(rows->columns().size() == 2);
  SCALEKIT_EXPECT(rows->columns()[1].name == "v");
  SCALEKIT_TRY(more, rows->next());
  SCALEKIT_EXPECT(more && rows->row().size() == 2);
  SCALEKIT_EXPECT(rows->row()[1].as_int64() == 7);
  return {};
}

// The same text, another table: neither the parameter's type nor the column's is what it was.
conformance_outcome table_anew(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const auto names = fixture.type_names(db->dialect());
  const std::string columns = "id BIGINT PRIMARY KEY, v ";
  SCALEKIT_TRY(t, scratch_table::make(*db, "anew", columns + names.int64));
  const std::string insert = t->insert(2);
  const std::string select = t->sql("SELECT v FROM", "WHERE v = ?");
  SCALEKIT_EXPECT_OK(db->execute(insert, {1, 7}));
  SCALEKIT_TRY(number, one_int(*db, select, {7}));
  SCALEKIT_EXPECT(number == 7);
  SCALEKIT_EXPECT_OK(db->execute("DROP TABLE " + t->name()));
  SCALEKIT_EXPECT_OK(db->execute("CREATE TABLE " + t->name() + " (" + columns + names.text + ")"));
  SCALEKIT_EXPECT_OK(db->execute(insert, {1, "seven"}));
  SCALEKIT_TRY(rows, all_rows(*db, select, {"seven"}));
  SCALEKIT_EXPECT(rows.size() == 1 && rows[0][0] == sql::value("seven"));
  return {};
}

// Whoever changes it, a statement made ready before works on, if need be at the second try.
conformance_outcome schema_change_elsewhere(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(other, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*other, "elsewhere", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  const std::string select = t->sql("SELECT * FROM", "WHERE id = ?");
  for (std::size_t columns = 1; columns < 4; ++columns) {
    std::size_t seen = 0;
    const auto read = [&](sql::connection& tx) -> result<void> {
      auto rows = all_rows(tx, select, {1});
      if (!rows) return rows.error();
      seen = rows->at(0).size();
      return {};
    };
    SCALEKIT_EXPECT_OK(sql::run_transaction(*db, read, {}, {.base_delay = duration::zero()}));
    SCALEKIT_EXPECT(seen == columns);
    const std::string add = "ADD COLUMN v" + std::to_string(columns) + " BIGINT DEFAULT 7";
    SCALEKIT_EXPECT_OK(other->execute(t->sql("ALTER TABLE", add)));
  }
  return {};
}

conformance_outcome scripts(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "script", "id BIGINT PRIMARY KEY"));
  const std::string insert = "INSERT INTO " + t->name() + " VALUES ";
  SCALEKIT_EXPECT_OK(db->execute_script(insert + "(1); " + insert + "(2);\n-- the end\n"));
  SCALEKIT_EXPECT_OK(db->execute_script(""));
  SCALEKIT_EXPECT_ERROR(
      errc::conflict, db->execute_script(insert + "(3); " + insert + "(1); " + insert + "(4)")
  );
  // Whether (3) stays depends on the backend's grouping; that (4) never ran does not.
  SCALEKIT_TRY(fourth, one_int(*db, t->sql("SELECT COUNT(*) FROM", "WHERE id = 4")));
  SCALEKIT_EXPECT(fourth == 0);
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute_script(insert + "(5); SELEC"));
  SCALEKIT_TRY(one, one_int(*db, "SELECT 1"));
  SCALEKIT_EXPECT(one == 1);
  return {};
}

conformance_outcome statistics(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "stats", "id BIGINT PRIMARY KEY"));
  for (int i = 0; i < 3; ++i) SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {i}));
  const auto before = db->stats();
  const std::string select = t->sql("SELECT id FROM", "WHERE id >= ?");
  for (int i = 0; i < 4; ++i) SCALEKIT_EXPECT_OK(all_rows(*db, select, {0}));
  const auto after = db->stats();
  SCALEKIT_EXPECT(after.statements == before.statements + 4);
  SCALEKIT_EXPECT(after.rows == before.rows + 12);
  SCALEKIT_EXPECT(after.prepared - before.prepared + after.cache_hits - before.cache_hits == 4);
  return {};
}

#ifdef __linux__
std::size_t open_files() {
  std::size_t n = 0;
  std::error_code ignored;
  for (std::filesystem::directory_iterator i("/proc/self/fd", ignored), end; i != end; ++i) ++n;
  return n;
}

conformance_outcome no_leak(sql_fixture& fixture) {
  const std::size_t cycles = fixture.connect_cycles();
  std::size_t before = 0;
  for (std::size_t i = 0; i < cycles; ++i) {
    SCALEKIT_TRY(db, fixture.connect());
    SCALEKIT_TRY(one, one_int(*db, "SELECT 1"));
    SCALEKIT_EXPECT(one == 1);
    db.reset();
    // After the first few, for a driver may keep some things open once and for all.
    if (i == 7) before = open_files();
  }
  if (before == 0) return skipped("/proc/self/fd cannot be read");
  // Whoever stands in between may close its own late, but not one for each connection.
  SCALEKIT_EXPECT(open_files() < before + cycles / 4);
  return {};
}
#else
conformance_outcome no_leak(sql_fixture&) { return skipped("needs /proc/self/fd"); }
#endif

constexpr sql_conformance_case cases[] = {
    {"statements/wrong number of parameters", parameter_count},
    {"statements/what does not parse", parse_errors},
    {"statements/one statement only", one_statement_only},
    {"statements/constraints are conflicts", constraints},
    {"statements/affected rows", affected_rows},
    {"statements/columns and the end of rows", columns},
    {"statements/rows dropped early", early_end},
    {"statements/parameters die after query", parameters_may_die},
    {"statements/same statement interleaved", interleaved},
    {"statements/cache after a schema change", schema_change},
    {"statements/cache after a table is made anew", table_anew},
    {"statements/cache after a change elsewhere", schema_change_elsewhere},
    {"statements/scripts stop at the first failure", scripts},
    {"statements/statistics", statistics},
    {"statements/connections leave no file open", no_leak},
};

}  // namespace

std::span<const sql_conformance_case> statement_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
