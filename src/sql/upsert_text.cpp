// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_text.hpp"

#include <scalekit/sql/identifier.hpp>

#include <span>

namespace scalekit::inline v0::sql {

namespace {

// The row that is there already, whatever the table's name.
constexpr std::string_view target = "scalekit_target";
constexpr std::string_view fresh = "scalekit_new";

template <class Spell>
std::string joined(
    std::span<const std::size_t> columns, std::string_view separator, const Spell& spell
) {
  std::string out;
  for (const std::size_t c : columns) {
    if (!out.empty()) out += separator;
    spell(out, c);
  }
  return out;
}

std::string insert_into(const upsert::plan& p, std::string_view alias) {
  std::string out = "INSERT INTO " + p.table;
  if (!alias.empty()) out.append(" AS ").append(alias);
  return out.append(" (").append(column_list(p)).append(") ");
}

// True where a column differs. Not left to the columns' own idea of equality, which may ignore case
// or, for PostgreSQL's json, be missing.
std::string differs(const upsert::plan& p) {
  if (p.dialect == dialect::postgres) {
    const auto of = [&p](std::string_view row) {
      return joined(p.updates, ",", [&](std::string& out, std::size_t c) {
        out.append(row).append(".").append(p.columns[c]);
      });
    };
    return "ROW(" + of(target) + ")::record OPERATOR(pg_catalog.*<>) ROW(" + of("excluded") +
           ")::record";
  }
  return joined(p.updates, " OR ", [&](std::string& out, std::size_t c) {
    out.append(target).append(".").append(p.columns[c]).append(" IS NOT excluded.");
    out.append(p.columns[c]).append(" COLLATE BINARY");
  });
}

// MySQL deprecates VALUES(), MariaDB does not know the row's alias.
std::string new_value(const upsert::plan& p, std::size_t column) {
  if (p.dialect == dialect::mariadb) return "VALUES(" + p.columns[column] + ")";
  return std::string(fresh).append(".").append(p.columns[column]);
}

// ON DUPLICATE KEY fires for any unique index. Where the row in the way has another key it is some
// other row, and the subquery, which gives two rows for one, fails the statement.
std::string guarded_key(const upsert::plan& p) {
  const std::string key = p.table + "." + p.columns[p.keys[0]];
  const std::string same = joined(p.keys, " AND ", [&](std::string& out, std::size_t c) {
    out.append(p.table).append(".").append(p.columns[c]).append(" <=> ").append(new_value(p, c));
  });
  std::string out = p.columns[p.keys[0]] + " = IF(IF(" + same + ", ";
  out.append(existing_rows).append(" := ").append(existing_rows);
  return out + " + 1, (SELECT 1 UNION ALL SELECT 2)), " + key + ", NULL)";
}

}  // namespace

std::string column_list(const upsert::plan& p) {
  std::string out;
  for (const std::string& c : p.columns) out.append(out.empty() ? "" : ",").append(c);
  return out;
}

std::string value_list(const upsert::plan& p, std::size_t rows) {
  std::string out;
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    out += row == 0 ? "(" : ",(";
    for (std::size_t c = 0; c < p.width(); ++c) {
      if (c > 0) out += ',';
      append_placeholder(out, p.dialect, ++number);
    }
    out += ')';
  }
  return out;
}

std::string insert_on_conflict(const upsert::plan& p, std::string_view source, on_conflict what) {
  std::string out = insert_into(p, target).append(source);
  out += " ON CONFLICT (" +
         joined(p.keys, ",", [&](std::string& to, std::size_t c) { to += p.columns[c]; });
  if (what == on_conflict::do_nothing) return out += ") DO NOTHING";
  out += ") DO UPDATE SET " + joined(p.updates, ",", [&](std::string& to, std::size_t c) {
           to.append(p.columns[c]).append("=excluded.").append(p.columns[c]);
         });
  if (what == on_conflict::update_distinct) out += " WHERE " + differs(p);
  return out;
}

std::string counted(std::string_view insert) {
  // A row that was updated carries the lock that was taken on it.
  return std::string("WITH written AS (")
      .append(insert)
      .append(" RETURNING ")
      .append(target)
      .append(".xmax = 0 AS is_new) SELECT count(*) FILTER (WHERE is_new), count(*) FROM written");
}

std::string staged_rows(const upsert::plan& p, std::string_view stage) {
  return "SELECT " + column_list(p) + " FROM " + std::string(stage);
}

std::string insert_from_stage(const upsert::plan& p, std::string_view stage) {
  const std::string returned = joined(p.keys, ",", [&](std::string& out, std::size_t c) {
    out.append(target).append(".").append(p.columns[c]);
  });
  const std::string same = joined(p.keys, " AND ", [&](std::string& out, std::size_t c) {
    out.append("staged.").append(p.columns[c]).append(" = ");
    out.append(fresh).append(".").append(p.columns[c]);
  });
  std::string out = "WITH " + std::string(fresh) + " AS (";
  out += insert_on_conflict(p, staged_rows(p, stage), on_conflict::do_nothing);
  out += " RETURNING " + returned + "), unstaged AS (DELETE FROM " + std::string(stage);
  out.append(" AS staged USING ").append(fresh).append(" WHERE ").append(same);
  out += " RETURNING 1) SELECT (SELECT count(*) FROM " + std::string(fresh);
  return out += "), (SELECT count(*) FROM unstaged)";
}

std::string insert_on_duplicate(const upsert::plan& p, std::size_t rows) {
  std::string out = insert_into(p, "") + "VALUES " + value_list(p, rows);
  if (p.dialect == dialect::mysql) out.append(" AS ").append(fresh);
  out += " ON DUPLICATE KEY UPDATE " + guarded_key(p);
  if (p.on_conflict == on_conflict::do_nothing) return out;
  for (const std::size_t c : p.updates) {
    out.append(", ").append(p.columns[c]).append(" = ").append(new_value(p, c));
  }
  return out;
}

}  // namespace scalekit::inline v0::sql
