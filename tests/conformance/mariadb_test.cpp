// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/testing/sql_conformance.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scalekit;
using scalekit_tests::direction;

namespace {

scalekit_tests::mariadb_server& server() {
  scalekit_tests::skip_unless(scalekit_tests::mariadb_server::is_installed(), "mariadbd");
  static scalekit_tests::mariadb_server one({"--max-allowed-packet=64M"});
  return one;
}

// Every connection goes through a proxy, which can break it.
class server_fixture final : public testing::sql_fixture {
 public:
  explicit server_fixture(std::size_t cache_capacity) : breaks_(cache_capacity > 1) {
    options_.port = proxy_.port();
    options_.user = scalekit_tests::server_user;
    options_.password = scalekit_tests::server_password;
    options_.database = scalekit_tests::server_database;
    options_.lock_wait_timeout = std::chrono::seconds(1);
    options_.statement_cache_capacity = cache_capacity;
  }

  result<std::unique_ptr<sql::connection>> connect() override {
    return mariadb::connection::open(options_).transform([](auto c) {
      return std::unique_ptr<sql::connection>(std::move(c));
    });
  }
  bool cut_next(testing::cut_point point) override {
    if (!breaks_) return false;
    const bool request = point == testing::cut_point::request;
    proxy_.cut_after(request ? direction::request : direction::reply, 0);
    return true;
  }
  bool restart_server() override {
    if (breaks_) server().restart();
    return breaks_;
  }

 private:
  scalekit_tests::tcp_proxy proxy_{server().port()};
  mariadb::connection_options options_;
  // Where every statement is prepared anew, a cut meets that and not its execution.
  bool breaks_;
};

std::set<std::string> run_all(std::size_t cache_capacity) {
  server_fixture fixture(cache_capacity);
  std::set<std::string> skipped;
  const auto sum = testing::run_sql_conformance(
      fixture,
      [&](std::string_view name, const testing::conformance_outcome& outcome) {
        CAPTURE(name);
        CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
        if (outcome.verdict == testing::verdict::skipped) skipped.emplace(name);
      }
  );
  CHECK(sum.passed + sum.skipped == testing::sql_conformance_cases().size());
  return skipped;
}

using names = std::set<std::string>;
const names not_for_mariadb = {
    "batches/new ids",
    "batches/rows in bulk",
    "statements/same statement interleaved",
    "transactions/a stale snapshot cannot write",
    "transactions/deferred constraints can be checked before"};
const names nothing_cut = {
    "batches/new ids",
    "batches/rows in bulk",
    "faults/a connection cut at a commit",
    "faults/a connection cut at a single statement",
    "faults/a connection cut inside a transaction",
    "faults/the server starts again",
    "statements/same statement interleaved",
    "transactions/a stale snapshot cannot write",
    "transactions/deferred constraints can be checked before"};

}  // namespace

TEST_CASE("MariaDB passes everything") { CHECK(run_all(64) == not_for_mariadb); }

TEST_CASE("without a statement cache everything passes too") { CHECK(run_all(0) == nothing_cut); }

TEST_CASE("a cache of one statement is enough") { CHECK(run_all(1) == nothing_cut); }
