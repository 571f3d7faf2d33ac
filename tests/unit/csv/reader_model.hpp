// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_READER_MODEL_HPP
#define SCALEKIT_TESTS_UNIT_CSV_READER_MODEL_HPP

/// \file
/// What the reader must make of a file: written for plainness, over the whole text at once, sharing
/// no code with the library.

#include "reader_support.hpp"

#include <scalekit/csv/reader_options.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csv_test {

namespace csv = scalekit::csv;

/// Where the first ill-formed UTF-8 sequence begins, by decoding; the size if there is none.
inline std::size_t model_ill_formed(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
      return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const std::uint32_t lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = lead >= 0xF8   ? 0
                               : lead >= 0xF0 ? 4
                               : lead >= 0xE0 ? 3
                               : lead >= 0xC0 ? 2
                                              : 0;
    if (length == 0) return at;
    std::uint32_t code = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if (byte(at + i) >> 6 != 2) return at;
      code = code << 6 | (byte(at + i) & 0x3F);
    }
    const std::uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return at;
    at += length;
  }
  return at;
}

/// One character of the file: what it is in the record, and where it stood.
struct model_character {
  std::string text;  ///< a single byte, except in UTF-16
  std::uint64_t offset = 0;
};

class reader_model {
 public:
  /// Without a header. `characters` lack the mark; `size` is that of the file.
  reader_model(
      std::vector<model_character> characters,
      std::uint64_t size,
      const csv::reader_options& options
  )
      : all_(std::move(characters)), size_(size), o_(options) {
    for (std::size_t i = 0; i <= all_.size(); ++i) {
      lines_.push_back(i == 0 ? 1 : lines_.back() + (ends_line(i - 1) ? 1 : 0));
    }
  }

  read_file read() {
    for (std::uint64_t i = 0; i < o_.skip_lines && more(); ++i) skip_line();
    while (more()) {
      if (o_.comment && is(at_, *o_.comment)) {
        skip_line();
      } else {
        read_one();
      }
    }
    return {std::move(records_), position_of(at_)};
  }

 private:
  [[nodiscard]] bool more() const { return at_ < all_.size(); }
  [[nodiscard]] bool is(std::size_t i, char c) const {
    return i < all_.size() && all_[i].text.size() == 1 && all_[i].text[0] == c;
  }
  [[nodiscard]] bool is(std::size_t i, std::optional<char> c) const { return c && is(i, *c); }
  [[nodiscard]] bool is_blank(std::size_t i) const {
    return o_.trim == csv::trim::blanks && (is(i, ' ') || is(i, '\t')) && !is(i, o_.delimiter);
  }
  /// Whether the physical line ends with this character.
  [[nodiscard]] bool ends_line(std::size_t i) const {
    if (o_.line_ends == csv::line_ends::lf) return is(i, '\n');
    return is(i, '\r') || (is(i, '\n') && (i == 0 || !is(i - 1, '\r')));
  }
  /// How many characters are the line end here; 0 if there is none.
  [[nodiscard]] std::size_t line_end(std::size_t i) const {
    if (is(i, '\n')) return 1;
    if (is(i, '\r') && is(i + 1, '\n')) return 2;
    return is(i, '\r') && o_.line_ends == csv::line_ends::any ? 1 : 0;
  }
  [[nodiscard]] std::uint64_t offset_of(std::size_t i) const {
    return i < all_.size() ? all_[i].offset : size_;
  }
  [[nodiscard]] csv::position position_of(std::size_t i) const {
    return {offset_of(i), lines_[i], number_};
  }
  [[nodiscard]] std::string raw(std::size_t from, std::size_t to) const {
    std::string text;
    for (; from < to; ++from) text += all_[from].text;
    return text;
  }

  void skip_line() {
    while (more()) {
      const std::size_t end = is(at_, '\n') || is(at_, '\r') ? line_end(at_) : 0;
      at_ += end == 0 ? 1 : end;
      if (end != 0) return;
    }
  }

  void issue(csv::issue_code code, std::size_t column, std::size_t at) {
    for (const auto& i : record_.issues) {
      if (i.code == code && i.column == column) return;
    }
    record_.issues.push_back({code, column, offset_of(at), lines_[at]});
  }
  void malformed(csv::issue_code code, std::size_t column, std::size_t at) {
    if (o_.malformed_quotes == csv::malformed_quotes::report) issue(code, column, at);
  }

  [[nodiscard]] bool field_ends() const {
    return !more() || is(at_, o_.delimiter) || line_end(at_) != 0;
  }

  void escaped(std::string& text, std::size_t& keep) {
    ++at_;
    text += all_[at_++].text;
    keep = text.size();
  }

  /// The part in quotes.
  void quoted(std::string& text, std::size_t& keep, std::size_t column) {
    const std::size_t opened = at_++;
    for (;; keep = text.size()) {
      if (!more()) {
        issue(csv::issue_code::unterminated_quote, column, opened);
        inside_at_end_ = true;
        return;
      }
      if (is(at_, o_.escape) && at_ + 1 < all_.size()) {
        escaped(text, keep);
      } else if (is(at_, o_.quote) && !is(at_ + 1, o_.quote)) {
        closed_ = at_++;
        return;
      } else {
        if (is(at_, o_.quote)) ++at_;
        text += all_[at_++].text;
      }
    }
  }

  void one_field(std::size_t column) {
    const std::size_t begin = at_;
    while (is_blank(at_)) ++at_;
    const std::size_t content = at_;
    std::string text;
    std::size_t keep = 0;
    const bool in_quotes = is(at_, o_.quote);
    bool after_quote = in_quotes;
    if (in_quotes) quoted(text, keep, column);
    while (!field_ends()) {
      if (after_quote && !is_blank(at_)) {
        malformed(csv::issue_code::stray_quote, column, closed_);
        after_quote = false;
      }
      const bool right_behind = in_quotes && at_ == closed_ + 1;
      if (is(at_, o_.escape) && !right_behind && at_ + 1 < all_.size()) {
        escaped(text, keep);
        continue;
      }
      if (is(at_, o_.quote)) malformed(csv::issue_code::stray_quote, column, at_);
      if (is(at_, '\r')) malformed(csv::issue_code::bare_carriage_return, column, at_);
      text += all_[at_++].text;
    }
    while (o_.trim == csv::trim::blanks && text.size() > keep &&
           (text.back() == ' ' || text.back() == '\t')) {
      text.pop_back();
    }
    finish_field(begin, content, in_quotes, std::move(text), column);
  }

  void finish_field(
      std::size_t begin, std::size_t content, bool in_quotes, std::string text, std::size_t column
  ) {
    const std::string all = raw(begin, at_);
    const auto at_byte = [&](std::size_t byte) {
      std::size_t i = begin;
      for (std::size_t n = 0; n + all_[i].text.size() <= byte; ++i) n += all_[i].text.size();
      return i;
    };
    const auto nul = all.find('\0');
    if (o_.nul == csv::nul_policy::report && nul != all.npos) {
      issue(csv::issue_code::nul_character, column, at_byte(nul));
    }
    const std::size_t bad = model_ill_formed(all);
    const bool checks =
        o_.utf8 == csv::utf8_check::report && o_.encoding != csv::text_encoding::latin1;
    if (checks && bad != all.size()) issue(csv::issue_code::invalid_encoding, column, at_byte(bad));
    if (raw_size(begin, at_) > o_.max_field_bytes) {
      issue(csv::issue_code::field_too_long, column, begin);
      text.clear();
    }
    std::string bare = o_.escape ? raw(content, at_) : text;
    while (o_.escape && o_.trim == csv::trim::blanks && !bare.empty() &&
           (bare.back() == ' ' || bare.back() == '\t')) {
      bare.pop_back();
    }
    const bool null = !in_quotes && is_null_text(bare);
    record_.fields.push_back({std::move(text), null, in_quotes, offset_of(content), lines_[content]}
    );
  }

  /// As it is in memory: Latin-1 is not UTF-8 there.
  [[nodiscard]] std::size_t raw_size(std::size_t from, std::size_t to) const {
    return o_.encoding == csv::text_encoding::latin1 ? to - from : raw(from, to).size();
  }
  [[nodiscard]] bool is_null_text(const std::string& text) const {
    return std::find(o_.null_texts.begin(), o_.null_texts.end(), text) != o_.null_texts.end();
  }

  void read_one() {
    const std::size_t begin = at_;
    record_ = {position_of(begin), 0, {}, {}};
    inside_at_end_ = false;
    std::vector<std::size_t> begins;
    for (std::size_t column = 0;; ++column) {
      begins.push_back(at_);
      one_field(column);
      if (!is(at_, o_.delimiter)) break;
      ++at_;
    }
    const std::size_t content_end = at_;
    at_ += line_end(at_);
    if (begin == content_end && o_.empty_lines == csv::empty_lines::skip) return;
    judge(begin, content_end, begins);
    record_.bytes = offset_of(at_) - offset_of(begin);
    sort_issues(record_.issues);
    records_.push_back(std::move(record_));
    ++number_;
  }

  void judge(std::size_t begin, std::size_t content_end, const std::vector<std::size_t>& begins) {
    auto& fields = record_.fields;
    auto& issues = record_.issues;
    if (raw_size(begin, at_) > o_.max_record_bytes) {
      std::erase_if(issues, [](const auto& i) {
        return i.code != csv::issue_code::unterminated_quote;
      });
      for (auto& i : issues) i.column = 0;
      issue(csv::issue_code::record_too_long, 0, begin);
      fields.clear();
      return;
    }
    if (columns_ == 0) columns_ = std::min(fields.size(), o_.max_columns);
    if (fields.size() > o_.max_columns) {
      std::erase_if(issues, [&](const auto& i) { return i.column >= o_.max_columns; });
      issue(csv::issue_code::too_many_columns, o_.max_columns, begins[o_.max_columns]);
      fields.resize(o_.max_columns);
      return;
    }
    if (fields.size() == columns_ || o_.ragged_rows == csv::ragged_rows::keep) return;
    if (o_.ragged_rows == csv::ragged_rows::report) {
      const bool few = fields.size() < columns_;
      const auto code = few ? csv::issue_code::too_few_fields : csv::issue_code::too_many_fields;
      issue(code, few ? fields.size() : columns_, few ? begin : begins[columns_]);
      return;
    }
    fields.resize(
        columns_, {"", is_null_text(""), false, offset_of(content_end), lines_[content_end]}
    );
  }

  std::vector<model_character> all_;
  std::uint64_t size_;
  const csv::reader_options& o_;
  std::vector<std::uint64_t> lines_;
  std::size_t at_ = 0;
  std::size_t closed_ = 0;
  bool inside_at_end_ = false;
  std::size_t columns_ = 0;
  std::uint64_t number_ = 1;
  read_record record_;
  std::vector<read_record> records_;
};

/// A file in UTF-8, or in Latin-1 whose high bytes are letters (0xA0 and up).
inline read_file model_read(std::string_view text, const csv::reader_options& options) {
  std::vector<model_character> all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto b = static_cast<unsigned char>(text[i]);
    std::string c(1, text[i]);
    if (options.encoding == csv::text_encoding::latin1 && b >= 0x80) {
      c = {static_cast<char>(0xC0 | b >> 6), static_cast<char>(0x80 | (b & 0x3F))};
    }
    all.push_back({c, i});
  }
  return reader_model(std::move(all), text.size(), options).read();
}

}  // namespace csv_test

#endif
