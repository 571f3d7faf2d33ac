// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/postgres/pool.hpp>

#include <utility>

namespace scalekit::inline v0::postgres {

result<std::unique_ptr<sql::connection_pool>> open_pool(
    connection_options connect, sql::pool_options options
) {
  return sql::connection_pool::open(
      [connect = std::move(connect)]() -> result<std::unique_ptr<sql::connection>> {
        auto opened = connection::open(connect);
        if (!opened) return std::move(opened).error();
        return std::unique_ptr<sql::connection>(*std::move(opened));
      },
      options
  );
}

}  // namespace scalekit::inline v0::postgres
