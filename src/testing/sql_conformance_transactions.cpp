// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/transaction.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

namespace scalekit::inline v0::testing {

namespace {

conformance_outcome commit_and_rollback(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "tx", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT(!db->in_transaction());
  SCALEKIT_EXPECT_OK(db->begin({}));
  SCALEKIT_EXPECT(db->in_transaction());
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  SCALEKIT_EXPECT_OK(db->commit());
  SCALEKIT_EXPECT(!db->in_transaction());
  SCALEKIT_EXPECT_OK(db->begin({.mode = sql::transaction_mode::deferred}));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {2}));
  SCALEKIT_EXPECT_OK(db->rollback());
  SCALEKIT_EXPECT(!db->in_transaction());
  SCALEKIT_EXPECT_OK(db->rollback());
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 1);
  return {};
}

conformance_outcome scoped(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "scoped", "id BIGINT PRIMARY KEY"));
  {
    SCALEKIT_TRY(tx, sql::transaction::begin(*db));
    SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  }
  SCALEKIT_EXPECT(!db->in_transaction());
  {
    SCALEKIT_TRY(tx, sql::transaction::begin(*db));
    SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {2}));
    SCALEKIT_EXPECT_OK(tx.commit());
  }
  SCALEKIT_TRY(rows, all_rows(*db, t->sql("SELECT id FROM")));
  SCALEKIT_EXPECT(rows.size() == 1 && rows[0][0] == sql::value(2));
  return {};
}

conformance_outcome misuse(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->commit());
  SCALEKIT_EXPECT_OK(db->begin({}));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->begin({}));
  SCALEKIT_EXPECT(db->in_transaction());
  SCALEKIT_EXPECT_OK(db->rollback());
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, sql::savepoint::begin(*db, "s"));
  return {};
}

conformance_outcome savepoints(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "savepoints", "id BIGINT PRIMARY KEY"));
  SCALEKIT_TRY(tx, sql::transaction::begin(*db));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  {
    SCALEKIT_TRY(outer, sql::savepoint::begin(*db, "outer \"'` one"));
    SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {2}));
    {
      SCALEKIT_TRY(inner, sql::savepoint::begin(*db, "inner"));
      SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {3}));
      // A failed statement inside a savepoint costs no more than the savepoint.
      SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute(t->insert(1), {1}));
    }
    SCALEKIT_EXPECT_OK(outer.release());
  }
  SCALEKIT_EXPECT(db->in_transaction());
  SCALEKIT_EXPECT_OK(tx.commit());
  SCALEKIT_TRY(rows, all_rows(*db, t->sql("SELECT id FROM", "ORDER BY id")));
  SCALEKIT_EXPECT(rows.size() == 2 && rows[0][0] == sql::value(1) && rows[1][0] == sql::value(2));
  return {};
}

conformance_outcome deferred_constraints(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const bool sqlite = db->dialect() == sql::dialect::sqlite;
  if (!sqlite && db->dialect() != sql::dialect::postgres) return skipped("has none");
  if (sqlite) {
    SCALEKIT_TRY(enforced, one_int(*db, "PRAGMA foreign_keys"));
    if (enforced == 0) return skipped("foreign keys are off");
  }
  SCALEKIT_TRY(parent, scratch_table::make(*db, "deferred_parent", "id BIGINT PRIMARY KEY"));
  SCALEKIT_TRY(
      child,
      scratch_table::make(
          *db,
          "deferred_child",
          "parent BIGINT REFERENCES " + parent->name() + " (id) DEFERRABLE INITIALLY DEFERRED"
      )
  );
  SCALEKIT_TRY(tx, sql::transaction::begin(*db));
  {
    SCALEKIT_TRY(undone, sql::savepoint::begin(*db, "orphan"));
    SCALEKIT_EXPECT_OK(db->execute(child->insert(1), {8}));
    SCALEKIT_EXPECT_ERROR(errc::conflict, db->check_deferred());
  }
  SCALEKIT_EXPECT_OK(db->execute(child->insert(1), {7}));
  SCALEKIT_EXPECT_OK(db->execute(parent->insert(1), {7}));
  SCALEKIT_EXPECT_OK(db->check_deferred());
  SCALEKIT_EXPECT_OK(tx.commit());
  SCALEKIT_TRY(rows, child->count(*db));
  SCALEKIT_EXPECT(rows == 1);
  return {};
}

conformance_outcome read_only(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "readonly", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  {
    SCALEKIT_TRY(
        tx, sql::transaction::begin(*db, {.access = sql::transaction_options::access::read_only})
    );
    SCALEKIT_TRY(seen, t->count(*db));
    SCALEKIT_EXPECT(seen == 1);
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute(t->insert(1), {2}));
  }
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {3}));
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 2);
  return {};
}

conformance_outcome uncommitted_is_invisible(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(writer, fixture.connect());
  SCALEKIT_TRY(reader, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*writer, "visible", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT_OK(writer->begin({}));
  SCALEKIT_EXPECT_OK(writer->execute(t->insert(1), {1}));
  SCALEKIT_TRY(before, t->count(*reader));
  SCALEKIT_EXPECT(before == 0);
  SCALEKIT_EXPECT_OK(writer->commit());
  SCALEKIT_TRY(after, t->count(*reader));
  SCALEKIT_EXPECT(after == 1);
  return {};
}

conformance_outcome snapshot(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(writer, fixture.connect());
  SCALEKIT_TRY(reader, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*writer, "snapshot", "id BIGINT PRIMARY KEY"));
  {
    SCALEKIT_TRY(
        tx,
        sql::transaction::begin(
            *reader,
            {.mode = sql::transaction_mode::deferred,
             .level = sql::isolation::repeatable_read,
             .access = sql::transaction_options::access::read_only}
        )
    );
    SCALEKIT_TRY(before, t->count(*reader));
    SCALEKIT_EXPECT(before == 0);
    SCALEKIT_EXPECT_OK(writer->execute(t->insert(1), {1}));
    SCALEKIT_TRY(during, t->count(*reader));
    SCALEKIT_EXPECT(during == 0);
  }
  SCALEKIT_TRY(after, t->count(*reader));
  SCALEKIT_EXPECT(after == 1);
  return {};
}

// Either it may not begin, or its write fails; one of the two with `busy`.
result<void> contend(sql::connection& db, const std::string& update) {
  auto tx = sql::transaction::begin(db);
  if (!tx) return tx.error();
  if (auto done = db.execute(update); !done) return done.error();
  return tx->commit();
}

conformance_outcome contention(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(first, fixture.connect());
  SCALEKIT_TRY(second, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*first, "contention", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_EXPECT_OK(first->execute(t->insert(2), {1, 0}));
  const std::string update = t->sql("UPDATE", "SET v = v + 1 WHERE id = 1");
  SCALEKIT_EXPECT_OK(first->begin({}));
  SCALEKIT_EXPECT_OK(first->execute(update));
  SCALEKIT_EXPECT_ERROR(errc::busy, contend(*second, update));
  SCALEKIT_EXPECT(!second->in_transaction());
  SCALEKIT_EXPECT_OK(first->commit());
  SCALEKIT_EXPECT_OK(contend(*second, update));
  SCALEKIT_TRY(v, one_int(*first, t->sql("SELECT v FROM")));
  SCALEKIT_EXPECT(v == 2);
  return {};
}

// Read, then write what was read: if somebody wrote in between, the late one must not win.
conformance_outcome stale_snapshot(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(first, fixture.connect());
  if (first->dialect() == sql::dialect::mariadb || first->dialect() == sql::dialect::mysql) {
    return skipped("repeatable read lets a late update through; it needs FOR UPDATE");
  }
  SCALEKIT_TRY(second, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*second, "stale", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_EXPECT_OK(second->execute(t->insert(2), {1, 0}));
  SCALEKIT_EXPECT_OK(first->begin(
      {.mode = sql::transaction_mode::deferred, .level = sql::isolation::repeatable_read}
  ));
  SCALEKIT_TRY(seen, one_int(*first, t->sql("SELECT v FROM")));
  SCALEKIT_EXPECT(seen == 0);
  SCALEKIT_EXPECT_OK(second->execute(t->sql("UPDATE", "SET v = 10 WHERE id = 1")));
  SCALEKIT_EXPECT_ERROR(
      errc::busy, first->execute(t->sql("UPDATE", "SET v = ? WHERE id = 1"), {seen + 1})
  );
  SCALEKIT_EXPECT_OK(first->rollback());
  SCALEKIT_TRY(v, one_int(*first, t->sql("SELECT v FROM")));
  SCALEKIT_EXPECT(v == 10);
  return {};
}

// Gives the lock free at the third wait.
class releasing_sleeper final : public sleeper {
 public:
  releasing_sleeper(sleeper& inner, sql::connection& holder) : inner_(&inner), holder_(&holder) {}
  void sleep_for(duration wait) override {
    inner_->sleep_for(wait);
    if (++waits_ == 3) released_ = holder_->commit();
  }
  [[nodiscard]] const result<void>& released() const noexcept { return released_; }

 private:
  sleeper* inner_;
  sql::connection* holder_;
  int waits_ = 0;
  result<void> released_{error(errc::internal, "never waited three times")};
};

conformance_outcome retries(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped("needs two connections to one database");
  SCALEKIT_TRY(holder, fixture.connect());
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "retry", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {1, 0}));
  const std::string update = t->sql("UPDATE", "SET v = v + 1 WHERE id = 1");
  SCALEKIT_EXPECT_OK(holder->begin({}));
  SCALEKIT_EXPECT_OK(holder->execute(update));
  manual_clock clock;
  fixed_random random(7);
  releasing_sleeper wait(clock, *holder);
  const auto body = [&](sql::connection& c) -> result<void> {
    if (auto done = c.execute(update); !done) return done.error();
    return {};
  };
  SCALEKIT_EXPECT_ERROR(
      errc::busy,
      sql::run_transaction(*db, body, {}, {.max_attempts = 2, .wait = &wait, .random = &random})
  );
  SCALEKIT_EXPECT(clock.sleeps() == 1);
  SCALEKIT_EXPECT_OK(sql::run_transaction(*db, body, {}, {.wait = &wait, .random = &random}));
  SCALEKIT_EXPECT_OK(wait.released());
  SCALEKIT_EXPECT(clock.sleeps() == 3);
  SCALEKIT_TRY(v, one_int(*db, t->sql("SELECT v FROM")));
  SCALEKIT_EXPECT(v == 2);
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"transactions/commit and rollback", commit_and_rollback},
    {"transactions/undone at the end of the scope", scoped},
    {"transactions/misuse is refused", misuse},
    {"transactions/savepoints nest", savepoints},
    {"transactions/deferred constraints can be checked before", deferred_constraints},
    {"transactions/read-only refuses writes", read_only},
    {"transactions/uncommitted rows are invisible", uncommitted_is_invisible},
    {"transactions/a read transaction is a snapshot", snapshot},
    {"transactions/contention is busy", contention},
    {"transactions/a stale snapshot cannot write", stale_snapshot},
    {"transactions/run_transaction retries", retries},
};

}  // namespace

std::span<const sql_conformance_case> transaction_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
