// SPDX-License-Identifier: BSL-1.0
#include "keyset/read.hpp"

#include <memory>
#include <span>
#include <utility>

namespace scalekit::inline v0::keyset::detail {

namespace {

result<std::unique_ptr<sql::rows>> start(sql::connection& db, const statement& s) {
  const std::vector<sql::value_view> params(s.params.begin(), s.params.end());
  return db.query(s.sql, params);
}

result<void> copy_row(
    const compiler& c, std::span<const sql::value_view> row, std::vector<page_row>& out
) {
  const auto shown = row.first(c.visible_columns());
  page_row& copy = out.emplace_back();
  copy.values.assign(shown.begin(), shown.end());
  return c.read_key(row, copy.key);
}

/// Reads on to the end, which the LIMIT has put here: a query given up early would be cancelled.
result<void> run(
    sql::connection& db, const compiler& c, const statement& s, std::vector<page_row>& out
) {
  auto rows = start(db, s);
  if (!rows) return failed_read(std::move(rows).error());
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return failed_read(std::move(more).error());
    if (!*more) return {};
    if (auto ok = copy_row(c, (*rows)->row(), out); !ok) return ok;
  }
}

}  // namespace

error failed_read(error e) {
  if (!e.outcome_unknown()) return e;
  return {errc::unavailable, e.message(), e.cause()};
}

result<std::vector<page_row>> read_rows(
    sql::connection& db, const compiler& c, key_range part, std::int64_t wanted
) {
  part.limit = wanted;
  std::vector<page_row> out;
  if (c.dialect() != sql::dialect::sqlite) {
    auto s = c.single_statement(part);
    if (!s) return s.error();
    if (!*s) return out;
    if (auto ok = run(db, c, **s, out); !ok) return ok.error();
    return out;
  }
  auto statements = c.statements(part);
  if (!statements) return statements.error();
  for (statement& s : *statements) {
    const auto left = wanted - static_cast<std::int64_t>(out.size());
    if (left == 0) break;
    s.set_limit(left);
    if (auto ok = run(db, c, s, out); !ok) return ok.error();
  }
  return out;
}

result<rows_beside> read_rows_beside(
    sql::connection& db, const compiler& c, key_range part, std::int64_t wanted
) {
  part.limit = wanted;
  auto s = c.page_statement(part);
  if (!s) return s.error();
  auto rows = start(db, *s);
  if (!rows) return failed_read(std::move(rows).error());
  rows_beside out;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return failed_read(std::move(more).error());
    if (!*more) return out;
    const auto row = (*rows)->row();
    if (row.back().as_int64() == 1) {
      out.in_front = true;
    } else if (out.rows.size() < static_cast<std::size_t>(wanted)) {
      if (auto ok = copy_row(c, row, out.rows); !ok) return ok.error();
    }
  }
}

}  // namespace scalekit::inline v0::keyset::detail
