// SPDX-License-Identifier: BSL-1.0
// What is asked about the current record on demand, and where its issues are.
#include "csv/reader_parser.hpp"

#include <algorithm>

namespace scalekit::inline v0::csv {

bool record::is_null(std::size_t column) const noexcept { return parser_->is_null(column); }
bool record::was_quoted(std::size_t column) const noexcept { return parser_->was_quoted(column); }
position record::field_position(std::size_t column) const noexcept {
  return parser_->field_position(column);
}

namespace detail {

/// Behind the delimiter; of the column behind the last one, behind the record's content.
std::size_t record_parser::field_begin(std::size_t column) const noexcept {
  return column == 0 ? 0 : ends_[column - 1] - ends_base_ + 1;
}

std::string_view record_parser::raw_field(std::size_t column) const noexcept {
  const std::size_t begin = field_begin(column);
  std::size_t end = ends_[column] - ends_base_;
  // The scanner ends the last field with its LF, the machine with its content.
  const bool before_lf = !by_machine_ && text_[end] == '\n';
  if (before_lf && end != begin && text_[end - 1] == '\r') --end;
  return text_.substr(begin, end - begin);
}

bool record_parser::was_quoted(std::size_t column) const noexcept {
  if (column >= raw_columns_) return false;
  std::string_view raw = raw_field(column);
  if (options_.trim != trim::none) raw = without_leading_blanks(raw);
  return !raw.empty() && static_cast<unsigned char>(raw.front()) == quote_;
}

bool record_parser::is_null(std::size_t column) const noexcept {
  if (options_.null_texts.empty() || was_quoted(column)) return false;
  std::string_view text = fields_[column];
  if (options_.escape && column < raw_columns_) {
    text = raw_field(column);
    if (options_.trim != trim::none) text = without_trailing_blanks(without_leading_blanks(text));
  }
  const auto& nulls = options_.null_texts;
  return std::find(nulls.begin(), nulls.end(), text) != nulls.end();
}

csv::position record_parser::field_position(std::size_t column) const noexcept {
  std::size_t at = 0;
  if (column < raw_columns_) {
    const std::string_view raw = raw_field(column);
    const bool trims = options_.trim != trim::none;
    at = field_begin(column) + (trims ? raw.size() - without_leading_blanks(raw).size() : 0);
  } else if (raw_columns_ != 0) {
    at = field_begin(raw_columns_ - 1) + raw_field(raw_columns_ - 1).size();
  }
  csv::position p = in_file(go_to(at, {}));
  // Behind an odd byte at the end of UTF-16, which was counted as two.
  p.offset = std::min(p.offset, row_.begin_.offset + row_.bytes_);
  return p;
}

record_parser::place record_parser::go_to(std::size_t at, place from) const noexcept {
  const std::string_view between = text_.substr(from.at, at - from.at);
  return {
      at,
      from.bytes + buffer_.file_size(between),
      from.lines + count_line_ends(between, options_.line_ends)};
}

csv::position record_parser::in_file(place p) const noexcept {
  const csv::position& begin = row_.begin_;
  return {begin.offset + p.bytes, begin.line + p.lines, begin.record};
}

void record_parser::report(issue_code code, std::size_t column, std::size_t at) {
  // Lines are counted from the field of the issue before, for there may be very many.
  const std::size_t field = std::min(at, field_begin(std::min(column, raw_columns_)));
  if (field > reported_.at) reported_ = go_to(field, reported_);
  const csv::position p = in_file(go_to(at, at < reported_.at ? place{} : reported_));
  issues_.push_back({code, column, p.offset, p.line});
}

}  // namespace detail
}  // namespace scalekit::inline v0::csv
