// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/parameters.hpp"
#include "adapters/postgres/wire.hpp"

#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace scalekit;
namespace oid = postgres::oid;
using sql::value_view;

namespace {

// What is sent for one value: text, or the bytes in front of a "b:".
std::string sent(Oid type, value_view v) {
  postgres::parameter_block block;
  const Oid types[] = {type};
  const value_view values[] = {v};
  if (auto filled = block.fill(types, values); !filled) {
    return std::string(to_string(filled.error().code()));
  }
  if (block.values()[0] == nullptr) return "NULL";
  const std::string bytes(block.values()[0], static_cast<std::size_t>(block.lengths()[0]));
  if (block.formats()[0] == 0) CHECK(bytes == block.values()[0]);
  return (block.formats()[0] == 1 ? "b:" : "") + bytes;
}

}  // namespace

TEST_CASE("each value in the shape its type wants") {
  CHECK(sent(oid::int8, INT64_MIN) == "-9223372036854775808");
  CHECK(sent(oid::numeric, UINT64_MAX) == "18446744073709551615");
  CHECK(sent(oid::boolean, true) == "t");
  CHECK(sent(oid::boolean, 2) == "invalid_argument");
  CHECK(sent(oid::float8, 1.0) == std::string("b:\x3F\xF0\0\0\0\0\0\0", 10));
  CHECK(sent(oid::float4, 0.5) == "0.5");
  CHECK(sent(oid::numeric, -std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(sent(oid::int4, 7.0) == "7");
  CHECK(sent(oid::int4, 7.5) == "invalid_argument");
  CHECK(sent(oid::int8, 9223372036854775808.0) == "invalid_argument");
  CHECK(sent(oid::int8, value_view::decimal("12.00")) == "12");
  CHECK(sent(oid::int8, value_view::decimal("12.01")) == "invalid_argument");
  CHECK(sent(oid::text, "text") == "b:text");
  CHECK(sent(oid::text, std::string_view()) == "b:");
  CHECK(sent(oid::jsonb, "{}") == "{}");
  CHECK(sent(oid::jsonb, std::string_view("{\0}", 3)) == "invalid_argument");
  CHECK(sent(oid::bytea, as_bytes("x")) == "b:x");
  CHECK(sent(oid::text, as_bytes("x")) == "invalid_argument");
  CHECK(sent(oid::int4, nullptr) == "NULL");
}

TEST_CASE("an integer goes into a floating-point column only if it stays what it is") {
  const std::int64_t last = std::int64_t{1} << 53;
  CHECK(sent(oid::float8, last) == std::to_string(last));
  CHECK(sent(oid::float8, last + 1) == "invalid_argument");
  CHECK(sent(oid::float8, INT64_MIN) == std::to_string(INT64_MIN));
  CHECK(sent(oid::float8, INT64_MAX) == "invalid_argument");
  CHECK(sent(oid::float8, std::uint64_t{1} << 63) == "9223372036854775808");
  CHECK(sent(oid::float8, UINT64_MAX) == "invalid_argument");
  CHECK(sent(oid::float4, 1 << 24) == "16777216");
  CHECK(sent(oid::float4, (1 << 24) + 1) == "invalid_argument");
}

TEST_CASE("an instant goes into columns of time, of microseconds and of text") {
  const auto t = parse_rfc3339("2024-05-06T07:08:09.000001Z").value();
  const auto midnight = parse_rfc3339("2024-05-06T00:00:00Z").value();
  CHECK(
      sent(oid::timestamptz, system_time(std::chrono::microseconds(postgres::epoch_us + 258))) ==
      std::string("b:\0\0\0\0\0\0\1\2", 10)
  );
  CHECK(sent(oid::date, midnight) == "2024-05-06");
  CHECK(sent(oid::date, t) == "invalid_argument");
  CHECK(sent(oid::int8, t) == std::to_string(t.time_since_epoch().count()));
  CHECK(sent(oid::varchar, t) == "2024-05-06T07:08:09.000001Z");
  CHECK(sent(oid::timestamptz, system_time::min()) == "invalid_argument");
  // PostgreSQL's -infinity is no instant.
  const std::chrono::microseconds lowest(INT64_MIN + postgres::epoch_us);
  CHECK(sent(oid::timestamptz, system_time(lowest)) == "invalid_argument");
  CHECK(sent(oid::timestamptz, system_time(lowest + std::chrono::microseconds(1))).size() == 10);
  CHECK(sent(oid::varchar, system_time::max()) == "invalid_argument");
}

TEST_CASE("many values of all kinds keep their places") {
  postgres::parameter_block block;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> texts;
    std::vector<Oid> types;
    std::vector<value_view> values;
    for (int i = 0; i < 300; ++i) texts.push_back(std::string(static_cast<std::size_t>(i), 'x'));
    for (int i = 0; i < 300; ++i) {
      types.push_back(i % 2 == 0 ? oid::jsonb : oid::int8);
      if (i % 2 == 0) {
        values.emplace_back(texts[static_cast<std::size_t>(i)]);
      } else {
        values.emplace_back(i);
      }
    }
    REQUIRE(block.fill(types, values));
    REQUIRE(block.size() == 300);
    for (int i = 0; i < 300; ++i) {
      CHECK(
          block.values()[i] == (i % 2 == 0 ? texts[static_cast<std::size_t>(i)] : std::to_string(i))
      );
    }
  }
}
