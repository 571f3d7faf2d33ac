// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_SQLITE_ERROR_HPP
#define SCALEKIT_SRC_ADAPTERS_SQLITE_ERROR_HPP

#include <scalekit/error.hpp>

#include <string>
#include <string_view>

struct sqlite3;

namespace scalekit::inline v0::sqlite {

/// The connection's latest failure. `sql` is quoted, around the place SQLite points at, only when
/// the SQL itself is at fault; parameter values never appear.
[[nodiscard]] error last_error(sqlite3* db, int rc, std::string_view sql);

/// Up to 60 bytes of `sql` around `offset`, on one line, cut between characters, in quotes.
[[nodiscard]] std::string excerpt(std::string_view sql, std::size_t offset = 0);

}  // namespace scalekit::inline v0::sqlite

#endif
