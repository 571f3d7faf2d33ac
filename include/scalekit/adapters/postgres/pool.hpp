// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_POSTGRES_POOL_HPP
#define SCALEKIT_ADAPTERS_POSTGRES_POOL_HPP

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>
#include <scalekit/sql/connection_pool.hpp>

#include <memory>

namespace scalekit::inline v0::postgres {

/// \brief A pool whose connections all connect alike; its connections are \ref connection.
///
/// \code
/// auto pool = postgres::open_pool({.host = "db1", .database = "ledger"}, {.max_connections = 20});
/// \endcode
/// \par Errors as \ref connection::open and \ref sql::connection_pool::open.
[[nodiscard]] SCALEKIT_EXPORT result<std::unique_ptr<sql::connection_pool>> open_pool(
    connection_options connect, sql::pool_options options = {}
);

}  // namespace scalekit::inline v0::postgres

#endif
