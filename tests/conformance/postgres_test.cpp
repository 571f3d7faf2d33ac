// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/testing/sql_conformance.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scalekit;
using scalekit_tests::direction;
using scalekit_tests::postgres_server;

namespace {

postgres_server& server() {
  scalekit_tests::skip_unless(postgres_server::is_installed(), "PostgreSQL");
  // A deadlock must be found before the wait for the lock ends.
  static postgres_server one({"deadlock_timeout=50ms"});
  return one;
}

class fixture final : public testing::sql_fixture {
 public:
  explicit fixture(postgres::connection_options options, std::size_t connect_cycles = 20)
      : options_(std::move(options)), connect_cycles_(connect_cycles) {
    options_.conninfo = server().conninfo(proxy_.port());
    options_.lock_timeout = std::chrono::milliseconds(250);
  }
  result<std::unique_ptr<sql::connection>> connect() override {
    return postgres::connection::open(options_).transform([](auto c) {
      return std::unique_ptr<sql::connection>(std::move(c));
    });
  }
  bool cut_next(testing::cut_point point) override {
    proxy_.cut_after(
        point == testing::cut_point::request ? direction::request : direction::reply, 0
    );
    return true;
  }
  bool restart_server() override {
    server().restart();
    return true;
  }
  std::size_t connect_cycles() const override { return connect_cycles_; }

 private:
  scalekit_tests::tcp_proxy proxy_{server().port()};
  postgres::connection_options options_;
  std::size_t connect_cycles_;
};

void run_all(testing::sql_fixture& f) {
  std::set<std::string_view> skipped;
  testing::run_sql_conformance(
      f,
      [&](std::string_view name, const testing::conformance_outcome& outcome) {
        CAPTURE(name);
        CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
        if (outcome.verdict == testing::verdict::skipped) skipped.insert(name);
      }
  );
  CHECK(
      skipped ==
      std::set<std::string_view>{"batches/new ids", "statements/same statement interleaved"}
  );
}

}  // namespace

TEST_CASE("named prepared statements pass everything") {
  fixture f({}, 1000);
  run_all(f);
}

TEST_CASE("unnamed statements pass everything") {
  fixture f({.prepared = postgres::prepared::unnamed});
  run_all(f);
}

TEST_CASE("without a statement cache everything passes too") {
  fixture f({.statement_cache_capacity = 0});
  run_all(f);
}

TEST_CASE("a cache of one statement is enough") {
  fixture f({.statement_cache_capacity = 1});
  run_all(f);
}
