// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_READ_HPP
#define SCALEKIT_SRC_KEYSET_READ_HPP

#include <scalekit/keyset/compiler.hpp>
#include <scalekit/keyset/pager.hpp>

#include <cstdint>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// What a failed read means: nothing took effect, whether or not an answer came.
[[nodiscard]] error failed_read(error e);

/// The first `wanted` rows of a range: segment by segment on SQLite, by one statement elsewhere.
[[nodiscard]] result<std::vector<page_row>> read_rows(
    sql::connection& db, const compiler& c, key_range part, std::int64_t wanted
);

struct rows_beside {
  std::vector<page_row> rows;
  bool in_front = false;  // whether any row lies in front of the range
};

/// The same, and what lies in front of `part.after`, by one statement; not on SQLite.
[[nodiscard]] result<rows_beside> read_rows_beside(
    sql::connection& db, const compiler& c, key_range part, std::int64_t wanted
);

}  // namespace scalekit::inline v0::keyset::detail

#endif
