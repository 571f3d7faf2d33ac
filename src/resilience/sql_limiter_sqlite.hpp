// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_SQLITE_HPP
#define SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_SQLITE_HPP

/// \file
/// A take on SQLite. A statement there costs no round trip, and the file is the process's own: so
/// the rows are read, decided about here, and written back under the write lock. Most calls of a
/// busy limit are refused, and a refusal is known from what is read without that lock.

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/limiter_store.hpp>

#include <span>
#include <string>

namespace scalekit::inline v0::resilience::sql_limiter_sqlite {

/// Takes what all claims want, or nothing.
[[nodiscard]] result<limit_answer> take(
    sql::pool& connections, const std::string& table, std::span<const limit_claim> claims
);

}  // namespace scalekit::inline v0::resilience::sql_limiter_sqlite

#endif
