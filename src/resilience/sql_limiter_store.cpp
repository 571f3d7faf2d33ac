// SPDX-License-Identifier: BSL-1.0
#include "resilience/sql_limiter_mysql.hpp"
#include "resilience/sql_limiter_sqlite.hpp"
#include "resilience/sql_limiter_text.hpp"
#include "resilience/store_support.hpp"
#include "sql/statement.hpp"

#include <scalekit/resilience/sql_limiter_store.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::resilience {

namespace {

constexpr int most_tries = 4;

// A statement that failed so was undone, and may do better.
bool contended(const error& e) noexcept {
  return e.code() == errc::busy || e.code() == errc::conflict;
}

result<store::row> to_row(std::span<const sql::value_view> v) {
  auto in_force = store::stored_rate(v[7].as_int64(), v[8].as_int64(), v[9].as_int64());
  if (!in_force) return in_force.error();
  return store::row{
      .granted = v[1].as_int64(),
      .bucket = {.full_us = v[2].as_int64(), .part = v[3].as_int64(), .paused_us = v[4].as_int64()},
      .in_force = *in_force,
      .version = v[6].as_int64(),
      .fresh = v[5].as_int64() != 0,
  };
}

// The claims in the order of their names: the order in which rows are locked.
std::vector<limit_claim> sorted(std::span<const limit_claim> claims) {
  std::vector<limit_claim> s(claims.begin(), claims.end());
  std::ranges::sort(s, {}, &limit_claim::name);
  return s;
}

}  // namespace

sql_limiter_store::sql_limiter_store(sql::pool& connections, sql::dialect d, std::string table)
    : pool_(connections), dialect_(d), table_(std::move(table)) {}

result<std::unique_ptr<sql_limiter_store>> sql_limiter_store::open(
    sql::pool& connections, std::string prefix
) {
  if (auto plain = sql::check_table_prefix(prefix); !plain) {
    return std::move(plain).error().with_context("sql_limiter_store: prefix");
  }
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  const sql::dialect d = (*db)->dialect();
  const std::string table = std::move(prefix) + "limiter";
  auto made = (*db)->execute_script(sql_text::create_table(d, table));
  if (!made) return std::move(made).error().with_context("sql_limiter_store");
  return std::unique_ptr<sql_limiter_store>(new sql_limiter_store(connections, d, table));
}

result<limit_answer> sql_limiter_store::take_once(std::span<const limit_claim> claims) {
  if (dialect_ == sql::dialect::sqlite) return sql_limiter_sqlite::take(pool_, table_, claims);
  const std::vector<limit_claim> in_order = sorted(claims);
  if (dialect_ == sql::dialect::mysql) {
    return sql_limiter_mysql::take(pool_, table_, claims, in_order);
  }
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  const sql::fragment f = sql_text::take(dialect_, table_, in_order);
  const sql::statement s(f, dialect_);
  auto found = (*db)->query(s.text, s.params);
  if (!found) return found.error();
  std::vector<store::row> rows(claims.size());
  std::vector<std::size_t> seen(claims.size());
  std::int64_t now = 0;
  for (;;) {
    auto more = (*found)->next();
    if (!more) return more.error();
    if (!*more) break;
    const auto values = (*found)->row();
    const auto at = std::ranges::find(claims, values[0].as_text(), &limit_claim::name);
    auto row = to_row(values);
    if (!row) return row.error();
    if (at == claims.end()) continue;
    const auto i = static_cast<std::size_t>(at - claims.begin());
    row->fresh = row->fresh || rows[i].fresh;
    rows[i] = *row;
    ++seen[i];
    now = values[10].as_int64();
  }
  if (std::ranges::find(seen, std::size_t{0}) != seen.end()) {
    return error(errc::internal, "sql_limiter_store: the statement returned too few rows");
  }
  return store::answer(claims, rows, now);
}

result<limit_answer> sql_limiter_store::take(std::span<const limit_claim> claims) {
  if (auto sound = store::check(claims); !sound) return sound.error();
  for (int tries = 1;; ++tries) {
    auto done = take_once(claims);
    if (done) return done;
    if (!contended(done.error()) || tries == most_tries) {
      return std::move(done).error().with_context("sql_limiter_store: take");
    }
  }
}

result<void> sql_limiter_store::give_back(
    std::string_view name, const limit_grant& grant, std::int64_t tokens
) {
  if (auto sound = store::check_name(name); !sound) return sound;
  const std::int64_t n = std::clamp<std::int64_t>(tokens, 0, grant.granted);
  if (n == 0) return {};
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  const std::int64_t worth = grant.in_force.time_for(n).count();
  auto done = sql::execute(
      **db, sql_text::give_back(dialect_, table_, name, worth, grant.verdict.taken.mark)
  );
  if (!done) return std::move(done).error().with_context("sql_limiter_store: give_back");
  return {};
}

result<void> sql_limiter_store::cool_down(const limit_claim& claim, duration wait) {
  if (auto sound = store::check({&claim, 1}); !sound) return sound;
  const std::int64_t us = store::pause_us(wait);
  if (us == 0) return {};
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  auto done = sql::execute(**db, sql_text::cool_down(dialect_, table_, claim, us));
  if (!done) return std::move(done).error().with_context("sql_limiter_store: cool_down");
  return {};
}

result<std::int64_t> sql_limiter_store::purge(duration idle) {
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  const std::string now(sql_text::now(dialect_));
  sql::fragment f("DELETE FROM " + table_ + " WHERE full_us < " + now + " AND paused_us < " + now);
  f.sql(" AND at_us <= " + now + " - ").param(store::pause_us(idle));
  auto done = sql::execute(**db, f);
  if (!done) return std::move(done).error().with_context("sql_limiter_store: purge");
  return done->affected_rows;
}

}  // namespace scalekit::inline v0::resilience
