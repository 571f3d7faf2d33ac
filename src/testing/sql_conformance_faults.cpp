// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/transaction.hpp>

namespace scalekit::inline v0::testing {

namespace {

constexpr std::string_view cannot_cut = "the fixture cannot cut connections";

// A connection that will be broken, and the table it works on, which outlives it.
struct victim {
  connection_ptr db;
  connection_ptr after;  // opened once `db` is gone
  std::unique_ptr<scratch_table> table;

  [[nodiscard]] static result<victim> make(sql_fixture& fixture, std::string_view name) {
    auto db = fixture.connect();
    if (!db) return db.error();
    auto table = scratch_table::make(**db, name, "id BIGINT PRIMARY KEY");
    if (!table) return table.error();
    return victim{*std::move(db), nullptr, *std::move(table)};
  }

  [[nodiscard]] result<sql::execution> insert(int id) {
    return db->execute(table->insert(1), {id});
  }
  /// Rows a new connection sees, once it may lock them all; from here on it keeps the table.
  [[nodiscard]] result<std::int64_t> reconnect_and_count(sql_fixture& fixture) {
    auto fresh = fixture.connect();
    if (!fresh) return fresh.error();
    after = *std::move(fresh);
    table->use(*after);
    return table->count(*after);
  }
};

constexpr cut_point both_points[] = {cut_point::request, cut_point::reply};

conformance_outcome cut_at_commit(sql_fixture& fixture) {
  for (const cut_point point : both_points) {
    SCALEKIT_TRY(v, victim::make(fixture, "cut_commit"));
    SCALEKIT_TRY(tx, sql::transaction::begin(*v.db));
    SCALEKIT_EXPECT_OK(v.insert(1));
    SCALEKIT_EXPECT_OK(v.insert(2));
    if (!fixture.cut_next(point)) return skipped(std::string(cannot_cut));
    SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, tx.commit());
    SCALEKIT_EXPECT(v.db->is_broken());
    SCALEKIT_EXPECT(!v.db->in_transaction());
    SCALEKIT_EXPECT_ERROR(errc::unavailable, v.insert(3));
    SCALEKIT_TRY(rows, v.reconnect_and_count(fixture));
    SCALEKIT_EXPECT(rows == (point == cut_point::request ? 0 : 2));
  }
  return {};
}

conformance_outcome cut_in_transaction(sql_fixture& fixture) {
  for (const cut_point point : both_points) {
    SCALEKIT_TRY(v, victim::make(fixture, "cut_inside"));
    SCALEKIT_TRY(tx, sql::transaction::begin(*v.db));
    SCALEKIT_EXPECT_OK(v.insert(1));
    if (!fixture.cut_next(point)) return skipped(std::string(cannot_cut));
    SCALEKIT_EXPECT_ERROR(errc::unavailable, v.insert(2));
    SCALEKIT_EXPECT(v.db->is_broken());
    SCALEKIT_EXPECT(!tx.commit());
    SCALEKIT_EXPECT_OK(v.db->rollback());
    SCALEKIT_TRY(rows, v.reconnect_and_count(fixture));
    SCALEKIT_EXPECT(rows == 0);
  }
  return {};
}

conformance_outcome cut_alone(sql_fixture& fixture) {
  for (const cut_point point : both_points) {
    SCALEKIT_TRY(v, victim::make(fixture, "cut_alone"));
    // So that the statement is ready, and the cut meets its execution.
    SCALEKIT_EXPECT_OK(v.insert(1));
    if (!fixture.cut_next(point)) return skipped(std::string(cannot_cut));
    const auto cut = v.insert(2);
    SCALEKIT_EXPECT(!cut);
    // A connection that keeps no statement ready may be cut while it prepares: nothing was done.
    const bool in_doubt = cut.error().code() == errc::outcome_unknown;
    if (!in_doubt) SCALEKIT_EXPECT_ERROR(errc::unavailable, cut);
    SCALEKIT_EXPECT(v.db->is_broken());
    SCALEKIT_EXPECT_ERROR(errc::unavailable, v.insert(3));
    SCALEKIT_EXPECT_ERROR(errc::unavailable, v.db->query("SELECT 1"));
    SCALEKIT_EXPECT_ERROR(errc::unavailable, v.db->begin({}));
    SCALEKIT_TRY(rows, v.reconnect_and_count(fixture));
    SCALEKIT_EXPECT(rows == (in_doubt && point == cut_point::reply ? 2 : 1));
  }
  return {};
}

conformance_outcome server_restart(sql_fixture& fixture) {
  SCALEKIT_TRY(v, victim::make(fixture, "restart"));
  SCALEKIT_EXPECT_OK(v.insert(1));
  if (!fixture.restart_server()) return skipped("the fixture cannot restart the server");
  const auto next = v.insert(2);
  SCALEKIT_EXPECT(!next);
  SCALEKIT_EXPECT(
      next.error().code() == errc::unavailable || next.error().code() == errc::outcome_unknown
  );
  SCALEKIT_EXPECT(v.db->is_broken());
  SCALEKIT_TRY(rows, v.reconnect_and_count(fixture));
  SCALEKIT_EXPECT(rows == 1);
  SCALEKIT_EXPECT_OK(v.after->execute(v.table->insert(1), {2}));
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"faults/a connection cut at a commit", cut_at_commit},
    {"faults/a connection cut inside a transaction", cut_in_transaction},
    {"faults/a connection cut at a single statement", cut_alone},
    {"faults/the server starts again", server_restart},
};

}  // namespace

std::span<const sql_conformance_case> fault_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
