// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/mariadb/pool.hpp>

#include <utility>

namespace scalekit::inline v0::mariadb {

result<std::unique_ptr<pool>> open_pool(connection_options connection, sql::pool_options options) {
  const auto connect = [connection = std::move(connection)] {
    return mariadb::connection::open(connection).transform([](auto c) {
      return std::unique_ptr<sql::connection>(std::move(c));
    });
  };
  return pool::open(connect, options);
}

}  // namespace scalekit::inline v0::mariadb
