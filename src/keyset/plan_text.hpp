// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_PLAN_TEXT_HPP
#define SCALEKIT_SRC_KEYSET_PLAN_TEXT_HPP

/// \file
/// Reading plans as databases word them. Nothing here asks a database.

#include <scalekit/export.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// The objection to a plan that seeks by fewer columns than it could; `line` is what shows it.
[[nodiscard]] std::string too_few_columns(
    std::string_view line, std::size_t sought, std::size_t wanted
);

/// What is wrong with a plan of `EXPLAIN QUERY PLAN`; empty if nothing.
[[nodiscard]] SCALEKIT_EXPORT std::string sqlite_objection(
    std::span<const std::string> lines, std::size_t seek_columns
);

/// The same for `EXPLAIN FORMAT=JSON` of MariaDB or MySQL; `sought` columns at least are known to
/// be sought by.
[[nodiscard]] SCALEKIT_EXPORT std::string mariadb_objection(
    std::span<const std::string> lines, std::size_t seek_columns, std::size_t sought = 0
);

/// How one table is read.
struct key_use {
  std::string key = {};
  std::size_t length = 0;     // bytes of the key that are compared
  std::size_t constants = 0;  // columns compared with a constant, where all are
  std::size_t rows = 0;       // that the server expects to read
  bool covers = false;        // all columns are in the index, says MySQL
};

/// The use of a key in a plan of one table. MariaDB counts `used_key_parts` wrongly in an index
/// with descending columns; the length is always right.
[[nodiscard]] SCALEKIT_EXPORT key_use mariadb_key_use(std::span<const std::string> lines);

/// The same for `EXPLAIN (VERBOSE, COSTS OFF)` of PostgreSQL, but for the columns sought: they are
/// \ref index_uses.
[[nodiscard]] SCALEKIT_EXPORT std::string postgres_objection(
    std::span<const std::string> lines, std::size_t seek_columns
);

/// What PostgreSQL reckons a plan to cost, from the first line of its EXPLAIN; huge if it does not
/// say.
[[nodiscard]] SCALEKIT_EXPORT double postgres_cost(std::string_view first_line);

/// One index scan of a PostgreSQL plan.
struct index_use {
  std::string line;
  std::string index;                 // with its schema, quoted where need be
  std::vector<std::string> columns;  // what its Index Cond compares: columns or expressions
};

[[nodiscard]] SCALEKIT_EXPORT std::vector<index_use> index_uses(std::span<const std::string> lines);

/// How many leading ones of an index's columns (as pg_get_indexdef words them) a scan compares. The
/// others do not narrow what is read, though they stand in its Index Cond as well.
[[nodiscard]] SCALEKIT_EXPORT std::size_t leading_columns(
    const index_use& use, std::span<const std::string> index_columns
);

}  // namespace scalekit::inline v0::keyset::detail

#endif
