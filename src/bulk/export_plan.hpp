// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_EXPORT_PLAN_HPP
#define SCALEKIT_SRC_BULK_EXPORT_PLAN_HPP

#include <scalekit/bulk/checkpoint.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What every run of an export needs and derives from its options: shared by the serial and the
/// parallel stream.
struct export_plan {
  explicit export_plan(export_options o) : options(std::move(o)) {}

  export_options options;
  std::vector<csv::column_format> formats;
  std::vector<std::string> headers;
  /// Of the columns, then of those of the order that are not among them: the declared types.
  std::vector<std::string> types;
  std::vector<std::string> references;     ///< the columns' quoted names; empty for expressions
  std::vector<std::size_t> key_positions;  ///< of each order column among `types`
  export_fingerprint fingerprint;
  sql::value upper_bound;
  bool nothing_to_read = false;             ///< there is a bound column and the table was empty
  std::optional<std::int64_t> first_bound;  ///< where the fraction is interpolated from

  /// Checks the options, makes the select list and the fingerprint, and takes the upper bound
  /// unless `known_bound` is given.
  [[nodiscard]] static result<export_plan> make(
      sql::connection& db, export_options options, const sql::value* known_bound
  );

  /// Refuses with `conflict`, naming the parts, if the export was begun with another plan.
  [[nodiscard]] result<void> check_same(const export_fingerprint& begun_with) const;

  /// 0 to 1 where an estimate exists.
  [[nodiscard]] std::optional<double> fraction(const checkpoint& at) const;
};

/// The options' digest with everything before `from` already in it; null if none is kept.
[[nodiscard]] result<std::unique_ptr<digest>> restore_digest(
    const export_options& options, const checkpoint& from
);

/// Applies lookups and the transform to one row after another; keeps what they make.
class row_pipeline {
 public:
  explicit row_pipeline(const export_plan& plan);

  /// The row as it shall be written, valid until the next call; empty if it is to be skipped.
  [[nodiscard]] result<std::span<const sql::value_view>> apply(std::span<const sql::value_view> row
  );

 private:
  [[nodiscard]] result<void> look_up(std::size_t column);

  const export_plan& plan_;
  bool passes_through_;
  std::vector<sql::value_view> values_;
  std::vector<sql::value> kept_;
};

}  // namespace scalekit::inline v0::bulk

#endif
