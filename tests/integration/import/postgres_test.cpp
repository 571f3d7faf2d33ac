// SPDX-License-Identifier: BSL-1.0
#include "import_suite.hpp"

#include <scalekit/adapters/postgres/pool.hpp>

#include <utility>

namespace scalekit_tests {

server& the_server() {
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  static postgres_server one({"deadlock_timeout=20ms"});
  return one;
}

std::unique_ptr<scalekit::sql::pool> open_pool(int port) {
  const auto& one = static_cast<postgres_server&>(the_server());
  scalekit::postgres::connection_options how;
  how.conninfo = one.conninfo(port);
  return std::move(scalekit::postgres::open_pool(how)).value();
}

}  // namespace scalekit_tests
