// SPDX-License-Identifier: BSL-1.0
#include "mariadb_backend.hpp"

#include "servers.hpp"
#include "sql_backend.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>

namespace limiter_test {

namespace {

const scalekit_tests::mariadb_server& server() {
  scalekit_tests::skip_unless(scalekit_tests::mariadb_server::is_installed(), "MariaDB");
  static const scalekit_tests::mariadb_server s;
  return s;
}

}  // namespace

int server_port() { return server().port(); }

std::unique_ptr<scalekit::sql::pool> open_pool() { return open_pool(server_port()); }

std::unique_ptr<scalekit::sql::pool> open_pool(int port) {
  return scalekit::mariadb::open_pool(
             {.port = port,
              .user = std::string(scalekit_tests::server_user),
              .password = std::string(scalekit_tests::server_password),
              .database = std::string(scalekit_tests::server_database)},
             {.max_connections = 8}
  )
      .value();
}

std::unique_ptr<backend> open_backend() { return std::make_unique<sql_backend>(open_pool()); }
void start_server() { open_backend()->forget(); }

}  // namespace limiter_test
