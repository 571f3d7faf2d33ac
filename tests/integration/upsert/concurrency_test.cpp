// SPDX-License-Identifier: BSL-1.0
// Four writers with overlapping keys: nothing lost, nothing counted twice, few deadlocks.
#include "database.hpp"

#include <scalekit/sql/transaction.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <set>
#include <thread>

using namespace scalekit;
using namespace upsert_test;
using sql::upsert_role;

namespace {

constexpr int writers = 4;
constexpr std::size_t rows_of_a_batch = 60;
constexpr std::size_t keys = 200;

struct tally {
  std::uint64_t inserted = 0, updated = 0, tries = 0;
  std::set<std::size_t> keys;
  bool failed = false;
};

std::vector<std::size_t> random_keys(std::mt19937& random) {
  std::vector<std::size_t> all(keys);
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::shuffle(all.begin(), all.end(), random);
  all.resize(rows_of_a_batch);
  return all;
}

sql::upsert_counts operator+(const sql::upsert_counts& a, const sql::upsert_counts& b) {
  return {
      .inserted = a.inserted + b.inserted,
      .updated = a.updated + b.updated,
      .unchanged = a.unchanged + b.unchanged,
      .folded = a.folded + b.folded};
}

enum class locking { in_order, as_they_come };

// The rows in one call, which sorts them; or one by one, which cannot.
result<sql::upsert_counts> write(
    sql::connection& db,
    const sql::upsert& u,
    const std::vector<sql::value_view>& values,
    locking how
) {
  if (how == locking::in_order) return u.run(db, values);
  sql::upsert_counts sum;
  for (std::size_t at = 0; at < values.size(); at += u.width()) {
    auto done = u.run(db, sql::parameters(values).subspan(at, u.width()));
    if (!done) return done;
    sum = sum + *done;
  }
  return sum;
}

void write_batches(int writer, int batches, locking how, tally& out) {
  const auto db = connect();
  const auto u = sql::upsert::make(
                     db->dialect(),
                     {.table = "shared",
                      .columns = {{"id", upsert_role::key}, {"v"}},
                      .on_conflict = sql::on_conflict::update}
  )
                     .value();
  std::mt19937 random(static_cast<unsigned>(writer) + 1);
  for (int batch = 0; batch < batches && !out.failed; ++batch) {
    std::vector<sql::value_view> values;
    for (const std::size_t key : random_keys(random)) {
      values.insert(values.end(), {key, writer * 1000 + batch});
      out.keys.insert(key);
    }
    sql::upsert_counts counts;
    const auto body = [&](sql::connection& tx) -> result<void> {
      ++out.tries;
      auto done = write(tx, u, values, how);
      if (!done) return done.error();
      counts = *done;
      return {};
    };
    const auto done = sql::run_transaction(*db, body, {}, {.max_attempts = 1000});
    if (!done) std::fprintf(stderr, "%s\n", done.error().describe().c_str());
    out.failed = !done;
    out.inserted += counts.inserted;
    out.updated += counts.updated;
  }
}

// How many tries were in vain.
std::uint64_t check(int batches, locking how) {
  const auto db = connect();
  make_table(*db, "shared", "id BIGINT PRIMARY KEY, v BIGINT");
  tally of[writers];
  {
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back(write_batches, i, batches, how, std::ref(of[i]));
    }
    for (std::thread& t : threads) t.join();
  }
  tally all;
  for (const tally& t : of) {
    CHECK_FALSE(t.failed);
    all.inserted += t.inserted;
    all.updated += t.updated;
    all.tries += t.tries;
    all.keys.insert(t.keys.begin(), t.keys.end());
  }
  const auto needed = static_cast<std::uint64_t>(writers * batches);
  CHECK(all.inserted == all.keys.size());
  CHECK(all.inserted + all.updated == needed * rows_of_a_batch);
  CHECK(one_int(*db, "SELECT count(*) FROM shared") == static_cast<std::int64_t>(all.keys.size()));
  // The last batch of some writer was the last of all, and is there whole.
  std::int64_t whole = 0;
  for (int i = 0; i < writers; ++i) {
    const auto last = std::to_string(i * 1000 + batches - 1);
    const auto rows = one_int(*db, "SELECT count(*) FROM shared WHERE v = " + last);
    whole = std::max(whole, rows);
  }
  CHECK(whole == static_cast<std::int64_t>(rows_of_a_batch));
  return all.tries - needed;
}

}  // namespace

TEST_CASE("four writers lose nothing, and sorted batches seldom deadlock") {
  constexpr int many = 25;
  constexpr int few = 5;
  const auto sorted = check(many, locking::in_order);
  const auto unsorted = check(few, locking::as_they_come);
  MESSAGE(
      "tries in vain: " << sorted << " for " << writers * many << " sorted batches, " << unsorted
                        << " for " << writers * few << " unsorted ones"
  );
  CHECK(sorted <= writers * many / 10);
}
