// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>

using namespace mariadb_test;

TEST_CASE("a pool outlives a restart of its server") {
  auto pool = mariadb::open_pool(options(), {.check_after = std::chrono::milliseconds(0)}).value();
  {
    auto a = pool->acquire(sql::access::write).value();
    auto b = pool->acquire(sql::access::read).value();
    CHECK(number(*a, "SELECT 1") == 1);
    CHECK(number(*b, "SELECT 1") == 1);
  }
  CHECK(pool->stats().opened == 2);
  server().restart();
  auto fresh = pool->acquire(sql::access::write).value();
  CHECK(number(*fresh, "SELECT 1") == 1);
  CHECK(pool->stats().broken > 0);
}

TEST_CASE("a full pool is busy") {
  auto pool = mariadb::open_pool(
                  options(), {.max_connections = 1, .acquire_timeout = std::chrono::milliseconds(1)}
  )
                  .value();
  auto one = pool->acquire(sql::access::write).value();
  CHECK(pool->acquire(sql::access::write).error().code() == errc::busy);
  one.release();
  CHECK(pool->acquire(sql::access::write).has_value());
}

TEST_CASE("what comes back broken is dropped, what comes back open is rolled back") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = options();
  o.port = proxy.port();
  auto pool = mariadb::open_pool(o, {.max_connections = 1}).value();
  with_table("id INT PRIMARY KEY");
  {
    auto c = pool->acquire(sql::access::write).value();
    c->begin({}).value();
    c->execute("INSERT INTO t VALUES (1)").value();
  }
  {
    auto c = pool->acquire(sql::access::write).value();
    CHECK_FALSE(c->in_transaction());
    CHECK(number(*c, "SELECT COUNT(*) FROM t") == 0);
    proxy.cut();
    CHECK_FALSE(c->execute("DO 1"));
  }
  auto c = pool->acquire(sql::access::write).value();
  CHECK(number(*c, "SELECT 1") == 1);
  CHECK(pool->stats().opened == 2);
  CHECK(pool->stats().broken == 1);
}

TEST_CASE("a pool that cannot connect says why") {
  auto o = options();
  o.password = "wrong";
  CHECK(mariadb::open_pool(o).error().code() == errc::unauthenticated);
}

TEST_CASE("a transaction that a failed procedure left open takes nothing of the next borrower") {
  auto pool = mariadb::open_pool(options(), {.max_connections = 1}).value();
  auto db = with_table("id INT PRIMARY KEY");
  db->execute("DROP PROCEDURE IF EXISTS leaves").value();
  db->execute("CREATE PROCEDURE leaves() BEGIN START TRANSACTION; SIGNAL SQLSTATE '45000'; END")
      .value();
  CHECK_FALSE(pool->acquire(sql::access::write).value()->execute("CALL leaves()"));
  pool->acquire(sql::access::write).value()->execute("INSERT INTO t VALUES (1)").value();
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 1);
}
