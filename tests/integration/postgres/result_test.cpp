// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

#include <scalekit/timestamp.hpp>

#include <limits>

using namespace postgres_test;
using sql::value_kind;
using sql::value_view;

namespace {

struct sample {
  std::string_view literal;
  std::string_view type;
  sql::value expected;
};

sql::value at(std::string_view rfc3339) { return scalekit::parse_rfc3339(rfc3339).value(); }
sql::value decimal(std::string_view text) { return value_view::decimal(text); }
sql::value blob(std::string_view data) { return scalekit::as_bytes(data); }

using doubles = std::numeric_limits<double>;

const std::vector<sample>& samples() {
  static const std::vector<sample> list = {
      {"-32768", "int2", -32768},
      {"2147483647", "int4", 2147483647},
      {"-9223372036854775808", "int8", INT64_MIN},
      {"9223372036854775807", "int8", INT64_MAX},
      {"4294967295", "oid", 4294967295U},
      {"0.1", "float4", static_cast<double>(0.1F)},
      {"1e-45", "float4", static_cast<double>(std::numeric_limits<float>::denorm_min())},
      {"0.1", "float8", 0.1},
      {"-0", "float8", -0.0},
      {"5e-324", "float8", doubles::denorm_min()},
      {"1.7976931348623157e308", "float8", doubles::max()},
      {"NaN", "float8", doubles::quiet_NaN()},
      {"-Infinity", "float8", -doubles::infinity()},
      {"t", "bool", 1},
      {"f", "bool", 0},
      {"", "text", ""},
      {"a\xC3\xA4\xF0\x9F\x92\xB0", "text", "a\xC3\xA4\xF0\x9F\x92\xB0"},
      {"ab", "varchar(5)", "ab"},
      {"ab", "char(4)", "ab  "},
      {"relname", "name", "relname"},
      {R"({"b": 1,  "a": 2})", "json", R"({"b": 1,  "a": 2})"},
      {R"({"b": 1,  "a": 2})", "jsonb", R"({"a": 2, "b": 1})"},
      {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"\\x00ff5c27", "bytea", blob(std::string_view("\0\xFF\\'", 4))},
      {"\\x", "bytea", blob("")},
      {"0", "numeric", decimal("0")},
      {"0.00", "numeric", decimal("0.00")},
      {"-12.50", "numeric", decimal("-12.50")},
      {"0.0000000001", "numeric", decimal("0.0000000001")},
      {"10000", "numeric", decimal("10000")},
      {"100000000.0001", "numeric", decimal("100000000.0001")},
      {"99999999999999999999999999999999999999",
       "numeric",
       decimal("99999999999999999999999999999999999999")},
      {"1e-30", "numeric", decimal("0.000000000000000000000000000001")},
      {"1e20", "numeric", decimal("100000000000000000000")},
      {"NaN", "numeric", decimal("NaN")},
      {"-Infinity", "numeric", decimal("-Infinity")},
      {"2024-02-29", "date", "2024-02-29"},
      {"0044-03-15 BC", "date", "0044-03-15 BC"},
      {"4713-11-24 BC", "date", "4713-11-24 BC"},
      {"0001-12-31 BC", "date", "0001-12-31 BC"},
      {"5874897-12-31", "date", "5874897-12-31"},
      {"infinity", "date", "infinity"},
      {"1970-01-01 00:00:00+00", "timestamptz", at("1970-01-01T00:00:00Z")},
      {"1969-12-31 23:59:59.999999+00", "timestamptz", at("1969-12-31T23:59:59.999999Z")},
      {"9999-12-31 23:59:59.999999+00", "timestamptz", at("9999-12-31T23:59:59.999999Z")},
      {"2024-05-06 07:08:09.5", "timestamp", at("2024-05-06T07:08:09.5Z")},
      {"0001-01-01 00:00:00", "timestamp", at("0001-01-01T00:00:00Z")},
      {"0001-12-31 00:00:00 BC", "timestamp", at("0000-12-31T00:00:00Z")},
  };
  return list;
}

std::string select(const sample& s) {
  return "SELECT CAST('" + std::string(s.literal) + "' AS " + std::string(s.type) + ")";
}

// Of a type no adapter knows, so that the whole row comes as text.
constexpr std::string_view with_unknown = ", '1 day 02:03:04'::interval, '{1,2}'::int4[]";

}  // namespace

TEST_CASE("binary and text rows give the same values") {
  auto named = open();
  auto unnamed = open({.prepared = postgres::prepared::unnamed});
  for (const sample& s : samples()) {
    CAPTURE(s.literal);
    CAPTURE(s.type);
    CHECK(one(*named, select(s)) == s.expected);
    CHECK(one(*unnamed, select(s)) == s.expected);
    const auto mixed = all(*named, select(s) + std::string(with_unknown));
    REQUIRE(mixed.size() == 1);
    CHECK(mixed[0][0] == s.expected);
    CHECK(mixed[0][1] == sql::value("1 day 02:03:04"));
    CHECK(mixed[0][2] == sql::value("{1,2}"));
    CHECK(one(*named, "SELECT CAST(NULL AS " + std::string(s.type) + ")").is_null());
  }
}

TEST_CASE("text in other styles of the session reads the same") {
  auto db = open({.prepared = postgres::prepared::unnamed});
  db->execute("SET TimeZone = 'Asia/Kolkata'").value();
  CHECK(one(*db, "SELECT '2024-05-06 00:00:00+00'::timestamptz") == at("2024-05-06T00:00:00Z"));
  CHECK(one(*db, "SELECT '1800-01-01 00:00:00+00'::timestamptz") == at("1800-01-01T00:00:00Z"));
  db->execute("SET bytea_output = 'escape'").value();
  CHECK(one(*db, "SELECT '\\x00ff5c2741'::bytea") == blob(std::string_view("\0\xFF\\'A", 5)));
  db->execute("SET DateStyle = 'German'").value();
  auto rows = db->query("SELECT now()").value();
  const auto failed = rows->next();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == errc::data_corrupted);
  CHECK(failed.error().message().find("DateStyle") != std::string::npos);
}

TEST_CASE("a timestamp without a value here is an error and not another timestamp") {
  for (const auto mode : {postgres::prepared::named, postgres::prepared::unnamed}) {
    auto db = open({.prepared = mode});
    for (const std::string text : {"infinity", "-infinity", "294000-01-01 00:00:00+00"}) {
      auto rows = db->query("SELECT 1 AS n, '" + text + "'::timestamptz AS late").value();
      const auto failed = rows->next();
      REQUIRE_FALSE(failed);
      CHECK(failed.error().code() == errc::limit_exceeded);
      CHECK(failed.error().message().find("\"late\"") != std::string::npos);
      CHECK_FALSE(rows->next().value());
      rows.reset();
      CHECK(number(*db, "SELECT 1") == 1);
    }
    CHECK(
        one(*db, "SELECT '289999-12-31 23:59:59.999999+00'::timestamptz").kind() ==
        value_kind::timestamp
    );
  }
}

TEST_CASE("columns tell their types") {
  auto db = open();
  auto rows = db->query("SELECT 1::int8 AS a, 'x'::text AS b, now() AS c, '{}'::int4[] AS d");
  REQUIRE(rows);
  const auto columns = (*rows)->columns();
  REQUIRE(columns.size() == 4);
  CHECK(columns[0].declared_type == "bigint");
  CHECK(columns[1].name == "b");
  CHECK(columns[2].declared_type == "timestamp with time zone");
  CHECK(columns[3].declared_type.empty());
}
