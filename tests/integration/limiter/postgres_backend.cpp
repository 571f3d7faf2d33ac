// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "sql_backend.hpp"

#include <scalekit/adapters/postgres/pool.hpp>

namespace limiter_test {

namespace {

const scalekit_tests::postgres_server& server() {
  scalekit_tests::skip_unless(scalekit_tests::postgres_server::is_installed(), "PostgreSQL");
  static const scalekit_tests::postgres_server s({"deadlock_timeout=50ms"});
  return s;
}

}  // namespace

std::unique_ptr<scalekit::sql::pool> open_pool() {
  return scalekit::postgres::open_pool({.conninfo = server().conninfo()}, {.max_connections = 8})
      .value();
}

std::unique_ptr<backend> open_backend() { return std::make_unique<sql_backend>(open_pool()); }
void start_server() { open_backend()->forget(); }

}  // namespace limiter_test
