// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_PLAN_ALONE_HPP
#define SCALEKIT_SRC_KEYSET_PLAN_ALONE_HPP

#include "keyset/plan.hpp"

#include <scalekit/ports/sql.hpp>

#include <string>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// A source as it would be if its table had one index only.
struct lone_index {
  std::string name;
  source what;
};

/// One for each index of a table; none for a `from`. On PostgreSQL these are empty temporary tables
/// of the open transaction, which must be rolled back.
[[nodiscard]] result<std::vector<lone_index>> each_index_alone(
    sql::connection& db, const source& what
);

/// Whether the table is so small that a database may take any index, or none, and do no worse.
[[nodiscard]] result<bool> is_small(sql::connection& db, const source& what);

}  // namespace scalekit::inline v0::keyset::detail

#endif
