// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"
#include "servers.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

namespace upsert_test {

std::unique_ptr<scalekit::sql::connection> connect() {
  scalekit_tests::skip_unless(scalekit_tests::postgres_server::is_installed(), "PostgreSQL");
  static scalekit_tests::postgres_server server({"deadlock_timeout=50ms"});
  return scalekit::postgres::connection::open(server.conninfo()).value();
}

type_names types() {
  return {
      "bigint",
      "text",
      "numeric(38,10)",
      "timestamptz",
      "bytea",
      "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"};
}

}  // namespace upsert_test
