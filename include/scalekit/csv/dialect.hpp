// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_DIALECT_HPP
#define SCALEKIT_CSV_DIALECT_HPP

/// \file
/// How a CSV file is spelled. The defaults are RFC 4180 with LF line ends; every option says which
/// reader it is for.

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>
#include <scalekit/timestamp.hpp>

#include <string>

namespace scalekit::inline v0::csv {

/// When a field stands in quotes. NULL never does: that is what tells it from an empty text.
enum class quoting {
  minimal,      ///< only where a reader would otherwise go wrong
  all,          ///< every field but NULL
  non_numeric,  ///< every field but NULL and numbers (what Python calls QUOTE_NONNUMERIC)
  never,        ///< none; \ref dialect::escape stands before a special character instead
  /// Byte for byte what `sqlite3 -csv` prints: also every text with a blank, a control character,
  /// an apostrophe or a byte that is not ASCII.
  sqlite_cli
};

enum class line_ending { lf, crlf };

/// How a text of no characters is written where NULL is written as nothing.
enum class empty_text {
  quoted,  ///< `""`, so that it differs from NULL (as PostgreSQL and sqlite3 do)
  bare     ///< nothing, like NULL: for readers that cannot take `""`
};

/// Whether text that a spreadsheet would run as a formula is made harmless by a leading `'`.
enum class formula_guard {
  off,
  on,     ///< text that starts with `=`, `+`, `-`, `@`, TAB or CR
  strict  ///< also LF, NUL, the full-width forms of `= + - @`, and any of these after blanks or
          ///< quotes
};

enum class byte_order_mark { none, utf8 };

enum class timestamp_style {
  rfc3339,             ///< `2024-05-06T07:08:09.123Z`
  space_separated,     ///< `2024-05-06 07:08:09.123`, UTC, as SQL and spreadsheets read it
  epoch_seconds,       ///< whole seconds since 1970, rounded down
  epoch_milliseconds,  ///< rounded down
  epoch_microseconds,  ///< exact
  pattern              ///< \ref dialect::timestamp_pattern
};

enum class blob_encoding {
  hex,    ///< lower case, no prefix
  base64  ///< RFC 4648 section 4, padded
};

/// \brief The spelling of one CSV file. \ref check tells whether the options agree.
struct dialect {
  /// \brief Between fields. `;` suits spreadsheets in locales with a decimal comma.
  char delimiter = ',';
  /// \brief Around fields; doubled inside them.
  char quote = '"';
  csv::quoting quoting = csv::quoting::minimal;
  /// \brief Stands before a special character under `quoting::never`; not used otherwise.
  char escape = '\\';
  /// \brief LF by default, which every reader takes and which is what `sqlite3` and PostgreSQL
  /// write; RFC 4180 says CRLF, for the few that insist on it.
  csv::line_ending line_ending = csv::line_ending::lf;
  /// \brief What NULL looks like, e.g. `\N`; never quoted. A text that happens to be the same is
  /// quoted (or escaped), so the two stay apart. At most 64 bytes.
  std::string null_text = {};
  /// \brief Has no effect where `null_text` is not empty: an empty text is then nothing.
  csv::empty_text empty_text = csv::empty_text::quoted;
  /// \brief UTF-8 by Excel's reckoning needs the mark; most other readers are better off without.
  csv::byte_order_mark byte_order_mark = csv::byte_order_mark::none;
  /// \brief `.` or `,`. A number that holds the delimiter is quoted.
  char decimal_separator = '.';
  /// \brief Applies to text and header names only, never to a typed number, decimal or timestamp:
  /// `-5` stays a number. It changes data, so a file meant to be imported again leaves it off.
  csv::formula_guard formula_guard = csv::formula_guard::off;
  /// \brief The words for booleans; they differ from each other and from `null_text`.
  std::string true_text = "true";
  std::string false_text = "false";
  /// \brief The words for doubles that are not numbers; `-` stands before the negative infinity.
  /// May equal `null_text`, where a reader knows neither.
  std::string nan_text = "NaN";
  std::string infinity_text = "Infinity";
  /// \brief Always UTC. A year outside 0-9999 gets a sign and six digits (ISO 8601 expanded).
  csv::timestamp_style timestamp_style = csv::timestamp_style::rfc3339;
  /// \brief Digits of the second, for the first two styles; `none` and `milliseconds` cut off.
  second_fraction timestamp_fraction = second_fraction::automatic;
  /// \brief For `timestamp_style::pattern`: `%Y %m %d %H %M %S`, `%L` (3 digits of the second),
  /// `%f` (6 digits), `%%`; anything else stands for itself. At most 64 bytes.
  std::string timestamp_pattern = {};
  csv::blob_encoding blob_encoding = csv::blob_encoding::hex;
};

/// \brief Whether the options can make a file that reads back as what was written.
/// \par Errors `invalid_argument` naming the option, what is wrong with it and what to use instead.
[[nodiscard]] SCALEKIT_EXPORT result<void> check(const dialect& d);

}  // namespace scalekit::inline v0::csv

#endif
