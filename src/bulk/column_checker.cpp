// SPDX-License-Identifier: BSL-1.0
#include "bulk/column_checker.hpp"

#include "bulk/ascii.hpp"
#include "bulk/header_match.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

column_checker::column_checker(
    const import_column& column, field_reader_ptr reader, std::size_t source, std::string file_name
)
    : column_(column),
      reader_(std::move(reader)),
      source_(source),
      file_name_(std::move(file_name)),
      trims_(column.trim || column.type != field_type::text),
      rewrites_(column.transform.run || column.letters != text_case::keep) {}

bool column_checker::read(
    const csv::record& record,
    std::string& transformed,
    std::string& typed,
    sql::value_view& out,
    std::vector<row_error>& errors
) const {
  std::string_view text;
  // A file without the column, or a short record.
  const bool null = source_ >= record.size() || record.is_null(source_);
  if (!null) {
    text = record[source_];
    if (trims_) text = trimmed(text);
    if (rewrites_) text = prepared(text, transformed);
  }
  if (text.empty()) {
    out = column_.default_value.view();
    if (!out.is_null()) return true;
    if (column_.required) {
      refuse(record, "rule.required", {"a value is required", "fill in the field"}, errors);
      return false;
    }
    if (null || column_.type != field_type::text) return true;
  }
  if (const flaw f = reader_->read(text, typed, out); f != flaw::none) {
    refuse(record, code_of(f, column_.type), reader_->explain(f, text), errors);
    return false;
  }
  return !column_.lookup || look_up(record, out, errors);
}

std::string_view column_checker::prepared(std::string_view field, std::string& transformed) const {
  if (column_.transform.run) field = column_.transform.run(field, transformed);
  if (column_.letters == text_case::keep) return field;
  transformed.assign(field);
  std::transform(
      transformed.begin(),
      transformed.end(),
      transformed.begin(),
      column_.letters == text_case::lower ? to_lower : to_upper
  );
  return transformed;
}

bool column_checker::look_up(
    const csv::record& record, sql::value_view& out, std::vector<row_error>& errors
) const {
  const sql::value* const held = column_.lookup->find(out);
  if (held == nullptr) {
    refuse(
        record, "rule.lookup", {quoted(record[source_]) + " is not among the known values"}, errors
    );
    return false;
  }
  if (column_.lookup_use == lookup_use::replace) out = held->view();
  return true;
}

row_error column_checker::located(const csv::record& record) const {
  row_error e;
  e.column = file_name_;
  e.record = record.begin().record;
  csv::position at = record.begin();
  if (source_ != not_in_file) e.column_index = source_;
  if (source_ < record.size()) {
    e.value = excerpt(record[source_]);
    at = record.field_position(source_);
  }
  e.line = at.line;
  e.offset = at.offset;
  return e;
}

void column_checker::refuse(
    const csv::record& record, std::string code, explanation why, std::vector<row_error>& errors
) const {
  row_error e = located(record);
  e.code = std::move(code);
  e.message = std::move(why.message);
  e.suggestion = std::move(why.suggestion);
  if (e.suggestion.empty() && !column_.example.empty()) {
    e.suggestion = "write it like " + column_.example;
  }
  errors.push_back(std::move(e));
}

}  // namespace scalekit::inline v0::bulk
