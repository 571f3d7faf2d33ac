// SPDX-License-Identifier: BSL-1.0
#include "csv/sniffer_cells.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace scalekit::inline v0::csv::sniffing {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

std::size_t skip_digits(std::string_view s, std::size_t i) {
  while (i < s.size() && is_digit(s[i])) ++i;
  return i;
}

std::string_view without_blanks(std::string_view s) {
  const std::size_t first = s.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(' ') - first + 1);
}

/// Takes off a sign, a currency or percent sign on either side, and an exponent.
std::string_view bare_number(std::string_view s) {
  constexpr std::array<std::string_view, 5> symbols{
      "$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5", "%"};
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  for (const std::string_view symbol : symbols) {
    if (s.starts_with(symbol)) s.remove_prefix(symbol.size());
    if (s.ends_with(symbol)) s.remove_suffix(symbol.size());
  }
  s = without_blanks(s);
  const std::size_t e = s.find_first_of("eE");
  if (e == std::string_view::npos || e == 0) return s;
  std::size_t digits = e + 1;
  if (digits < s.size() && (s[digits] == '-' || s[digits] == '+')) ++digits;
  const bool exponent = digits < s.size() && skip_digits(s, digits) == s.size();
  return exponent ? s.substr(0, e) : s;
}

/// `1234`, `.5`, `12.5`, `12,5`, `1,234,567.8`, `1.234,5`, `1 234`: groups of digits, of which
/// those behind a thousands separator have three.
bool is_number(std::string_view text) {
  const std::string_view s = bare_number(text);
  std::size_t i = skip_digits(s, 0);
  const std::size_t first = i;
  if (first == 0 && !(s.starts_with('.') && s.size() > 1)) return false;
  char thousands = '\0';
  while (i < s.size()) {
    const char separator = s[i];
    if (separator != '.' && separator != ',' && separator != ' ' && separator != '\'') return false;
    const std::size_t begin = i + 1;
    i = skip_digits(s, begin);
    const bool last = i == s.size();
    const bool grouped =
        i - begin == 3 && first >= 1 && first <= 3 && (thousands == '\0' || thousands == separator);
    const bool decimals = last && separator != thousands && (separator == '.' || separator == ',');
    if (!grouped && !decimals) return false;
    thousands = separator;
  }
  return true;
}

/// Dates, times, and the two together, of digits: ISO 8601 and what locales make of it.
bool is_time(std::string_view s) {
  if (s.empty() || !is_digit(s.front())) return false;
  int groups = 0;
  int separators = 0;
  for (std::size_t i = 0; i < s.size();) {
    if (is_digit(s[i])) {
      const std::size_t end = skip_digits(s, i);
      if (end - i > 9) return false;
      ++groups;
      i = end;
      continue;
    }
    if (std::string_view("-/:.").find(s[i]) != std::string_view::npos) {
      ++separators;
    } else if (std::string_view("TZ +").find(s[i]) == std::string_view::npos) {
      return false;
    }
    ++i;
  }
  return groups >= 2 && separators >= (groups == 2 ? 1 : 2);
}

/// Words, in whatever alphabet. Out of quotes, a character that could delimit makes it doubtful.
bool is_text(const cell& c) {
  if (std::any_of(c.text.begin(), c.text.end(), is_control)) return false;
  if (c.quoted) return true;
  if (c.text.starts_with("http://") || c.text.starts_with("https://")) return true;
  return c.text.find_first_of(",;\t|:\"{}[]") == std::string_view::npos &&
         !c.text.starts_with('\'');
}

/// One record after another of a sample.
class splitter {
 public:
  splitter(std::string_view sample, const spelling& how) : sample_(sample), how_(how) {}

  std::vector<row> all() {
    std::vector<row> rows;
    while (at_ < sample_.size()) {
      const std::size_t line_end = std::min(sample_.find(how_.line_end, at_), sample_.size());
      const std::string_view line = sample_.substr(at_, line_end - at_);
      const bool blank = line.empty() || line == "\r";
      if (blank || (how_.comment && line.front() == *how_.comment)) {
        at_ = line_end + 1;
        continue;
      }
      row r;
      if (!one_row(r)) break;
      rows.push_back(std::move(r));
    }
    return rows;
  }

 private:
  /// False if the sample ends in quotes.
  bool one_row(row& r) {
    for (;;) {
      cell c;
      const bool quoted = how_.quote && at_ < sample_.size() && sample_[at_] == *how_.quote;
      if (quoted && !read_quoted(c)) return false;
      read_bare(c);
      r.push_back(c);
      if (at_ == sample_.size()) return true;
      if (sample_[at_++] == how_.line_end) return true;
    }
  }

  /// From the opening quote to behind the closing one.
  bool read_quoted(cell& c) {
    const std::size_t begin = ++at_;
    for (; at_ < sample_.size(); ++at_) {
      if (how_.escape && sample_[at_] == *how_.escape) {
        ++at_;
      } else if (sample_[at_] == *how_.quote) {
        if (at_ + 1 == sample_.size() || sample_[at_ + 1] != *how_.quote) {
          c.text = sample_.substr(begin, at_ - begin);
          c.quoted = true;
          ++at_;
          return true;
        }
        ++at_;
      }
    }
    return false;
  }

  /// Up to the delimiter or the line's end; behind a quoted cell there should be nothing.
  void read_bare(cell& c) {
    const std::size_t begin = at_;
    while (at_ < sample_.size() && sample_[at_] != how_.delimiter && sample_[at_] != how_.line_end
    ) {
      ++at_;
    }
    std::string_view text = sample_.substr(begin, at_ - begin);
    const bool ends_line = at_ == sample_.size() || sample_[at_] == how_.line_end;
    if (ends_line && text.ends_with('\r')) text.remove_suffix(1);
    if (!c.quoted) {
      c.text = text;
    } else {
      c.malformed = !text.empty();
    }
  }

  std::string_view sample_;
  const spelling& how_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<row> split(std::string_view sample, const spelling& how) {
  return splitter(sample, how).all();
}

kind kind_of(const cell& c) {
  if (c.malformed) return kind::unknown;
  const std::string_view text = without_blanks(c.text);
  if (text.empty()) return kind::empty;
  if (is_number(text)) return kind::number;
  if (is_time(text)) return kind::time;
  return is_text(c) ? kind::text : kind::unknown;
}

}  // namespace scalekit::inline v0::csv::sniffing
