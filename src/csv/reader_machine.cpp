// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_machine.hpp"

#include <utility>

namespace scalekit::inline v0::csv {

std::string_view without_leading_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view without_trailing_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::uint64_t count_line_ends(std::string_view text, line_ends rule) noexcept {
  std::uint64_t lines = 0;
  char before = '\0';
  for (const char c : text) {
    if (rule == line_ends::lf) {
      lines += c == '\n' ? 1 : 0;
    } else {
      lines += c == '\r' || (c == '\n' && before != '\r') ? 1 : 0;
    }
    before = c;
  }
  return lines;
}

record_machine::record_machine(const reader_options& o)
    : delimiter_(o.delimiter),
      quote_(o.quote),
      escape_(o.escape),
      trim_(o.trim == csv::trim::blanks),
      any_line_end_(o.line_ends == csv::line_ends::any),
      report_(o.malformed_quotes == malformed_quotes::report),
      max_columns_(o.max_columns) {
  build_stops();
}

void record_machine::build_stops() {
  const auto stop = [this](char c, unsigned where) {
    stops_[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(where);
  };
  stop(delimiter_, stops_bare);
  for (const char c : {'\n', '\r'}) stop(c, stops_bare | stops_quoted);
  if (quote_) stop(*quote_, stops_bare | stops_quoted);
  if (escape_) stop(*escape_, stops_bare | stops_quoted);
}

void record_machine::start() {
  state_ = state::field_start;
  dropping_ = false;
  found_in_field_ = 0;
  at_ = column_ = 0;
  lines_ = 0;
  opened_at_ = gone;
  ends_.clear();
  findings_.clear();
}

bool record_machine::feed(std::string_view text, bool last) {
  while (at_ < text.size()) {
    if (inside_quotes()) {
      inside(text);
      continue;
    }
    switch (outside(text, last)) {
      case step::on:
        break;
      case step::wait:
        return false;
      case step::done:
        return true;
    }
  }
  if (!last) return false;
  if (inside_quotes()) found(issue_code::unterminated_quote, opened_at_);
  end_field(at_);
  return true;
}

std::size_t record_machine::drop() noexcept {
  // One byte is kept, since an LF asks what is before it.
  const std::size_t n = at_ == 0 ? 0 : at_ - 1;
  dropping_ = true;
  ends_.clear();
  findings_.clear();
  at_ -= n;
  opened_at_ = opened_at_ == gone || opened_at_ < n ? gone : opened_at_ - n;
  return n;
}

void record_machine::skip_to_stop(std::string_view text, std::uint8_t stop) noexcept {
  while (at_ < text.size() && (stops_[static_cast<unsigned char>(text[at_])] & stop) == 0) ++at_;
}

record_machine::step record_machine::outside(std::string_view text, bool last) {
  const char c = text[at_];
  if (state_ == state::escaped) {
    line_end_inside(text);
    state_ = state::bare;
    ++at_;
    return step::on;
  }
  if (c == delimiter_) {
    end_field(at_++);
    state_ = state::field_start;
    return step::on;
  }
  if (c == '\n') {
    // An escaped CR before it has been counted: the two are one line end, if not one character.
    const bool counted = any_line_end_ && at_ != 0 && text[at_ - 1] == '\r';
    return end_record(at_ + 1, counted ? 0 : 1);
  }
  if (c == '\r') return carriage_return(text, last);
  if (quote_ == c) {
    quote_outside();
    return step::on;
  }
  if (escape_ == c && state_ != state::closed) {
    begin_text();
    state_ = state::escaped;
    ++at_;
    return step::on;
  }
  if (trim_ && is_blank(c) && state_ != state::bare) {
    if (state_ == state::closed) state_ = state::blanks_after_quote;
    ++at_;
    return step::on;
  }
  begin_text();
  ++at_;
  skip_to_stop(text, stops_bare);
  return step::on;
}

record_machine::step record_machine::carriage_return(std::string_view text, bool last) {
  const bool at_end = at_ + 1 == text.size();
  if (at_end && !last) return step::wait;
  if (!at_end && text[at_ + 1] == '\n') return end_record(at_ + 2, 1);
  if (any_line_end_) return end_record(at_ + 1, 1);
  begin_text();
  found(issue_code::bare_carriage_return, at_);
  ++at_;
  return step::on;
}

void record_machine::quote_outside() {
  if (state_ == state::field_start) {
    opened_at_ = at_;
    opened_line_ = lines_;
    state_ = state::quoted;
  } else if (state_ == state::closed) {
    state_ = state::quoted;
  } else {
    begin_text();
    found(issue_code::stray_quote, at_);
  }
  ++at_;
}

/// What comes is part of a field that is not, or no more, in quotes.
void record_machine::begin_text() {
  if (state_ == state::closed || state_ == state::blanks_after_quote) {
    found(issue_code::stray_quote, closed_at_);
  }
  state_ = state::bare;
}

void record_machine::inside(std::string_view text) noexcept {
  if (state_ == state::escaped_in_quotes) {
    line_end_inside(text);
    state_ = state::quoted;
    ++at_;
    return;
  }
  skip_to_stop(text, stops_quoted);
  if (at_ == text.size()) return;
  if (quote_ == text[at_]) {
    closed_at_ = at_;
    state_ = state::closed;
  } else if (escape_ == text[at_]) {
    state_ = state::escaped_in_quotes;
  } else {
    line_end_inside(text);
  }
  ++at_;
}

/// Counts the character if a line ends with it, in the midst of a field.
void record_machine::line_end_inside(std::string_view text) noexcept {
  if (text[at_] == '\r') {
    if (any_line_end_) ++lines_;
  } else if (text[at_] == '\n') {
    if (!any_line_end_ || text[at_ - 1] != '\r') ++lines_;
  }
}

record_machine::step record_machine::end_record(std::size_t size, std::uint64_t lines) {
  end_field(at_);
  at_ = size;
  lines_ += lines;
  return step::done;
}

void record_machine::end_field(std::size_t at) {
  if (!dropping_ && column_ < max_columns_) ends_.push_back(static_cast<std::uint32_t>(at));
  ++column_;
  found_in_field_ = 0;
}

void record_machine::found(issue_code code, std::size_t at) {
  if (dropping_ || column_ >= max_columns_) return;
  if (!report_ && code != issue_code::unterminated_quote) return;
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(code));
  if ((found_in_field_ & bit) != 0) return;
  found_in_field_ |= bit;
  findings_.push_back({code, column_, at});
}

std::string_view record_machine::decode(std::string_view raw, char*& out) const noexcept {
  if (trim_) raw = without_leading_blanks(raw);
  bool inside = quote_ && raw.starts_with(*quote_);
  if (!inside && (!escape_ || raw.find(*escape_) == raw.npos)) {
    return trim_ ? without_trailing_blanks(raw) : raw;
  }
  char* const begin = out;
  char* untrimmed = out;  // what stands before it was in quotes or escaped
  for (std::size_t i = inside ? 1 : 0; i < raw.size(); ++i) {
    const bool more = i + 1 < raw.size();
    if (escape_ == raw[i] && more) {
      *out++ = raw[++i];
      untrimmed = out;
    } else if (inside && quote_ == raw[i]) {
      inside = more && raw[i + 1] == *quote_;
      untrimmed = out + (inside ? 1 : 0);
      // Right behind a closing quote an escape is a character.
      if (inside || (more && escape_ == raw[i + 1])) *out++ = raw[++i];
    } else {
      *out++ = raw[i];
      if (inside) untrimmed = out;
    }
  }
  while (trim_ && out != untrimmed && is_blank(out[-1])) --out;
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace scalekit::inline v0::csv
