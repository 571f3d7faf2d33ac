// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_SQL_UPSERT_TEXT_HPP
#define SCALEKIT_SRC_SQL_UPSERT_TEXT_HPP

#include "sql/upsert_plan.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace scalekit::inline v0::sql {

/// The columns with commas between.
[[nodiscard]] std::string column_list(const upsert::plan& p);

/// `(?1,?2),(?3,?4)` for so many rows.
[[nodiscard]] std::string value_list(const upsert::plan& p, std::size_t rows);

/// SQLite and PostgreSQL: `INSERT INTO ... <source> ON CONFLICT ...`.
[[nodiscard]] std::string insert_on_conflict(
    const upsert::plan& p, std::string_view source, on_conflict what
);

/// PostgreSQL: one row, how many were inserted and how many written in all.
[[nodiscard]] std::string counted(std::string_view insert);

/// PostgreSQL: the rows of a stage as a source.
[[nodiscard]] std::string staged_rows(const upsert::plan& p, std::string_view stage);

/// PostgreSQL: inserts the rows of a stage that are new, and takes them out of it; one row, how
/// many were inserted and how many taken out.
[[nodiscard]] std::string insert_from_stage(const upsert::plan& p, std::string_view stage);

/// MariaDB and MySQL: `INSERT INTO ... VALUES ... ON DUPLICATE KEY UPDATE ...` for so many rows;
/// adds to the user variable \ref existing_rows for each row that is there already.
[[nodiscard]] std::string insert_on_duplicate(const upsert::plan& p, std::size_t rows);

inline constexpr std::string_view existing_rows = "@scalekit_existing_rows";

}  // namespace scalekit::inline v0::sql

#endif
