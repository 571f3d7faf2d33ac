// SPDX-License-Identifier: BSL-1.0
#include "fake_connection.hpp"

#include <scalekit/sql/connection_pool.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <vector>

using namespace scalekit;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Opens fakes, remembers them, and fails when told to.
struct backend {
  testing::manual_clock clock;
  testing::fixed_random random{1};
  std::vector<fake_connection*> opened;
  std::optional<error> down;

  result<std::unique_ptr<sql::connection>> connect() {
    if (down) return *down;
    auto c = std::make_unique<fake_connection>();
    opened.push_back(c.get());
    return std::unique_ptr<sql::connection>(std::move(c));
  }

  std::unique_ptr<sql::connection_pool> pool(sql::pool_options options) {
    options.clock = &clock;
    options.random = &random;
    return sql::connection_pool::open([this] { return connect(); }, options).value();
  }
};

sql::pooled_connection take(sql::connection_pool& pool) {
  return pool.acquire(sql::access::write).value();
}

fake_connection& fake(const sql::pooled_connection& c) {
  return dynamic_cast<fake_connection&>(*c);
}

}  // namespace

TEST_CASE("connections are opened at need, and the one used last is lent first") {
  backend b;
  auto pool = b.pool({.max_connections = 3});
  CHECK(b.opened.size() == 1);
  auto first = take(*pool);
  auto second = take(*pool);
  CHECK(b.opened.size() == 2);
  auto* const last = &*first;
  second.release();
  first.release();
  CHECK(&*take(*pool) == last);
  CHECK(pool->stats().idle == 2);
  CHECK(pool->stats().in_use == 0);
  CHECK(pool->stats().opened == 2);
}

TEST_CASE("a full pool says how many are out") {
  backend b;
  auto pool = b.pool({.max_connections = 2, .acquire_timeout = milliseconds(1)});
  const auto first = take(*pool);
  const auto second = take(*pool);
  const auto none = pool->acquire(sql::access::read);
  REQUIRE_FALSE(none);
  CHECK(none.error().code() == errc::busy);
  CHECK(none.error().message().find("2 of 2") != std::string::npos);
  CHECK(pool->try_acquire(sql::access::read).error().code() == errc::busy);
  CHECK(pool->stats().timeouts == 2);
  CHECK(pool->stats().waited == 1);
}

TEST_CASE("a broken connection is replaced, and so are those that broke with it") {
  backend b;
  auto pool = b.pool({.max_connections = 3});
  {
    auto a = take(*pool), c = take(*pool), d = take(*pool);
    fake(a).broken = true;
    // The server went away: the other two do not know it yet.
    fake(c).fail("SELECT 1", {errc::unavailable});
    fake(d).fail("SELECT 1", {errc::unavailable});
    d.release();
    c.release();
    a.release();
  }
  CHECK(pool->stats().broken == 1);
  auto a = take(*pool), c = take(*pool), d = take(*pool);
  CHECK(pool->stats().broken == 3);
  CHECK(b.opened.size() == 6);
  for (auto* one : {&a, &c, &d}) CHECK(fake(*one).calls.empty());
}

TEST_CASE("what was idle for long is checked before it is lent") {
  backend b;
  auto pool = b.pool({.check_after = seconds(30)});
  b.clock.advance(seconds(29));
  CHECK(fake(take(*pool)).history().empty());
  b.clock.advance(seconds(30));
  CHECK(fake(take(*pool)).history() == "SELECT 1");
  b.clock.advance(seconds(30));
  b.opened.front()->fail("SELECT 1", {errc::unavailable});
  CHECK(fake(take(*pool)).history().empty());
  CHECK(b.opened.size() == 2);
}

TEST_CASE("an old connection is closed, idle or lent, a tenth early at most") {
  backend b;
  auto pool = b.pool({.check_after = std::chrono::hours(1), .max_lifetime = seconds(100)});
  b.clock.advance(seconds(89));
  take(*pool);
  CHECK(b.opened.size() == 1);
  b.clock.advance(seconds(12));
  take(*pool);
  CHECK(b.opened.size() == 2);
  CHECK(pool->stats().expired == 1);
  {
    const auto held = take(*pool);
    b.clock.advance(seconds(101));
  }
  CHECK(pool->stats().idle == 0);
  CHECK(pool->stats().expired == 2);
}

TEST_CASE("an open transaction is rolled back; a connection that cannot is closed") {
  backend b;
  auto pool = b.pool({});
  {
    auto c = take(*pool);
    REQUIRE(c->begin({}));
  }
  CHECK(b.opened.front()->history() == "BEGIN; ROLLBACK");
  {
    auto c = take(*pool);
    fake(c).fail("ROLLBACK", {errc::unavailable});
    REQUIRE(c->begin({}));
  }
  CHECK(pool->stats().broken == 1);
  CHECK(pool->stats().idle == 0);
}

TEST_CASE("a backend that is down fails each call and takes no place") {
  backend b;
  b.down = error(errc::unavailable, "nobody listens");
  CHECK(
      sql::connection_pool::open([&] { return b.connect(); }).error().code() == errc::unavailable
  );
  auto pool = b.pool({.max_connections = 1, .acquire_timeout = {}, .open_first = false});
  for (int i = 0; i < 3; ++i) {
    CHECK(pool->acquire(sql::access::write).error().code() == errc::unavailable);
  }
  CHECK(pool->stats().in_use == 0);
  b.down.reset();
  CHECK(pool->acquire(sql::access::write).has_value());
}

TEST_CASE("a connector that throws takes no place") {
  int calls = 0;
  auto pool = sql::connection_pool::open(
                  [&]() -> result<std::unique_ptr<sql::connection>> {
                    if (++calls == 1) throw std::bad_alloc();
                    return std::unique_ptr<sql::connection>(std::make_unique<fake_connection>());
                  },
                  {.max_connections = 1, .acquire_timeout = {}, .open_first = false}
  )
                  .value();
  CHECK_THROWS_AS(static_cast<void>(pool->acquire(sql::access::write)), std::bad_alloc);
  CHECK(pool->stats().in_use == 0);
  CHECK(pool->acquire(sql::access::write).has_value());
}

TEST_CASE("who waits gets the place of a connection that broke") {
  backend b;
  auto pool = b.pool({.max_connections = 1, .acquire_timeout = std::chrono::hours(1)});
  auto held = take(*pool);
  fake(held).broken = true;
  std::thread waiting([&] { take(*pool); });
  while (pool->stats().waited == 0) std::this_thread::yield();
  held.release();
  waiting.join();
  CHECK(pool->stats().opened == 2);
  CHECK(pool->stats().idle == 1);
}

TEST_CASE("many threads never share a connection") {
  std::mutex mutex;
  std::set<sql::connection*> out;
  std::atomic<int> shared = 0;
  auto pool = sql::connection_pool::open(
                  []() -> result<std::unique_ptr<sql::connection>> {
                    return std::unique_ptr<sql::connection>(std::make_unique<fake_connection>());
                  },
                  {.max_connections = 3, .acquire_timeout = std::chrono::hours(1)}
  )
                  .value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto c = take(*pool);
        {
          const std::lock_guard lock(mutex);
          if (!out.insert(&*c).second) ++shared;
        }
        if ((i + t) % 17 == 0) fake(c).broken = true;
        const std::lock_guard lock(mutex);
        out.erase(&*c);
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(shared == 0);
  CHECK(pool->stats().in_use == 0);
  CHECK(pool->stats().broken > 0);
  CHECK(pool->stats().idle <= 3);
}

TEST_CASE("options out of range are refused by name") {
  const auto refused = [](sql::pool_options options) {
    const auto pool = sql::connection_pool::open(
        []() -> result<std::unique_ptr<sql::connection>> { return errc::internal; }, options
    );
    REQUIRE(pool.error().code() == errc::invalid_argument);
    return pool.error().message();
  };
  CHECK(refused({.max_connections = 0}).find("max_connections") != std::string::npos);
  CHECK(
      refused({.acquire_timeout = milliseconds(-1)}).find("acquire_timeout") != std::string::npos
  );
  CHECK(refused({.check_after = milliseconds(-1)}).find("check_after") != std::string::npos);
  CHECK(refused({.max_lifetime = milliseconds(-1)}).find("max_lifetime") != std::string::npos);
}
