// SPDX-License-Identifier: BSL-1.0
#include "import_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace scalekit_tests {

namespace {

constexpr std::size_t longest_field = 200;
constexpr std::size_t longest_record = 2000;

std::string literal_of(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace

import_case::import_case(unsigned seed) : random_(seed) {
  choose_columns();
  choose_options();
  make_table();
  write_file();
  drop_duplicates();
  fill_table();
}

void import_case::choose_columns() {
  columns_.push_back({.name = "k", .type = chance(50) ? kind::integer : kind::text, .key = true});
  if (chance(30)) columns_.push_back({.name = "k2", .type = kind::integer, .key = true});
  for (column& c : columns_) c.required = true;
  constexpr std::array kinds{kind::integer, kind::decimal, kind::text, kind::word};
  for (unsigned i = 0, count = 1 + below(4); i < count; ++i) {
    column c{.name = "c" + std::to_string(i), .type = kinds[below(kinds.size())]};
    c.required = chance(40);
    c.insert_only = chance(20);
    c.unique = c.type == kind::integer && chance(25);
    c.checked = c.type == kind::integer && chance(60);
    columns_.push_back(c);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) order_.push_back(i);
  if (chance(30)) order_.push_back(columns_.size());
  std::shuffle(order_.begin(), order_.end(), random_);
}

void import_case::choose_options() {
  using sk::bulk::field_type;
  sk::bulk::import_schema schema;
  if (std::ranges::count(order_, columns_.size()) != 0) {
    schema.unknown_columns = sk::bulk::unknown_columns::ignore;
  }
  options.target.table = "t";
  for (const column& c : columns_) {
    sk::bulk::import_column to{.name = c.name, .required = c.required, .unique = c.unique};
    switch (c.type) {
      case kind::integer:
        to.type = field_type::integer;
        to.integer = {.minimum = -999, .maximum = 999};
        break;
      case kind::decimal:
        to.type = field_type::decimal;
        to.decimal = {.precision = 8, .scale = 2};
        break;
      case kind::text:
        to.text.max_length = 12;
        break;
      case kind::word:
        to.type = field_type::enumeration;
        to.enumeration.words = {{"red"}, {"green"}, {"blue"}};
        break;
    }
    schema.columns.push_back(std::move(to));
    if (c.key) options.target.key.push_back(c.name);
    if (c.insert_only) options.target.insert_only.push_back(c.name);
  }
  options.schema = std::make_shared<sk::bulk::import_schema>(std::move(schema));
  options.target.on_conflict = static_cast<sk::sql::on_conflict>(below(3));
  options.duplicates = static_cast<sk::sql::duplicate_policy>(below(3));
  options.limits.sample_rows = 0;
  options.batch_rows = 1 + below(40);
  if (chance(20)) options.batch_bytes = 64;
  if (chance(60)) {
    options.chunk_records = 1 + below(50);
  } else {
    options.chunk_bytes = 4096;
  }
  sk::csv::reader_options& f = options.format;
  f.delimiter = std::string_view(",;\t|")[below(4)];
  if (chance(25)) f.quote = '\'';
  if (chance(25)) f.comment = '#';
  f.skip_lines = chance(20) ? below(3) : 0;
  empty_is_null_ = chance(50);
  if (empty_is_null_) f.null_texts = {""};
  f.max_field_bytes = longest_field;
  f.max_record_bytes = longest_record;
  line_end_ = chance(50) ? "\n" : "\r\n";
}

void import_case::make_table() {
  std::string keys;
  create_ = "CREATE TABLE t (";
  select_ = "SELECT ";
  for (const column& c : columns_) {
    create_ += c.name + (c.type == kind::integer ? " INTEGER" : " TEXT");
    if (c.required) create_ += " NOT NULL";
    if (c.checked) create_ += " CHECK (" + c.name + " <> 666)";
    create_ += ", ";
    select_ += (&c == &columns_.front() ? "quote(" : " || ',' || quote(") + c.name + ")";
    if (c.key) keys += (keys.empty() ? "" : ", ") + c.name;
  }
  create_ += "PRIMARY KEY (" + keys + "));";
  select_ += " FROM t";
  for (unsigned i = below(12); i > 0; --i) {
    literals key;
    literals values;
    std::string list;
    for (const column& c : columns_) {
      field f = good(c);
      while (c.checked && f.literal == "666") f = good(c);
      values.push_back(f.literal);
      if (c.key) key.push_back(f.literal);
      list += (list.empty() ? "" : ", ") + f.literal;
    }
    if (table_.insert_or_assign(key, values).second) {
      create_ += "INSERT INTO t VALUES (" + list + ");";
    } else {
      create_ += "REPLACE INTO t VALUES (" + list + ");";
    }
  }
}

import_case::field import_case::random_text() {
  constexpr std::array<std::string_view, 14> parts{
      "a", "b", "Z", "0", " ", ",", ";", "|", "\"", "'", "\n", "\xC3\xA9", "#", "x y"};
  field f;
  for (unsigned i = below(5); i > 0; --i) f.spelling += parts[below(parts.size())];
  f.literal = literal_of(f.spelling);
  return f;
}

import_case::field import_case::good(const column& c) {
  field f;
  switch (c.type) {
    case kind::integer: {
      // Few keys, so that there are equal ones; and often the one that the table refuses.
      const unsigned n = c.key ? below(60) : (c.checked && chance(10) ? 666 : below(900));
      f.literal = std::to_string(n);
      f.spelling = f.literal;
      break;
    }
    case kind::decimal: {
      f.spelling = std::to_string(below(100'000)) + "." + std::to_string(10 + below(90));
      f.literal = "'" + f.spelling + "'";
      break;
    }
    case kind::word:
      f.spelling = std::array<std::string, 3>{"red", "green", "blue"}[below(3)];
      f.literal = "'" + f.spelling + "'";
      break;
    case kind::text:
      f = random_text();
      if (c.key) f.spelling = "k" + std::to_string(below(60)) + (chance(10) ? "\xC3\xA9" : "");
      if (c.required && f.spelling.empty()) f.spelling = "r";
      f.literal = literal_of(f.spelling);
      if (f.spelling.empty()) f.quoted = true;
      return f;
  }
  // Whitespace around what is no text is nothing.
  if (chance(10)) f.spelling = " " + f.spelling + "  ";
  return f;
}

import_case::field import_case::bad(const column& c) {
  field f;
  if (c.required && chance(30)) {
    f.code = "rule.required";
    f.bare = true;
    return f;
  }
  switch (c.type) {
    case kind::integer:
      f.spelling = chance(50) ? "12x" : "1000";
      f.code = f.spelling == "12x" ? "type.integer" : "limit.maximum";
      break;
    case kind::decimal:
      f.spelling = chance(50) ? "1.2.3" : "1.234";
      f.code = f.spelling == "1.2.3" ? "type.decimal" : "limit.scale";
      break;
    case kind::word:
      f.spelling = "purple";
      f.code = "type.enumeration";
      break;
    case kind::text:
      f = {.spelling = "more than twelve", .code = "limit.length"};
      if (chance(30)) f = {.spelling = "\xFF", .code = "csv.invalid_encoding"};
      if (chance(30))
        f = {.spelling = std::string(longest_field + 9, 'x'), .code = "csv.field_too_long"};
      break;
  }
  return f;
}

/// A field of the column, seldom a bad one.
import_case::field import_case::one_of(const column& c) {
  if (chance(c.key ? 1 : 3)) return bad(c);
  if (c.required || !chance(15)) return good(c);
  field none{.bare = true};
  if (c.type == kind::text && !empty_is_null_) none.literal = "''";
  return none;
}

void import_case::write(const field& f) {
  const sk::csv::reader_options& how = options.format;
  const char quote = *how.quote;
  const std::string special = {how.delimiter, quote, '\n', '\r', '#'};
  const bool must = f.quoted || f.spelling.find_first_of(special) != std::string::npos;
  if (f.bare || !(must || chance(20))) {
    text_ += f.spelling;
    return;
  }
  text_ += quote;
  for (const char c : f.spelling) {
    if (c == quote) text_ += quote;
    text_ += c;
  }
  text_ += quote;
}

/// Something is wrong with the row's form: that alone is said of it.
void import_case::write_malformed(row& r, std::vector<field>& fields) {
  r.problems.clear();
  const auto whole = [&](std::string_view code) { r.problems.push_back({"", std::string(code)}); };
  for (field& f : fields) f = {.spelling = "1"};
  switch (below(4)) {
    case 0:
      fields.pop_back();
      return whole("csv.too_few_fields");
    case 1:
      fields.push_back({.spelling = "1"});
      return whole("csv.too_many_fields");
    case 2: {
      field& f = fields[below(static_cast<unsigned>(fields.size()))];
      f = {.spelling = std::string("a") + *options.format.quote + "b", .bare = true};
      const std::size_t at = order_[static_cast<std::size_t>(&f - fields.data())];
      r.problems.push_back({at == columns_.size() ? "extra" : columns_[at].name, "csv.stray_quote"}
      );
      return;
    }
    default:
      fields.front() = {.spelling = std::string(longest_record + 99, 'y'), .quoted = true};
      return whole("csv.record_too_long");
  }
}

void import_case::write_row(bool last) {
  while (chance(5)) text_ += line_end_;
  while (options.format.comment && chance(5)) text_ += "# a \"comment'" + line_end_;
  row r{.begin = text_.size(), .record = ++records_};
  std::vector<field> fields;
  r.literals.resize(columns_.size());
  for (const std::size_t c : order_) {
    if (c == columns_.size()) {
      fields.push_back(random_text());
      continue;
    }
    fields.push_back(one_of(columns_[c]));
    r.literals[c] = fields.back().literal;
    if (!fields.back().code.empty()) r.problems.push_back({columns_[c].name, fields.back().code});
  }
  if (chance(3)) write_malformed(r, fields);
  for (const field& f : fields) {
    if (&f != &fields.front()) text_ += options.format.delimiter;
    write(f);
  }
  if (!last || chance(50)) text_ += line_end_;
  r.bytes = text_.size() - r.begin;
  rows_.push_back(std::move(r));
}

void import_case::write_file() {
  if (chance(20)) text_ += "\xEF\xBB\xBF";
  for (std::uint64_t i = 0; i < options.format.skip_lines; ++i)
    text_ += "made \"by' us" + line_end_;
  for (const std::size_t c : order_) {
    if (c != order_.front()) text_ += options.format.delimiter;
    text_ += c == columns_.size() ? "extra" : columns_[c].name;
  }
  text_ += line_end_;
  header_end_ = text_.size();
  for (unsigned i = chance(5) ? 0 : below(150); i > 0; --i) write_row(i == 1);
  end_.read = rows_.size();
}

/// Of the rows with equal values in the columns one stays; the others are folded, or have a
/// problem.
void import_case::lose(
    const std::vector<std::size_t>& columns, bool last_wins, std::string_view code
) {
  std::map<literals, row*> held;
  for (row& r : rows_) {
    if (!r.problems.empty() || r.folded) continue;
    literals key;
    for (const std::size_t c : columns) key.push_back(r.literals[c]);
    if (std::ranges::count(key, "NULL") != 0) continue;
    row*& holder = held[key];
    row* loser = holder == nullptr ? nullptr : &r;
    if (holder == nullptr || last_wins) loser = std::exchange(holder, &r);
    if (loser == nullptr) continue;
    loser->folded = code.empty();
    if (!code.empty()) {
      const bool of_the_key = code == "rule.duplicate_key";
      loser->problems.push_back({of_the_key ? "" : columns_[columns[0]].name, std::string(code)});
    }
  }
}

void import_case::drop_duplicates() {
  using sk::sql::duplicate_policy;
  std::vector<std::size_t> key;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].key) key.push_back(c);
  }
  const bool reject = options.duplicates == duplicate_policy::reject;
  const bool last = options.duplicates == duplicate_policy::last_wins;
  lose(key, last, reject ? "rule.duplicate_key" : "");
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].unique) lose({c}, false, "rule.unique");
  }
}

void import_case::upsert(row& r) {
  using sk::sql::on_conflict;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!columns_[c].checked || r.literals[c] != "666") continue;
    r.problems.push_back({"", "database.constraint"});
    return;
  }
  literals key;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].key) key.push_back(r.literals[c]);
  }
  const auto there = table_.find(key);
  if (there == table_.end()) {
    table_.emplace(key, r.literals);
    ++end_.inserted;
    return;
  }
  bool updates = false;
  bool differs = false;
  literals now = there->second;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].key || columns_[c].insert_only) continue;
    updates = true;
    differs = differs || now[c] != r.literals[c];
    now[c] = r.literals[c];
  }
  const on_conflict how = options.target.on_conflict;
  const bool written =
      updates && how != on_conflict::do_nothing && (differs || how == on_conflict::update);
  if (written) there->second = now;
  ++(written ? end_.updated : end_.unchanged);
}

void import_case::fill_table() {
  end_.rejects = text_.substr(0, header_end_);
  for (row& r : rows_) {
    if (r.folded) {
      ++end_.folded;
      continue;
    }
    if (r.problems.empty()) upsert(r);
    if (r.problems.empty()) continue;
    ++end_.rejected;
    end_.rejects += text_.substr(r.begin, r.bytes);
    for (const problem& p : r.problems) {
      end_.errors.push_back(std::to_string(r.record) + " " + p.column + " " + p.code);
    }
  }
  for (const auto& [key, values] : table_) {
    std::string line;
    for (const std::string& v : values) line += (line.empty() ? "" : ",") + v;
    end_.table.push_back(std::move(line));
  }
  std::ranges::sort(end_.table);
  std::ranges::sort(end_.errors);
}

}  // namespace scalekit_tests
