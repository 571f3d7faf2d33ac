// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_UPSERT_HPP
#define SCALEKIT_BENCH_UPSERT_HPP

#include "measure.hpp"

#include <scalekit/sql/upsert.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t width = 7;
inline constexpr std::size_t batch = 5000;

enum class key_kind { integer, random_text };

/// Payments of seven columns, as values and in PostgreSQL's and MariaDB's common text format.
struct payments {
  payments(std::size_t rows, key_kind keys);

  [[nodiscard]] std::size_t rows() const noexcept { return values.size() / width; }
  [[nodiscard]] scalekit::sql::parameters at(std::size_t first) const {
    const std::size_t count = std::min(batch, rows() - first);
    return scalekit::sql::parameters(values).subspan(first * width, count * width);
  }
  /// Another amount in every row.
  void change();

  std::string text;  ///< what the values point into
  std::vector<scalekit::sql::value_view> values;

 private:
  std::string amounts_;
};

/// Runs and prints one line of JSON.
void report(
    std::string_view database,
    std::string_view name,
    int pass,
    std::size_t rows,
    const std::function<void()>& run
);

/// Our upsert, batch by batch.
void run_upsert(
    scalekit::sql::connection& db, const scalekit::sql::upsert& u, const payments& what
);

[[nodiscard]] scalekit::sql::upsert compile(
    scalekit::sql::dialect d,
    scalekit::sql::on_conflict what = scalekit::sql::on_conflict::update_distinct
);

void measure_postgres(std::size_t rows);
void measure_mariadb(std::size_t rows);

}  // namespace bench

#endif
