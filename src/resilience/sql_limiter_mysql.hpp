// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_MYSQL_HPP
#define SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_MYSQL_HPP

/// \file
/// A take on MySQL. The statement is MariaDB's, but MySQL cannot return its rows: they travel in
/// user variables, which belong to the connection, and are read by a second statement. No lock is
/// held in between.

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/limiter_store.hpp>

#include <span>
#include <string>

namespace scalekit::inline v0::resilience::sql_limiter_mysql {

/// Takes what all claims want, or nothing; `in_order` are the claims in the order in which rows are
/// locked.
[[nodiscard]] result<limit_answer> take(
    sql::pool& connections,
    const std::string& table,
    std::span<const limit_claim> claims,
    std::span<const limit_claim> in_order
);

}  // namespace scalekit::inline v0::resilience::sql_limiter_mysql

#endif
