// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_MARIADB_POOL_HPP
#define SCALEKIT_ADAPTERS_MARIADB_POOL_HPP

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/export.hpp>
#include <scalekit/sql/connection_pool.hpp>

#include <memory>

namespace scalekit::inline v0::mariadb {

using pool = sql::connection_pool;

/// \brief A pool of connections to one server.
///
/// \par Errors `invalid_argument` for an option out of range; else as \ref connection::open.
[[nodiscard]] SCALEKIT_EXPORT result<std::unique_ptr<pool>> open_pool(
    connection_options connection, sql::pool_options options = {}
);

}  // namespace scalekit::inline v0::mariadb

#endif
