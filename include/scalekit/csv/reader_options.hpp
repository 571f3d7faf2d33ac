// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_READER_OPTIONS_HPP
#define SCALEKIT_CSV_READER_OPTIONS_HPP

/// \file
/// How a CSV file is to be read. The defaults are RFC 4180 with a header, in UTF-8; whatever is not
/// that is reported, and read all the same.

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace scalekit::inline v0::csv {

/// What to do where quotes or CRs stand against RFC 4180: `a"b`, `"x"y`, a bare CR. They are read
/// in one way, that of Excel and of Python's `csv`; see \ref reader for examples.
enum class malformed_quotes {
  as_excel,  ///< read without a word
  report     ///< read the same way, and an \ref issue of the record
};

/// What to do with a record that has fewer or more fields than the header.
enum class ragged_rows {
  report,  ///< an \ref issue of the record
  /// Missing fields are null (or empty, if the empty text is not a null text); surplus ones
  /// dropped.
  adjust,
  keep  ///< as they are, whatever their number
};

enum class nul_policy {
  report,  ///< an \ref issue of the record
  keep     ///< a character like any other
};

/// The characters of the file. Fields and names are always given in UTF-8.
enum class text_encoding {
  detect,  ///< by the byte order mark; UTF-8 without one
  utf8,
  latin1,  ///< ISO 8859-1 with the C1 range read as Windows-1252, as browsers do
  utf16le,
  utf16be
};

enum class utf8_check {
  report,  ///< ill-formed UTF-8 is an \ref issue of the record, and given as it is
  none     ///< given as it is; saves up to two fifths of the time, on Chinese text say
};

enum class header { present, absent };

enum class trim {
  none,
  blanks  ///< spaces and TABs around a field, outside its quotes; a blank that is escaped stays
};

/// What ends a line, and with it, outside quotes, a record.
enum class line_ends {
  lf,  ///< LF and CR LF, mixed as they come; a bare CR is a character of its field, and an \ref
       ///< issue
  /// A bare CR too: old Macintosh files, and all that Python's `csv` and Excel take for a line end.
  any
};

/// What a line with nothing on it is. It counts as a line either way.
enum class empty_lines {
  skip,  ///< no record: what it is in nearly every file, above all at its end
  keep   ///< a record of one empty field: for files of one column, written by naive programs
};

/// \brief How a CSV file is to be read. \ref check tells whether the options agree.
struct reader_options {
  /// \brief Between fields. As all four characters: ASCII, neither NUL nor a line end, and unlike
  /// the others.
  char delimiter = ',';
  /// \brief Around fields, doubled inside them. None: quotes are characters like any other.
  std::optional<char> quote = '"';
  /// \brief Takes away the meaning of the character behind it, in quotes or not; doubled quotes are
  /// understood as well. Right behind a closing quote it is a character, as to Python. A file that
  /// uses it much is read several times slower.
  std::optional<char> escape = {};
  /// \brief A line that begins with it is skipped, whatever stands on it; it counts as a line and
  /// is no record. Inside quotes it means nothing.
  std::optional<char> comment = {};
  csv::header header = csv::header::present;
  /// \brief Physical lines before the header (or the first record), skipped unseen.
  std::uint64_t skip_lines = 0;
  csv::trim trim = csv::trim::none;
  /// \brief Bare fields that mean NULL, e.g. `""` (the empty text) and `"\\N"`; compared as they
  /// stand in the file, trimmed if asked for, before anything is unescaped. None by default.
  std::vector<std::string> null_texts = {};
  csv::line_ends line_ends = csv::line_ends::lf;
  csv::empty_lines empty_lines = csv::empty_lines::skip;
  csv::malformed_quotes malformed_quotes = csv::malformed_quotes::report;
  csv::ragged_rows ragged_rows = csv::ragged_rows::report;
  csv::nul_policy nul = csv::nul_policy::report;
  csv::text_encoding encoding = csv::text_encoding::detect;
  csv::utf8_check utf8 = csv::utf8_check::report;
  /// \brief A field of more bytes than this, its quotes and escapes included, is given as an empty
  /// text, and reported.
  std::size_t max_field_bytes = std::size_t{16} * 1024 * 1024;
  /// \brief A record of more bytes than this is skipped to its end without being held, reported,
  /// and given without fields: what an opening quote without a closing one makes of the rest of a
  /// file. At most 1 GiB. (Of UTF-16, both limits count bytes of UTF-8.)
  std::size_t max_record_bytes = std::size_t{64} * 1024 * 1024;
  /// \brief Fields beyond this number are dropped, and reported.
  std::size_t max_columns = 65536;
  /// \brief How much is read at a time, from 64 bytes to 1 GiB. A quarter of a megabyte stays in
  /// the second-level cache; more gains nothing.
  std::size_t buffer_bytes = std::size_t{256} * 1024;
};

/// \brief Whether the options agree with each other.
/// \par Errors `invalid_argument` naming the option, what is wrong with it and what to use instead.
[[nodiscard]] SCALEKIT_EXPORT result<void> check(const reader_options& o);

}  // namespace scalekit::inline v0::csv

#endif
