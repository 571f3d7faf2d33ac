// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/transaction.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <array>
#include <barrier>
#include <thread>

namespace scalekit::inline v0::testing {

namespace {

constexpr std::string_view needs_two = "needs two connections to one database";

// A table (id, v) with rows 1 and 2, both 0.
result<std::unique_ptr<scratch_table>> two_counters(sql::connection& db, std::string_view name) {
  auto t = scratch_table::make(db, name, "id BIGINT PRIMARY KEY, v BIGINT");
  if (!t) return t.error();
  for (const int id : {1, 2}) {
    if (auto done = db.execute((*t)->insert(2), {id, 0}); !done) return done.error();
  }
  return t;
}

conformance_outcome read_committed(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped(std::string(needs_two));
  SCALEKIT_TRY(reader, fixture.connect());
  if (reader->dialect() == sql::dialect::sqlite) return skipped("a read transaction is a snapshot");
  SCALEKIT_TRY(writer, fixture.connect());
  SCALEKIT_TRY(t, two_counters(*writer, "committed"));
  const std::string read = t->sql("SELECT v FROM", "WHERE id = 1");
  SCALEKIT_EXPECT_OK(reader->begin({.level = sql::isolation::read_committed}));
  SCALEKIT_TRY(before, one_int(*reader, read));
  SCALEKIT_EXPECT(before == 0);
  SCALEKIT_EXPECT_OK(writer->begin({}));
  SCALEKIT_EXPECT_OK(writer->execute(t->sql("UPDATE", "SET v = 5 WHERE id = 1")));
  SCALEKIT_TRY(dirty, one_int(*reader, read));
  SCALEKIT_EXPECT(dirty == 0);
  SCALEKIT_EXPECT_OK(writer->commit());
  SCALEKIT_TRY(after, one_int(*reader, read));
  SCALEKIT_EXPECT(after == 5);
  SCALEKIT_EXPECT_OK(reader->rollback());
  return {};
}

// Reads both counters, then raises one: fine alone, wrong for two at a time.
result<void> read_both_write_one(sql::connection& db, const scratch_table& t, int id) {
  auto sum = one_int(db, t.sql("SELECT CAST(SUM(v) AS " + t.int64() + ") FROM"));
  if (!sum) return sum.error();
  auto done = db.execute(t.sql("UPDATE", "SET v = ? WHERE id = ?"), {*sum + 1, id});
  if (!done) return done.error();
  return {};
}

conformance_outcome write_skew(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped(std::string(needs_two));
  SCALEKIT_TRY(setup, fixture.connect());
  SCALEKIT_TRY(first, fixture.connect());
  SCALEKIT_TRY(second, fixture.connect());
  SCALEKIT_TRY(t, two_counters(*setup, "skew"));
  const sql::transaction_options serializable{
      .mode = sql::transaction_mode::deferred, .level = sql::isolation::serializable};
  SCALEKIT_EXPECT_OK(first->begin(serializable));
  SCALEKIT_EXPECT_OK(second->begin(serializable));
  const std::string read = t->sql("SELECT v FROM");
  SCALEKIT_EXPECT_OK(all_rows(*first, read));
  SCALEKIT_EXPECT_OK(all_rows(*second, read));
  int committed = 0;
  int id = 0;
  for (sql::connection* db : {first.get(), second.get()}) {
    auto done = read_both_write_one(*db, *t, ++id);
    if (done) done = db->commit();
    committed += done ? 1 : 0;
    if (!done) SCALEKIT_EXPECT_ERROR(errc::busy, done);
    SCALEKIT_EXPECT_OK(db->rollback());
  }
  // A backend that locks what is read may have to turn both away, one that does not just one.
  SCALEKIT_EXPECT(committed <= 1);
  SCALEKIT_TRY(sum, one_int(*setup, t->sql("SELECT CAST(SUM(v) AS " + t->int64() + ") FROM")));
  SCALEKIT_EXPECT(sum == committed);
  return {};
}

conformance_outcome lost_update(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped(std::string(needs_two));
  constexpr int rounds = 20;
  SCALEKIT_TRY(setup, fixture.connect());
  SCALEKIT_TRY(t, two_counters(*setup, "writers"));
  const std::string read = t->sql("SELECT v FROM", "WHERE id = 1");
  const std::string write = t->sql("UPDATE", "SET v = ? WHERE id = 1");
  std::array<connection_ptr, 3> connections;
  for (auto& c : connections) {
    SCALEKIT_TRY(db, fixture.connect());
    c = std::move(db);
  }
  const auto raise = [&](sql::connection& db) -> result<void> {
    auto v = one_int(db, read);
    if (!v) return v.error();
    auto done = db.execute(write, {*v + 1});
    return done ? result<void>() : done.error();
  };
  std::array<result<void>, 3> outcomes;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    threads.emplace_back([&, i] {
      fixed_random random(i);
      const sql::retry_options patient{
          .max_attempts = 10'000, .max_delay = std::chrono::milliseconds(20), .random = &random};
      for (int n = 0; n < rounds && outcomes[i]; ++n) {
        outcomes[i] = sql::run_transaction(
            *connections[i], raise, {.level = sql::isolation::serializable}, patient
        );
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& outcome : outcomes) SCALEKIT_EXPECT_OK(outcome);
  SCALEKIT_TRY(v, one_int(*setup, read));
  SCALEKIT_EXPECT(v == rounds * static_cast<int>(connections.size()));
  return {};
}

conformance_outcome deadlock(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped(std::string(needs_two));
  SCALEKIT_TRY(setup, fixture.connect());
  if (setup->dialect() == sql::dialect::sqlite) return skipped("one writer at a time");
  SCALEKIT_TRY(t, two_counters(*setup, "deadlock"));
  SCALEKIT_TRY(first, fixture.connect());
  SCALEKIT_TRY(second, fixture.connect());
  const std::array<sql::connection*, 2> connections{first.get(), second.get()};
  const std::string update = t->sql("UPDATE", "SET v = v + 1 WHERE id = ?");
  std::array<result<void>, 2> outcomes;
  std::barrier<> both_hold_one(2);
  const auto cross = [&](std::size_t i) {
    sql::connection& db = *connections[i];
    const auto run = [&](std::size_t id) {
      if (!outcomes[i]) return;
      if (auto done = db.execute(update, {id}); !done) outcomes[i] = done.error();
    };
    outcomes[i] = db.begin({});
    run(i + 1);
    both_hold_one.arrive_and_wait();
    run(2 - i);
    if (outcomes[i]) {
      outcomes[i] = db.commit();
    } else {
      static_cast<void>(db.rollback());
    }
  };
  std::thread other([&] { cross(1); });
  cross(0);
  other.join();
  const std::size_t loser = outcomes[0] ? 1 : 0;
  SCALEKIT_EXPECT_ERROR(errc::busy, outcomes[loser]);
  SCALEKIT_EXPECT_OK(outcomes[1 - loser]);
  SCALEKIT_EXPECT(!connections[loser]->in_transaction());
  SCALEKIT_TRY(rows, one_int(*setup, t->sql("SELECT COUNT(*) FROM", "WHERE v = 1")));
  SCALEKIT_EXPECT(rows == 2);
  return {};
}

conformance_outcome interrupted_wait(sql_fixture& fixture) {
  if (!fixture.is_shared()) return skipped(std::string(needs_two));
  SCALEKIT_TRY(holder, fixture.connect());
  if (holder->dialect() == sql::dialect::sqlite) return skipped("gives up on a lock at once");
  SCALEKIT_TRY(t, two_counters(*holder, "waiting"));
  SCALEKIT_TRY(waiter, fixture.connect());
  const std::string update = t->sql("UPDATE", "SET v = v + 1 WHERE id = 1");
  SCALEKIT_EXPECT_OK(holder->begin({}));
  SCALEKIT_EXPECT_OK(holder->execute(update));
  {
    const nagging_thread nag(waiter->interrupt_handle());
    SCALEKIT_EXPECT_ERROR(errc::cancelled, waiter->execute(update));
  }
  SCALEKIT_EXPECT_OK(holder->commit());
  SCALEKIT_EXPECT_OK(waiter->execute(update));
  SCALEKIT_TRY(v, one_int(*waiter, t->sql("SELECT v FROM", "WHERE id = 1")));
  SCALEKIT_EXPECT(v == 2);
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"isolation/read committed sees commits only", read_committed},
    {"isolation/serializable stops write skew", write_skew},
    {"isolation/no update is lost", lost_update},
    {"isolation/of a deadlock one goes through", deadlock},
    {"interrupt/ends the wait for a lock", interrupted_wait},
};

}  // namespace

std::span<const sql_conformance_case> isolation_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
