// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan_alone.hpp"

#include "keyset/plan_examples.hpp"

#include <scalekit/sql/identifier.hpp>

#include <cstdint>
#include <utility>

namespace scalekit::inline v0::keyset::detail {

namespace {

constexpr std::int64_t small_bytes = 1 << 20;

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

/// `table` as a condition on two columns of information_schema.
sql::fragment among_tables(const source& what) {
  const std::size_t dot = what.table.rfind('.');
  sql::fragment out("TABLE_SCHEMA = ");
  if (dot == std::string::npos) {
    out.sql("DATABASE()");
  } else {
    out.param(what.table.substr(0, dot));
  }
  return std::move(out.sql(" AND TABLE_NAME = ").param(last_part(what.table)));
}

source reading(const source& what, std::string from) {
  source out = what;
  out.table.clear();
  out.from = sql::fragment(from);
  return out;
}

result<std::vector<lone_index>> forced(sql::connection& db, const source& what) {
  sql::fragment query("SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE ");
  query.append(among_tables(what)).sql(" AND INDEX_TYPE = 'BTREE' ORDER BY INDEX_NAME");
  auto names = fetch_all(db, query);
  if (!names) return names.error();
  const std::string table = *sql::quote_qualified(db.dialect(), what.table);
  std::vector<lone_index> out;
  for (const auto& row : *names) {
    const std::string name(row.front().view().as_text());
    auto quoted = sql::quote_identifier(db.dialect(), name);
    if (!quoted) return quoted.error();
    out.push_back({name, reading(what, table + " FORCE INDEX (" + *quoted + ")")});
  }
  return out;
}

/// The planner cannot be told which index to take, so each gets a copy of the table to itself.
result<std::vector<lone_index>> copied(sql::connection& db, const source& what) {
  const std::string table = *sql::quote_qualified(db.dialect(), what.table);
  sql::fragment query(
      "SELECT c.relname, substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*$') "
      "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
      "WHERE i.indisvalid AND a.amname = 'btree' AND i.indrelid = to_regclass("
  );
  query.param(table).sql(") ORDER BY c.relname");
  auto indexes = fetch_all(db, query);
  if (!indexes) return indexes.error();
  const std::string alias = *sql::quote_identifier(db.dialect(), last_part(what.table));
  std::vector<lone_index> out;
  for (const auto& row : *indexes) {
    const std::string copy = "pg_temp.scalekit_plan_" + std::to_string(out.size());
    auto made = db.execute_script(
        "CREATE TEMPORARY TABLE " + copy.substr(8) + " (LIKE " + table + "); CREATE INDEX ON " +
        copy + std::string(row[1].view().as_text())
    );
    if (!made) return made.error();
    out.push_back({std::string(row[0].view().as_text()), reading(what, copy + " AS " + alias)});
  }
  return out;
}

}  // namespace

result<std::vector<lone_index>> each_index_alone(sql::connection& db, const source& what) {
  if (what.table.empty() || db.dialect() == sql::dialect::sqlite) return std::vector<lone_index>();
  return db.dialect() == sql::dialect::postgres ? copied(db, what) : forced(db, what);
}

result<bool> is_small(sql::connection& db, const source& what) {
  sql::fragment query;
  if (db.dialect() == sql::dialect::postgres) {
    const std::string table = *sql::quote_qualified(db.dialect(), what.table);
    query.sql("SELECT (coalesce(pg_relation_size(to_regclass(").param(table);
    query.sql(")), 0) + coalesce((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(");
    query.sql("to_regclass(").param(table).sql("))), 0))::bigint");
  } else {
    query.sql("SELECT DATA_LENGTH FROM information_schema.TABLES WHERE ");
    query.append(among_tables(what));
  }
  auto found = fetch_all(db, query);
  if (!found) return found.error();
  return !found->empty() && found->front().front().view().as_uint64() < small_bytes;
}

}  // namespace scalekit::inline v0::keyset::detail
