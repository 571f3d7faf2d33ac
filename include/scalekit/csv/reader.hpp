// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_READER_HPP
#define SCALEKIT_CSV_READER_HPP

/// \file
/// Reads CSV in constant memory, a record at a time, and knows where everything stood in the file.
///
/// \code
/// csv::memory_source file("id,name\n1,\"a \"\"b\"\"\"\n");
/// auto in = csv::reader::open(file);
/// if (!in) return in.error();
/// for (;;) {
///   auto more = (*in)->next();
///   if (!more) return more.error();
///   if (!*more) break;
///   use((*in)->row()[1]);        // a "b"
/// }
/// \endcode

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/reader_options.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::csv {

namespace detail {
class record_parser;
}

/// \brief A place between two records, and what comes next there.
struct position {
  std::uint64_t offset = 0;  ///< bytes of the file as it is: the mark, UTF-16 and all
  std::uint64_t line = 1;    ///< physical lines, those inside quotes too: 1 + line ends so far
  std::uint64_t record = 1;  ///< records so far + 1, the header being one

  friend bool operator==(const position&, const position&) = default;
};

/// What is wrong with a record's form. Its fields are given all the same, as well as can be.
enum class issue_code : std::uint8_t {
  too_few_fields,
  too_many_fields,
  stray_quote,           ///< a quote where RFC 4180 allows none: `a"b`, `"x"y`
  unterminated_quote,    ///< the file ends inside quotes
  bare_carriage_return,  ///< a CR that ends no line, outside quotes
  nul_character,
  invalid_encoding,  ///< ill-formed UTF-8 or UTF-16
  field_too_long,    ///< beyond `max_field_bytes`; it is given as an empty text
  record_too_long,   ///< beyond `max_record_bytes`; it has no fields
  too_many_columns   ///< beyond `max_columns`; the surplus is dropped
};
/// \brief The spelling, e.g. `"stray_quote"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(issue_code code) noexcept;

/// \brief One thing wrong with a record's form; each code once a field, in the order of the fields.
struct issue {
  issue_code code{};
  /// \brief Of the field, from 0. `size()` of the record or more: the record as a whole. Of
  /// `too_many_fields`: the first surplus one.
  std::size_t column = 0;
  /// \brief The character in question (the stray quote, the opening quote that is never closed, the
  /// first ill-formed byte), or where the field or the record begins if there is no such character.
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  ///< of that place

  friend bool operator==(const issue&, const issue&) = default;
};

/// \brief One record: borrowed from its reader, valid until the reader's next call.
///
/// \par Thread-safety  As its reader.
class record {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  /// \brief The field's text: unescaped, trimmed if asked for, in UTF-8.
  /// \pre `column < size()`
  [[nodiscard]] std::string_view operator[](std::size_t column) const noexcept {
    return fields_[column];
  }
  [[nodiscard]] std::span<const std::string_view> fields() const noexcept { return fields_; }
  /// \brief Whether the field was NULL: bare, and one of the null texts. Quoted text never is.
  /// \pre `column < size()`
  [[nodiscard]] SCALEKIT_EXPORT bool is_null(std::size_t column) const noexcept;
  /// \pre `column < size()`
  [[nodiscard]] SCALEKIT_EXPORT bool was_quoted(std::size_t column) const noexcept;
  /// \brief Where the field begins (its quote, if it has one; behind blanks that are trimmed): line
  /// and offset in the file. `record` is the record's own number. Found on demand, by going through
  /// the record up to there.
  /// \pre `column < size()`
  [[nodiscard]] SCALEKIT_EXPORT position field_position(std::size_t column) const noexcept;

  /// \brief Where the record begins.
  [[nodiscard]] const position& begin() const noexcept { return begin_; }
  /// \brief Its length in the file, line end included.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// \brief What is wrong with its form; empty for nearly all.
  [[nodiscard]] std::span<const issue> issues() const noexcept { return issues_; }

 private:
  friend class detail::record_parser;

  std::span<const std::string_view> fields_;
  std::span<const issue> issues_;
  position begin_;
  std::uint64_t bytes_ = 0;
  const detail::record_parser* parser_ = nullptr;
};

/// \brief A pull parser for RFC 4180 and what people send instead of it.
///
/// What RFC 4180 says nothing about is read as Excel and Python's `csv` read it: a quote inside a
/// bare field is a character; what follows a closing quote is part of the field, as it is, up to
/// the next delimiter or line end.
///
/// | in the file        | fields           | issues                                  |
/// |--------------------|------------------|-----------------------------------------|
/// | `a,"b ""c"" d"`    | `a` `b "c" d`    |                                         |
/// | `"a,b` LF `c",d`   | `a,b` LF `c` `d` |                                         |
/// | `5" disk,x`        | `5" disk` `x`    | stray_quote                             |
/// | `"x"y,z`           | `xy` `z`         | stray_quote                             |
/// | `"x"y"z",1`        | `xy"z"` `1`      | stray_quote                             |
/// | `"x" ,y`           | `x ` `y`         | stray_quote; trimmed: `x` `y`, none     |
/// | ` "x,y"`           | ` "x` `y"`       | stray_quote in both; trimmed: `x,y`     |
/// | `a` CR `b`         | `a` CR `b`       | bare_carriage_return; see \ref line_ends |
/// | `"abc` end of file | `abc`            | unterminated_quote                      |
/// | empty line         | no record        | none; see \ref empty_lines              |
///
/// The last line needs no end. A mark of UTF-8 or UTF-16 is skipped, except where the options say
/// Latin-1, in which it is text.
///
/// An undamaged stretch of a file is read 64 bytes at a time; a record with a stray quote, an
/// escape, a comment or ill-formed text is read byte by byte, several times slower. The
/// result does not depend on how the bytes arrive, nor on `buffer_bytes`.
///
/// \par Thread-safety  One thread at a time. The source must outlive it.
/// \par Complexity     Memory: at most three times the buffer, or the longest record up to its
/// limit; five times for Latin-1. No allocation per record once these have been reached.
class SCALEKIT_EXPORT reader {
 public:
  /// \brief Skips the byte order mark and the lines to skip, and reads the header if there is one.
  ///
  /// Until the first \ref next, \ref row is the header, with its issues.
  ///
  /// \par Errors `invalid_argument` for options that do not agree, naming the option;
  /// `not_supported` for UTF-32; what the source gives; `limit_exceeded` if the header exceeds a
  /// limit.
  [[nodiscard]] static result<std::unique_ptr<reader>> open(
      byte_source& source, reader_options options = {}
  );
  /// \brief Goes on in the midst of a file: `source` begins at `from.offset`, where a record, a
  /// comment or an empty line begins.
  ///
  /// No mark, no header, nothing to skip is looked for, and `text_encoding::detect` means UTF-8:
  /// take \ref encoding of the reader that found the place. `columns`: as many as the header has,
  /// for the ragged-row policy; 0: as many as the first record read.
  ///
  /// \par Errors `invalid_argument` for options that do not agree, naming the option.
  [[nodiscard]] static result<std::unique_ptr<reader>> open_at(
      byte_source& source, const csv::position& from, std::size_t columns, reader_options options
  );
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  ~reader();

  /// \brief The names of the header; empty without one. Valid as long as the reader.
  [[nodiscard]] std::span<const std::string> header() const noexcept;
  /// \brief The encoding in use: what `detect` has found.
  [[nodiscard]] text_encoding encoding() const noexcept;

  /// \brief Moves to the next record; false at the end (and ever after). A malformed record is not
  /// an error: it has issues.
  /// \par Errors what the source gives, again and again.
  [[nodiscard]] result<bool> next();
  /// \brief The current record; one without fields at the end, or without a header before the
  /// first.
  [[nodiscard]] const record& row() const noexcept { return *row_; }

  /// \brief Behind the current record: where \ref open_at can go on. Comments and empty lines that
  /// follow are still to come.
  [[nodiscard]] const csv::position& position() const noexcept;

 private:
  explicit reader(std::unique_ptr<detail::record_parser> parser) noexcept;
  std::unique_ptr<detail::record_parser> parser_;
  const record* row_;
  std::vector<std::string> header_;
};

}  // namespace scalekit::inline v0::csv

#endif
