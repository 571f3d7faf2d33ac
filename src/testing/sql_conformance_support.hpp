// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TESTING_SQL_CONFORMANCE_SUPPORT_HPP
#define SCALEKIT_SRC_TESTING_SQL_CONFORMANCE_SUPPORT_HPP

#include "testing/conformance_support.hpp"

#include <scalekit/testing/sql_conformance.hpp>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

using connection_ptr = std::unique_ptr<sql::connection>;

/// `text` with each `?` spelt as the dialect's next placeholder.
[[nodiscard]] std::string marked(sql::dialect d, std::string_view text);

/// All rows, values owned.
[[nodiscard]] result<std::vector<std::vector<sql::value>>> all_rows(
    sql::connection& db, std::string_view sql, sql::parameters params = {}
);

/// The first column of the first row, which must be an integer.
[[nodiscard]] result<std::int64_t> one_int(
    sql::connection& db, std::string_view sql, sql::parameters params = {}
);

/// A table `sk_conformance_<name>`, made anew and dropped at the end.
class scratch_table {
 public:
  [[nodiscard]] static result<std::unique_ptr<scratch_table>> make(
      sql::connection& db, std::string_view name, std::string_view columns
  );
  scratch_table(const scratch_table&) = delete;
  scratch_table& operator=(const scratch_table&) = delete;
  ~scratch_table();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// `INSERT INTO <table> VALUES (?, ...)` with the dialect's placeholders.
  [[nodiscard]] std::string insert(std::size_t columns) const;
  /// `before <table> after`, marked.
  [[nodiscard]] std::string sql(std::string_view before, std::string_view after = {}) const;
  [[nodiscard]] result<std::int64_t> count(sql::connection& db) const;
  /// The type integers are cast to.
  [[nodiscard]] std::string int64() const;
  /// From here on the table belongs to another connection, for its own is lost.
  void use(sql::connection& db) noexcept { db_ = &db; }

 private:
  scratch_table(sql::connection& db, std::string name) : db_(&db), name_(std::move(name)) {}
  sql::connection* db_;
  std::string name_;
};

/// Interrupts again and again until it is destroyed, for one interrupt might come before the query.
class nagging_thread {
 public:
  explicit nagging_thread(std::shared_ptr<sql::interrupt_handle> handle);
  nagging_thread(const nagging_thread&) = delete;
  nagging_thread& operator=(const nagging_thread&) = delete;
  ~nagging_thread();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// The cases of each file.
[[nodiscard]] std::span<const sql_conformance_case> statement_cases();
[[nodiscard]] std::span<const sql_conformance_case> batch_cases();
[[nodiscard]] std::span<const sql_conformance_case> type_cases();
[[nodiscard]] std::span<const sql_conformance_case> transaction_cases();
[[nodiscard]] std::span<const sql_conformance_case> concurrency_cases();
[[nodiscard]] std::span<const sql_conformance_case> isolation_cases();
[[nodiscard]] std::span<const sql_conformance_case> fault_cases();

}  // namespace scalekit::inline v0::testing

#endif
