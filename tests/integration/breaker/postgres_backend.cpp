// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"
#include "servers.hpp"

#include <scalekit/adapters/postgres/pool.hpp>

using namespace scalekit_tests;

breaker_test::backend& breaker_test::the_backend() {
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  static postgres_server server;
  static backend b = on_database(server, [](const postgres_server& s) {
    return scalekit::postgres::open_pool({.conninfo = s.conninfo()}).value();
  });
  return b;
}
