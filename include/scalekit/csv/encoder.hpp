// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_ENCODER_HPP
#define SCALEKIT_CSV_ENCODER_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/csv/buffer.hpp>
#include <scalekit/csv/dialect.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::csv {

/// What an int64 or uint64 stands for; values of other kinds in the column are not affected.
enum class show_integer : std::uint8_t {
  number,
  boolean,    ///< zero is false, anything else true
  timestamp,  ///< UTC microseconds since 1970
  scaled      ///< an exact decimal in its smallest unit: 1250 with scale 2 is `12.50`
};

/// How a text is treated; values of other kinds in the column are not affected.
enum class show_text : std::uint8_t {
  guarded,  ///< quoted where needed; the dialect's formula guard applies
  plain,  ///< quoted where needed; never guarded (codes such as `-A1`, signed numbers kept as text)
  trusted  ///< not looked at: the caller knows it to hold no delimiter, quote, CR, LF or escape
};

/// \brief How one column is shown.
struct column_format {
  show_integer integer = show_integer::number;
  show_text text = show_text::guarded;
  /// \brief Digits after the decimal separator, for `show_integer::scaled`; 0 to 255.
  std::uint8_t scale = 2;
};

/// \brief Turns typed values into the bytes of a CSV file, row after row, into a \ref buffer.
///
/// Text is copied and looked at 16 bytes at a time and quoted in a second pass only where it must
/// be; numbers are never looked at. Bytes that are not UTF-8, and NUL, pass through unchanged. No
/// call allocates once the buffer has grown to its working size.
///
/// A row whose only field would be empty is written `""`, since readers drop blank lines; under
/// `quoting::never` that cannot be done, and such a row is blank unless `null_text` is set.
///
/// \code
/// auto csv = csv::encoder::make();
/// if (!csv) return csv.error();
/// csv::buffer out;
/// csv->row_of(out, 7, "Müller, Jane", 12.5, sql::value_view::decimal("0.10"), nullptr);
/// // out.view() == "7,\"Müller, Jane\",12.5,0.10,\n"
/// \endcode
///
/// \par Thread-safety  One thread at a time: it remembers the last day written. Make one per
/// thread.
class SCALEKIT_EXPORT encoder {
 public:
  /// \par Errors those of \ref check.
  [[nodiscard]] static result<encoder> make(const dialect& options = {});
  encoder(encoder&& other) noexcept;
  encoder& operator=(encoder&& other) noexcept;
  ~encoder();

  [[nodiscard]] const csv::dialect& dialect() const noexcept;

  /// \brief Starts the file: the byte order mark if the dialect has one, then a row of names. No
  /// names means no row.
  void header(buffer& out, std::span<const std::string> names);
  void header(buffer& out, std::span<const std::string_view> names);

  /// \brief One whole row. `formats` may be shorter than `values`; the rest have the default.
  void row(
      buffer& out,
      std::span<const sql::value_view> values,
      std::span<const column_format> formats = {}
  );

  /// \brief One whole row from what the caller has at hand: anything a `sql::value_view` is made
  /// of; a `bool` is written as the dialect's word.
  template <class... Ts>
    requires(std::constructible_from<sql::value_view, const Ts&> && ...)
  void row_of(buffer& out, const Ts&... fields) {
    constexpr std::array<column_format, sizeof...(Ts)> formats{format_of<Ts>...};
    const std::array<sql::value_view, sizeof...(Ts)> values{sql::value_view(fields)...};
    row(out, values, formats);
  }

  /// \name Field by field
  /// Each writes one field; \ref end_row closes the row. The delimiter is written with the field
  /// before it, so the buffer may only be flushed or cleared between rows.
  /// @{
  void value(buffer& out, sql::value_view v, column_format format = {});
  void null(buffer& out) { value(out, {}); }
  void text(buffer& out, std::string_view v, show_text how = show_text::guarded) {
    value(out, v, {.text = how});
  }
  void integer(buffer& out, std::int64_t v) { value(out, v); }
  void unsigned_integer(buffer& out, std::uint64_t v) { value(out, v); }
  /// \brief The shortest digits that read back as the same double; an exponent only below 1e-5 and
  /// from 1e16.
  void real(buffer& out, double v) { value(out, v); }
  /// \brief `digits` or `digits.digits`, with or without `-`, digit for digit; anything else is
  /// treated as text, so that it is quoted and guarded as text is.
  void decimal(buffer& out, std::string_view digits) {
    value(out, sql::value_view::decimal(digits));
  }
  void boolean(buffer& out, bool v) { value(out, v, {.integer = show_integer::boolean}); }
  void timestamp(buffer& out, system_time v) { value(out, v); }
  void blob(buffer& out, bytes_view v) { value(out, v); }
  void end_row(buffer& out);
  /// @}

 private:
  struct state;
  explicit encoder(std::unique_ptr<state> s) noexcept;
  template <class Name>
  void put_header(buffer& out, std::span<const Name> names);

  template <class T>
  static constexpr column_format format_of = {};

  std::unique_ptr<state> state_;
};

template <>
inline constexpr column_format encoder::format_of<bool> = {.integer = show_integer::boolean};
template <>
inline constexpr column_format encoder::format_of<std::optional<bool>> = {
    .integer = show_integer::boolean};

}  // namespace scalekit::inline v0::csv

#endif
