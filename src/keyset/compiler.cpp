// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan.hpp"
#include "keyset/segments.hpp"
#include "keyset/statement_writer.hpp"

#include <scalekit/keyset/compiler.hpp>
#include <scalekit/sql/identifier.hpp>

#include <utility>

namespace scalekit::inline v0::keyset {

namespace {

result<void> check(const detail::plan& p, const key_range& range) {
  if (range.limit && *range.limit < 1) {
    return error(
        errc::invalid_argument,
        "keyset: the limit is " + std::to_string(*range.limit) + "; it must be at least 1"
    );
  }
  if (!range.after.empty()) {
    if (auto ok = p.by.check_key(range.after); !ok) return ok;
  }
  if (!range.up_to.empty()) {
    if (auto ok = p.by.check_key(range.up_to); !ok) return ok;
  }
  return {};
}

/// Where one row-value comparison is exact and an index serves all of it.
bool uses_row_value(const detail::plan& p, const key_range& range) noexcept {
  if (p.columns.size() < 2 || !p.by.uniform_not_null()) return false;
  if (range.after.empty() && range.up_to.empty()) return false;
  if (p.dialect == sql::dialect::postgres) return true;
  return p.dialect == sql::dialect::sqlite && !p.by.ends_in_rowid();
}

/// The SELECTs a range takes, in output order.
std::vector<detail::piece> pieces(const detail::plan& p, const key_range& range) {
  if (uses_row_value(p, range)) return {std::nullopt};
  const std::vector<detail::segment> segments = detail::split(p, range);
  return {segments.begin(), segments.end()};
}

statement select(const detail::plan& p, const key_range& range, const detail::piece& s) {
  detail::statement_writer w(p, range);
  w.select(s, detail::statement_writer::names::as_they_are);
  return std::move(w).take();
}

result<void> check_single(const detail::plan& p, const key_range& range) {
  if (auto ok = check(p, range); !ok) return ok;
  if (!range.limit) {
    return error(errc::invalid_argument, "keyset: a single statement needs a limit");
  }
  if (p.dialect == sql::dialect::sqlite) {
    return error(
        errc::not_supported, "keyset: SQLite has no LIMIT inside a compound; run the statements"
    );
  }
  return {};
}

}  // namespace

result<compiler> compiler::make(sql::dialect d, const source& what, const order& by) {
  auto p = detail::make_plan(d, what, by);
  if (!p) return p.error();
  return compiler(std::make_shared<const detail::plan>(std::move(*p)));
}

result<std::vector<statement>> compiler::statements(const key_range& range) const {
  if (auto ok = check(*plan_, range); !ok) return ok.error();
  std::vector<statement> out;
  for (const detail::piece& s : pieces(*plan_, range)) out.push_back(select(*plan_, range, s));
  return out;
}

result<std::optional<statement>> compiler::single_statement(const key_range& range) const {
  if (auto ok = check_single(*plan_, range); !ok) return ok.error();
  const std::vector<detail::piece> all = pieces(*plan_, range);
  if (all.empty()) return std::optional<statement>();
  if (all.size() == 1) return select(*plan_, range, all.front());
  detail::statement_writer w(*plan_, range);
  w.select_union(all);
  return std::move(w).take();
}

result<statement> compiler::page_statement(const key_range& range) const {
  if (auto ok = check_single(*plan_, range); !ok) return ok.error();
  if (range.after.empty()) {
    return error(errc::invalid_argument, "keyset: nothing lies in front of a page without a key");
  }
  const detail::plan back = detail::reversed(*plan_);
  const bool at = range.from == key_range::start::inclusive;
  const key_range in_front{
      .after = range.after,
      .from = at ? key_range::start::exclusive : key_range::start::inclusive,
      .limit = 1};
  detail::statement_writer w(*plan_, range);
  w.select_page(pieces(*plan_, range), back, in_front, pieces(back, in_front));
  return std::move(w).take();
}

std::size_t compiler::visible_columns() const noexcept { return plan_->visible; }
std::span<const std::size_t> compiler::key_positions() const noexcept {
  return plan_->key_positions;
}
const order& compiler::ordering() const noexcept { return plan_->by; }
sql::dialect compiler::dialect() const noexcept { return plan_->dialect; }
const std::string& compiler::index_statement() const noexcept { return plan_->index; }

result<void> compiler::read_key(std::span<const sql::value_view> row, std::vector<sql::value>& out)
    const {
  out.clear();
  for (std::size_t i = 0; i < plan_->columns.size(); ++i) {
    const sql::value_view v = row[plan_->key_positions[i]];
    if (v.is_null() && !plan_->columns[i].nullable) {
      return error(
          errc::invalid_argument,
          "keyset: a row holds NULL in " + plan_->by.columns()[i].name +
              ", which the order declares NOT NULL; declare it nullable"
      );
    }
    out.emplace_back(v);
  }
  return {};
}

}  // namespace scalekit::inline v0::keyset
