// SPDX-License-Identifier: BSL-1.0
#include "keyset/statement_writer.hpp"

#include <scalekit/sql/identifier.hpp>

#include <algorithm>

namespace scalekit::inline v0::keyset::detail {

namespace {

bool has_nulls_syntax(sql::dialect d) noexcept {
  return d == sql::dialect::sqlite || d == sql::dialect::postgres;
}

/// MariaDB and MySQL take an equality for a lookup by that column alone, and read all that is equal
/// in it, where both look alike to them: they never guess more than half the table. The same said
/// as a range (for NULL: as a disjunction with what is never true) they seek by all columns.
bool prefers_ranges(sql::dialect d) noexcept {
  return d == sql::dialect::mariadb || d == sql::dialect::mysql;
}

/// The first column an ORDER BY must name, for the database to see that the index gives the order:
/// PostgreSQL does not know that a column that IS NULL is constant, nor MariaDB that a range is.
std::size_t first_ordered(sql::dialect d, const segment& s) noexcept {
  if (prefers_ranges(d)) return 0;
  if (d == sql::dialect::sqlite) return s.pinned.size();
  const auto null = std::find(s.pinned.begin(), s.pinned.end(), segment::pin::to_null);
  return static_cast<std::size_t>(null - s.pinned.begin());
}

std::string alias(std::size_t output) { return "c" + std::to_string(output + 1); }

}  // namespace

const std::size_t* statement_writer::number_of(origin o, std::size_t index) const {
  if (!sql::has_numbered_parameters(plan_->dialect)) return nullptr;
  for (const bound& b : bound_) {
    if (b.from == o && b.index == index) return &b.number;
  }
  return nullptr;
}

void statement_writer::bind(origin o, std::size_t index, const sql::value& v) {
  const std::size_t* known = number_of(o, index);
  if (known == nullptr) {
    out_.params.push_back(v);
    bound_.push_back({o, index, out_.params.size()});
    known = &bound_.back().number;
  }
  sql::append_placeholder(out_.sql, plan_->dialect, *known);
}

void statement_writer::bind_fragment(origin o, std::size_t index, const sql::fragment& f) {
  const std::size_t* known = number_of(o, index);
  const std::size_t first = known != nullptr ? *known : out_.params.size() + 1;
  f.render(out_.sql, plan_->dialect, first);
  if (known != nullptr) return;
  out_.params.insert(out_.params.end(), f.params().begin(), f.params().end());
  bound_.push_back({o, index, first});
}

void statement_writer::where() {
  out_.sql += has_where_ ? " AND " : " WHERE ";
  has_where_ = true;
}

void statement_writer::select_list(names n) {
  out_.sql += "SELECT ";
  for (std::size_t i = 0; i < plan_->outputs.size(); ++i) {
    if (i != 0) out_.sql += ", ";
    out_.sql += plan_->outputs[i];
    if (n == names::numbered) out_.sql += " AS " + alias(i);
  }
  if (!marker_.empty()) out_.sql.append(", ").append(marker_).append(" AS beside");
}

void statement_writer::from() {
  out_.sql += " FROM ";
  bind_fragment(origin::from, 0, plan_->from);
}

void statement_writer::fixed() {
  for (std::size_t i = 0; i < plan_->fixed.size(); ++i) {
    where();
    out_.sql += plan_->fixed[i].sql;
    if (prefers_ranges(plan_->dialect)) {
      out_.sql += " >= ";
      bind(origin::fixed, i, plan_->fixed[i].value);
      out_.sql += " AND " + plan_->fixed[i].sql + " <= ";
    } else {
      out_.sql += " = ";
    }
    bind(origin::fixed, i, plan_->fixed[i].value);
  }
}

void statement_writer::filters() {
  for (std::size_t i = 0; i < plan_->where.size(); ++i) {
    where();
    bind_fragment(origin::filter, i, plan_->where[i]);
  }
}

void statement_writer::pinned(const segment& s) {
  for (std::size_t i = 0; i < s.pinned.size(); ++i) {
    where();
    const std::string& column = plan_->columns[i].sql;
    const bool to_null = s.pinned[i] == segment::pin::to_null;
    if (prefers_ranges(plan_->dialect)) {
      out_.sql += to_null ? "(" + column + " IS NULL OR " + column + " < NULL)" : column + " >= ";
      if (to_null) continue;
      bind(origin::after, i, range_->after[i]);
      out_.sql += " AND " + column + " <= ";
    } else {
      out_.sql += column + (to_null ? " IS NULL" : " = ");
      if (to_null) continue;
    }
    bind(origin::after, i, range_->after[i]);
  }
}

void statement_writer::free_column(const segment& s) {
  const std::size_t i = s.pinned.size();
  const plan_column& c = plan_->columns[i];
  if (s.lower == segment::floor::behind_key || s.lower == segment::floor::at_key) {
    where();
    out_.sql += c.sql + (c.descending ? " <" : " >");
    out_.sql += s.lower == segment::floor::at_key ? "= " : " ";
    bind(origin::after, i, range_->after[i]);
  } else if (s.lower == segment::floor::not_null && !s.ceiling) {
    where();
    out_.sql += c.sql + " IS NOT NULL";
  }
  if (s.ceiling) {
    where();
    out_.sql += c.sql + (c.descending ? " >= " : " <= ");
    bind(origin::up_to, i, range_->up_to[i]);
  }
}

/// "The row is not behind up_to", in a form that NULLs do not turn into "unknown".
void statement_writer::at_most_up_to(std::size_t from) {
  const plan_column& c = plan_->columns[from];
  const sql::value& key = range_->up_to[from];
  const bool last = from + 1 == plan_->columns.size();
  if (last) {
    out_.sql += c.sql + (c.descending ? " >= " : " <= ");
    return bind(origin::up_to, from, key);
  }
  out_.sql += "(";
  if (key.is_null()) {
    out_.sql += c.sql + (c.nulls_first ? " IS NULL AND " : " IS NOT NULL OR ");
    at_most_up_to(from + 1);
  } else {
    if (c.nullable && c.nulls_first) out_.sql += c.sql + " IS NULL OR ";
    out_.sql += c.sql + (c.descending ? " > " : " < ");
    bind(origin::up_to, from, key);
    out_.sql += " OR (" + c.sql + " = ";
    bind(origin::up_to, from, key);
    out_.sql += " AND ";
    at_most_up_to(from + 1);
    out_.sql += ")";
  }
  out_.sql += ")";
}

void statement_writer::order_column(
    const std::string& text, const plan_column& c, bool values_only
) {
  const bool spell = c.nullable && !c.nulls_where_default && !values_only;
  if (spell && !has_nulls_syntax(plan_->dialect)) {
    out_.sql += text + (c.nulls_first ? " IS NOT NULL, " : " IS NULL, ");
  }
  out_.sql += text;
  if (c.descending) out_.sql += " DESC";
  if (spell && has_nulls_syntax(plan_->dialect)) {
    out_.sql += c.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
}

void statement_writer::order_by(std::size_t first, std::size_t free) {
  out_.sql += " ORDER BY ";
  if (prefers_ranges(plan_->dialect)) {
    const char* way = plan_->columns.front().descending ? " DESC, " : ", ";
    for (const equality& e : plan_->fixed) out_.sql += e.sql + way;
  }
  for (std::size_t i = first; i < plan_->columns.size(); ++i) {
    if (i != first) out_.sql += ", ";
    // A free column with a placement of its own has its NULL block in another segment.
    order_column(plan_->columns[i].sql, plan_->columns[i], i <= free);
  }
}

void statement_writer::outer_order_by() {
  out_.sql += marker_.empty() ? " ORDER BY " : " ORDER BY beside DESC, ";
  for (std::size_t i = 0; i < plan_->columns.size(); ++i) {
    if (i != 0) out_.sql += ", ";
    order_column(alias(plan_->key_positions[i]), plan_->columns[i], false);
  }
}

void statement_writer::limit(std::int64_t rows) {
  out_.sql += " LIMIT ";
  bind(origin::limit, static_cast<std::size_t>(rows), sql::value(rows));
}

void statement_writer::select(const piece& s, names n) {
  has_where_ = false;
  select_list(n);
  from();
  fixed();
  if (s) {
    select_segment(*s);
  } else {
    select_by_row_value();
  }
  if (range_->limit) limit(*range_->limit);
  out_.has_limit = range_->limit.has_value();
}

void statement_writer::select_segment(const segment& s) {
  pinned(s);
  free_column(s);
  if (s.up_to_from != segment::nowhere) {
    where();
    at_most_up_to(s.up_to_from);
  }
  filters();
  order_by(first_ordered(plan_->dialect, s), s.pinned.size());
  const bool bounded = s.ceiling || s.lower != segment::floor::none;
  out_.seek_columns = plan_->fixed.size() + s.pinned.size() + (bounded ? 1 : 0);
}

void statement_writer::row_value(std::string_view op, origin o, std::span<const sql::value> key) {
  if (key.empty()) return;
  where();
  for (std::size_t i = 0; i < key.size(); ++i) {
    out_.sql += i == 0 ? "(" : ", ";
    out_.sql += plan_->columns[i].sql;
  }
  out_.sql.append(") ").append(op);
  for (std::size_t i = 0; i < key.size(); ++i) {
    out_.sql += i == 0 ? " (" : ", ";
    bind(o, i, key[i]);
  }
  out_.sql += ")";
}

void statement_writer::select_by_row_value() {
  const bool down = plan_->columns.front().descending;
  const bool at = range_->from == key_range::start::inclusive;
  row_value(at ? (down ? "<=" : ">=") : (down ? "<" : ">"), origin::after, range_->after);
  row_value(down ? ">=" : "<=", origin::up_to, range_->up_to);
  filters();
  order_by(0, 0);
  out_.seek_columns = plan_->fixed.size() + plan_->columns.size();
}

void statement_writer::outer_select_list() {
  out_.sql += "SELECT ";
  for (std::size_t i = 0; i < plan_->outputs.size(); ++i) {
    out_.sql += (i == 0 ? "" : ", ") + alias(i);
  }
  if (!marker_.empty()) out_.sql += ", beside";
  out_.sql += " FROM (";
}

void statement_writer::members(const std::vector<piece>& pieces) {
  for (const piece& s : pieces) {
    out_.sql += out_.sql.ends_with(" FROM (") ? "(" : " UNION ALL (";
    select(s, names::numbered);
    out_.sql += ")";
  }
}

void statement_writer::select_union(const std::vector<piece>& pieces) {
  outer_select_list();
  members(pieces);
  out_.sql += ") AS segments";
  outer_order_by();
  limit(*range_->limit);
  out_.has_limit = false;
}

void statement_writer::select_page(
    const std::vector<piece>& pieces,
    const plan& back,
    const key_range& in_front,
    const std::vector<piece>& pieces_in_front
) {
  marker_ = "0";
  outer_select_list();
  members(pieces);
  const plan* along = std::exchange(plan_, &back);
  const key_range* range = std::exchange(range_, &in_front);
  marker_ = "1";
  members(pieces_in_front);
  plan_ = along;
  range_ = range;
  out_.sql += ") AS segments";
  outer_order_by();
  // Each piece in front may give a row, and those come first.
  limit(*range_->limit + static_cast<std::int64_t>(pieces_in_front.size()));
  out_.has_limit = false;
}

}  // namespace scalekit::inline v0::keyset::detail
