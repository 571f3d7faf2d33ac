// SPDX-License-Identifier: BSL-1.0
#include "csv/text_encoder.hpp"

namespace scalekit::inline v0::csv {

namespace {

using namespace std::string_view_literals;

// OWASP, "CSV Injection": what a spreadsheet takes for the start of a formula.
constexpr std::string_view formula_starts = "=+-@\t\r"sv;
constexpr std::string_view strict_formula_starts = "=+-@\t\r\n\0"sv;
// A spreadsheet may drop these before it looks.
constexpr std::string_view skipped_before_formula = " \"'"sv;
constexpr std::array<std::string_view, 4> full_width_starts{
    "\xEF\xBC\x9D"sv,  // U+FF1D =
    "\xEF\xBC\x8B"sv,  // U+FF0B +
    "\xEF\xBC\x8D"sv,  // U+FF0D -
    "\xEF\xBC\xA0"sv   // U+FF20 @
};

std::string empty_field_of(const dialect& d) {
  const bool bare = d.null_text.empty() && d.empty_text == empty_text::bare;
  const bool needed = d.quoting != quoting::minimal || d.null_text.empty();
  return d.quoting == quoting::never || bare || !needed ? std::string() : std::string(2, d.quote);
}

}  // namespace

text_encoder::text_encoder(const dialect& d)
    : special_(d.delimiter, d.quote),
      quoting_(d.quoting),
      simple_(
          d.quoting == quoting::minimal && d.null_text.empty() &&
          d.formula_guard == formula_guard::off
      ),
      quote_(d.quote),
      escape_(d.quoting == quoting::never ? d.escape : d.quote),
      null_text_(d.null_text),
      empty_field_(empty_field_of(d)) {
  const auto mark = [&](std::string_view characters, first_character kind) {
    for (const char c : characters) first_[static_cast<unsigned char>(c)] = kind;
  };
  switch (d.formula_guard) {
    case formula_guard::off:
      break;
    case formula_guard::on:
      mark(formula_starts, first_character::formula);
      break;
    case formula_guard::strict:
      mark(skipped_before_formula, first_character::look_further);
      mark("\xEF"sv, first_character::look_further);
      mark(strict_formula_starts, first_character::formula);
  }
}

bool text_encoder::hides_formula(std::string_view s) noexcept {
  const std::size_t start = s.find_first_not_of(skipped_before_formula);
  if (start == std::string_view::npos) return false;
  s.remove_prefix(start);
  return strict_formula_starts.find(s[0]) != std::string_view::npos ||
         std::any_of(full_width_starts.begin(), full_width_starts.end(), [&](std::string_view f) {
           return s.starts_with(f);
         });
}

char* text_encoder::put_quoted(char* p, std::string_view s, bool guard) const noexcept {
  *p++ = quote_;
  *p = guard_character;
  p = scan::native::copy_doubling(p + guard, s, quote_);
  *p++ = quote_;
  return p;
}

char* text_encoder::put_escaped(char* p, std::string_view s, bool guard) const noexcept {
  *p = guard_character;
  p += guard;
  if (s == null_text_ && !is_escaped(s[0])) *p++ = escape_;
  for (const char c : s) {
    if (is_escaped(c)) *p++ = escape_;
    *p++ = c;
  }
  return p;
}

char* text_encoder::put_trusted(char* p, std::string_view s) const noexcept {
  const bool quotes = quoting_ == quoting::all || quoting_ == quoting::non_numeric;
  *p = quote_;
  p = put_raw(p + quotes, s);
  *p = quote_;
  return p + quotes;
}

}  // namespace scalekit::inline v0::csv
