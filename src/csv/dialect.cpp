// SPDX-License-Identifier: BSL-1.0
#include "csv/timestamp_text.hpp"

#include <scalekit/csv/dialect.hpp>

#include <string_view>

namespace scalekit::inline v0::csv {

namespace {

constexpr std::size_t max_word = 64;

error bad(std::string_view option, std::string_view why) {
  return {errc::invalid_argument, std::string(option).append(": ").append(why)};
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A character that structures the file must not occur inside a number, a base64 text or a
/// multi-byte character, which are written unseen.
result<void> check_structural(std::string_view option, char c) {
  if (c == '\0') return bad(option, "is NUL; choose a printable character or a tab");
  if (c == '\n' || c == '\r') return bad(option, "is a line end, which ends rows");
  if (static_cast<unsigned char>(c) >= 0x80) {
    return bad(option, "must be one ASCII character; this is a part of a UTF-8 sequence");
  }
  if (is_letter_or_digit(c) || std::string_view("+-./=").find(c) != std::string_view::npos) {
    return bad(option, std::string("'") + c + "' can be part of a number or of base64");
  }
  return {};
}

bool holds_structure(const dialect& d, std::string_view word) noexcept {
  return word.find_first_of(std::string{d.delimiter, d.quote, '\n', '\r'}) !=
         std::string_view::npos;
}

result<void> check_characters(const dialect& d) {
  if (auto r = check_structural("delimiter", d.delimiter); !r) return r;
  if (auto r = check_structural("quote", d.quote); !r) return r;
  if (d.delimiter == d.quote) return bad("quote", "is the same as delimiter");
  if (d.decimal_separator != '.' && d.decimal_separator != ',') {
    return bad("decimal_separator", "must be '.' or ','");
  }
  if (d.formula_guard != formula_guard::off) {
    const bool escapes = d.quoting == quoting::never && d.escape == '\'';
    if (d.delimiter == '\'' || d.quote == '\'' || escapes || d.null_text.starts_with('\'')) {
      return bad(
          "formula_guard",
          "puts ' before a text, so ' can be no delimiter, quote or escape, nor start null_text"
      );
    }
  }
  if (d.quoting != quoting::never) return {};
  if (auto r = check_structural("escape", d.escape); !r) return r;
  if (d.escape == d.delimiter || d.escape == d.quote) {
    return bad("escape", "is the same as delimiter or quote");
  }
  if (d.decimal_separator == d.delimiter) {
    return bad("decimal_separator", "is the delimiter, and quoting::never cannot quote numbers");
  }
  return {};
}

result<void> check_null_text(const dialect& d) {
  if (d.null_text.empty()) {
    if (d.quoting == quoting::never && d.empty_text == empty_text::quoted) {
      return bad(
          "empty_text",
          "quoting::never cannot write \"\"; set empty_text::bare, or null_text to e.g. \\N"
      );
    }
    return {};
  }
  if (holds_structure(d, d.null_text)) {
    return bad("null_text", "is never quoted, so it can hold no delimiter, quote or line end");
  }
  const char first = d.null_text[0];
  if ((first >= '0' && first <= '9') || (d.null_text.size() > 1 && (first == '-' || first == '+') &&
                                         d.null_text[1] >= '0' && d.null_text[1] <= '9')) {
    return bad("null_text", "looks like a number, and numbers are not compared with it");
  }
  return {};
}

result<void> check_words(const dialect& d) {
  struct {
    std::string_view option;
    std::string_view word;
  } const words[] = {
      {"null_text", d.null_text},
      {"true_text", d.true_text},
      {"false_text", d.false_text},
      {"nan_text", d.nan_text},
      {"infinity_text", d.infinity_text},
  };
  for (const auto& [option, word] : words) {
    if (word.size() > max_word) return bad(option, "is longer than 64 bytes");
  }
  if (d.true_text == d.false_text) return bad("true_text", "is the same as false_text");
  if (d.true_text == d.null_text) return bad("true_text", "is the same as null_text");
  if (d.false_text == d.null_text) return bad("false_text", "is the same as null_text");
  return {};
}

result<void> check_timestamps(const dialect& d) {
  if (d.timestamp_style == timestamp_style::pattern) {
    if (auto r = check_timestamp_pattern(d.timestamp_pattern); !r) return r;
  } else if (!d.timestamp_pattern.empty()) {
    return bad("timestamp_pattern", "is set, but timestamp_style is not timestamp_style::pattern");
  }
  const timestamp_text text(d);
  const std::string_view others = text.other_characters();
  if (others.find(d.quote) != std::string_view::npos) {
    return bad("timestamp_style", "timestamps would hold the quote character");
  }
  if (d.quoting == quoting::never &&
      (holds_structure(d, others) || others.find(d.escape) != std::string_view::npos)) {
    return bad(
        "timestamp_style",
        "timestamps would hold the delimiter, a line end or the escape character, "
        "and quoting::never cannot quote them"
    );
  }
  return {};
}

}  // namespace

result<void> check(const dialect& d) {
  for (auto* step : {check_characters, check_null_text, check_words, check_timestamps}) {
    if (auto r = step(d); !r) return std::move(r).error().with_context("csv dialect");
  }
  return {};
}

}  // namespace scalekit::inline v0::csv
