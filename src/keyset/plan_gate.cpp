// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan_alone.hpp"
#include "keyset/plan_examples.hpp"
#include "keyset/plan_text.hpp"

#include <scalekit/keyset/compiler.hpp>
#include <scalekit/keyset/plan_gate.hpp>
#include <scalekit/sql/identifier.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::keyset {

namespace {

constexpr std::int64_t page_rows = 100;

struct question {
  std::string purpose;
  std::vector<sql::value> after;
  std::vector<sql::value> up_to;
};

/// Every shape of statement an order has: they differ by which key columns are NULL.
std::vector<question> questions(
    const std::string& way, const order& by, const detail::key_examples& keys
) {
  std::vector<sql::value> low;
  std::vector<sql::value> high;
  for (std::size_t i = 0; i < by.size(); ++i) {
    const bool ascending = by.columns()[i].direction == direction::ascending;
    low.push_back(ascending ? keys.small[i] : keys.big[i]);
    high.push_back(ascending ? keys.big[i] : keys.small[i]);
  }
  std::vector<question> out{
      {way + "first page", {}, {}},
      {way + "behind a key", keys.big, {}},
      {way + "between two keys", low, high}};
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by.columns()[i].nullability == nullability::not_null) continue;
    std::vector<sql::value> with_null = keys.big;
    with_null[i] = sql::value();
    out.push_back({way + "behind a NULL in " + by.columns()[i].name, std::move(with_null), {}});
  }
  return out;
}

std::string_view explain_prefix(sql::dialect d) noexcept {
  switch (d) {
    case sql::dialect::sqlite:
      return "EXPLAIN QUERY PLAN ";
    case sql::dialect::postgres:
      return "EXPLAIN (VERBOSE, COSTS OFF) ";
    default:
      return "EXPLAIN FORMAT=JSON ";  // the table form does not tell which columns are sought
  }
}

void append_lines(std::vector<std::string>& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

result<std::vector<std::string>> explain(
    sql::connection& db, const statement& s, std::string_view prefix
) {
  const std::vector<sql::value_view> params(s.params.begin(), s.params.end());
  auto rows = db.query(std::string(prefix) + s.sql, params);
  if (!rows) return rows.error();
  std::vector<std::string> lines;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) return lines;
    append_lines(lines, (*rows)->row().back().as_text());
  }
}

/// The columns of a PostgreSQL index, in its order.
result<std::vector<std::string>> columns_of(sql::connection& db, const std::string& index) {
  sql::fragment query(
      "SELECT pg_get_indexdef(i.indexrelid, k, false) FROM pg_index i, "
      "generate_series(1, i.indnkeyatts) AS k WHERE i.indexrelid = to_regclass("
  );
  query.param(index).sql(") ORDER BY k");
  auto found = detail::fetch_all(db, query);
  if (!found) return found.error();
  std::vector<std::string> out;
  for (const auto& row : *found) out.emplace_back(row.front().view().as_text());
  return out;
}

result<std::string> postgres_objection(
    sql::connection& db, const std::vector<std::string>& lines, std::size_t seek_columns
) {
  const std::string wrong = detail::postgres_objection(lines, seek_columns);
  if (!wrong.empty()) return wrong;
  std::size_t sought = 0;
  std::string line;
  for (const detail::index_use& use : detail::index_uses(lines)) {
    auto columns = columns_of(db, use.index);
    if (!columns) return columns.error();
    sought = std::max(sought, detail::leading_columns(use, *columns));
    line += (line.empty() ? "" : "; ") + use.line;
  }
  if (sought >= seek_columns) return std::string();
  return detail::too_few_columns(line, sought, seek_columns);
}

struct verdict {
  std::vector<std::string> lines;
  std::string objection;  // empty: none
};

/// Why no index may help: a placement of NULLs behind another column.
std::string hint(const order& by) {
  for (std::size_t i = 1; i < by.size(); ++i) {
    if (by.columns()[i].nulls != nulls::database_default) {
      return "; if that index exists, the cause is the placement of NULLs in " +
             by.columns()[i].name +
             ", which no index holds behind another column: use database_default";
    }
  }
  return {};
}

class gate {
 public:
  gate(sql::connection& db, const detail::plan& p, const source& what, detail::key_examples keys)
      : db_(db), plan_(p), what_(what), by_(p.by), keys_(std::move(keys)) {}

  result<std::vector<planned_statement>> run() && {
    if (auto ok = check_order("forward, ", by_); !ok) return ok.error();
    if (auto ok = check_order("backward, ", by_.reversed()); !ok) return ok.error();
    return std::move(out_);
  }

 private:
  result<void> check_order(const std::string& way, const order& by) {
    auto compiled = compiler::make(db_.dialect(), what_, by);
    if (!compiled) return compiled.error();
    for (const question& q : questions(way, by, keys_)) {
      if (auto ok = check_range(*compiled, q); !ok) return ok;
    }
    return {};
  }

  result<void> check_range(const compiler& c, const question& q) {
    const key_range part{.after = q.after, .up_to = q.up_to, .limit = page_rows};
    auto statements = c.statements(part);
    if (!statements) return statements.error();
    for (std::size_t i = 0; i < statements->size(); ++i) {
      const statement& s = (*statements)[i];
      const std::string purpose = q.purpose + ", statement " + std::to_string(i + 1);
      auto found = judge(s);
      if (!found) return found.error();
      if (!found->objection.empty()) {
        if (auto ok = reconsider(c, part, i, s, *found); !ok) {
          return std::move(ok).error().with_context("plan of \"" + s.sql + "\" (" + purpose + ")");
        }
      }
      out_.push_back({purpose, s.sql, std::move(found->lines)});
    }
    return {};
  }

  result<verdict> judge(const statement& s) {
    auto lines = explain(db_, s, explain_prefix(db_.dialect()));
    if (!lines) return std::move(lines).error().with_context("plan gate: EXPLAIN " + s.sql);
    if (db_.dialect() == sql::dialect::sqlite) {
      std::string wrong = detail::sqlite_objection(*lines, s.seek_columns);
      return verdict{std::move(*lines), std::move(wrong)};
    }
    auto wrong = db_.dialect() == sql::dialect::postgres
                     ? postgres_objection(db_, *lines, s.seek_columns)
                     : mariadb_objection(*lines, s.seek_columns);
    if (!wrong) return wrong.error();
    return verdict{std::move(*lines), std::move(*wrong)};
  }

  result<std::string> mariadb_objection(
      const std::vector<std::string>& lines, std::size_t seek_columns
  ) {
    std::string wrong = detail::mariadb_objection(lines, seek_columns);
    if (wrong.empty() || what_.table.empty() || seek_columns == 0) return wrong;
    const detail::key_use use = detail::mariadb_key_use(lines);
    if (use.key.empty()) return wrong;
    auto length = key_length(use.key, seek_columns);
    if (!length) return length.error();
    const bool enough = *length != 0 && use.length >= *length;
    return enough ? detail::mariadb_objection(lines, seek_columns, seek_columns) : wrong;
  }

  /// How long a key of the first `columns` of the source's index is, says the server; 0 if those
  /// are not the first columns of this one.
  result<std::size_t> key_length(const std::string& index, std::size_t columns) {
    const std::string table = *sql::quote_qualified(db_.dialect(), what_.table);
    auto name = sql::quote_identifier(db_.dialect(), index);
    if (!name) return name.error();
    sql::fragment query("EXPLAIN FORMAT=JSON SELECT 1 FROM " + table);
    query.sql(" FORCE INDEX (" + *name + ") WHERE 1 = 1");
    for (std::size_t i = 0; i < columns; ++i) {
      const bool fixed = i < plan_.fixed.size();
      const std::size_t at = i - plan_.fixed.size();
      query.sql(" AND " + (fixed ? plan_.fixed[i].sql : plan_.columns[at].sql) + " = ");
      query.param(fixed ? plan_.fixed[i].value : keys_.big[at]);
    }
    auto found = detail::fetch_all(db_, query);
    if (!found) return found.error();
    std::vector<std::string> lines;
    append_lines(lines, found->front().back().view().as_text());
    const detail::key_use use = detail::mariadb_key_use(lines);
    return use.constants == columns ? use.length : 0;
  }

  /// Whether the server itself expects to read no more than about a page, whichever way it goes: it
  /// may take any where the key's values are rare, or where most rows pass the filter.
  result<bool> expects_a_page(const statement& s, const verdict& v) {
    if (db_.dialect() != sql::dialect::postgres) {
      return detail::mariadb_key_use(v.lines).rows <= static_cast<std::size_t>(page_rows);
    }
    // A page in no order at all is a block for each row, at 4 each, and something for the index.
    constexpr double most = 10.0 * page_rows;
    auto lines = explain(db_, s, "EXPLAIN ");
    if (!lines) return lines.error();
    return detail::postgres_cost(lines->front()) <= most;
  }

  /// Where all ways are alike in cost the choice is chance: then it suffices that one index serves.
  result<void> reconsider(
      const compiler& c, const key_range& part, std::size_t i, const statement& s, const verdict& v
  ) {
    auto serves = index_that_serves(c, part, i);
    if (!serves) return serves.error();
    if (serves->empty()) {
      return refuse(v, "create " + c.index_statement() + hint(c.ordering()));
    }
    auto fine = detail::is_small(db_, what_);
    if (fine && !*fine) fine = expects_a_page(s, v);
    if (!fine) return fine.error();
    if (*fine) return {};
    return refuse(
        v,
        "the index " + *serves +
            " would serve, but the server prefers this: run ANALYZE, or drop "
            "the index it prefers"
    );
  }

  /// One that serves statement `i` of a range if it is the only one; empty if none does, or none
  /// may be tried (on a read-only server, say).
  result<std::string> index_that_serves(const compiler& c, const key_range& part, std::size_t i) {
    if (!alone_) {
      auto all = detail::each_index_alone(db_, what_);
      if (!all) return std::string();
      alone_ = std::move(*all);
    }
    for (const detail::lone_index& index : *alone_) {
      auto compiled = compiler::make(db_.dialect(), index.what, c.ordering());
      if (!compiled) return compiled.error();
      auto statements = compiled->statements(part);
      if (!statements) return statements.error();
      auto found = judge((*statements)[i]);
      if (!found) return found.error();
      if (found->objection.empty() || is_read_whole(*found)) return index.name;
    }
    return std::string();
  }

  /// MySQL reads even the only index of a tiny table whole if that has all columns. It has them in
  /// the order asked for, which begins with those to seek by, or there would be a sort.
  [[nodiscard]] bool is_read_whole(const verdict& alone) const {
    return db_.dialect() == sql::dialect::mysql && detail::mariadb_key_use(alone.lines).covers &&
           detail::mariadb_objection(alone.lines, 0).empty();
  }

  static error refuse(const verdict& v, const std::string& remedy) {
    return {errc::invalid_argument, v.objection + "; " + remedy};
  }

  sql::connection& db_;
  const detail::plan& plan_;
  const source& what_;
  const order& by_;
  detail::key_examples keys_;
  std::optional<std::vector<detail::lone_index>> alone_;
  std::vector<planned_statement> out_;
};

/// Takes every way but an index from PostgreSQL's planner, which on a small table prefers to sort.
/// What it is denied it reckons so dear that it would compile each plan to machine code.
constexpr std::string_view no_other_way =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; "
    "SET LOCAL enable_incremental_sort = off; SET LOCAL enable_bitmapscan = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off";

/// While it lives MySQL words plans in the first version of its JSON, the only one that tells how
/// much of a key is compared.
class first_json_version {
 public:
  static result<first_json_version> begin(sql::connection& db) {
    first_json_version out;
    if (db.dialect() != sql::dialect::mysql) return out;
    // Servers that know no other version have no such variable.
    auto found = detail::fetch_all(
        db, sql::fragment("SHOW SESSION VARIABLES LIKE 'explain_json_format_version'")
    );
    if (!found) return found.error();
    if (found->empty()) return out;
    out.before_ = found->front().back().view().as_text();
    if (auto set = db.execute("SET explain_json_format_version = 1"); !set) return set.error();
    out.db_ = &db;
    return out;
  }
  first_json_version(first_json_version&& other) noexcept
      : db_(std::exchange(other.db_, nullptr)), before_(std::move(other.before_)) {}
  first_json_version& operator=(first_json_version&&) = delete;
  ~first_json_version() {
    if (db_ == nullptr) return;
    static_cast<void>(db_->execute("SET explain_json_format_version = " + before_));
  }

 private:
  first_json_version() = default;
  sql::connection* db_ = nullptr;
  std::string before_;
};

}  // namespace

result<std::vector<planned_statement>> check_plans(
    sql::connection& db, const source& what, const order& by
) {
  auto version = first_json_version::begin(db);
  if (!version) return version.error();
  // Rolled back when they go: neither the settings nor what the gate creates may stay.
  std::optional<sql::transaction> own;
  std::optional<sql::savepoint> within;
  if (db.dialect() == sql::dialect::postgres) {
    if (db.in_transaction()) {
      auto begun = sql::savepoint::begin(db, "scalekit_plan_gate");
      if (!begun) return begun.error();
      within.emplace(std::move(*begun));
    } else {
      auto begun = sql::transaction::begin(db);
      if (!begun) return begun.error();
      own.emplace(std::move(*begun));
    }
    if (auto ok = db.execute_script(no_other_way); !ok) return ok.error();
  }
  auto plan = detail::make_plan(db.dialect(), what, by);
  if (!plan) return plan.error();
  auto keys = detail::find_examples(db, *plan, what);
  if (!keys) return keys.error();
  return gate(db, *plan, what, std::move(*keys)).run();
}

}  // namespace scalekit::inline v0::keyset
