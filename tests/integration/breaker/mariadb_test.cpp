// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "store_suite.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

class one_server final : public breaker_server {
 public:
  one_server() {
    stop = [this] { server_.stop(); };
    start = [this] { server_.start(); };
  }
  std::unique_ptr<resilience::breaker_store> open() override {
    return over_pool(mariadb::open_pool({.host = "127.0.0.1",
                                         .port = server_.port(),
                                         .user = std::string(server_user),
                                         .password = std::string(server_password),
                                         .database = std::string(server_database)})
                         .value());
  }

 private:
  mariadb_server server_;
};

breaker_server& the_server() {
  skip_unless(mariadb_server::is_installed(), "MariaDB");
  static one_server instance;
  return instance;
}

}  // namespace

TEST_CASE("votes are counted, and void after a recovery") { test_votes(the_server()); }
TEST_CASE("whoever says nothing is forgotten") { test_expiry(the_server()); }
TEST_CASE("probes are leased, a bounded number of them") { test_probe_leases(the_server()); }
TEST_CASE("nodes that ask at once get no lease too many") { test_concurrent_leases(the_server()); }
TEST_CASE("nodes open and close together") { test_cluster(the_server()); }
TEST_CASE("a lost server leaves a node to itself, and it comes back") {
  test_lost_store(the_server());
}
