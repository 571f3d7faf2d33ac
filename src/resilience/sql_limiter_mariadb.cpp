// SPDX-License-Identifier: BSL-1.0
#include "resilience/sql_limiter_text.hpp"
#include "resilience/store_support.hpp"

#include <scalekit/bytes.hpp>

namespace scalekit::inline v0::resilience::sql_text {

namespace {

// MariaDB has no UPDATE that returns rows, nor may one read its own table with a lock. What it has
// is INSERT ... ON DUPLICATE KEY UPDATE, which locks, changes and returns row after row. So of
// several claims each stands in VALUES twice: the first round only looks, and leaves in a variable
// whether any claim is refused; the second takes. `granted` brings the cost and `debt` the least,
// below zero in the first round.
//
// Assignments see what those before them have written, so each column is written when it is no
// longer read, and `version`, which decides whose rate counts, last.
std::string reckoning() {
  const std::string now(sql_text::now(sql::dialect::mariadb));
  const std::string newer = "VALUES(version) >= version";
  const std::string parts = "IF(" + newer + ", VALUES(parts), parts)";
  const std::string step = "IF(" + newer + ", VALUES(step), step)";
  const std::string burst = "IF(" + newer + ", VALUES(burst), burst)";
  const std::string part =
      "IF(" + newer + " AND VALUES(parts) <> parts AND part > 0, VALUES(parts), part)";
  const std::string all = "(" + burst + " * " + step + ")";
  const std::string ahead = "((full_us - " + now + ") * " + parts + " + " + part + ")";
  const std::string least = "IF(VALUES(fresh) < 0, -1 - VALUES(fresh), VALUES(fresh))";
  const std::string tokens = "IF(debt >= " + all + ", 0, (" + all + " - debt) DIV " + step + ")";
  const std::string offer = "CASE WHEN paused_us > " + now + " THEN -1 WHEN " + tokens +
                            " >= VALUES(granted) THEN VALUES(granted) WHEN " + tokens +
                            " >= " + least + " THEN " + tokens + " ELSE -1 END";
  const std::string taken = "granted > 0 AND CAST(@scalekit_refused AS SIGNED) = 0";
  const std::string total = "(debt + granted * " + step + ")";
  return "debt = CASE WHEN full_us < " + now + " THEN 0 WHEN full_us - " + now + " > " + all +
         " DIV " + parts + " THEN " + all + " + 1 WHEN " + ahead + " > " + all + " THEN " + all +
         " + 1 ELSE " + ahead + " END, granted = IF(VALUES(fresh) < 0, IF(" + offer +
         " < 0, 0 * (@scalekit_refused := 1), 0), " + offer + "), fresh = 0, part = IF(" + taken +
         ", " + total + " MOD " + parts + ", " + part + "), full_us = IF(" + taken + ", " + now +
         " + " + total + " DIV " + parts + ", full_us), burst = " + burst + ", step = " + step +
         ", parts = " + parts + ", version = GREATEST(version, VALUES(version)), at_us = " + now;
}

// One row of VALUES: `spent_us` and `part` are what a row that is new owes, and `place` is the
// claim's.
void append_row(
    sql::fragment& f,
    const limit_claim& c,
    std::size_t place,
    std::int64_t least,
    std::int64_t spent_us,
    std::int64_t part,
    std::string_view and_also
) {
  const std::string_view now = sql_text::now(sql::dialect::mariadb);
  f.sql("(").param(as_bytes(c.name));
  for (const std::int64_t n : {c.version, c.rate.parts(), c.rate.step(), c.rate.burst()}) {
    f.sql(", ").param(n);
  }
  f.sql(", ").sql(now).sql(" + ").param(spent_us).sql(", ").param(part).sql(", ").sql(now);
  f.sql(", ").param(c.cost).sql(", " + std::to_string(place) + ", ");
  f.param(least).sql(and_also).sql(")");
}

// The statement but for what makes its answer; `first_of_all` is a term in its very first row.
sql::fragment insert(
    const std::string& table, std::span<const limit_claim> claims, std::string_view first_of_all
) {
  sql::fragment f("INSERT INTO " + table);
  f.sql(" (name, version, parts, step, burst, full_us, part, at_us, granted, debt, fresh) VALUES ");
  const std::string begin = " + 0 * (@scalekit_refused := 0)" + std::string(first_of_all);
  if (claims.size() == 1) {
    const limit_claim& c = claims.front();
    const std::int64_t spent = c.cost * c.rate.step();
    const std::int64_t parts = c.rate.parts();
    append_row(f, c, 0, store::least(c), spent / parts, spent % parts, begin);
  } else {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      append_row(f, claims[i], i, -1 - store::least(claims[i]), 0, 0, i == 0 ? begin : "");
      f.sql(", ");
    }
    for (std::size_t i = 0; i < claims.size(); ++i) {
      if (i != 0) f.sql(", ");
      append_row(f, claims[i], i, store::least(claims[i]), 0, 0, "");
    }
  }
  return f.sql(" ON DUPLICATE KEY UPDATE ").sql(reckoning());
}

}  // namespace

sql::fragment take_mysql(const std::string& table, std::span<const limit_claim> claims) {
  const std::string now(sql_text::now(sql::dialect::mysql));
  const std::string begin =
      " + 0 * (@scalekit_now := " + now + ") + 0 * LENGTH(@scalekit_rows := '')";
  sql::fragment f = insert(table, claims, begin);
  // Behind the last assignment, where all columns are as they will be.
  f.sql(" + 0 * LENGTH(@scalekit_rows := CONCAT(CAST(@scalekit_rows AS CHAR), VALUES(debt)");
  for (const char* column :
       {"granted", "full_us", "part", "paused_us", "version", "parts", "step", "burst"}) {
    f.sql(", ' ', ").sql(column);
  }
  return f.sql(", ' '))");
}

sql::fragment take_mariadb(const std::string& table, std::span<const limit_claim> claims) {
  sql::fragment f = insert(table, claims, "");
  f.sql(" RETURNING name, granted, full_us, part, paused_us, fresh, version, parts, step, burst, ");
  return f.sql(sql_text::now(sql::dialect::mariadb));
}

}  // namespace scalekit::inline v0::resilience::sql_text
