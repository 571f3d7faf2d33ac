// SPDX-License-Identifier: BSL-1.0
#include "bulk/csv_scan.hpp"

#include "keyset/read.hpp"

#include <scalekit/timestamp.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

bool is_integer(std::string_view type) noexcept {
  return type == "smallint" || type == "integer" || type == "bigint" || type == "oid";
}

bool is_timestamp(std::string_view type) noexcept {
  return type == "timestamp without time zone" || type == "timestamp with time zone";
}

// What the encoder would write for a value of this type, as an expression that the database spells
// the same; empty if there is none. `column` is the value itself.
std::string spelled(const std::string& column, std::string_view type, const csv::dialect& d) {
  if (type == "real" || type == "double precision") return {};
  if (type == "boolean") return column + "::int";
  if (type == "bytea") {
    return d.blob_encoding == csv::blob_encoding::hex ? "encode(" + column + ", 'hex')" : "";
  }
  if (!is_timestamp(type)) return column;
  const bool same = d.timestamp_style == csv::timestamp_style::space_separated &&
                    d.timestamp_fraction == second_fraction::shortest;
  if (!same) return {};
  return type == "timestamp without time zone" ? column : column + " AT TIME ZONE 'UTC'";
}

// Types whose text holds neither delimiter nor quote, whatever the value.
bool is_never_quoted(std::string_view type) noexcept {
  return is_integer(type) || is_timestamp(type) || type == "numeric" || type == "uuid" ||
         type == "date";
}

std::optional<sql::value_kind> key_kind(std::string_view type) noexcept {
  if (is_integer(type)) return sql::value_kind::int64;
  if (is_timestamp(type)) return sql::value_kind::timestamp;
  if (type == "numeric") return sql::value_kind::decimal;
  if (type == "text" || type == "character varying" || type == "uuid" || type == "date") {
    return sql::value_kind::text;
  }
  return std::nullopt;
}

bool dialect_allows(const csv::dialect& d) noexcept {
  return d.quoting == csv::quoting::minimal && d.line_ending == csv::line_ending::lf &&
         d.null_text.empty() && d.empty_text == csv::empty_text::quoted &&
         d.decimal_separator == '.' && d.formula_guard == csv::formula_guard::off &&
         std::string_view(",;\t|").find(d.delimiter) != std::string_view::npos;
}

bool column_allows(const export_column& c) noexcept {
  return c.lookup == nullptr && c.format.integer == csv::show_integer::number &&
         c.format.text != csv::show_text::trusted;
}

// A column that is respelled loses its name to one of these, which ORDER BY would take for it.
bool order_allows(const keyset::order& by) {
  return std::ranges::none_of(by.columns(), [](const keyset::order_column& c) {
    return c.name == "timezone" || c.name == "encode" || c.name == "int4";
  });
}

bool options_allow(const export_options& o) {
  // A line of one field is spelled differently where that field is empty or `\.`.
  return o.transform == nullptr && o.columns.size() > 1 && dialect_allows(o.dialect) &&
         order_allows(o.order) && std::ranges::all_of(o.columns, column_allows);
}

// One field off the front of a line; quotes are taken off.
struct csv_field {
  std::string text;
  bool is_null = false;
};

csv_field take_field(std::string_view& line, const sql::csv_style& style) {
  csv_field out;
  if (line.front() != style.quote) {
    const std::size_t end = line.find_first_of(std::string{style.delimiter, '\n'});
    out.text = line.substr(0, end);
    out.is_null = out.text.empty();
    line.remove_prefix(end + 1);
    return out;
  }
  std::size_t at = 1;
  for (;; ++at) {
    const std::size_t end = line.find(style.quote, at);
    out.text.append(line.substr(at, end - at));
    at = end + 1;
    if (line[at] != style.quote) break;
    out.text += style.quote;
  }
  line.remove_prefix(at + 1);
  return out;
}

result<sql::value> read_key_field(csv_field field, sql::value_kind kind) {
  if (field.is_null) return sql::value();
  const std::string& text = field.text;
  switch (kind) {
    case sql::value_kind::int64: {
      std::int64_t n = 0;
      const char* const last = text.data() + text.size();
      const auto [end, why] = std::from_chars(text.data(), last, n);
      if (why == std::errc() && end == last) return sql::value(n);
      break;
    }
    case sql::value_kind::timestamp: {
      const std::string_view local = text.ends_with("+00")
                                         ? std::string_view(text).substr(0, text.size() - 3)
                                         : std::string_view(text);
      auto t = parse_rfc3339(std::string(local) + "Z");
      if (t) return sql::value(*t);
      break;
    }
    case sql::value_kind::decimal:
      return sql::value(sql::value_view::decimal(text));
    default:
      return sql::value(std::string_view(text));
  }
  return error(
      errc::limit_exceeded,
      "export: the key \"" + text.substr(0, 64) + "\" is outside of what an order can hold"
  );
}

}  // namespace

csv_scan::csv_scan(sql::connection& db, const export_plan& plan, keyset::compiler compiled)
    : db_(&db),
      compiler_(std::move(compiled)),
      style_{.delimiter = plan.options.dialect.delimiter, .quote = plan.options.dialect.quote},
      page_rows_(plan.options.page_rows),
      hidden_(0) {}

result<std::optional<csv_scan>> csv_scan::open(
    sql::connection& db, const export_plan& plan, std::span<const sql::value> after
) {
  const export_options& o = plan.options;
  if (db.dialect() != sql::dialect::postgres || !options_allow(o)) return std::optional<csv_scan>();
  keyset::source source = o.source;
  for (std::size_t i = 0; i < source.columns.size(); ++i) {
    keyset::select_column& c = source.columns[i];
    const std::string value = c.expression.empty() ? plan.references[i] : "(" + c.expression + ")";
    const std::string same = spelled(value, plan.types[i], o.dialect);
    if (same.empty()) return std::optional<csv_scan>();
    if (same != value) c.expression = same;
  }
  auto compiled = keyset::compiler::make(db.dialect(), source, o.order);
  if (!compiled) return std::move(compiled).error();
  csv_scan scan(db, plan, *std::move(compiled));
  const std::span<const std::size_t> positions = scan.compiler_.key_positions();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::string_view type = plan.types[plan.key_positions[i]];
    const auto kind = key_kind(type);
    const bool is_hidden = positions[i] >= o.columns.size();
    if (!kind || (is_hidden && !is_never_quoted(type))) return std::optional<csv_scan>();
    scan.keys_.push_back({positions[i], *kind});
    scan.hidden_ = std::max(scan.hidden_, is_hidden ? positions[i] + 1 - o.columns.size() : 0);
  }
  if (auto ok = scan.position(after); !ok) return std::move(ok).error();
  auto more = scan.advance();
  if (!more && more.error().code() == errc::not_supported) return std::optional<csv_scan>();
  if (!more) return std::move(more).error();
  return std::optional<csv_scan>(std::move(scan));
}

result<void> csv_scan::position(std::span<const sql::value> after) {
  auto compiled = compiler_.statements({.after = after, .limit = page_rows_});
  if (!compiled) return std::move(compiled).error();
  statements_ = *std::move(compiled);
  next_statement_ = 0;
  return {};
}

/// Moves to the next line, from statement to statement and page to page.
result<bool> csv_scan::advance() {
  for (;;) {
    if (lines_ != nullptr && left_ == 0) {
      // The page is full, and its last line still in view: behind it the next begins.
      std::vector<sql::value> last;
      if (auto ok = key(last); !ok) return std::move(ok).error();
      auto end = lines_->next();
      if (!end) return keyset::detail::failed_read(std::move(end).error());
      lines_.reset();
      if (auto ok = position(last); !ok) return std::move(ok).error();
    }
    if (lines_ == nullptr) {
      if (next_statement_ == statements_.size()) return false;
      const keyset::statement& s = statements_[next_statement_++];
      const std::vector<sql::value_view> params(s.params.begin(), s.params.end());
      auto started = db_->query_csv(s.sql, params, style_);
      if (!started) return keyset::detail::failed_read(std::move(started).error());
      lines_ = *std::move(started);
      left_ = page_rows_;
    }
    auto line = lines_->next();
    if (!line) return keyset::detail::failed_read(std::move(line).error());
    line_ = *line;
    if (!line_.empty()) {
      if (line_.back() != '\n') {
        return error(errc::data_corrupted, "export: query_csv gave a line without a line feed");
      }
      --left_;
      return true;
    }
    lines_.reset();
  }
}

result<bool> csv_scan::next(csv::buffer& out) {
  if (!std::exchange(first_, false)) {
    auto more = advance();
    if (!more || !*more) return more;
  } else if (lines_ == nullptr) {
    return false;
  }
  std::size_t end = line_.size();
  for (std::size_t i = 0; i < hidden_; ++i) end = line_.rfind(style_.delimiter, end - 1);
  if (hidden_ == 0) {
    out.append(line_);
  } else {
    out.append(line_.substr(0, end));
    out.append("\n");
  }
  return true;
}

result<void> csv_scan::key(std::vector<sql::value>& out) const {
  std::vector<csv_field> fields;
  for (std::string_view rest = line_; !rest.empty();) fields.push_back(take_field(rest, style_));
  out.clear();
  for (const key_field& k : keys_) {
    auto v = read_key_field(fields.at(k.position), k.kind);
    if (!v) return std::move(v).error();
    out.push_back(*std::move(v));
  }
  return compiler_.ordering().check_key(out);
}

}  // namespace scalekit::inline v0::bulk
