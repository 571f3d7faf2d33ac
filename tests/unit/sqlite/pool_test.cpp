// SPDX-License-Identifier: BSL-1.0
#include "sqlite_support.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace sqlite_test;
using std::chrono::milliseconds;

namespace {

std::unique_ptr<sqlite::pool> make_pool(
    const temp_folder& folder, milliseconds timeout = milliseconds(0), std::size_t readers = 2
) {
  auto pool = sqlite::pool::open(
                  folder / "pool.db",
                  {.readers = readers,
                   .acquire_timeout = timeout,
                   .connection = {.sync = sqlite::synchronous::off}}
  ).value();
  auto writer = pool->acquire(sql::access::write).value();
  writer->execute("CREATE TABLE IF NOT EXISTS t (v INTEGER)").value();
  return pool;
}

// Until `n` acquires have had to wait; they stand in the queue once the count shows them.
void await_waiters(const sqlite::pool& pool, std::uint64_t n) {
  while (pool.stats().waited < n) std::this_thread::yield();
}

}  // namespace

TEST_CASE("one writer, and readers as they are needed") {
  const temp_folder folder;
  auto pool = make_pool(folder);
  CHECK(pool->stats().writers_idle == 1);
  CHECK(pool->stats().readers_idle == 0);
  auto writer = pool->acquire(sql::access::write).value();
  auto first_reader = pool->acquire(sql::access::read).value();
  auto second_reader = pool->acquire(sql::access::read).value();
  CHECK(&*first_reader != &*second_reader);
  CHECK(pool->stats().readers_in_use == 2);
  CHECK(pool->stats().writers_in_use == 1);
  const auto none = pool->acquire(sql::access::read);
  REQUIRE_FALSE(none);
  CHECK(none.error().code() == errc::busy);
  CHECK(contains(none.error().message(), "2 of 2"));
  CHECK(pool->acquire(sql::access::write).error().code() == errc::busy);
  CHECK(pool->stats().timeouts == 2);
  second_reader.release();
  CHECK(pool->stats().readers_idle == 1);
  CHECK(pool->acquire(sql::access::read).has_value());
}

TEST_CASE("readers see what the writer committed, and cannot write") {
  const temp_folder folder;
  auto pool = make_pool(folder);
  auto writer = pool->acquire(sql::access::write).value();
  auto reader = pool->acquire(sql::access::read).value();
  writer->begin({}).value();
  writer->execute("INSERT INTO t VALUES (1)").value();
  CHECK(first_int(*reader, "SELECT count(*) FROM t") == 0);
  writer->commit().value();
  CHECK(first_int(*reader, "SELECT count(*) FROM t") == 1);
  CHECK(reader->execute("DELETE FROM t").error().code() == errc::invalid_argument);
}

TEST_CASE("a connection comes back clean") {
  const temp_folder folder;
  auto pool = make_pool(folder);
  {
    auto writer = pool->acquire(sql::access::write).value();
    writer->begin({}).value();
    writer->execute("INSERT INTO t VALUES (1)").value();
  }
  auto writer = pool->acquire(sql::access::write).value();
  CHECK_FALSE(writer->in_transaction());
  CHECK(first_int(*writer, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("who asked first is served first") {
  const temp_folder folder;
  auto pool = make_pool(folder, std::chrono::hours(1));
  auto writer = pool->acquire(sql::access::write).value();
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      auto mine = pool->acquire(sql::access::write).value();
      const std::lock_guard lock(mutex);
      order.push_back(i);
    });
    await_waiters(*pool, static_cast<std::uint64_t>(i) + 1);
  }
  writer.release();
  for (auto& t : threads) t.join();
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  CHECK(pool->stats().writers_idle == 1);
  CHECK(pool->stats().timeouts == 0);
}

TEST_CASE("a wait that ends leaves the queue in order") {
  const temp_folder folder;
  auto pool = make_pool(folder, milliseconds(1));
  auto writer = pool->acquire(sql::access::write).value();
  CHECK(pool->acquire(sql::access::write).error().code() == errc::busy);
  CHECK(pool->stats().waited == 1);
  CHECK(pool->stats().timeouts == 1);
  writer.release();
  CHECK(pool->acquire(sql::access::write).has_value());
}

TEST_CASE("a reader that cannot be opened frees its place") {
  const temp_folder folder;
  auto pool = make_pool(folder, milliseconds(0), 1);
  const std::string path = folder / "pool.db";
  std::filesystem::rename(path, path + ".away");
  for (int i = 0; i < 3; ++i) {
    const auto reader = pool->acquire(sql::access::read);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code() == errc::not_found);
  }
  std::filesystem::rename(path + ".away", path);
  CHECK(pool->acquire(sql::access::read).has_value());
  CHECK(pool->stats().readers_idle == 1);
}

TEST_CASE("many threads, one counter") {
  const temp_folder folder;
  auto pool = make_pool(folder, std::chrono::hours(1));
  pool->acquire(sql::access::write).value()->execute("INSERT INTO t VALUES (0)").value();
  constexpr int rounds = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < rounds; ++n) {
        auto writer = pool->acquire(sql::access::write).value();
        writer->begin({}).value();
        const auto v = first_int(*writer, "SELECT v FROM t");
        writer->execute("UPDATE t SET v = ?1", {v + 1}).value();
        writer->commit().value();
        writer.release();
        auto reader = pool->acquire(sql::access::read).value();
        CHECK(first_int(*reader, "SELECT v FROM t") > v);
      }
    });
  }
  for (auto& t : threads) t.join();
  auto reader = pool->acquire(sql::access::read).value();
  CHECK(first_int(*reader, "SELECT v FROM t") == 4 * rounds);
  CHECK(pool->stats().writers_in_use == 0);
  CHECK(pool->stats().readers_in_use == 1);
}

TEST_CASE("a pool without a writer") {
  const temp_folder folder;
  make_pool(folder);
  auto pool = sqlite::pool::open(
                  folder / "pool.db", {.connection = {.mode = sqlite::open_mode::read_only}}
  ).value();
  CHECK(first_int(*pool->acquire(sql::access::read).value(), "SELECT count(*) FROM t") == 0);
  CHECK(pool->acquire(sql::access::write).error().code() == errc::invalid_argument);
}

TEST_CASE("what cannot be a pool is refused") {
  const temp_folder folder;
  const auto refused = [](const std::string& path, sqlite::pool_options o) {
    const auto pool = sqlite::pool::open(path, std::move(o));
    REQUIRE_FALSE(pool);
    CHECK(pool.error().code() == errc::invalid_argument);
    return pool.error().message();
  };
  CHECK(contains(refused(":memory:", {}), ":memory:"));
  CHECK(contains(refused("", {}), "path"));
  CHECK(contains(refused(folder / "x.db", {.readers = 0}), "readers"));
  CHECK(contains(refused(folder / "x.db", {.acquire_timeout = milliseconds(-1)}), "acquire_timeout")
  );
  CHECK(contains(refused(folder / "x.db", {.connection = {.cache_kib = -1}}), "cache_kib"));
}
