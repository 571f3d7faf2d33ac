// SPDX-License-Identifier: BSL-1.0
// What only MariaDB and MySQL have: ON DUPLICATE KEY for any key, and collations that ignore much.
#include "database.hpp"
#include "servers.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::duplicate_policy;
using sql::on_conflict;
using sql::upsert_role;
using counts = sql::upsert_counts;

namespace {

using scalekit_tests::mariadb_server;

sql::upsert make(
    std::string table,
    on_conflict what = on_conflict::update_distinct,
    duplicate_policy policy = duplicate_policy::last_wins
) {
  return sql::upsert::make(
             mariadb_server::is_mysql() ? sql::dialect::mysql : sql::dialect::mariadb,
             {.table = std::move(table),
              .columns = {{"k", upsert_role::key}, {"v"}},
              .on_conflict = what,
              .duplicates = policy}
  )
      .value();
}

}  // namespace

TEST_CASE("of keys that are equal to the column's collation the same row wins") {
  const auto db = connect();
  struct pair {
    const char* type;
    sql::value_view first, second;
  };
  const pair pairs[] = {
      {"VARCHAR(50)", "abc", "ABC"},
      {"VARCHAR(50)", "ABC", "abc"},
      {"VARCHAR(50) COLLATE utf8mb4_general_ci", "abc ", "abc"},
      {"VARCHAR(50) COLLATE utf8mb4_unicode_ci", "straße", "STRASSE"},
      {"VARCHAR(50) COLLATE utf8mb4_unicode_ci", "cafe", "café"},
      {"VARCHAR(50) COLLATE utf8mb4_unicode_ci", "café", "cafe"},
      {"DECIMAL(10,4)", sql::value_view::decimal("1.50"), sql::value_view::decimal("1.5")},
      {"DECIMAL(10,4)", sql::value_view::decimal("7"), sql::value_view::decimal("7.0")},
  };
  for (const pair& p : pairs) {
    for (const on_conflict what :
         {on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing}) {
      const auto final_value = [&](duplicate_policy policy) {
        make_table(*db, "folded", std::string("k ") + p.type + " PRIMARY KEY, v BIGINT");
        const auto done = make("folded", what, policy).run(*db, {p.first, 1, p.second, 2}).value();
        CHECK(done.inserted == 1);
        CHECK(done.updated + done.unchanged == 1);
        CHECK(done.folded == 0);
        return one_int(*db, "SELECT v FROM folded");
      };
      CAPTURE(p.first.as_text());
      CHECK(final_value(duplicate_policy::last_wins) == 2);
      CHECK(final_value(duplicate_policy::first_wins) == 1);
    }
  }
}

TEST_CASE("a row found by its folded key is updated, its key kept") {
  const auto db = connect();
  make_table(*db, "folded", "k VARCHAR(50) PRIMARY KEY, v VARCHAR(50)");
  const auto u = make("folded");
  CHECK(u.run(*db, {"Key", "text"}).value() == counts{.inserted = 1});
  CHECK(u.run(*db, {"KEY", "text"}).value() == counts{.unchanged = 1});
  // Only case differs, which the column's collation ignores.
  CHECK(u.run(*db, {"KEY", "TEXT"}).value() == counts{.updated = 1});
  CHECK(all_rows(*db, "SELECT k, v FROM folded") == std::vector<row>{{"Key", "TEXT"}});
}

TEST_CASE("keys of the server's own types") {
  const auto db = connect();
  struct typed {
    const char* type;
    sql::value_view key;
  };
  const typed all[] = {
      {"UUID", "123e4567-e89b-12d3-a456-426655440000"},
      {"INET6", "2001:db8::ff00:42:8329"},
      {"ENUM('small','large')", "large"},
      {"DATE", "2024-05-06"},
      {"TIME(6)", "10:11:12.123456"},
      {"BIGINT UNSIGNED", UINT64_MAX},
      {"DOUBLE", 0.1},
      {"BIT(8)", 200},
      {"YEAR", 2024},
      {"CHAR(10) CHARACTER SET latin1", "caf\xC3\xA9"},
      {"DATETIME(6)", system_time(std::chrono::microseconds(1714979289123456))},
  };
  constexpr std::size_t mariadbs_own = 2;
  for (const typed& t : std::span(all).subspan(mariadb_server::is_mysql() ? mariadbs_own : 0)) {
    CAPTURE(std::string(t.type));
    make_table(*db, "typed", std::string("k ") + t.type + " PRIMARY KEY, v BIGINT");
    const auto u = make("typed");
    CHECK(u.run(*db, {t.key, 1}).value() == counts{.inserted = 1});
    CHECK(u.run(*db, {t.key, 1}).value() == counts{.unchanged = 1});
    CHECK(u.run(*db, {t.key, 2}).value() == counts{.updated = 1});
    CHECK(one_int(*db, "SELECT v FROM typed") == 2);
  }
}

TEST_CASE("an unchanged row keeps the time of its last change") {
  const auto db = connect();
  make_table(
      *db,
      "stamped",
      "k BIGINT PRIMARY KEY, v BIGINT, "
      "at DATETIME(6) DEFAULT '2000-01-01' ON UPDATE CURRENT_TIMESTAMP(6)"
  );
  const auto old = "SELECT count(*) FROM stamped WHERE at = '2000-01-01'";
  CHECK(make("stamped").run(*db, {1, 1, 2, 2}).has_value());
  CHECK(make("stamped").run(*db, {1, 1, 2, 2}).value() == counts{.unchanged = 2});
  CHECK(
      make("stamped", on_conflict::do_nothing).run(*db, {1, 5}).value() == counts{.unchanged = 1}
  );
  CHECK(one_int(*db, old) == 2);
  CHECK(make("stamped").run(*db, {1, 1, 2, 3}).value() == counts{.updated = 1, .unchanged = 1});
  CHECK(one_int(*db, old) == 1);
}

TEST_CASE("temporary tables, and tables of another schema") {
  const auto db = connect();
  db->execute("CREATE TEMPORARY TABLE brief (k BIGINT PRIMARY KEY, v BIGINT)").value();
  CHECK(make("brief").run(*db, {1, 1}).value() == counts{.inserted = 1});
  make_table(*db, "elsewhere", "k BIGINT PRIMARY KEY, v BIGINT");
  CHECK(make("scalekit.elsewhere").run(*db, {1, 1}).value() == counts{.inserted = 1});
  CHECK(make("scalekit.elsewhere").run(*db, {1, 2}).value() == counts{.updated = 1});
}

TEST_CASE("an index over a prefix of the key does not do") {
  const auto db = connect();
  make_table(*db, "prefix", "k VARCHAR(50) NOT NULL, v BIGINT, UNIQUE (k(3))");
  CHECK(make("prefix").run(*db, {"abc", 1}).error().code() == errc::invalid_argument);
}

TEST_CASE("a row that no packet can hold is refused, and nothing written") {
  const auto db = connect();
  make_table(*db, "large", "k BIGINT PRIMARY KEY, v LONGTEXT");
  const std::string text(2'000'000, 'x');
  CHECK(make("large").run(*db, {1, "a", 2, text}).error().code() == errc::limit_exceeded);
  CHECK(one_int(*db, "SELECT count(*) FROM large") == 0);
}
