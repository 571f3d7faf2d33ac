// SPDX-License-Identifier: BSL-1.0
#include "resilience/sql_limiter_sqlite.hpp"

#include "resilience/sql_limiter_text.hpp"
#include "resilience/store_support.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace scalekit::inline v0::resilience::sql_limiter_sqlite {

namespace {

constexpr std::int64_t last_us = std::int64_t{1} << 61;

// What is stored of each claim, and the time at which it was read.
struct stored {
  std::vector<store::row> rows{};
  std::int64_t now = 0;
};

result<store::row> to_row(std::span<const sql::value_view> v) {
  auto known = store::stored_rate(v[2].as_int64(), v[3].as_int64(), v[4].as_int64());
  if (!known) return known.error();
  const gcra::bucket b{v[5].as_int64(), v[6].as_int64(), v[7].as_int64()};
  const auto in_reach = [](std::int64_t us) { return us > -last_us && us < last_us; };
  if (!in_reach(b.full_us) || !in_reach(b.paused_us) || b.part < 0 || b.part > known->parts()) {
    return error(errc::data_corrupted, "limiter store: the stored bucket is out of range");
  }
  return store::row{.bucket = b, .in_force = *known, .version = v[1].as_int64()};
}

// One SELECT, for one view of the file; each part of it gives one row, in order.
result<stored> look(
    sql::connection& db, const std::string& table, std::span<const limit_claim> claims
) {
  std::string text;
  std::vector<sql::value_view> names;
  for (const limit_claim& c : claims) {
    if (!names.empty()) text += " UNION ALL ";
    names.emplace_back(as_bytes(c.name));
    text.append("SELECT ").append(sql_text::now(sql::dialect::sqlite));
    text.append(
        ", version, parts, step, burst, full_us, part, paused_us FROM (SELECT 1) LEFT JOIN "
    );
    text.append(table).append(" ON name = ?").append(std::to_string(names.size()));
  }
  auto found = db.query(text, names);
  if (!found) return found.error();
  stored s;
  for (const limit_claim& c : claims) {
    auto more = (*found)->next();
    if (!more) return more.error();
    if (!*more) return error(errc::internal, "a SELECT that returned too few rows");
    const auto v = (*found)->row();
    s.now = std::max(s.now, v[0].as_int64());
    if (v[1].is_null()) {
      s.rows.push_back({.in_force = c.rate, .version = c.version, .fresh = true});
    } else {
      auto r = to_row(v);
      if (!r) return r.error();
      s.rows.push_back(*r);
    }
  }
  return s;
}

result<void> save(
    sql::connection& db,
    const std::string& table,
    std::string_view name,
    const store::row& r,
    std::int64_t now
) {
  const std::array<sql::value_view, 9> values{
      as_bytes(name),
      r.version,
      r.in_force.parts(),
      r.in_force.step(),
      r.in_force.burst(),
      r.bucket.full_us,
      r.bucket.part,
      r.bucket.paused_us,
      now};
  auto done = db.execute(
      "INSERT INTO " + table +
          " (name, version, parts, step, burst, full_us, part, paused_us, at_us) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (name) DO UPDATE SET "
          "version = ?2, parts = ?3, step = ?4, burst = ?5, full_us = ?6, part = ?7, at_us = ?9",
      values
  );
  if (!done) return done.error();
  return {};
}

// Whether a row has changed. A newer rate is kept even if it grants nothing: else those that lag
// behind would go on taking by the old one for as long as it refuses.
bool is_to_be_saved(const store::row& r, bool allowed) noexcept {
  return r.newer || (allowed && r.granted > 0);
}

}  // namespace

result<limit_answer> take(
    sql::pool& connections, const std::string& table, std::span<const limit_claim> claims
) {
  {
    auto db = connections.acquire(sql::access::read);
    if (!db) return db.error();
    auto seen = look(**db, table, claims);
    if (!seen) return seen.error();
    const bool allowed = store::decide(claims, seen->rows, seen->now);
    const bool writes = std::ranges::any_of(seen->rows, [&](const store::row& r) {
      return is_to_be_saved(r, allowed);
    });
    if (!writes) return store::answer(claims, seen->rows, seen->now);
  }
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  auto tx = sql::transaction::begin(**db);
  if (!tx) return tx.error();
  auto seen = look(**db, table, claims);
  if (!seen) return seen.error();
  const bool allowed = store::decide(claims, seen->rows, seen->now);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (!is_to_be_saved(seen->rows[i], allowed)) continue;
    auto done = save(**db, table, claims[i].name, seen->rows[i], seen->now);
    if (!done) return done.error();
  }
  if (auto done = tx->commit(); !done) return done.error();
  return store::answer(claims, seen->rows, seen->now);
}

}  // namespace scalekit::inline v0::resilience::sql_limiter_sqlite
