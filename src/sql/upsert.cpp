// SPDX-License-Identifier: BSL-1.0
#include "ports/row_major.hpp"
#include "sql/upsert_plan.hpp"

#include <scalekit/sql/identifier.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <string_view>

namespace scalekit::inline v0::sql {

namespace {

error wrong(std::string why) { return {errc::invalid_argument, std::move(why)}; }

// No database tells two columns apart by case alone, save for PostgreSQL, where they are quoted.
bool same_name(dialect d, std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (d == dialect::postgres) return a == b;
  return std::ranges::equal(a, b, {}, lower, lower);
}

// SQLite's default limit, PostgreSQL's MaxHeapAttributeNumber, MariaDB's MAX_FIELDS.
std::size_t most_columns(dialect d) noexcept {
  if (d == dialect::sqlite) return 2000;
  return d == dialect::postgres ? 1600 : 4096;
}

result<void> check_columns(dialect d, const std::vector<upsert_column>& columns) {
  if (columns.size() > most_columns(d)) {
    return wrong(
        std::to_string(columns.size()) + " columns; a table of " + std::string(to_string(d)) +
        " has " + std::to_string(most_columns(d)) + " at most"
    );
  }
  for (auto c = columns.begin(); c != columns.end(); ++c) {
    const auto is_same = [&](const upsert_column& o) { return same_name(d, o.name, c->name); };
    if (std::find_if(columns.begin(), c, is_same) != c) {
      return wrong("the column \"" + c->name + "\" is given twice");
    }
  }
  return {};
}

result<upsert::plan> compile(dialect d, const upsert_options& options) {
  upsert::plan p;
  p.dialect = d;
  p.on_conflict = options.on_conflict;
  p.duplicates = options.duplicates;
  if (options.table.empty()) return wrong("no table is given");
  auto table = quote_qualified(d, options.table);
  if (!table) return table.error();
  p.table = *std::move(table);
  p.bare_table = options.table.substr(options.table.rfind('.') + 1);
  if (options.columns.empty()) return wrong("no column is given");
  if (auto ok = check_columns(d, options.columns); !ok) return ok.error();
  for (const upsert_column& c : options.columns) {
    auto quoted = quote_identifier(d, c.name);
    if (!quoted) return std::move(quoted).error().with_context("a column");
    if (c.role == upsert_role::key) p.keys.push_back(p.columns.size());
    if (c.role == upsert_role::update) p.updates.push_back(p.columns.size());
    p.names.push_back(c.name);
    p.columns.push_back(*std::move(quoted));
  }
  if (p.keys.empty()) return wrong("no column has the role key");
  if (p.updates.empty()) p.on_conflict = on_conflict::do_nothing;
  return p;
}

result<upsert_counts> write(const upsert::plan& p, connection& db, const upsert_batch& batch) {
  switch (p.dialect) {
    case dialect::sqlite:
      return upsert_into_sqlite(p, db, batch);
    case dialect::postgres:
      return upsert_into_postgres(p, db, batch);
    case dialect::mariadb:
    case dialect::mysql:
      break;
  }
  return upsert_into_mariadb(p, db, batch);
}

result<upsert_counts> run_batch(const upsert::plan& p, connection& db, parameters values) {
  if (db.dialect() != p.dialect) {
    return wrong(
        "it was made for " + std::string(to_string(p.dialect)) + ", the connection is one of " +
        std::string(to_string(db.dialect()))
    );
  }
  if (auto whole = check_rows(values.size(), p.width()); !whole) return whole.error();
  if (values.empty()) return upsert_counts();
  auto batch = upsert_batch::make(p, values);
  if (!batch) return batch.error();
  result<upsert_counts> done(errc::internal);
  if (db.in_transaction()) {
    done = write(p, db, *batch);
  } else {
    auto own = transaction::begin(db);
    if (!own) return own.error();
    done = write(p, db, *batch);
    if (!done) return done;
    if (auto kept = own->commit(); !kept) return kept.error();
  }
  if (done) done->folded = batch->folded();
  return done;
}

}  // namespace

result<upsert> upsert::make(sql::dialect d, upsert_options options) {
  auto p = compile(d, options);
  if (!p) return std::move(p).error().with_context("upsert into \"" + options.table + "\"");
  return upsert(std::make_shared<const plan>(*std::move(p)));
}

result<upsert_counts> upsert::run(connection& db, parameters values) const {
  auto done = run_batch(*plan_, db, values);
  if (!done) return std::move(done).error().with_context("upsert into " + plan_->table);
  return done;
}

std::size_t upsert::width() const noexcept { return plan_->width(); }

}  // namespace scalekit::inline v0::sql
