// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"
#include "support.hpp"

#include <chrono>
#include <fstream>
#include <thread>

using namespace postgres_test;

namespace {

// Sanitizers keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool frees_at_once = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool frees_at_once = false;
#else
constexpr bool frees_at_once = true;
#endif
#else
constexpr bool frees_at_once = true;
#endif

// Peak memory of this process in KiB.
std::int64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::int64_t kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

constexpr std::string_view million =
    "SELECT n, n::text AS t, n * 1.5 AS d, now() AS at FROM generate_series(1, 1000000) n";

}  // namespace

TEST_CASE("rows stream: neither memory nor our allocations grow with them") {
  auto db = open();
  auto rows = db->query(million).value();
  for (int i = 0; i < 1000; ++i) REQUIRE(rows->next().value());
  const std::int64_t peak = peak_kib();
  const std::uint64_t before = scalekit_tests::allocations();
  std::int64_t sum = 0;
  std::int64_t count = 1000;
  for (; rows->next().value(); ++count) sum += rows->row()[0].as_int64();
  CHECK(count == 1'000'000);
  CHECK(sum == 500'000'500'000 - 500'500);
  CHECK(scalekit_tests::allocations() - before < 100);
  if (frees_at_once) CHECK(peak_kib() - peak < 16 * 1024);
  CHECK(db->stats().rows == 1'000'000);
  CHECK_FALSE(rows->next().value());
}

TEST_CASE("rows destroyed early end the query and leave the connection usable") {
  auto db = open();
  auto watcher = open();
  for (const int taken : {0, 1, 100}) {
    auto rows = db->query("SELECT generate_series(1, 1000000000)").value();
    for (int i = 0; i < taken; ++i) REQUIRE(rows->next().value());
    CHECK(rows->row().size() == (taken == 0 ? 0U : 1U));
    rows.reset();
    CHECK(number(*db, "SELECT 1") == 1);
    CHECK(
        number(
            *watcher,
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
            "query LIKE '%1000000000%' AND pid <> pg_backend_pid()"
        ) == 0
    );
  }
}

TEST_CASE("inside a transaction an early end does not fail it") {
  auto db = open();
  temp_table(*db, "n int4");
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1)").value();
  {
    auto rows = db->query("SELECT generate_series(1, 200000)").value();
    REQUIRE(rows->next().value());
  }
  db->execute("INSERT INTO t VALUES (2)").value();
  db->commit().value();
  CHECK(number(*db, "SELECT count(*) FROM t") == 2);
  // Who gives the transaction up interrupts first, and need not wait for a billion rows.
  db->begin({}).value();
  {
    auto rows = db->query("SELECT generate_series(1, 1000000000)").value();
    REQUIRE(rows->next().value());
    db->interrupt_handle()->interrupt();
  }
  CHECK(db->in_transaction());
  db->rollback().value();
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("an interrupt reaches rows that are being read") {
  auto db = open();
  const auto handle = db->interrupt_handle();
  auto rows = db->query("SELECT generate_series(1, 1000000000)").value();
  REQUIRE(rows->next().value());
  std::thread([&] { handle->interrupt(); }).join();
  auto more = rows->next();
  while (more && *more) more = rows->next();
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::cancelled);
  CHECK(postgres::sqlstate_of(more.error()) == "57014");
  CHECK_FALSE(rows->next().value());
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("while rows live every other call is refused, and does not disturb them") {
  auto db = open();
  auto rows = db->query("SELECT n FROM generate_series(1, 3) n").value();
  REQUIRE(rows->next().value());
  CHECK(db->query("SELECT 1").error().code() == errc::invalid_argument);
  CHECK(db->execute("SELECT 1").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("SELECT 1").error().code() == errc::invalid_argument);
  CHECK(db->begin({}).error().code() == errc::invalid_argument);
  CHECK(db->copy_out("COPY t TO STDOUT").error().code() == errc::invalid_argument);
  for (int i = 2; i <= 3; ++i) {
    REQUIRE(rows->next().value());
    CHECK(rows->row()[0].as_int64() == i);
  }
  CHECK_FALSE(rows->next().value());
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("an error in the middle of the rows ends them") {
  auto db = open();
  auto rows = db->query("SELECT 10 / (5 - n) FROM generate_series(1, 10) n").value();
  for (int i = 0; i < 4; ++i) REQUIRE(rows->next().value());
  const auto failed = rows->next();
  REQUIRE_FALSE(failed);
  CHECK(postgres::sqlstate_of(failed.error()) == "22012");
  CHECK(failed.error().code() == errc::invalid_argument);
  CHECK_FALSE(rows->next().value());
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("an interrupt that comes while the statement is prepared is not lost") {
  std::shared_ptr<sql::interrupt_handle> handle;
  int heard = 0;
  auto db = open({.log = [&](scalekit::log_level, std::string_view) {
    ++heard;
    handle->interrupt();
  }});
  handle = db->interrupt_handle();
  // The parser's notice about it arrives while the statement is prepared.
  const std::string long_name(70, 'x');
  const auto text = [&](int n) {
    return "SELECT $1::int8 + " + std::to_string(n) + " AS " + long_name;
  };
  for (int i = 0; i < 10; ++i) {
    const auto done = db->execute(text(i), {1});
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::cancelled);
    const auto rows = db->query(text(i + 100), {1});
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code() == errc::cancelled);
    const std::vector<postgres::statement> one_more = {{text(i + 200), {1}}};
    const auto piped = db->pipeline(one_more);
    REQUIRE_FALSE(piped);
    CHECK(piped.error().code() == errc::cancelled);
    CHECK(number(*db, "SELECT 1") == 1);
  }
  CHECK(heard >= 30);
}
