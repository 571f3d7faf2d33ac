// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_PLAN_EXAMPLES_HPP
#define SCALEKIT_SRC_KEYSET_PLAN_EXAMPLES_HPP

#include "keyset/plan.hpp"

#include <scalekit/ports/sql.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// Two keys to plan with: the wrong type would make a plan that no real key has.
struct key_examples {
  std::vector<sql::value> small;
  std::vector<sql::value> big;  // of a row that exists, where there is one
};

/// A value of a type PostgreSQL, MariaDB or MySQL names so, the `n`-th of two; absent: unknown.
[[nodiscard]] SCALEKIT_EXPORT std::optional<sql::value> example_of_type(
    std::string_view type, int n
);

/// \par Errors `not_supported` for a column of an unknown type where no row shows a value.
[[nodiscard]] result<key_examples> find_examples(
    sql::connection& db, const plan& p, const source& what
);

using table_rows = std::vector<std::vector<sql::value>>;

/// All rows of a small query, copied.
[[nodiscard]] result<table_rows> fetch_all(sql::connection& db, const sql::fragment& query);

}  // namespace scalekit::inline v0::keyset::detail

#endif
