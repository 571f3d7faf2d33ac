// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_CSV_SCAN_HPP
#define SCALEKIT_SRC_BULK_CSV_SCAN_HPP

#include "bulk/export_plan.hpp"

#include <scalekit/csv/buffer.hpp>
#include <scalekit/keyset/compiler.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// The scan of an export whose rows the database spells as CSV itself, byte for byte as the encoder
/// would: nothing is decoded but the key of a chunk's last row.
class csv_scan {
 public:
  /// Begins behind `after` (empty: at the start). Nothing where the options, a column's type or the
  /// connection do not allow it; the plan's own scan is to be used then.
  [[nodiscard]] static result<std::optional<csv_scan>> open(
      sql::connection& db, const export_plan& plan, std::span<const sql::value> after
  );

  /// Appends the next row; false at the end.
  [[nodiscard]] result<bool> next(csv::buffer& out);

  /// The key of the row appended last.
  [[nodiscard]] result<void> key(std::vector<sql::value>& out) const;

 private:
  /// How a key field is read back.
  struct key_field {
    std::size_t position;  ///< among the fields of a line, hidden ones included
    sql::value_kind kind;
  };

  csv_scan(sql::connection& db, const export_plan& plan, keyset::compiler compiled);

  [[nodiscard]] result<void> position(std::span<const sql::value> after);
  [[nodiscard]] result<bool> advance();

  sql::connection* db_;
  keyset::compiler compiler_;
  sql::csv_style style_;
  std::int64_t page_rows_;
  std::size_t hidden_;  ///< key fields at the end of each line that are no part of the output
  std::vector<key_field> keys_;
  std::vector<keyset::statement> statements_;
  std::size_t next_statement_ = 0;
  std::unique_ptr<sql::csv_lines> lines_;
  std::int64_t left_ = 0;  // rows the running statement may still give
  std::string_view line_;  // the current one, hidden fields included
  bool first_ = true;
};

}  // namespace scalekit::inline v0::bulk

#endif
