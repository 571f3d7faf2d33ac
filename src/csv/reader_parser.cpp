// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_parser.hpp"

#include "csv/utf8.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace scalekit::inline v0::csv::detail {

namespace {

constexpr std::size_t initial_fields = 16;
/// How much the scanner may keep of an unfinished record, beyond the ends of the permitted columns.
constexpr std::size_t scanner_slack = 16 * 1024;

bool is_latin1(text_encoding e) noexcept { return e == text_encoding::latin1; }

}  // namespace

record_parser::record_parser(byte_source& source, reader_options options)
    : options_(std::move(options)),
      quote_(options_.quote ? static_cast<unsigned char>(*options_.quote) : -1),
      least_limit_(std::min(options_.max_field_bytes, options_.max_record_bytes)),
      buffer_(source, options_),
      machine_(options_),
      fields_(initial_fields) {}

result<void> record_parser::start() {
  if (auto r = buffer_.read_mark(); !r) return r;
  begin_scanning();
  position_.offset = buffer_.offset();
  for (std::uint64_t i = 0; i < options_.skip_lines; ++i) {
    if (buffer_.at_end() && buffer_.text().empty()) break;
    if (auto r = skip_line(); !r) return r;
  }
  scanner_->restart(buffer_.begin());
  return {};
}

void record_parser::start_at(const csv::position& from, std::size_t columns) {
  buffer_.start_at(from.offset);
  begin_scanning();
  position_ = from;
  columns_ = columns;
}

void record_parser::begin_scanning() {
  scanner_.emplace(options_, buffer_.encoding());
  const bool same_encoding = !is_latin1(buffer_.encoding()) && !buffer_.is_utf16();
  as_it_is_ = same_encoding && options_.trim == trim::none;
}

result<bool> record_parser::next_slowly() {
  if (failure_) return *failure_;
  for (;;) {
    if (scanner_->has_record()) {
      if (take_regular() || take_scanned() == taken::record) return true;
    } else if (scanner_->can_scan(buffer_.end()) && !is_oversized()) {
      scanner_->scan(buffer_.data(), buffer_.end());
    } else if (!needs_machine()) {
      if (auto r = fill(); !r) return r.error();
    } else if (buffer_.text().empty()) {
      row_ = {};
      return false;
    } else {
      auto r = take_by_machine();
      if (!r) return r.error();
      if (*r == taken::record) return true;
    }
  }
}

// ---- What the scanner found ----------------------------------------------------------------

record_parser::taken record_parser::take_scanned() {
  const char* const memory = buffer_.data();
  const char* const begin = memory + buffer_.begin();
  const char* const end = memory + scanner_->record_end();
  const char* const content = content_end(begin, end);
  const auto size = static_cast<std::size_t>(line_end(end) - begin);
  begin_record();
  regular_columns_ = 0;
  text_ = {begin, size};
  ends_ = scanner_->ends();
  ends_base_ = buffer_.begin();
  by_machine_ = false;
  const std::size_t n = raw_columns_ = take_quoted_fields(content);
  const bool polish = options_.trim != trim::none || scanner_->has_high_bytes() || n != columns_ ||
                      n > options_.max_columns || size > least_limit_;
  const std::uint64_t lines = 1 + scanner_->take(n);
  if (content == begin && options_.empty_lines == empty_lines::skip) {
    consume(size, lines);
    return taken::nothing;
  }
  std::size_t given = n;
  if (polish) [[unlikely]] {
    finish_scanned(n);
    given = settle_columns(n);
  }
  end_record(size, lines, given);
  if (as_it_is_ && given == n && n == columns_ && issues_.empty()) regular_columns_ = n;
  return taken::record;
}

std::size_t record_parser::take_quoted_fields(const char* content) {
  const char* const memory = buffer_.data();
  const std::uint32_t last = scanner_->record_end();
  const bool doubled = scanner_->has_doubled_quotes();
  const int quote = quote_;
  std::string_view* fields = fields_.data();
  std::size_t room = fields_.size();
  const char* field = text_.data();
  std::size_t n = 0;
  for (const std::uint32_t* at = ends_;; ++at) {
    const char* const end = *at == last ? content : memory + *at;
    const auto size = static_cast<std::size_t>(end - field);
    // Of an empty field this looks at the delimiter or the line end, neither of which is a quote.
    if (static_cast<unsigned char>(*field) != quote) {
      fields[n] = {field, size};
    } else if (doubled) {
      fields[n] = without_doubled_quotes({field + 1, size - 2});
    } else {
      fields[n] = {field + 1, size - 2};
    }
    field = end + 1;
    if (++n == room) {
      fields_.resize(room *= 2);
      fields = fields_.data();
    }
    if (*at == last) return n;
  }
}

std::string_view record_parser::without_doubled_quotes(std::string_view text) {
  std::size_t quote = text.find(*options_.quote);
  if (quote == text.npos) return text;
  char*& out = room();
  char* const begin = out;
  for (; quote != text.npos; quote = text.find(*options_.quote)) {
    std::memcpy(out, text.data(), quote + 1);
    out += quote + 1;
    text.remove_prefix(quote + 2);
  }
  out = std::copy(text.begin(), text.end(), out);
  return {begin, static_cast<std::size_t>(out - begin)};
}

void record_parser::finish_scanned(std::size_t columns) {
  if (text_.size() > options_.max_record_bytes) return;
  for (std::size_t i = 0; i < std::min(columns, options_.max_columns); ++i) {
    std::string_view& field = fields_[i];
    if (is_too_long(i, raw_field(i))) {
      field = {};
      continue;
    }
    if (options_.trim != trim::none && !was_quoted(i)) {
      field = without_trailing_blanks(without_leading_blanks(field));
    }
    field = in_utf8(field);
  }
}

// ---- What the machine finds ----------------------------------------------------------------

/// Whether the record at hand is beyond a limit already.
bool record_parser::is_oversized() const noexcept {
  return scanner_->at() - buffer_.begin() > options_.max_record_bytes ||
         scanner_->pending() > options_.max_columns + scanner_slack;
}

/// Whether there is a record, or an end, that the scanner will not find even if more is read. What
/// is too little for it may be a record already, which must not wait for more bytes to arrive.
bool record_parser::needs_machine() const noexcept {
  if (scanner_->stopped() || buffer_.at_end() || is_oversized()) return true;
  const std::string_view rest = buffer_.text().substr(scanner_->at() - buffer_.begin());
  return rest.find_first_of("\r\n") != rest.npos;
}

result<record_parser::taken> record_parser::take_by_machine() {
  begin_record();
  regular_columns_ = 0;
  // What it has found beyond the record at hand does not hold, and need not move with the text.
  scanner_->restart(buffer_.begin());
  auto what = taken::nothing;
  if (options_.comment && buffer_.text().starts_with(*options_.comment)) {
    if (auto r = skip_line(); !r) return r.error();
  } else {
    if (auto r = delimit(); !r) return r.error();
    const auto ends = machine_.ends();
    const bool is_empty = machine_.columns() == 1 && !ends.empty() && ends[0] == 0;
    if (is_empty && options_.empty_lines == empty_lines::skip) {
      consume(machine_.size(), machine_.line_ends());
    } else {
      dropping_ ? take_dropped() : take_held();
      what = taken::record;
    }
  }
  scanner_->restart(buffer_.begin());
  return what;
}

result<void> record_parser::delimit() {
  machine_.start();
  dropping_ = false;
  while (!machine_.feed(buffer_.text(), buffer_.at_end())) {
    if (dropping_ || buffer_.text().size() > options_.max_record_bytes) drop();
    if (auto r = fill(); !r) return r;
  }
  if (machine_.size() > options_.max_record_bytes) dropping_ = true;
  return {};
}

void record_parser::drop() {
  const std::size_t opened = machine_.opened_at();
  const std::size_t n = machine_.drop();
  if (opened < n) {
    opened_.offset = buffer_.offset() + buffer_.file_size(buffer_.text().substr(0, opened));
  }
  buffer_.consume(n);
  dropping_ = true;
}

void record_parser::take_held() {
  text_ = buffer_.text().substr(0, machine_.size());
  ends_ = machine_.ends().data();
  ends_base_ = 0;
  raw_columns_ = machine_.ends().size();
  by_machine_ = true;
  if (fields_.size() < raw_columns_) fields_.resize(raw_columns_);
  auto finding = machine_.findings().begin();
  for (std::size_t i = 0; i < raw_columns_; ++i) {
    for (; finding != machine_.findings().end() && finding->column == i; ++finding) {
      report(finding->code, i, finding->at);
    }
    const std::string_view raw = raw_field(i);
    inspect_field(i, raw);
    fields_[i] = is_too_long(i, raw) ? std::string_view() : in_utf8(machine_.decode(raw, room()));
  }
  const std::size_t columns = settle_columns(machine_.columns());
  end_record(machine_.size(), machine_.line_ends(), columns);
}

void record_parser::inspect_field(std::size_t column, std::string_view raw) {
  const auto report_at = [&](issue_code code, std::size_t at) {
    if (at != raw.npos) report(code, column, field_begin(column) + at);
  };
  if (options_.nul == nul_policy::report) report_at(issue_code::nul_character, raw.find('\0'));
  if (options_.utf8 == utf8_check::report && !is_latin1(buffer_.encoding())) {
    report_at(issue_code::invalid_encoding, utf8::find_ill_formed(raw));
  }
}

void record_parser::take_dropped() {
  text_ = {};
  raw_columns_ = 0;
  const csv::position& begin = row_.begin_;
  issues_.push_back({issue_code::record_too_long, 0, begin.offset, begin.line});
  if (machine_.inside_quotes()) {
    const std::size_t opened = machine_.opened_at();
    if (opened != record_machine::gone) {
      opened_.offset = buffer_.offset() + buffer_.file_size(buffer_.text().substr(0, opened));
    }
    const std::uint64_t line = begin.line + machine_.opened_line();
    issues_.push_back({issue_code::unterminated_quote, 0, opened_.offset, line});
  }
  end_record(machine_.size(), machine_.line_ends(), 0);
}

// ---- Both ----------------------------------------------------------------------------------

result<void> record_parser::fill() {
  auto moved = buffer_.fill();
  if (!moved) {
    failure_ = moved.error();
    row_ = {};  // its text has moved
    return *failure_;
  }
  scanner_->move(*moved);
  return {};
}

result<void> record_parser::skip_line() {
  const bool any = options_.line_ends == line_ends::any;
  const csv::position begin = position_;
  for (;;) {
    const std::string_view text = buffer_.text();
    const std::size_t at = any ? text.find_first_of("\r\n") : text.find('\n');
    const bool is_cr = at != text.npos && text[at] == '\r';
    if (at == text.npos) {
      consume(text.size(), 0);
    } else if (is_cr && at + 1 == text.size() && !buffer_.at_end()) {
      consume(at, 0);
    } else {
      const bool pair = is_cr && text.substr(at + 1).starts_with('\n');
      consume(at + (pair ? 2 : 1), 1);
      return {};
    }
    if (buffer_.at_end()) return {};
    if (auto r = fill(); !r) {
      position_ = begin;  // the midst of a line is no place to go on
      return r;
    }
  }
}

void record_parser::consume(std::size_t n, std::uint64_t lines) noexcept {
  buffer_.consume(n);
  position_.offset = buffer_.offset();
  position_.line += lines;
}

inline void record_parser::begin_record() noexcept {
  row_.begin_ = position_;
  issues_.clear();
  reported_ = {};
  room_next_ = nullptr;
}

inline void record_parser::end_record(
    std::size_t size, std::uint64_t lines, std::size_t columns
) noexcept {
  consume(size, lines);
  ++position_.record;
  row_.bytes_ = position_.offset - row_.begin_.offset;
  row_.fields_ = {fields_.data(), columns};
  row_.issues_ = issues_;
  row_.parser_ = this;
}

/// Judges how many fields there are; returns how many are given.
std::size_t record_parser::settle_columns(std::size_t columns) {
  if (text_.size() > options_.max_record_bytes) {
    report(issue_code::record_too_long, 0, 0);
    return raw_columns_ = 0;
  }
  raw_columns_ = std::min(columns, options_.max_columns);
  if (columns_ == 0) columns_ = raw_columns_;
  if (columns > options_.max_columns) {
    report(issue_code::too_many_columns, raw_columns_, field_begin(raw_columns_));
    return raw_columns_;
  }
  if (columns == columns_ || options_.ragged_rows == ragged_rows::keep) return columns;
  if (options_.ragged_rows == ragged_rows::adjust) {
    if (fields_.size() < columns_) fields_.resize(columns_);
    for (std::size_t i = columns; i < columns_; ++i) fields_[i] = {};
    return columns_;
  }
  if (columns < columns_) {
    report(issue_code::too_few_fields, columns, 0);
  } else {
    report(issue_code::too_many_fields, columns_, field_begin(columns_));
  }
  return columns;
}

bool record_parser::is_too_long(std::size_t column, std::string_view raw) {
  if (raw.size() <= options_.max_field_bytes) return false;
  report(issue_code::field_too_long, column, field_begin(column));
  return true;
}

/// Room for the texts of one record: all of it once without its quotes and escapes, and once in
/// UTF-8. It grows at a record's first text only, so that what is given stays where it is.
char*& record_parser::room() {
  if (room_next_ == nullptr) {
    const std::size_t growth = is_latin1(buffer_.encoding()) ? 1 + latin1_growth : 1;
    const std::size_t needed = growth * buffer_.capacity();
    if (room_size_ < needed) {
      room_ = std::make_unique_for_overwrite<char[]>(needed);
      room_size_ = needed;
    }
    room_next_ = room_.get();
  }
  return room_next_;
}

std::string_view record_parser::in_utf8(std::string_view text) {
  if (!is_latin1(buffer_.encoding()) || is_ascii(text)) return text;
  char*& out = room();
  char* const begin = out;
  out = latin1_to_utf8(out, text);
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace scalekit::inline v0::csv::detail
