// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_ROW_ERROR_HPP
#define SCALEKIT_BULK_ROW_ERROR_HPP

/// \file
/// What can be wrong with a row of a file. The codes are stable:
///
/// | code | the row, or the value |
/// |---|---|
/// | `csv.too_few_fields`, `csv.stray_quote`, ... | is malformed: `csv.` and the name of a \ref
/// csv::issue_code | | `type.integer`, `type.decimal`, `type.float64`, `type.boolean`, `type.date`,
/// `type.timestamp`, `type.uuid`, `type.enumeration`, `type.blob` | cannot be read as that type |
/// | `limit.minimum`, `limit.maximum` | is below or above the range |
/// | `limit.length` | is too short or too long |
/// | `limit.pattern` | does not have the form asked for |
/// | `limit.precision` | has too many digits before the decimal separator |
/// | `limit.scale` | has more digits behind it (of a number, of a second) than are kept |
/// | `rule.required` | is missing |
/// | `rule.lookup` | is not in the reference table |
/// | `rule.unique`, `rule.duplicate_key` | is there already in another row of the file |
/// | `rule.<name>` | breaks the \ref row_rule of that name |
/// | `database.<reason>` | was refused by the database |

#include <scalekit/export.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// \brief One thing that is wrong with one row of a file: data, not a failed call. A row may have
/// several.
struct row_error {
  std::string code = {};        ///< for machines, see above
  std::string message = {};     ///< what is wrong, for the person who made the file
  std::string suggestion = {};  ///< what to do about it; may be empty
  std::string column = {};      ///< the header's name of the column; empty: the row as a whole
  std::string value = {};       ///< an \ref excerpt
  std::size_t column_index = static_cast<std::size_t>(-1);  ///< in the file, from 0
  std::uint64_t record = 0;                                 ///< from 1, the header included
  std::uint64_t line = 0;    ///< physical line of the field (of the row, if no column)
  std::uint64_t offset = 0;  ///< byte offset of the same
};

/// \brief The front of a text: at most 80 bytes, cut between characters, `...` behind a cut.
[[nodiscard]] SCALEKIT_EXPORT std::string excerpt(std::string_view text);

}  // namespace scalekit::inline v0::bulk

#endif
