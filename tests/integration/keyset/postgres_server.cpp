// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"
#include "servers.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

namespace keyset_server {

std::unique_ptr<sql::connection> connect() {
  scalekit_tests::skip_unless(scalekit_tests::postgres_server::is_installed(), "PostgreSQL");
  static scalekit_tests::postgres_server one;
  return must(scalekit::postgres::connection::open({.conninfo = one.conninfo()}));
}

const spellings& spelling() {
  static constexpr spellings postgres{
      .is_postgres = true,
      .timestamp = "timestamptz",
      .uuid = "uuid",
      .unsigned_int = "numeric(20)",
      .blob = "bytea",
      .real = "double precision",
      .folded_text = "text COLLATE \"en-x-icu\"",
      .numbers = "generate_series(1, 200000) AS n(i)"};
  return postgres;
}

}  // namespace keyset_server
