// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_ROWS_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_ROWS_HPP

#include "adapters/mariadb/state.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace scalekit::inline v0::mariadb {

class row_stream final : public sql::rows {
 public:
  explicit row_stream(connection::state& db) noexcept : db_(&db), exchange_(db) {}
  ~row_stream() override;

  /// Runs the statement up to its first row.
  [[nodiscard]] result<void> start(std::string_view sql, sql::parameters params);

  [[nodiscard]] result<bool> next() override;
  [[nodiscard]] std::span<const sql::column_info> columns() const noexcept override {
    return *columns_;
  }

 private:
  [[nodiscard]] result<bool> step();
  void finish() noexcept;

  connection::state* db_;
  std::optional<exchange> exchange_;  // as long as the query runs
  statement* statement_ = nullptr;    // null once the rows have ended
  std::shared_ptr<const std::vector<sql::column_info>> columns_;
  bool at_first_ = false;
  bool was_in_transaction_ = false;
};

}  // namespace scalekit::inline v0::mariadb

#endif
