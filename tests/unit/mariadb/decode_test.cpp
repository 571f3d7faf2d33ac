// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/decode.hpp"

#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using mariadb::decoded;
using mariadb::wire_type;

namespace {

using packet = std::vector<unsigned char>;

struct outcome {
  decoded state;
  sql::value value;
  std::size_t used;
};

outcome read(wire_type type, const packet& p, unsigned decimals = 0) {
  mariadb::column_decoder column{.type = type, .decimals = decimals};
  const unsigned char* at = p.data();
  sql::value_view out;
  const decoded state = mariadb::decode(column, at, p.data() + p.size(), out);
  return {state, sql::value(out), static_cast<std::size_t>(at - p.data())};
}

sql::value value_of(wire_type type, const packet& p, unsigned decimals = 0) {
  const outcome o = read(type, p, decimals);
  CHECK(o.state == decoded::ok);
  CHECK(o.used == p.size());
  return o.value;
}

MYSQL_FIELD field(enum_field_types type, unsigned flags = 0, unsigned charset = 45) {
  MYSQL_FIELD f{};
  f.type = type;
  f.flags = flags;
  f.charsetnr = charset;
  return f;
}

wire_type type_of(const MYSQL_FIELD& f) { return mariadb::decoder_of(f).type; }

}  // namespace

TEST_CASE("fixed widths, little-endian, signed and unsigned") {
  CHECK(value_of(wire_type::int8, {0x80}) == sql::value(-128));
  CHECK(value_of(wire_type::uint8, {0x80}) == sql::value(128));
  CHECK(value_of(wire_type::int16, {0xFE, 0xFF}) == sql::value(-2));
  CHECK(value_of(wire_type::uint16, {0xFE, 0xFF}) == sql::value(65534));
  CHECK(value_of(wire_type::int32, {0, 0, 0, 0x80}) == sql::value(INT32_MIN));
  CHECK(value_of(wire_type::uint32, {0xFF, 0xFF, 0xFF, 0xFF}) == sql::value(4294967295));
  const packet most(8, 0xFF);
  CHECK(value_of(wire_type::int64, most) == sql::value(-1));
  CHECK(value_of(wire_type::uint64, most) == sql::value(UINT64_MAX));
  CHECK(value_of(wire_type::float32, {0, 0, 0x80, 0x3F}) == sql::value(1.0));
  CHECK(value_of(wire_type::float64, {0, 0, 0, 0, 0, 0, 0xF0, 0x3F}) == sql::value(1.0));
}

TEST_CASE("every size of a length") {
  CHECK(value_of(wire_type::text, {0}) == sql::value(""));
  CHECK(value_of(wire_type::text, {2, 'a', 'b'}) == sql::value("ab"));
  CHECK(value_of(wire_type::text, {252, 2, 0, 'a', 'b'}) == sql::value("ab"));
  CHECK(value_of(wire_type::text, {253, 2, 0, 0, 'a', 'b'}) == sql::value("ab"));
  CHECK(value_of(wire_type::blob, {254, 1, 0, 0, 0, 0, 0, 0, 0, 'a'}) == sql::value(as_bytes("a")));
  CHECK(
      value_of(wire_type::decimal, {4, '-', '1', '.', '5'}) ==
      sql::value(sql::value_view::decimal("-1.5"))
  );
  CHECK(value_of(wire_type::bits, {2, 0x01, 0x02}) == sql::value(258));
}

TEST_CASE("dates and times as the server shortens them") {
  CHECK(value_of(wire_type::date, {4, 0xE8, 0x07, 2, 29}) == sql::value("2024-02-29"));
  CHECK(value_of(wire_type::date, {0}) == sql::value("0000-00-00"));
  CHECK(value_of(wire_type::time, {0}) == sql::value("00:00:00"));
  CHECK(value_of(wire_type::time, {8, 1, 34, 0, 0, 0, 22, 59, 58}) == sql::value("-838:59:58"));
  CHECK(
      value_of(wire_type::time, {12, 0, 0, 0, 0, 0, 1, 2, 3, 0x40, 0xE2, 1, 0}, 3) ==
      sql::value("01:02:03.123")
  );
  const auto at = [](const packet& p) { return value_of(wire_type::timestamp, p); };
  CHECK(at({4, 0xE8, 0x07, 1, 1}) == sql::value(from_civil({.year = 2024})));
  CHECK(
      at({7, 0xE8, 0x07, 1, 1, 23, 59, 58}) ==
      sql::value(from_civil({.year = 2024, .hour = 23, .minute = 59, .second = 58}))
  );
  CHECK(
      at({11, 0xE8, 0x07, 1, 1, 0, 0, 0, 1, 0, 0, 0}) ==
      sql::value(from_civil({.year = 2024, .microsecond = 1}))
  );
  for (const packet& none :
       {packet{0},
        packet{4, 0, 0, 0, 0},
        packet{4, 0xE7, 0x07, 2, 29},
        packet{7, 0xE8, 0x07, 1, 1, 24, 0, 0}}) {
    CHECK(read(wire_type::timestamp, none).state == decoded::no_such_time);
  }
}

TEST_CASE("a column's type and character set choose the decoder") {
  CHECK(type_of(field(MYSQL_TYPE_LONGLONG)) == wire_type::int64);
  CHECK(type_of(field(MYSQL_TYPE_LONGLONG, UNSIGNED_FLAG)) == wire_type::uint64);
  CHECK(type_of(field(MYSQL_TYPE_INT24, UNSIGNED_FLAG)) == wire_type::uint32);
  CHECK(type_of(field(MYSQL_TYPE_BLOB)) == wire_type::text);
  CHECK(type_of(field(MYSQL_TYPE_BLOB, 0, 63)) == wire_type::blob);
  CHECK(type_of(field(MYSQL_TYPE_STRING, 0, 63)) == wire_type::blob);
  CHECK(type_of(field(MYSQL_TYPE_JSON, 0, 63)) == wire_type::text);
  CHECK(type_of(field(MYSQL_TYPE_GEOMETRY)) == wire_type::blob);
  CHECK(type_of(field(MYSQL_TYPE_NEWDECIMAL, 0, 63)) == wire_type::decimal);
  CHECK(type_of(field(MYSQL_TYPE_NULL)) == wire_type::null);
}

TEST_CASE("what is cut short is noticed, and nothing behind it is read") {
  const wire_type types[] = {
      wire_type::int8,
      wire_type::int64,
      wire_type::float32,
      wire_type::text,
      wire_type::blob,
      wire_type::timestamp,
      wire_type::time,
      wire_type::date,
      wire_type::bits,
      wire_type::decimal};
  for (const wire_type type : types) CHECK(read(type, {}).state == decoded::truncated);
  CHECK(read(wire_type::text, {3, 'a', 'b'}).state == decoded::truncated);
  CHECK(read(wire_type::text, {252, 2}).state == decoded::truncated);
  CHECK(read(wire_type::text, {255}).state == decoded::truncated);
  const packet huge{254, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  CHECK(read(wire_type::blob, huge).state == decoded::truncated);
  // A sanitizer sees a step too far.
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    packet p(random() % 24);
    for (auto& b : p) b = static_cast<unsigned char>(random());
    const outcome o = read(types[random() % std::size(types)], p, random() % 8);
    CHECK(o.used <= p.size());
  }
}
