// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"
#include "servers.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

namespace keyset_server {

std::unique_ptr<sql::connection> connect() {
  scalekit_tests::skip_unless(scalekit_tests::mariadb_server::is_installed(), "mariadbd");
  static scalekit_tests::mariadb_server one;
  return must(scalekit::mariadb::connection::open(
      {.port = one.port(),
       .user = std::string(scalekit_tests::server_user),
       .password = std::string(scalekit_tests::server_password),
       .database = std::string(scalekit_tests::server_database)}
  ));
}

const spellings& spelling() {
  static const spellings mariadb{
      .is_postgres = false,
      .timestamp = "datetime(6)",
      .uuid = scalekit_tests::mariadb_server::is_mysql() ? "varchar(36)" : "uuid",
      .unsigned_int = "bigint unsigned",
      .blob = "varbinary(100)",
      .real = "double",
      .folded_text = "varchar(50) COLLATE utf8mb4_general_ci",
      .numbers = "(SELECT seq AS i FROM seq_1_to_200000) AS n"};
  return mariadb;
}

}  // namespace keyset_server
