// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_FIELD_TYPE_HPP
#define SCALEKIT_BULK_FIELD_TYPE_HPP

/// \file
/// What a field of a file may be, and the limits of each type. Nothing is rounded, cut or guessed
/// unless an option says so; letters are told apart or folded in ASCII only.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What a field is read as, and the kind of \ref sql::value_view it becomes.
enum class field_type : std::uint8_t {
  text,         ///< text, as it stands in the file
  integer,      ///< int64
  decimal,      ///< decimal: exact, never a double on the way
  float64,      ///< float64, the nearest
  boolean,      ///< int64, 1 or 0
  date,         ///< text, `YYYY-MM-DD`
  timestamp,    ///< timestamp, exact to the microsecond
  uuid,         ///< text, lower case with dashes
  enumeration,  ///< whatever its word stands for
  blob          ///< blob, decoded
};
/// \brief The spelling, e.g. `"decimal"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(field_type type) noexcept;

struct text_limits {
  std::size_t min_length = 0;  ///< in code points
  std::size_t max_length = 0;  ///< in code points; 0: no limit
  /// The form of the whole text: characters that stand for themselves, and `[A-Za-z0-9_]` for one
  /// of a set (ASCII; `[^...]` for one byte of none of them; `\` before a character makes it
  /// plain). `{3}` behind either repeats it; the last may say `{1,30}` or `{0,}`. Empty: any.
  ///
  /// `[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}` is an IBAN, `[ -~]{0,}` is printable ASCII. One pass over
  /// the text, whatever the text: this is not a regular expression, which \ref row_rule may hold
  /// where one is needed.
  std::string pattern = {};
};

enum class plus_sign : std::uint8_t { accept, refuse };
enum class leading_zeros : std::uint8_t {
  accept,
  refuse  ///< `007` is likely a code that a spreadsheet would spoil
};

struct integer_limits {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  bulk::plus_sign plus_sign = bulk::plus_sign::accept;
  bulk::leading_zeros leading_zeros = bulk::leading_zeros::accept;
  /// Accepted between groups of three digits (all of them or none); 0: not accepted.
  char thousands = '\0';
};

struct decimal_limits {
  /// Digits in all, of which `scale` behind the point, as in `DECIMAL(precision, scale)`: 1 to
  /// 1000. Zeros in front, and behind the scale, do not count; other digits there are refused. The
  /// value is given on with exactly `scale` digits behind the point, so that equal numbers are
  /// equal texts.
  std::size_t precision = 38;
  std::size_t scale = 2;
  std::string minimum = {};  ///< a number such as `-0.5`; empty: no limit
  std::string maximum = {};
  char separator = '.';  ///< or `,`
  /// Accepted between groups of three digits (all of them or none); 0: not accepted.
  char thousands = '\0';
};

enum class non_finite : std::uint8_t {
  refuse,
  accept  ///< `nan`, `inf`, `infinity` in any case; few databases can store them
};

struct float64_limits {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bulk::non_finite non_finite = bulk::non_finite::refuse;
  char separator = '.';  ///< or `,`
};

/// Words in any case.
struct boolean_words {
  std::vector<std::string> yes = {"true", "t", "yes", "y", "on", "1"};
  std::vector<std::string> no = {"false", "f", "no", "n", "off", "0"};
};

/// Patterns are made of `%Y` (4 digits), `%m %d %H %M %S` (2 digits), `%I` with `%p` (1-12, AM or
/// PM), `%L` (3 digits of the second), `%f` (1 to 9), `%z` (`Z`, `+02:00`, `+0200`, `+02`), `%%`;
/// `%-d` and the like take one digit or two. Anything else stands for itself. Two-digit years are
/// not supported, since their century is a guess. Years 0000-9999 of the Gregorian calendar; what
/// the database cannot store of these, it refuses.
struct date_limits {
  std::vector<std::string> patterns = {"%Y-%m-%d"};  ///< tried in this order
  std::string minimum = {};                          ///< `YYYY-MM-DD`; empty: no limit
  std::string maximum = {};
};

enum class excess_digits : std::uint8_t {
  refuse,  ///< unless they are zeros
  cut      ///< not rounded
};
enum class leap_second : std::uint8_t {
  refuse,
  next_second  ///< `23:59:60` is the instant after `23:59:59`, as in PostgreSQL
};

struct timestamp_limits {
  /// See \ref date_limits; tried in this order. Empty: RFC 3339, with `T`, `t` or a blank.
  std::vector<std::string> patterns = {};
  /// The offset from UTC of a text that names none. Empty: such a text is refused.
  std::optional<std::chrono::minutes> zone = {};
  std::optional<system_time> minimum = {};
  std::optional<system_time> maximum = {};
  excess_digits fraction = excess_digits::refuse;  ///< digits behind the microsecond
  bulk::leap_second leap_second = bulk::leap_second::refuse;
};

enum class letter_case : std::uint8_t { exact, fold };

/// \brief A word of an enumeration.
struct enum_word {
  std::string word = {};                  ///< in the file
  std::optional<sql::value> stored = {};  ///< in the table; empty: the word as written here
};

struct enumeration_words {
  std::vector<enum_word> words = {};
  letter_case letters = letter_case::exact;
};

enum class blob_text : std::uint8_t {
  hex,    ///< either case, with or without `\x` or `0x` in front
  base64  ///< RFC 4648 section 4, padded
};

struct blob_limits {
  blob_text text = blob_text::hex;
  std::size_t max_bytes = 0;  ///< decoded; 0: no limit
};

}  // namespace scalekit::inline v0::bulk

#endif
