// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan_examples.hpp"

#include <array>
#include <string>
#include <utility>

namespace scalekit::inline v0::keyset::detail {

namespace {

sql::value example_of_kind(sql::value_kind kind, int n) {
  const char* digit = n == 0 ? "0" : "1";
  switch (kind) {
    case sql::value_kind::float64:
      return static_cast<double>(n);
    case sql::value_kind::decimal:
      return sql::value_view::decimal(digit);
    case sql::value_kind::text:
      return digit;
    case sql::value_kind::blob:
      return as_bytes(digit);
    case sql::value_kind::timestamp:
      return system_time(std::chrono::days(10957 + n));  // 2000-01-01
    default:
      return n;
  }
}

/// A row; where the last column is a number, one amid the table, for a server that looks at values
/// may well take another way at its ends.
sql::fragment sample_row(const plan& p, bool amid) {
  sql::fragment out;
  for (const plan_column& c : p.columns) out.sql((out.empty() ? "SELECT " : ", ") + c.sql);
  out.sql(" FROM ").append(p.from).sql(" WHERE 1 = 1");
  for (const equality& e : p.fixed) out.sql(" AND " + e.sql + " = ").param(e.value);
  for (const sql::fragment& f : p.where) out.sql(" AND ").append(f);
  if (amid) {
    const std::string& id = p.columns.back().sql;
    out.sql(" AND " + id + " >= (SELECT MIN(" + id + ") / 2 + MAX(" + id + ") / 2 FROM ");
    out.append(p.from).sql(") ORDER BY " + id);
  }
  return std::move(out).sql(" LIMIT 1");
}

sql::fragment postgres_types(const plan& p) {
  std::string types;
  std::string columns;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    types += (i == 0 ? "pg_typeof(x." : ", pg_typeof(x.") + name + ")::text";
    columns += (i == 0 ? "" : ", ") + p.columns[i].sql + " AS " + name;
  }
  // The outer join makes a row of NULLs, which have types, of an empty table.
  sql::fragment out("SELECT " + types + " FROM (SELECT 1) AS one LEFT JOIN (SELECT " + columns);
  return std::move(out.sql(" FROM ").append(p.from).sql(" LIMIT 0) AS x ON true"));
}

sql::fragment mariadb_type(const source& what, const std::string& column) {
  const std::size_t dot = what.table.rfind('.');
  sql::fragment out("SELECT DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ");
  if (dot == std::string::npos) {
    out.sql("DATABASE()");
  } else {
    out.param(what.table.substr(0, dot));
  }
  out.sql(" AND TABLE_NAME = ").param(what.table.substr(dot + 1));
  return std::move(out.sql(" AND COLUMN_NAME = ").param(column.substr(column.rfind('.') + 1)));
}

/// The type of each order column as the database names it; empty where it does not say.
result<std::vector<std::string>> type_names(
    sql::connection& db, const plan& p, const source& what
) {
  std::vector<std::string> out(p.columns.size());
  if (p.dialect == sql::dialect::postgres) {
    auto row = fetch_all(db, postgres_types(p));
    if (!row) return row.error();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = row->front()[i].view().as_text();
    return out;
  }
  for (std::size_t i = 0; i < out.size() && !what.table.empty(); ++i) {
    auto found = fetch_all(db, mariadb_type(what, p.by.columns()[i].name));
    if (!found) return found.error();
    if (!found->empty()) out[i] = found->front().front().view().as_text();
  }
  return out;
}

}  // namespace

std::optional<sql::value> example_of_type(std::string_view type, int n) {
  struct rule {
    std::string_view part;  // of the type's name
    sql::value_kind kind;
  };
  // The first that fits, so `interval` and `point` stand before `int`, and `datetime` before both
  // of its parts.
  static constexpr std::array rules{
      rule{"interval", sql::value_kind::null},       rule{"point", sql::value_kind::null},
      rule{"timestamp", sql::value_kind::timestamp}, rule{"datetime", sql::value_kind::timestamp},
      rule{"int", sql::value_kind::int64},           rule{"serial", sql::value_kind::int64},
      rule{"bool", sql::value_kind::int64},          rule{"year", sql::value_kind::int64},
      rule{"bit", sql::value_kind::int64},           rule{"oid", sql::value_kind::int64},
      rule{"numeric", sql::value_kind::decimal},     rule{"decimal", sql::value_kind::decimal},
      rule{"double", sql::value_kind::float64},      rule{"float", sql::value_kind::float64},
      rule{"real", sql::value_kind::float64},        rule{"bytea", sql::value_kind::blob},
      rule{"blob", sql::value_kind::blob},           rule{"binary", sql::value_kind::blob},
      rule{"char", sql::value_kind::text},           rule{"text", sql::value_kind::text},
  };
  const bool second = n != 0;
  if (type == "uuid") {
    return sql::value(
        second ? "00000000-0000-0000-0000-000000000001" : "00000000-0000-0000-0000-000000000000"
    );
  }
  if (type == "date") return sql::value(second ? "2000-01-02" : "2000-01-01");
  for (const rule& r : rules) {
    if (type.find(r.part) == std::string_view::npos) continue;
    if (r.kind == sql::value_kind::null || type.ends_with("[]")) return std::nullopt;
    return example_of_kind(r.kind, n);
  }
  return std::nullopt;
}

result<table_rows> fetch_all(sql::connection& db, const sql::fragment& query) {
  std::string text;
  query.render(text, db.dialect(), 1);
  const std::vector<sql::value_view> params(query.params().begin(), query.params().end());
  auto rows = db.query(text, params);
  if (!rows) return rows.error();
  table_rows out;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) return out;
    out.emplace_back((*rows)->row().begin(), (*rows)->row().end());
  }
}

result<key_examples> find_examples(sql::connection& db, const plan& p, const source& what) {
  key_examples out;
  if (p.dialect == sql::dialect::sqlite) {
    for (const order_column& c : p.by.columns()) {
      out.small.push_back(example_of_kind(c.kind.value_or(sql::value_kind::int64), 0));
      out.big.push_back(example_of_kind(c.kind.value_or(sql::value_kind::int64), 1));
    }
    return out;
  }
  auto types = type_names(db, p, what);
  if (!types) return types.error();
  const std::optional<sql::value> id = example_of_type(types->back(), 0);
  auto row = fetch_all(db, sample_row(p, id && id->kind() == sql::value_kind::int64));
  if (row && row->empty()) row = fetch_all(db, sample_row(p, false));
  if (!row) return row.error();
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    const order_column& c = p.by.columns()[i];
    std::optional<sql::value> low = example_of_type((*types)[i], 0);
    std::optional<sql::value> high = example_of_type((*types)[i], 1);
    if (!low && c.kind) low = example_of_kind(*c.kind, 0), high = example_of_kind(*c.kind, 1);
    if (!row->empty() && !row->front()[i].is_null()) {
      high = row->front()[i];
      if (!low) low = high;
    }
    if (!low) {
      return error(
          errc::not_supported,
          "plan gate: no example is known of the order column " + c.name + " (type " +
              ((*types)[i].empty() ? "unknown" : (*types)[i]) +
              "); declare its kind, or put a row into the table"
      );
    }
    out.small.push_back(std::move(*low));
    out.big.push_back(std::move(*high));
  }
  return out;
}

}  // namespace scalekit::inline v0::keyset::detail
