// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_PAGE_DATABASES_HPP
#define SCALEKIT_BENCH_PAGE_DATABASES_HPP

/// \file
/// The databases pages are measured on: each is started, filled and asked what a statement cost.

#include <scalekit/ports/sql.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// What one run of a statement took.
struct cost {
  double client_ms = 0;  ///< from sending it to its last row
  double server_ms = 0;  ///< in the server alone
  std::int64_t touched = 0;
  std::vector<std::int64_t> ids{};  ///< the first column
};

class page_database {
 public:
  page_database() = default;
  page_database(const page_database&) = delete;
  page_database& operator=(const page_database&) = delete;
  virtual ~page_database() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  /// What `touched` counts and how `server_ms` is taken.
  [[nodiscard]] virtual std::string touched_unit() const = 0;
  [[nodiscard]] virtual std::string server_clock() const = 0;
  [[nodiscard]] virtual scalekit::sql::connection& db() = 0;
  /// The table `item` with its indexes and statistics.
  virtual void fill(std::int64_t rows) = 0;
  virtual cost run(const std::string& sql, scalekit::sql::parameters params) = 0;
};

/// Each null if this machine or this build lacks it.
[[nodiscard]] std::unique_ptr<page_database> sqlite_pages();
[[nodiscard]] std::unique_ptr<page_database> postgres_pages();
[[nodiscard]] std::unique_ptr<page_database> mariadb_pages();

/// Rows that bear the same instant because they were imported at once.
inline constexpr std::int64_t imported = 200'000;
[[nodiscard]] constexpr std::int64_t import_begin(std::int64_t rows) { return rows * 3 / 10; }

}  // namespace bench

#endif
