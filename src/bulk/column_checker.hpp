// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_COLUMN_CHECKER_HPP
#define SCALEKIT_SRC_BULK_COLUMN_CHECKER_HPP

#include "bulk/field_types.hpp"

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/bulk/row_error.hpp>
#include <scalekit/csv/reader.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief One column of a schema, bound to its place in a file.
///
/// \par Thread-safety  Immutable.
class column_checker {
 public:
  /// `column` must outlive it. `source` may be `not_in_file`; `file_name` is the header's.
  column_checker(
      const import_column& column,
      field_reader_ptr reader,
      std::size_t source,
      std::string file_name
  );

  /// \brief The column's value, or false and an error. The value may point into the record, the
  /// schema or either memory.
  [[nodiscard]] bool read(
      const csv::record& record,
      std::string& transformed,
      std::string& typed,
      sql::value_view& out,
      std::vector<row_error>& errors
  ) const;

  /// \brief An error of this column, with everything but what is wrong.
  [[nodiscard]] row_error located(const csv::record& record) const;

  [[nodiscard]] std::size_t source() const noexcept { return source_; }

 private:
  [[nodiscard]] std::string_view prepared(std::string_view field, std::string& transformed) const;
  [[nodiscard]] bool look_up(
      const csv::record& record, sql::value_view& out, std::vector<row_error>& errors
  ) const;
  void refuse(
      const csv::record& record, std::string code, explanation why, std::vector<row_error>& errors
  ) const;

  const import_column& column_;
  field_reader_ptr reader_;
  std::size_t source_;
  std::string file_name_;
  bool trims_;
  bool rewrites_;
};

}  // namespace scalekit::inline v0::bulk

#endif
