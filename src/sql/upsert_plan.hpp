// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_SQL_UPSERT_PLAN_HPP
#define SCALEKIT_SRC_SQL_UPSERT_PLAN_HPP

#include <scalekit/sql/upsert.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::sql {

/// What an upsert is, names quoted.
struct upsert::plan {
  sql::dialect dialect = sql::dialect::sqlite;
  std::string table;
  std::string bare_table;  ///< its last part, without quotes
  std::vector<std::string> names;
  std::vector<std::string> columns;  ///< the names, quoted
  std::vector<std::size_t> keys;     ///< indexes of columns
  std::vector<std::size_t> updates;
  /// `do_nothing` also where there is no column to update.
  sql::on_conflict on_conflict = sql::on_conflict::update_distinct;
  duplicate_policy duplicates = duplicate_policy::last_wins;

  [[nodiscard]] std::size_t width() const noexcept { return columns.size(); }
};

/// The rows of a batch that are to be written, in the order in which they are.
class upsert_batch {
 public:
  /// Folds and sorts.
  /// \par Errors `invalid_argument` for a NULL in a key, and for two rows of one key where the
  /// policy rejects them.
  [[nodiscard]] static result<upsert_batch> make(const upsert::plan& p, parameters values);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t folded() const noexcept { return values_.size() / width_ - size_; }
  /// The index in the caller's batch of the `i`th row to write.
  [[nodiscard]] std::size_t origin(std::size_t i) const noexcept {
    return order_.empty() ? i : order_[i];
  }
  [[nodiscard]] std::span<const value_view> row(std::size_t i) const noexcept {
    return values_.subspan(origin(i) * width_, width_);
  }
  /// `count` rows from the `first`th on, side by side; `room` holds them where they have to move.
  [[nodiscard]] parameters rows(std::size_t first, std::size_t count, std::vector<value_view>& room)
      const;

 private:
  upsert_batch(parameters values, std::size_t width) noexcept
      : values_(values), width_(width), size_(values.size() / width) {}

  parameters values_;
  std::size_t width_;
  std::size_t size_;
  std::vector<std::size_t> order_;  // empty: as given
};

/// Each writes a batch inside an open transaction; counts but `folded`.
[[nodiscard]] result<upsert_counts> upsert_into_sqlite(
    const upsert::plan& p, connection& db, const upsert_batch& batch
);
[[nodiscard]] result<upsert_counts> upsert_into_postgres(
    const upsert::plan& p, connection& db, const upsert_batch& batch
);
[[nodiscard]] result<upsert_counts> upsert_into_mariadb(
    const upsert::plan& p, connection& db, const upsert_batch& batch
);

}  // namespace scalekit::inline v0::sql

#endif
