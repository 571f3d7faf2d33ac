// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_SQL_UPSERT_VALUES_HPP
#define SCALEKIT_SRC_SQL_UPSERT_VALUES_HPP

#include "sql/upsert_plan.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace scalekit::inline v0::sql {

/// Writes a batch by statements of many rows, within the 65,535 parameters that servers take and
/// the smallest packet they are set up for. `text_of` spells the statement for so many rows, a
/// power of two, so that few texts are ever prepared; `write` runs it.
[[nodiscard]] result<void> write_in_pieces(
    const upsert::plan& p,
    const upsert_batch& batch,
    const std::function<std::string(std::size_t rows)>& text_of,
    const std::function<result<void>(const std::string& sql, parameters values)>& write
);

/// The first row of a query that gives one row of integers, as many as there is room for.
[[nodiscard]] result<void> read_integers(
    connection& db, std::string_view sql, parameters params, std::span<std::int64_t> out
);

}  // namespace scalekit::inline v0::sql

#endif
