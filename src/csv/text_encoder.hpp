// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_TEXT_ENCODER_HPP
#define SCALEKIT_SRC_CSV_TEXT_ENCODER_HPP

#include "csv/scan.hpp"

#include <scalekit/csv/buffer.hpp>
#include <scalekit/csv/dialect.hpp>
#include <scalekit/csv/encoder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace scalekit::inline v0::csv {

/// \brief Writes text fields: the guard against formulas, then quotes or escapes where needed.
class text_encoder {
 public:
  explicit text_encoder(const dialect& d);

  /// \brief Writes the field at `p`, the end of `out`; returns its end. Leaves room for a
  /// delimiter, a pair of quotes and a line end.
  char* put(buffer& out, char* p, std::string_view s, show_text how) const {
    if (s.empty()) return put_raw(out.prepare_at(p, row_end_room), empty_field_);
    p = out.prepare_at(p, room_for(s));
    if (how == show_text::trusted) return put_trusted(p, s);
    const bool guard = how == show_text::guarded && starts_formula(s);
    switch (quoting_) {
      case quoting::minimal: {
        *p = guard_character;
        const bool found = scan::native::copy_and_find(p + guard, s, special_);
        return found || s == null_text_ ? put_quoted(p, s, guard) : p + guard + s.size();
      }
      case quoting::never:
        return put_escaped(p, s, guard);
      case quoting::sqlite_cli: {
        const bool quotes = s == null_text_ || any_special(s) || !sqlite_prints_bare(s);
        return quotes ? put_quoted(p, s, guard) : put_bare(p, s, guard);
      }
      default:
        return put_quoted(p, s, guard);
    }
  }

  /// \brief True where a text needs no guard and no comparison with NULL's: \ref put_simple then
  /// does what \ref put does, for texts that are short, not empty and not trusted.
  [[nodiscard]] bool is_simple() const noexcept { return simple_; }
  static constexpr std::size_t longest_simple = 4096;

  /// \pre \ref is_simple; there is room for twice the text and a pair of quotes.
  char* put_simple(char* p, std::string_view s) const noexcept {
    return scan::native::copy_and_find(p, s, special_) ? put_quoted(p, s, false) : p + s.size();
  }

  /// \brief How a text (or blob) without characters is written.
  [[nodiscard]] std::string_view empty_field() const noexcept { return empty_field_; }

  /// \brief True if a text of these characters would need quotes.
  [[nodiscard]] bool any_special(std::string_view characters) const noexcept {
    return std::any_of(characters.begin(), characters.end(), [&](char c) {
      return special_.contains(c);
    });
  }

 private:
  static constexpr char guard_character = '\'';
  static constexpr std::size_t row_end_room = 16;

  static char* put_raw(char* p, std::string_view s) noexcept {
    if (!s.empty()) std::memcpy(p, s.data(), s.size());
    return p + s.size();
  }

  static char* put_bare(char* p, std::string_view s, bool guard) noexcept {
    *p = guard_character;
    return put_raw(p + guard, s);
  }

  [[nodiscard]] static bool sqlite_prints_bare(std::string_view s) noexcept {
    return std::all_of(s.begin(), s.end(), [](char c) {
      return c > ' ' && c < '\x7f' && c != '\'' && c != '"';
    });
  }

  [[nodiscard]] bool is_escaped(char c) const noexcept {
    return special_.contains(c) || c == escape_;
  }

  /// Twice the size is always enough; for a long text counting is cheaper than so much memory.
  [[nodiscard]] std::size_t room_for(std::string_view s) const noexcept {
    constexpr std::size_t long_text = 4096;
    std::size_t extra = s.size();
    if (s.size() > long_text) {
      extra = static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [&](char c) {
        return is_escaped(c);
      }));
    }
    return s.size() + extra + row_end_room;
  }

  [[nodiscard]] bool starts_formula(std::string_view s) const noexcept {
    const auto kind = first_[static_cast<unsigned char>(s[0])];
    return kind == first_character::formula ||
           (kind == first_character::look_further && hides_formula(s));
  }

  [[nodiscard]] static bool hides_formula(std::string_view s) noexcept;
  char* put_quoted(char* p, std::string_view s, bool guard) const noexcept;
  char* put_escaped(char* p, std::string_view s, bool guard) const noexcept;
  char* put_trusted(char* p, std::string_view s) const noexcept;

  enum class first_character : std::uint8_t { harmless, formula, look_further };

  scan::special_characters special_;
  quoting quoting_;
  bool simple_;
  char quote_;
  char escape_;  // the quote again where there are no escapes
  std::string null_text_;
  std::string empty_field_;
  std::array<first_character, 256> first_{};
};

}  // namespace scalekit::inline v0::csv

#endif
