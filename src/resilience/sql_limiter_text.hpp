// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_TEXT_HPP
#define SCALEKIT_SRC_RESILIENCE_SQL_LIMITER_TEXT_HPP

/// \file
/// The statements of the SQL limiter store, in each dialect; SQLite's take is in
/// sql_limiter_sqlite.hpp, MySQL's in sql_limiter_mysql.hpp.

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/limiter_store.hpp>
#include <scalekit/sql/fragment.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::resilience::sql_text {

[[nodiscard]] std::string create_table(sql::dialect d, const std::string& table);

/// The database's time, in microseconds since 1970.
[[nodiscard]] std::string_view now(sql::dialect d) noexcept;

/// Takes what all claims want, or nothing. Rows, in no particular order: name, granted (-1:
/// refused), full_us, part, paused_us, fresh, version, parts, step, burst, now. MariaDB gives each
/// claim's row twice if there are several claims; the last counts, but for `fresh`.
[[nodiscard]] sql::fragment take(
    sql::dialect d, const std::string& table, std::span<const limit_claim> claims
);
[[nodiscard]] sql::fragment take_mariadb(
    const std::string& table, std::span<const limit_claim> claims
);
/// The same for MySQL, which returns no rows: the time is left in `@scalekit_now`, and in
/// `@scalekit_rows`, for each row that was there already, nine numbers with a space behind each:
/// the claim's place, granted, full_us, part, paused_us, version, parts, step, burst.
[[nodiscard]] sql::fragment take_mysql(
    const std::string& table, std::span<const limit_claim> claims
);

[[nodiscard]] sql::fragment give_back(
    sql::dialect d,
    const std::string& table,
    std::string_view name,
    std::int64_t worth_us,
    std::int64_t taken_us
);

[[nodiscard]] sql::fragment cool_down(
    sql::dialect d, const std::string& table, const limit_claim& claim, std::int64_t pause_us
);

}  // namespace scalekit::inline v0::resilience::sql_text

#endif
