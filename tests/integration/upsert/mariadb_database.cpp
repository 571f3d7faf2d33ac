// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"
#include "servers.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

namespace upsert_test {

std::unique_ptr<scalekit::sql::connection> connect() {
  scalekit_tests::skip_unless(scalekit_tests::mariadb_server::is_installed(), "MariaDB");
  static scalekit_tests::mariadb_server server({"--max-allowed-packet=1M"});
  return scalekit::mariadb::connection::open(
             {.port = server.port(),
              .user = std::string(scalekit_tests::server_user),
              .password = std::string(scalekit_tests::server_password),
              .database = std::string(scalekit_tests::server_database)}
  )
      .value();
}

type_names types() {
  return {
      "BIGINT",
      "VARCHAR(200) COLLATE utf8mb4_bin",
      "DECIMAL(38,10)",
      "DATETIME(6)",
      "VARBINARY(200)",
      "BIGINT AUTO_INCREMENT PRIMARY KEY"};
}

}  // namespace upsert_test
