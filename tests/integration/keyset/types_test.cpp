// SPDX-License-Identifier: BSL-1.0
// Cursor columns of every type: a key goes out to the client's code and back into the statement,
// and its row must be found again exactly.
#include "server.hpp"

#include <cmath>
#include <limits>

using namespace keyset_server;
using namespace keyset_test;

namespace {

using values = std::vector<sql::value>;

sql::value at(std::int64_t microseconds) {
  return scalekit::system_time(std::chrono::microseconds(microseconds));
}

values decimals(std::initializer_list<const char*> texts) {
  values out;
  for (const char* t : texts) out.emplace_back(sql::value_view::decimal(t));
  return out;
}

/// Pages over a column of this type, every value in it three times and three NULLs, in both
/// directions and placements, forwards and backwards.
void page_over(const std::string& type, const values& some) {
  INFO(type);
  auto db = connect();
  run(*db, "DROP TABLE IF EXISTS k; CREATE TABLE k(id bigint PRIMARY KEY, v " + type + ");");
  std::int64_t id = 0;
  for (int copy = 0; copy < 3; ++copy) {
    for (const auto& v : some) run(*db, "INSERT INTO k VALUES (?, ?)", {++id, v});
    run(*db, "INSERT INTO k VALUES (?, NULL)", {++id});
  }
  const keyset::source all{.table = "k", .columns = {"id"}};
  for (const auto way : {keyset::direction::ascending, keyset::direction::descending}) {
    const std::string down = way == keyset::direction::descending ? " DESC" : "";
    for (const auto where : {keyset::nulls::first, keyset::nulls::last}) {
      const auto by = must(keyset::order::make(
          {{.name = "v", .direction = way, .nulls = where}}, {.columns = {"id"}}
      ));
      const std::string null_first = where == keyset::nulls::first ? "0 ELSE 1" : "1 ELSE 0";
      const auto expected = numbers(
          *db,
          "SELECT id FROM k ORDER BY CASE WHEN v IS NULL THEN " + null_first + " END, v" + down +
              ", id" + down
      );
      REQUIRE(expected.size() == static_cast<std::size_t>(id));
      for (const std::int64_t size : {1, 4}) {
        CHECK(walk(*db, all, by, size, true) == expected);
        CHECK(walk(*db, all, by, size, false) == expected);
      }
    }
  }
}

}  // namespace

TEST_CASE("timestamps page to the microsecond") {
  page_over(
      spelling().timestamp,
      {at(1'700'000'000'000'000),
       at(1'700'000'000'000'001),
       at(1'700'000'000'999'999),
       at(0),
       at(-1),
       at(253'402'300'799'999'999)}
  );
}

TEST_CASE("decimals of 38 digits page exactly, where a double would not tell them apart") {
  page_over(
      "decimal(38,10)",
      decimals(
          {"1234567890123456789012345678.0000000001",
           "1234567890123456789012345678.0000000002",
           "-1234567890123456789012345678.0000000001",
           "0",
           "0.1",
           "9007199254740993",
           "9007199254740992"}
      )
  );
}

TEST_CASE("integers page at their ends") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  page_over("bigint", {least, least + 1, -1, 0, 1, most - 1, most});
  page_over("int", {-2147483647 - 1, 0, 2147483647});
  page_over("smallint", {-32768, 0, 32767});
  const values big{
      0,
      most,
      sql::value_view(std::uint64_t{1} << 63),
      sql::value_view(std::numeric_limits<std::uint64_t>::max() - 1),
      sql::value_view(std::numeric_limits<std::uint64_t>::max())};
  page_over(spelling().unsigned_int, big);
}

TEST_CASE("floating-point numbers page by every bit") {
  page_over(
      spelling().real,
      {0.1, std::nextafter(0.1, 1.0), 1.0 / 3, -0.5, 1e300, 5e-324, 9007199254740993.0}
  );
  // A column of 32 bits: the key is what it holds, as a double.
  page_over(spelling().is_postgres ? "real" : "float", {0.5, 0.1F, 1e30F});
}

TEST_CASE("text, UUIDs and bytes page") {
  page_over(
      "varchar(100)", {"", "a", "b", "it's \"quoted\" -- ; %", "\xC3\xA9", "\xF0\x9F\x98\x80"}
  );
  page_over("char(10)", {"a", "ab", "b"});
  page_over("text", {"", "x", "xy"});
  page_over(
      spelling().uuid,
      {"00000000-0000-0000-0000-000000000000",
       "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
       "f81d4fae-7dec-11d0-a765-00a0c91e6bf7",
       "01908f9e-0000-7000-8000-000000000001"}
  );
  const std::string nul("a\0b", 3);
  page_over(
      spelling().blob,
      {scalekit::as_bytes(""),
       scalekit::as_bytes(nul),
       scalekit::as_bytes("\xff\xfe"),
       scalekit::as_bytes("a")}
  );
  page_over("date", {"2000-02-29", "1999-12-31"});
}

TEST_CASE("words that a collation holds to be equal, or that bytes would order otherwise") {
  page_over(
      spelling().folded_text,
      {"a", "A", "b", "B", "ab", "aB", "Ab", "AB", "\xC3\xA4", "\xC3\x84", "z", "a b", "a-b", "_"}
  );
}

TEST_CASE("a collation where case makes no difference, and the unique key is text as well") {
  auto db = connect();
  std::string type = "varchar(20) COLLATE utf8mb4_general_ci";
  if (spelling().is_postgres) {
    run(*db,
        "DROP TABLE IF EXISTS w; CREATE COLLATION IF NOT EXISTS ci "
        "(provider = icu, locale = 'und-u-ks-level2', deterministic = false);");
    type = "text COLLATE ci";
  }
  run(*db,
      "DROP TABLE IF EXISTS w; CREATE TABLE w(n int NOT NULL, v " + type + " NOT NULL, k " + type +
          " PRIMARY KEY);");
  const std::vector<std::string> words{"a", "A", "b", "B", "Ab", "aB"};
  for (int i = 0; i < 30; ++i) {
    const std::string key = (i % 2 == 0 ? "k" : "K") + std::to_string(i * 7 % 30);
    run(*db, "INSERT INTO w VALUES (?, ?, ?)", {i, words[static_cast<std::size_t>(i % 6)], key});
  }
  const keyset::source all{.table = "w", .columns = {"n"}};
  for (const auto nullable : {keyset::nullability::not_null, keyset::nullability::nullable}) {
    const auto by =
        must(keyset::order::make({{.name = "v", .nullability = nullable}}, {.columns = {"k"}}));
    const auto expected = numbers(*db, "SELECT n FROM w ORDER BY v, k");
    REQUIRE(expected.size() == 30);
    for (const std::int64_t size : {1, 2, 7}) {
      CHECK(walk(*db, all, by, size, true) == expected);
      CHECK(walk(*db, all, by, size, false) == expected);
    }
  }
}
