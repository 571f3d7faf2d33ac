// SPDX-License-Identifier: BSL-1.0
#include "resilience/sql_limiter_text.hpp"

#include "resilience/store_support.hpp"

#include <scalekit/bytes.hpp>

namespace scalekit::inline v0::resilience::sql_text {

namespace {
constexpr std::int64_t longest_us = std::int64_t{1} << 46;
}  // namespace

std::string_view now(sql::dialect d) noexcept {
  switch (d) {
    case sql::dialect::sqlite:
      // Of whole milliseconds since the year -4713; a double of days holds them apart.
      return "((CAST(julianday('now') * 86400000 + 0.5 AS INTEGER) - 210866760000000) * 1000)";
    case sql::dialect::postgres:
      return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";
    case sql::dialect::mariadb:
    case sql::dialect::mysql:
      break;
  }
  return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";
}

std::string create_table(sql::dialect d, const std::string& table) {
  std::string_view name = "VARBINARY(200)";
  if (d == sql::dialect::sqlite) name = "BLOB";
  if (d == sql::dialect::postgres) name = "BYTEA";
  std::string s = "CREATE TABLE IF NOT EXISTS " + table + " (name " + std::string(name) +
                  " NOT NULL PRIMARY KEY";
  // The last three are for MariaDB's statement alone.
  for (const std::string_view column :
       {"version",
        "parts",
        "step",
        "burst",
        "full_us",
        "part",
        "paused_us",
        "at_us",
        "granted",
        "fresh",
        "debt"}) {
    s.append(", ").append(column).append(" BIGINT NOT NULL DEFAULT 0");
  }
  return s + (d == sql::dialect::sqlite ? ") WITHOUT ROWID" : ")");
}

namespace {

// The claims as rows, of types that PostgreSQL must be told.
sql::fragment wanted(std::span<const limit_claim> claims) {
  sql::fragment f("WITH want (place, name, cost, least, version, parts, step, burst) AS (VALUES ");
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const limit_claim& c = claims[i];
    f.sql((i == 0 ? "(" : ", (") + std::to_string(i) + ", CAST(");
    f.param(as_bytes(c.name)).sql(" AS bytea)");
    for (const std::int64_t n :
         {c.cost, store::least(c), c.version, c.rate.parts(), c.rate.step(), c.rate.burst()}) {
      f.sql(", CAST(").param(n).sql(" AS bigint)");
    }
    f.sql(")");
  }
  return f.sql(")");
}

// From the rows `h` of the wanted limits to what each is offered and would be afterwards.
constexpr std::string_view reckoning = R"(
held AS (SELECT w.place, w.name, w.cost, w.least, c.now, h.name IS NULL AS fresh,
  COALESCE(h.version < w.version, FALSE) AS newer,
  CASE WHEN h.version > w.version THEN h.version ELSE w.version END AS version,
  CASE WHEN h.version > w.version THEN h.parts ELSE w.parts END AS parts,
  CASE WHEN h.version > w.version THEN h.step ELSE w.step END AS step,
  CASE WHEN h.version > w.version THEN h.burst ELSE w.burst END AS burst,
  COALESCE(h.full_us, 0) AS full_us, COALESCE(h.paused_us, 0) AS paused_us,
  CASE WHEN h.part > 0 AND h.version <= w.version AND h.parts <> w.parts THEN w.parts
    ELSE COALESCE(h.part, 0) END AS part
  FROM want w CROSS JOIN clock c LEFT JOIN known h ON h.name = w.name),
owing AS (SELECT held.*, CASE WHEN full_us < now THEN 0
  WHEN full_us - now > burst * step / parts THEN burst * step + 1
  WHEN (full_us - now) * parts + part > burst * step THEN burst * step + 1
  ELSE (full_us - now) * parts + part END AS debt FROM held),
there AS (SELECT owing.*,
  CASE WHEN debt >= burst * step THEN 0 ELSE (burst * step - debt) / step END AS tokens FROM owing),
offer AS (SELECT there.*, CASE WHEN paused_us > now THEN -1 WHEN tokens >= cost THEN cost
  WHEN tokens >= least THEN tokens ELSE -1 END AS granted FROM there),
verdict AS (SELECT MIN(granted) AS worst FROM offer),
result AS (SELECT o.place, o.name, o.granted, o.paused_us, o.fresh, o.newer, o.version,
  o.parts, o.step, o.burst, o.now, v.worst >= 0 AND o.granted > 0 AS taken,
  CASE WHEN v.worst >= 0 AND o.granted > 0 THEN o.now + (o.debt + o.granted * o.step) / o.parts
    ELSE o.full_us END AS full_us,
  CASE WHEN v.worst >= 0 AND o.granted > 0 THEN (o.debt + o.granted * o.step) % o.parts
    ELSE o.part END AS part
  FROM offer o CROSS JOIN verdict v)
)";

// A newer rate is stored even if it grants nothing: else those that lag behind would go on by the
// old one.
//
// The rows are locked before the clock is read, and a lock gives their newest state. A row that is
// not there cannot be locked: if somebody else adds it first, the INSERT conflicts, the statement
// is undone, and the next try finds it.
sql::fragment take_postgres(const std::string& table, std::span<const limit_claim> claims) {
  sql::fragment f = wanted(claims);
  f.sql(", known AS MATERIALIZED (SELECT * FROM ").sql(table);
  f.sql(
       " WHERE name IN (SELECT name FROM want) ORDER BY name FOR UPDATE), clock AS MATERIALIZED "
       "(SELECT "
  )
      .sql(now(sql::dialect::postgres))
      .sql(" AS now, count(*) FROM known),");
  f.sql(reckoning).sql(", changed AS (UPDATE ").sql(table);
  f.sql(
       " t SET version = r.version, parts = r.parts, step = r.step, burst = r.burst, "
       "full_us = r.full_us, part = r.part, at_us = r.now FROM result r "
       "WHERE t.name = r.name AND NOT r.fresh AND (r.taken OR r.newer)), added AS (INSERT INTO "
  )
      .sql(table);
  f.sql(
      " (name, version, parts, step, burst, full_us, part, at_us) "
      "SELECT name, version, parts, step, burst, full_us, part, now FROM result "
      "WHERE fresh AND taken ORDER BY name) SELECT name, granted, full_us, part, paused_us, "
      "CAST(fresh AS int) AS fresh, version, parts, step, burst, now FROM result"
  );
  return f;
}

}  // namespace

sql::fragment take(sql::dialect d, const std::string& table, std::span<const limit_claim> claims) {
  return d == sql::dialect::postgres ? take_postgres(table, claims) : take_mariadb(table, claims);
}

namespace {

// The time at which the row is read, which is after its lock was waited for. The clocks of MariaDB
// that know the time zone stand still during a statement; SYSDATE() does not, but is local time. It
// measures the wait; if it seems to go back, an hour was set back, and the wait counts as for ever.
std::string now_in_row(sql::dialect d) {
  std::string at(now(d));
  if (d == sql::dialect::mariadb || d == sql::dialect::mysql) {
    const std::string waited = "TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6))";
    at += " + IF(" + waited + " < 0, " + std::to_string(longest_us) + ", " + waited + ")";
  }
  return at;
}

}  // namespace

// worth - (now - taken), no more than worth and no less than nothing. PostgreSQL computes a new row
// before it locks the old one, and anew only if that has changed, so there the lock comes first.
sql::fragment give_back(
    sql::dialect d,
    const std::string& table,
    std::string_view name,
    std::int64_t worth_us,
    std::int64_t taken_us
) {
  const bool locks_first = d == sql::dialect::postgres;
  const bool sqlite = d == sql::dialect::sqlite;
  sql::fragment f;
  if (locks_first) {
    f.sql("WITH held AS MATERIALIZED (SELECT name FROM " + table + " WHERE name = ");
    f.param(as_bytes(name)).sql(" FOR UPDATE), clock AS MATERIALIZED (SELECT ");
    f.sql(now(d)).sql(" AS now, count(*) FROM held) ");
  }
  f.sql("UPDATE " + table + " SET full_us = full_us - ");
  f.sql(sqlite ? "MAX(0, MIN(" : "GREATEST(0, LEAST(").param(worth_us).sql(", ");
  f.param(taken_us + worth_us).sql(" - (").sql(locks_first ? "now" : now_in_row(d)).sql(")))");
  if (locks_first) f.sql(" FROM clock");
  f.sql(" WHERE name = ").param(as_bytes(name));
  return f.sql(" AND paused_us <= ").param(taken_us);
}

sql::fragment cool_down(
    sql::dialect d, const std::string& table, const limit_claim& c, std::int64_t pause_us
) {
  const bool by_values = d == sql::dialect::mariadb || d == sql::dialect::mysql;
  // As gcra::cool_down; where the row has another rate, the fraction is rounded up.
  const std::int64_t but_one = (c.rate.burst() - 1) * c.rate.step();
  sql::fragment f("INSERT INTO " + table);
  f.sql(" (name, version, parts, step, burst, full_us, part, paused_us, at_us) VALUES (");
  f.param(as_bytes(c.name));
  for (const std::int64_t n : {c.version, c.rate.parts(), c.rate.step(), c.rate.burst()}) {
    f.sql(", ").param(n);
  }
  f.sql(", ").sql(now(d)).sql(" + ").param(pause_us + but_one / c.rate.parts());
  f.sql(", ").param(but_one % c.rate.parts());
  f.sql(", ").sql(now(d)).sql(" + ").param(pause_us).sql(", ").sql(now(d)).sql(") ");
  const std::string mine = by_values ? "" : table + ".";
  const auto given = [&](const std::string& column) {
    return by_values ? "VALUES(" + column + ")" : "excluded." + column;
  };
  const auto if_later =
      [&](const std::string& column, const std::string& by, const std::string& value) {
        return column + " = CASE WHEN " + given(by) + " > " + mine + by + " THEN " + value +
               " ELSE " + mine + column + " END";
      };
  const std::string part = "CASE WHEN " + given("parts") + " = " + mine + "parts THEN " +
                           given("part") + " ELSE " + mine + "parts END";
  f.sql(by_values ? "ON DUPLICATE KEY UPDATE " : "ON CONFLICT (name) DO UPDATE SET ");
  f.sql(if_later("paused_us", "paused_us", given("paused_us"))).sql(", ");
  f.sql(if_later("part", "full_us", part)).sql(", ");
  return f.sql(if_later("full_us", "full_us", given("full_us")));
}

}  // namespace scalekit::inline v0::resilience::sql_text
