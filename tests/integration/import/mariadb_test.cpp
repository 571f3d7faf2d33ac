// SPDX-License-Identifier: BSL-1.0
#include "import_suite.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>

#include <string>
#include <utility>

namespace scalekit_tests {

server& the_server() {
  skip_unless(mariadb_server::is_installed(), "MariaDB");
  static mariadb_server one;
  return one;
}

std::unique_ptr<scalekit::sql::pool> open_pool(int port) {
  return std::move(scalekit::mariadb::open_pool(
                       {.host = "127.0.0.1",
                        .port = port,
                        .user = std::string(server_user),
                        .password = std::string(server_password),
                        .database = std::string(server_database)}
                   ))
      .value();
}

}  // namespace scalekit_tests
