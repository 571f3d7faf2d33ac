// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <scalekit/timestamp.hpp>

#include <limits>

using namespace mariadb_test;
using sql::value_kind;
using sql::value_view;

namespace {

// Bound as a parameter, stored in a column of this type, and read back.
result<sql::value> trip(std::string_view type, value_view in) {
  auto db = with_table("v " + std::string(type));
  auto done = db->execute("INSERT INTO t VALUES (?)", {in});
  if (!done) return done.error();
  return one(*db, "SELECT v FROM t");
}

// A literal as the column's type shows it.
sql::value shown(std::string_view type, std::string_view literal) {
  auto db = with_table("v " + std::string(type));
  db->execute("INSERT INTO t VALUES (" + std::string(literal) + ")").value();
  return one(*db, "SELECT v FROM t");
}

errc why_not(std::string_view type, value_view in) { return trip(type, in).error().code(); }

}  // namespace

TEST_CASE("integers of every width keep their value and their sign") {
  CHECK(shown("TINYINT", "-128") == sql::value(-128));
  CHECK(shown("TINYINT UNSIGNED", "255") == sql::value(255));
  CHECK(shown("SMALLINT", "-32768") == sql::value(-32768));
  CHECK(shown("SMALLINT UNSIGNED", "65535") == sql::value(65535));
  CHECK(shown("MEDIUMINT", "-8388608") == sql::value(-8388608));
  CHECK(shown("MEDIUMINT UNSIGNED", "16777215") == sql::value(16777215));
  CHECK(shown("INT", "-2147483648") == sql::value(INT32_MIN));
  CHECK(shown("INT UNSIGNED", "4294967295") == sql::value(4294967295U));
  CHECK(trip("BIGINT", INT64_MIN).value() == sql::value(INT64_MIN));
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1} << 63U, UINT64_MAX}) {
    CHECK(trip("BIGINT UNSIGNED", n).value() == sql::value(value_view::uint64(n)));
  }
  CHECK(shown("YEAR", "2155") == sql::value(2155));
  CHECK(why_not("TINYINT", 128) == errc::invalid_argument);
  CHECK(why_not("INT UNSIGNED", -1) == errc::invalid_argument);
}

TEST_CASE("a zero stays a zero in an AUTO_INCREMENT column") {
  auto db = with_table("id BIGINT PRIMARY KEY AUTO_INCREMENT, v INT");
  db->execute("INSERT INTO t VALUES (?, ?)", {0, 1}).value();
  CHECK(number(*db, "SELECT id FROM t") == 0);
}

TEST_CASE("bits are a number") {
  CHECK(shown("BIT(1)", "b'1'") == sql::value(1));
  CHECK(shown("BIT(12)", "b'101010101010'") == sql::value(0xAAA));
  CHECK(shown("BIT(64)", "0xFFFFFFFFFFFFFFFE") == sql::value(value_view::uint64(UINT64_MAX - 1)));
}

TEST_CASE("floating point is exact, and what it is not is refused") {
  CHECK(shown("FLOAT", "0.1") == sql::value(static_cast<double>(0.1F)));
  CHECK(shown("FLOAT", "16777217") == sql::value(16777216.0));
  CHECK(shown("DOUBLE", "0.1") == sql::value(0.1));
  using limits = std::numeric_limits<double>;
  for (const double n : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
    CHECK(why_not("DOUBLE", n) == errc::invalid_argument);
  }
}

TEST_CASE("decimals are text, exactly") {
  const auto same = [](std::string_view text) {
    const auto out = trip("DECIMAL(65,30)", value_view::decimal(text)).value();
    REQUIRE(out.kind() == value_kind::decimal);
    return std::string(out.view().as_text());
  };
  CHECK(
      same("99999999999999999999999999999999999.999999999999999999999999999999") ==
      "99999999999999999999999999999999999.999999999999999999999999999999"
  );
  CHECK(same("-0.000000000000000000000000000001") == "-0.000000000000000000000000000001");
  CHECK(same("+12.5") == "12.500000000000000000000000000000");
  for (const std::string_view bad : {"", "-", ".", "1e5", "12x", " 1", "1,5", "0x10", "NaN"}) {
    CAPTURE(bad);
    CHECK(why_not("DECIMAL(10,2)", value_view::decimal(bad)) == errc::invalid_argument);
  }
  const std::string long_one(66, '9');
  CHECK(why_not("DECIMAL(65,0)", value_view::decimal(long_one)) == errc::invalid_argument);
  CHECK(why_not("DECIMAL(4,2)", value_view::decimal("100.00")) == errc::invalid_argument);
  // Compared as a decimal, not as a double.
  auto db = with_table("v DECIMAL(30,0)");
  db->execute("INSERT INTO t VALUES (900719925474099200001)").value();
  const auto count = [&](std::string_view v) {
    return one(*db, "SELECT COUNT(*) FROM t WHERE v = ?", {value_view::decimal(v)});
  };
  CHECK(count("900719925474099200001") == sql::value(1));
  CHECK(count("900719925474099200000") == sql::value(0));
}

TEST_CASE("instants are UTC microseconds") {
  const system_time t = from_civil({2024, 2, 29, 23, 59, 59, 123456});
  for (const std::string_view type : {"DATETIME(6)", "TIMESTAMP(6)"}) {
    CHECK(trip(type, t).value() == sql::value(t));
  }
  for (const int year : {1, 9999}) {
    const system_time edge = from_civil({.year = year, .month = 12, .day = 31});
    CHECK(trip("DATETIME(6)", edge).value() == sql::value(edge));
  }
  const system_time whole = from_civil({.year = 2000, .month = 1, .day = 1});
  CHECK(trip("DATETIME", whole).value() == sql::value(whole));
  CHECK(why_not("DATETIME(6)", from_civil({.year = 0})) == errc::invalid_argument);
  CHECK(why_not("DATETIME(6)", from_civil({.year = 10000})) == errc::invalid_argument);
  CHECK(why_not("TIMESTAMP(6)", from_civil({.year = 2200})) == errc::invalid_argument);
}

TEST_CASE("a zero date is an error where it is read, and the connection goes on") {
  auto db = with_table("v DATETIME NULL");
  db->execute("SET sql_mode = ''").value();
  db->execute("INSERT INTO t VALUES ('2024-01-01'), ('0000-00-00 00:00:00'), ('2024-01-02')")
      .value();
  auto rows = db->query("SELECT v FROM t").value();
  CHECK(rows->next().value());
  const auto bad = rows->next();
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code() == errc::data_corrupted);
  CHECK(bad.error().message().find("column \"v\"") != std::string::npos);
  CHECK_FALSE(rows->next().value());
  rows.reset();
  CHECK(
      one(*db, "SELECT CAST(v AS CHAR) FROM t LIMIT 1 OFFSET 1") ==
      sql::value("0000-00-00 00:00:00")
  );
}

TEST_CASE("dates and times are text") {
  CHECK(shown("DATE", "'2024-02-29'") == sql::value("2024-02-29"));
  CHECK(shown("DATE", "'0001-01-01'") == sql::value("0001-01-01"));
  CHECK(shown("TIME", "'-838:59:59'") == sql::value("-838:59:59"));
  CHECK(shown("TIME", "'00:00:00'") == sql::value("00:00:00"));
  CHECK(shown("TIME(3)", "'27:01:02.5'") == sql::value("27:01:02.500"));
  CHECK(shown("TIME(6)", "'00:00:00.000001'") == sql::value("00:00:00.000001"));
  CHECK(trip("DATE", "2024-02-29").value() == sql::value("2024-02-29"));
}

TEST_CASE("text and bytes are told apart") {
  CHECK(shown("VARCHAR(10)", "'ab'") == sql::value("ab"));
  CHECK(shown("CHAR(3)", "'ab'") == sql::value("ab"));
  CHECK(shown("LONGTEXT", "'ab'") == sql::value("ab"));
  CHECK(shown("ENUM('x','y')", "'y'") == sql::value("y"));
  CHECK(shown("SET('x','y')", "'x,y'") == sql::value("x,y"));
  // MySQL's own type, which it spells its way; to MariaDB it is text.
  const std::string json = on_mysql() ? R"({"a": 1})" : R"({"a":1})";
  CHECK(shown("JSON", R"('{"a":1}')") == sql::value(json));
  for (const std::string_view type : {"BINARY(2)", "VARBINARY(9)", "TINYBLOB", "LONGBLOB"}) {
    CHECK(shown(type, "'ab'") == sql::value(as_bytes("ab")));
  }
  CHECK(shown("POINT", "POINT(1, 2)").kind() == value_kind::blob);
  CHECK(shown("LONGTEXT CHARACTER SET latin1", "'\xC3\xA4'") == sql::value("\xC3\xA4"));
  const std::string with_nul("a\0b", 3);
  CHECK(trip("TEXT", with_nul).value() == sql::value(with_nul));
  CHECK(why_not("VARCHAR(2)", "abc") == errc::invalid_argument);
  CHECK(why_not("TEXT", std::string_view("\xFF\xFE")) == errc::invalid_argument);
}

TEST_CASE("text is converted to the column's character set, whatever was bound before it") {
  auto db = with_table("id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(9) CHARACTER SET latin1");
  for (const value_view& v : std::vector<value_view>{1, "\xC3\xA4", 0.5, nullptr, "\xC3\xA4"}) {
    db->execute("INSERT INTO t (v) VALUES (?)", {v}).value();
  }
  CHECK(number(*db, "SELECT COUNT(*) FROM t WHERE HEX(v) = 'E4'") == 2);
}

TEST_CASE("lengths around every size of length field") {
  auto db = with_table("v LONGBLOB");
  for (const std::size_t size : {0U, 250U, 251U, 252U, 65'535U, 65'536U, 70'000U, 3'000'000U}) {
    std::string data(size, 'x');
    if (size > 0) data.back() = 'y';
    db->execute("DELETE FROM t").value();
    db->execute("INSERT INTO t VALUES (?)", {as_bytes(data)}).value();
    CHECK(one(*db, "SELECT v FROM t") == sql::value(as_bytes(data)));
  }
}

TEST_CASE("what exceeds max_allowed_packet is refused before it costs the connection") {
  auto db = with_table("v LONGBLOB");
  const std::string big(20'000'000, 'x');
  const auto too_big = db->execute("INSERT INTO t VALUES (?)", {as_bytes(big)});
  REQUIRE_FALSE(too_big);
  CHECK(too_big.error().code() == errc::limit_exceeded);
  CHECK(too_big.error().message().find("max_allowed_packet") != std::string::npos);
  CHECK(db->execute("SELECT '" + big + "'").error().code() == errc::limit_exceeded);
  CHECK_FALSE(db->is_broken());
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
}

TEST_CASE("columns say their type") {
  auto db = connect();
  auto rows = db->query("SELECT 1 AS a, 18446744073709551615 AS b, 1.5 AS c, NOW() AS d").value();
  std::string types;
  for (const auto& c : rows->columns()) types += c.name + ":" + c.declared_type + " ";
  const std::string one_is = on_mysql() ? "BIGINT" : "INT";
  CHECK(types == "a:" + one_is + " b:BIGINT UNSIGNED c:DECIMAL d:DATETIME ");
}
