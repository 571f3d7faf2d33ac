// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"
#include "servers.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>

#include <string>

using namespace scalekit_tests;

breaker_test::backend& breaker_test::the_backend() {
  skip_unless(mariadb_server::is_installed(), "MariaDB");
  static mariadb_server server;
  static backend b = on_database(server, [](const mariadb_server& s) {
    return scalekit::mariadb::open_pool(
               {.host = "127.0.0.1",
                .port = s.port(),
                .user = std::string(server_user),
                .password = std::string(server_password),
                .database = std::string(server_database)}
    )
        .value();
  });
  return b;
}
