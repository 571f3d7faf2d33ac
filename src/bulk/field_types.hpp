// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_FIELD_TYPES_HPP
#define SCALEKIT_SRC_BULK_FIELD_TYPES_HPP

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/ports/sql_value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Why a text is no value of its type.
enum class flaw : std::uint8_t {
  none,
  shape,
  plus_sign,
  leading_zeros,
  not_finite,
  out_of_range,  ///< of the type itself
  no_such_day,
  no_such_time,
  no_zone,
  leap_second,
  out_of_years,
  below_minimum,
  above_maximum,
  too_short,
  too_long,
  pattern,
  precision,
  scale
};

/// \brief The code of an error, e.g. `limit.minimum`.
[[nodiscard]] std::string code_of(flaw f, field_type type);

/// A flaw in words.
struct explanation {
  std::string message = {};
  std::string suggestion = {};
};

/// \brief Reads the fields of one column. Finding a flaw is cheap; explaining it is not.
///
/// \par Thread-safety  Immutable.
class field_reader {
 public:
  field_reader() = default;
  field_reader(const field_reader&) = delete;
  field_reader& operator=(const field_reader&) = delete;
  virtual ~field_reader();

  /// \brief `out` may point into `text`, `memory` or the column. Allocates only to grow `memory`.
  [[nodiscard]] virtual flaw read(std::string_view text, std::string& memory, sql::value_view& out)
      const = 0;

  /// \pre `f` is what `read` gave for `text`, and not `none`.
  [[nodiscard]] virtual explanation explain(flaw f, std::string_view text) const = 0;
};

using field_reader_ptr = std::unique_ptr<const field_reader>;

/// \brief The reader of a column, which must outlive it. Appends what is wrong with the column's
/// limits to `problems`; the reader is of no use then.
[[nodiscard]] field_reader_ptr make_field_reader(
    const import_column& column, std::vector<std::string>& problems
);

/// \name One for each type
/// @{
[[nodiscard]] field_reader_ptr make_text_reader(
    const text_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_integer_reader(
    const integer_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_decimal_reader(
    const decimal_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_float64_reader(
    const float64_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_boolean_reader(
    const boolean_words& words, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_date_reader(
    const date_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_timestamp_reader(
    const timestamp_limits& limits, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_uuid_reader();
[[nodiscard]] field_reader_ptr make_enumeration_reader(
    const enumeration_words& words, std::vector<std::string>& problems
);
[[nodiscard]] field_reader_ptr make_blob_reader(const blob_limits& limits);
/// @}

/// \brief An excerpt of a value for a message, in backquotes.
[[nodiscard]] std::string quoted(std::string_view value);

}  // namespace scalekit::inline v0::bulk

#endif
