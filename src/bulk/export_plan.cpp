// SPDX-License-Identifier: BSL-1.0
#include "bulk/export_plan.hpp"

#include "bulk/fnv.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/keyset/compiler.hpp>
#include <scalekit/sql/canonical.hpp>
#include <scalekit/sql/identifier.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

error invalid(std::string_view what) {
  return {errc::invalid_argument, "export_options: " + std::string(what)};
}

result<void> check_options(const export_options& o) {
  if (o.columns.empty()) return invalid("columns is empty; name at least one");
  if (!o.source.columns.empty()) {
    return invalid("source.columns must be empty; the select list is made from columns");
  }
  if (o.chunk_bytes == 0) return invalid("chunk_bytes must be at least 1");
  if (o.first_chunk_bytes == 0) return invalid("first_chunk_bytes must be at least 1");
  if (o.page_rows <= 0) return invalid("page_rows must be positive");
  if (o.transform == nullptr && !o.transform_version.empty()) {
    return invalid("transform_version is set but there is no transform");
  }
  return {};
}

std::string canonical_columns(const export_options& o) {
  std::string out;
  for (const export_column& c : o.columns) {
    append_framed(out, c.name);
    append_framed(out, c.expression);
    append_framed(out, c.header);
    out.push_back(static_cast<char>(c.format.integer));
    out.push_back(static_cast<char>(c.format.text));
    out.push_back(static_cast<char>(c.format.scale));
    out.push_back(c.lookup == nullptr ? '-' : static_cast<char>('0' + static_cast<int>(c.on_miss)));
    append_u64(out, c.lookup == nullptr ? 0 : c.lookup->fingerprint());
  }
  out.push_back(o.header == export_options::header_row::present ? 'h' : '-');
  out.push_back(o.transform == nullptr ? '-' : 't');
  append_framed(out, o.transform_version);
  return out;
}

std::string canonical_filters(const export_options& o) {
  std::string out;
  append_framed(out, o.source.canonical_filters());
  append_framed(out, o.bound_column);
  // Pages leave the horizon's instant out, for there it moves; one export has one.
  if (o.source.until) sql::append_canonical(out, o.source.until->before);
  return out;
}

std::string canonical_dialect(const csv::dialect& d) {
  std::string out{d.delimiter, d.quote, d.escape, d.decimal_separator};
  out.push_back(static_cast<char>(d.quoting));
  out.push_back(static_cast<char>(d.line_ending));
  out.push_back(static_cast<char>(d.empty_text));
  out.push_back(static_cast<char>(d.byte_order_mark));
  out.push_back(static_cast<char>(d.formula_guard));
  out.push_back(static_cast<char>(d.timestamp_style));
  out.push_back(static_cast<char>(d.timestamp_fraction));
  out.push_back(static_cast<char>(d.blob_encoding));
  for (const std::string* text :
       {&d.null_text,
        &d.true_text,
        &d.false_text,
        &d.nan_text,
        &d.infinity_text,
        &d.timestamp_pattern}) {
    append_framed(out, *text);
  }
  return out;
}

/// Names and declared types as the database reports them for the statement that will run; it is
/// asked for no rows, since finding the first may take long.
result<std::vector<sql::column_info>> read_schema(
    sql::connection& db, const keyset::compiler& compiled
) {
  auto statements = compiled.statements({.limit = 1});
  if (!statements) return statements.error();
  keyset::statement& first = statements->front();
  first.set_limit(0);
  const std::vector<sql::value_view> params(first.params.begin(), first.params.end());
  auto opened = db.query(first.sql, params);
  if (!opened) return opened.error();
  const auto columns = (*opened)->columns();
  return std::vector<sql::column_info>(columns.begin(), columns.end());
}

std::string canonical_schema(std::span<const sql::column_info> columns) {
  std::string out;
  for (const sql::column_info& c : columns) {
    append_framed(out, c.name);
    append_framed(out, c.declared_type);
  }
  return out;
}

result<sql::value> single_value(sql::connection& db, const sql::fragment& f) {
  std::string text;
  f.render(text, db.dialect(), 1);
  const std::vector<sql::value_view> params(f.params().begin(), f.params().end());
  auto opened = db.query(text, params);
  if (!opened) return opened.error();
  auto more = (*opened)->next();
  if (!more) return more.error();
  return *more ? sql::value((*opened)->row()[0]) : sql::value();
}

/// `SELECT before(column)` over the whole table, or `SELECT before ... WHERE column after`.
result<sql::value> of_bound(
    sql::connection& db, const export_options& o, std::string_view before, std::string_view after
) {
  auto column = sql::quote_qualified(db.dialect(), o.bound_column);
  if (!column) return std::move(column).error().with_context("export_options: bound_column");
  sql::fragment from;
  if (o.source.table.empty()) {
    from = o.source.from;
  } else {
    auto table = sql::quote_qualified(db.dialect(), o.source.table);
    if (!table) return table.error();
    from.sql(*table);
  }
  sql::fragment f("SELECT " + std::string(before));
  if (after.empty()) {
    f.sql("(" + *column + ") FROM ").append(from);
  } else {
    f.sql(" FROM ").append(from).sql(" WHERE " + *column).sql(after);
  }
  return single_value(db, f);
}

/// The bound column's maximum now. Rows without a value there would silently be missing.
result<sql::value> take_bound(sql::connection& db, const export_options& o) {
  auto missing = of_bound(db, o, "1", " IS NULL LIMIT 1");
  if (!missing) return missing.error();
  if (!missing->is_null()) {
    return invalid("bound_column " + o.bound_column + " holds NULLs; those rows would be missing");
  }
  return of_bound(db, o, "max", {});
}

}  // namespace

void row_editor::set(std::size_t column, sql::value v) {
  kept_[column] = std::move(v);
  values_[column] = kept_[column].view();
}

result<export_plan> export_plan::make(
    sql::connection& db, export_options given, const sql::value* known_bound
) {
  if (auto ok = check_options(given); !ok) return ok.error();
  if (auto ok = csv::check(given.dialect); !ok) return ok.error();
  export_plan plan(std::move(given));
  export_options& o = plan.options;
  for (const export_column& c : o.columns) {
    plan.formats.push_back(c.format);
    plan.headers.push_back(c.header.empty() ? c.name : c.header);
    o.source.columns.emplace_back(c.name, c.expression);
  }
  auto compiled = keyset::compiler::make(db.dialect(), o.source, o.order);
  if (!compiled) return std::move(compiled).error().with_context("export");
  auto schema = read_schema(db, *compiled);
  if (!schema) return std::move(schema).error().with_context("export");
  for (const sql::column_info& c : *schema) plan.types.push_back(c.declared_type);
  for (const export_column& c : o.columns) {
    auto quoted = c.expression.empty() ? sql::quote_qualified(db.dialect(), c.name)
                                       : result<std::string>(std::string());
    if (!quoted) return std::move(quoted).error().with_context("export");
    plan.references.push_back(*std::move(quoted));
  }
  plan.key_positions.assign(compiled->key_positions().begin(), compiled->key_positions().end());
  plan.fingerprint = {
      .schema = fnv1a(canonical_schema(*schema)),
      .columns = fnv1a(canonical_columns(o)),
      .filters = fnv1a(canonical_filters(o)),
      .order = fnv1a(o.order.canonical()),
      .format = fnv1a(canonical_dialect(o.dialect)),
  };
  if (o.bound_column.empty()) return plan;

  auto bound = known_bound != nullptr ? result<sql::value>(*known_bound) : take_bound(db, o);
  if (!bound) return std::move(bound).error().with_context("export");
  plan.upper_bound = *std::move(bound);
  plan.nothing_to_read = plan.upper_bound.is_null();
  auto column = sql::quote_qualified(db.dialect(), o.bound_column);
  if (!column) return column.error();
  o.source.where.push_back(sql::fragment(*column + " <= ").param(plan.upper_bound));
  const keyset::order_column& leading = o.order.columns().front();
  if (leading.name == o.bound_column && plan.upper_bound.kind() == sql::value_kind::int64) {
    auto lowest = of_bound(db, o, "min", {});
    if (!lowest) return std::move(lowest).error().with_context("export");
    plan.first_bound = lowest->view().as_int64();
  }
  return plan;
}

result<void> export_plan::check_same(const export_fingerprint& begun_with) const {
  const std::string changed = fingerprint.difference(begun_with);
  if (changed.empty()) return {};
  return error(
      errc::conflict,
      "export: cannot resume, these have changed since it began: " + changed + "; start a new one"
  );
}

result<std::unique_ptr<digest>> restore_digest(
    const export_options& options, const checkpoint& from
) {
  if (!options.digest) return std::unique_ptr<digest>();
  std::unique_ptr<digest> hash = options.digest();
  if (from.bytes != 0) {
    if (auto restored = hash->restore(from.digest); !restored) {
      return std::move(restored).error().with_context("export: checkpoint");
    }
  }
  return hash;
}

std::optional<double> export_plan::fraction(const checkpoint& at) const {
  if (at.at_end) return 1.0;
  if (options.estimated_rows) {
    if (*options.estimated_rows == 0) return std::nullopt;
    const double share =
        static_cast<double>(at.rows) / static_cast<double>(*options.estimated_rows);
    // An estimate may be low; only the end is the end.
    return std::min(share, 0.999);
  }
  if (!first_bound || at.key.empty() || at.key.front().kind() != sql::value_kind::int64) {
    return std::nullopt;
  }
  const auto first = static_cast<double>(*first_bound);
  const auto last = static_cast<double>(upper_bound.view().as_int64());
  const auto here = static_cast<double>(at.key.front().view().as_int64());
  if (last <= first) return std::nullopt;
  const double share = (here - first) / (last - first);
  const bool descending =
      options.order.columns().front().direction == keyset::direction::descending;
  return std::clamp(descending ? 1.0 - share : share, 0.0, 1.0);
}

row_pipeline::row_pipeline(const export_plan& plan)
    : plan_(plan),
      passes_through_(
          plan.options.transform == nullptr &&
          std::ranges::none_of(
              plan.options.columns, [](const export_column& c) { return c.lookup != nullptr; }
          )
      ) {
  if (!passes_through_) kept_.resize(plan.options.columns.size());
}

result<void> row_pipeline::look_up(std::size_t column) {
  const export_column& c = plan_.options.columns[column];
  if (c.lookup == nullptr || values_[column].is_null()) return {};
  if (const sql::value* shown = c.lookup->find(values_[column])) {
    values_[column] = shown->view();
    return {};
  }
  switch (c.on_miss) {
    case lookup_miss::keep_key:
      return {};
    case lookup_miss::null:
      values_[column] = {};
      return {};
    case lookup_miss::fail:
      break;
  }
  const sql::value_view key = values_[column];
  return error(
      errc::not_found,
      "export: column " + c.name + ": the lookup table has no entry for " +
          (key.has_bytes() ? std::string(key.as_text().substr(0, 64))
                           : std::to_string(key.as_int64()))
  );
}

result<std::span<const sql::value_view>> row_pipeline::apply(std::span<const sql::value_view> row) {
  if (passes_through_) return row;
  values_.assign(row.begin(), row.end());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (auto found = look_up(i); !found) return found.error();
  }
  if (plan_.options.transform != nullptr) {
    row_editor editor(values_, kept_);
    auto action = plan_.options.transform(editor);
    if (!action) return std::move(action).error().with_context("export: transform");
    if (*action == row_action::skip) return std::span<const sql::value_view>();
  }
  return std::span<const sql::value_view>(values_);
}

}  // namespace scalekit::inline v0::bulk
