// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan.hpp"

#include <scalekit/sql/identifier.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::keyset::detail {

namespace {

result<std::string> reference(sql::dialect d, const std::string& name, const std::string& expr) {
  if (!expr.empty()) return "(" + expr + ")";
  return sql::quote_qualified(d, name);
}

result<void> add_order(plan& p) {
  for (const order_column& c : p.by.columns()) {
    auto text = reference(p.dialect, c.name, c.expression);
    if (!text) return std::move(text).error().with_context("order column");
    const bool descending = c.direction == direction::descending;
    const bool null_is_greatest = p.dialect == sql::dialect::postgres;
    const bool first_unasked = descending == null_is_greatest;
    const bool first = c.nulls == nulls::database_default ? first_unasked : c.nulls == nulls::first;
    p.columns.push_back(
        {std::move(*text),
         descending,
         c.nullability == nullability::nullable,
         first,
         first == first_unasked}
    );
  }
  return {};
}

result<void> add_outputs(plan& p, const source& what) {
  for (const select_column& c : what.columns) {
    auto text = reference(p.dialect, c.name, c.expression);
    if (!text) return std::move(text).error().with_context("selected column");
    p.outputs.push_back(std::move(*text));
  }
  p.visible = p.outputs.size();
  for (const plan_column& c : p.columns) {
    const auto at = std::find(p.outputs.begin(), p.outputs.end(), c.sql);
    p.key_positions.push_back(static_cast<std::size_t>(at - p.outputs.begin()));
    if (at == p.outputs.end()) p.outputs.push_back(c.sql);
  }
  return {};
}

result<void> add_filters(plan& p, const source& what) {
  for (const fixed_column& f : what.fixed) {
    auto text = sql::quote_qualified(p.dialect, f.name);
    if (!text) return std::move(text).error().with_context("fixed column");
    if (f.value.is_null()) {
      return error(
          errc::invalid_argument,
          "keyset: the fixed column " + f.name + " is NULL; no row equals it"
      );
    }
    p.fixed.push_back({std::move(*text), f.value});
  }
  if (what.until) {
    auto text = sql::quote_qualified(p.dialect, what.until->column);
    if (!text) return std::move(text).error().with_context("horizon column");
    p.where.push_back(sql::fragment(*text + " < ").param(what.until->before));
  }
  for (const sql::fragment& f : what.where) {
    if (!f.empty()) p.where.push_back(sql::fragment("(").append(f).sql(")"));
  }
  return {};
}

/// MariaDB and MySQL order by the fixed columns as well, in the direction of the first.
bool fixed_descend(const plan& p) noexcept {
  const bool orders_by_fixed =
      p.dialect == sql::dialect::mariadb || p.dialect == sql::dialect::mysql;
  return orders_by_fixed && p.columns.front().descending;
}

/// Whether the index is to be read from its other end, so that the fixed columns ascend in it.
/// MySQL cannot read a range of an index with mixed directions from its end.
bool is_turned_round(const plan& p) noexcept {
  const bool mixed = !std::ranges::all_of(p.columns, [&](const plan_column& c) {
    return c.descending == p.columns.front().descending;
  });
  return fixed_descend(p) && !(mixed && p.dialect == sql::dialect::mysql);
}

/// `schema.table` -> `table`, with the columns' own names behind it.
std::string index_name(const plan& p, const source& what) {
  std::string out = "ix_" + what.table.substr(what.table.rfind('.') + 1);
  const bool fixed_too = fixed_descend(p) && !is_turned_round(p);
  for (const fixed_column& f : what.fixed) out += "_" + f.name + (fixed_too ? "_desc" : "");
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    out += "_" + p.by.columns()[i].name;
    if (p.columns[i].descending != is_turned_round(p)) out += "_desc";
  }
  std::replace(out.begin(), out.end(), '.', '_');
  return out.substr(0, 60);
}

result<void> add_index(plan& p, const source& what) {
  const std::string table = what.table.empty() ? "the_table" : what.table;
  auto on = sql::quote_qualified(p.dialect, table);
  auto name = sql::quote_identifier(p.dialect, index_name(p, what));
  if (!on) return std::move(on).error().with_context("table");
  if (!name) return std::move(name).error().with_context("index");
  const auto bare = [&](const std::string& column, const std::string& expression) {
    return reference(p.dialect, column.substr(column.rfind('.') + 1), expression);
  };
  p.index = "CREATE INDEX " + *name + " ON " + *on + " (";
  const bool fixed_too = fixed_descend(p) && !is_turned_round(p);
  for (const fixed_column& f : what.fixed) {
    p.index += *bare(f.name, {}) + (fixed_too ? " DESC, " : ", ");
  }
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    const order_column& c = p.by.columns()[i];
    if (i != 0) p.index += ", ";
    p.index += *bare(c.name, c.expression);
    if (p.columns[i].descending != is_turned_round(p)) p.index += " DESC";
  }
  p.index += ")";
  return {};
}

}  // namespace

result<plan> make_plan(sql::dialect d, const source& what, const order& by) {
  if (what.table.empty() == what.from.empty()) {
    return error(
        errc::invalid_argument,
        "keyset: a source reads either a table or a `from`, not both or none"
    );
  }
  plan p{.dialect = d, .by = by, .from = what.from};
  if (!what.table.empty()) {
    auto table = sql::quote_qualified(d, what.table);
    if (!table) return std::move(table).error().with_context("table");
    p.from = sql::fragment(*table);
  }
  if (auto ok = add_order(p); !ok) return ok.error();
  if (auto ok = add_outputs(p, what); !ok) return ok.error();
  if (auto ok = add_filters(p, what); !ok) return ok.error();
  if (auto ok = add_index(p, what); !ok) return ok.error();
  return p;
}

plan reversed(const plan& p) {
  plan out = p;
  out.by = p.by.reversed();
  for (plan_column& c : out.columns) {
    c.descending = !c.descending;
    c.nulls_first = !c.nulls_first;
  }
  return out;
}

}  // namespace scalekit::inline v0::keyset::detail
