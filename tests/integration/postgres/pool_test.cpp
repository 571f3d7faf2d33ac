// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

#include <scalekit/adapters/postgres/pool.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <thread>

using namespace postgres_test;
using std::chrono::milliseconds;

namespace {

std::int64_t pid_of(sql::pool& pool) {
  auto db = pool.acquire(sql::access::write).value();
  return number(*db, "SELECT pg_backend_pid()");
}

}  // namespace

TEST_CASE("a pool lends connections and takes them back clean") {
  auto pool =
      postgres::open_pool({.conninfo = server().conninfo()}, {.max_connections = 2}).value();
  const auto pid = pid_of(*pool);
  {
    auto db = pool->acquire(sql::access::write).value();
    db->begin({}).value();
    db->execute("CREATE TABLE never_kept (id int8)").value();
  }
  CHECK(pid_of(*pool) == pid);
  auto db = pool->acquire(sql::access::read).value();
  CHECK_FALSE(db->in_transaction());
  CHECK(one(*db, "SELECT to_regclass('never_kept')::text").is_null());
}

TEST_CASE("a pool that is empty says busy after the wait") {
  auto pool = postgres::open_pool(
                  {.conninfo = server().conninfo()},
                  {.max_connections = 1, .acquire_timeout = milliseconds(20)}
  )
                  .value();
  auto held = pool->acquire(sql::access::write).value();
  CHECK(pool->acquire(sql::access::write).error().code() == errc::busy);
  CHECK(pool->try_acquire(sql::access::write).error().code() == errc::busy);
  held.release();
  CHECK(pool->acquire(sql::access::write));
}

TEST_CASE("after a restart of the server the pool works on") {
  scalekit_tests::postgres_server own;
  auto pool =
      postgres::open_pool(
          {.conninfo = own.conninfo()}, {.max_connections = 3, .check_after = milliseconds(0)}
      )
          .value();
  {
    auto a = pool->acquire(sql::access::write).value();
    auto b = pool->acquire(sql::access::write).value();
  }
  own.restart();
  auto a = pool->acquire(sql::access::write).value();
  auto b = pool->acquire(sql::access::write).value();
  CHECK(number(*a, "SELECT 1") == 1);
  CHECK(number(*b, "SELECT 1") == 1);
  CHECK(pool->stats().broken >= 2);
  own.stop();
  CHECK_FALSE(a->execute("SELECT 1"));
  CHECK(a->is_broken());
  a.release();
  CHECK(pool->acquire(sql::access::write).error().code() == errc::unavailable);
}

TEST_CASE("a lost connection is dropped, an old one closed") {
  scalekit::testing::manual_clock clock;
  auto pool = postgres::open_pool(
                  {.conninfo = server().conninfo()},
                  {.max_connections = 1, .max_lifetime = milliseconds(60'000), .clock = &clock}
  )
                  .value();
  const auto first = pid_of(*pool);
  {
    auto db = pool->acquire(sql::access::write).value();
    CHECK_FALSE(db->execute("SELECT pg_terminate_backend(pg_backend_pid())"));
  }
  const auto second = pid_of(*pool);
  CHECK(second != first);
  CHECK(pid_of(*pool) == second);
  clock.advance(milliseconds(61'000));
  CHECK(pid_of(*pool) != second);
  CHECK(pool->stats().expired == 1);
}

TEST_CASE("threads share a pool") {
  auto pool =
      postgres::open_pool({.conninfo = server().conninfo()}, {.max_connections = 2}).value();
  {
    auto db = pool->acquire(sql::access::write).value();
    db->execute_script("DROP TABLE IF EXISTS shared; CREATE TABLE shared (id int8)").value();
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        auto db = pool->acquire(sql::access::write).value();
        db->execute("INSERT INTO shared VALUES ($1)", {i * 100 + n}).value();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  auto db = pool->acquire(sql::access::write).value();
  CHECK(number(*db, "SELECT count(DISTINCT id) FROM shared") == 80);
  CHECK(pool->stats().opened == 2);
  db->execute("DROP TABLE shared").value();
}
