// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/decoder.hpp"

#include "adapters/postgres/numeric.hpp"
#include "adapters/postgres/text_format.hpp"

#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <random>
#include <string>

using namespace scalekit;
using postgres::codec;

namespace {

std::string words(std::initializer_list<int> list) {
  std::string out;
  for (const int n : list) {
    out += static_cast<char>(static_cast<unsigned>(n) >> 8U & 0xFFU);
    out += static_cast<char>(static_cast<unsigned>(n) & 0xFFU);
  }
  return out;
}

std::string numeric(std::initializer_list<int> list) {
  std::string out;
  return postgres::append_numeric(out, words(list)) ? out : "refused";
}

std::string date(int days) {
  std::string out;
  postgres::append_date(out, days);
  return out;
}

std::string time_text(std::string_view text) {
  const auto t = postgres::read_timestamp(text);
  return t ? to_rfc3339(*t, second_fraction::microseconds)
           : std::string(to_string(t.error().code()));
}

}  // namespace

TEST_CASE("numeric as the server sends it") {
  // count, weight, sign, scale, digits
  CHECK(numeric({0, 0, 0, 0}) == "0");
  CHECK(numeric({0, 0, 0, 3}) == "0.000");
  CHECK(numeric({2, 0, 0x4000, 2, 12, 5000}) == "-12.50");
  CHECK(numeric({1, 1, 0, 0, 1}) == "10000");
  CHECK(numeric({1, -1, 0, 4, 1}) == "0.0001");
  CHECK(numeric({1, -3, 0, 10, 100}) == "0.0000000001");
  CHECK(numeric({3, 1, 0, 1, 1, 0, 5000}) == "10000.5");
  CHECK(numeric({0, 0, 0xC000, 0}) == "NaN");
  CHECK(numeric({0, 0, 0xD000, 0}) == "Infinity");
  CHECK(numeric({0, 0, 0xF000, 0}) == "-Infinity");
  CHECK(numeric({}) == "refused");
  CHECK(numeric({2, 0, 0, 0, 1}) == "refused");
  CHECK(numeric({-1, 0, 0, 0}) == "refused");
}

TEST_CASE("dates to both ends of the calendar") {
  CHECK(date(0) == "2000-01-01");
  CHECK(date(59) == "2000-02-29");
  CHECK(date(-730119) == "0001-01-01");
  CHECK(date(-730120) == "0001-12-31 BC");
  CHECK(date(-2451545) == "4714-11-24 BC");
  CHECK(date(2145031948) == "5874897-12-31");
  CHECK(date(INT32_MAX) == "infinity");
  CHECK(date(INT32_MIN) == "-infinity");
}

TEST_CASE("timestamps as text") {
  CHECK(time_text("2024-05-06 07:08:09+00") == "2024-05-06T07:08:09.000000Z");
  CHECK(time_text("2024-05-06 07:08:09.5+05:30") == "2024-05-06T01:38:09.500000Z");
  CHECK(time_text("2024-05-06 07:08:09.000001-00:25:21") == "2024-05-06T07:33:30.000001Z");
  CHECK(time_text("0001-12-31 00:00:00 BC") == "0000-12-31T00:00:00.000000Z");
  CHECK(time_text("infinity") == "limit_exceeded");
  CHECK(time_text("290000-01-01 00:00:00") == "limit_exceeded");
  for (const std::string_view bad :
       {"",
        "2024",
        "2024-13-01 00:00:00",
        "06.05.2024 07:08:09",
        "2024-05-06 07:08",
        "now",
        "2024-05-06 07:08:09.+00",
        "2024-05-06 07:08:09 XX",
        "-024-05-06 07:08:09"}) {
    CAPTURE(bad);
    CHECK(time_text(bad) == "data_corrupted");
  }
}

TEST_CASE("bytea in both text formats") {
  const auto read = [](std::string_view text) {
    std::string out;
    return postgres::append_bytea(out, text) ? out : "refused";
  };
  CHECK(read("\\x") == "");
  CHECK(
      read("\\x00ff41") == std::string(
                               "\0\xFF"
                               "A",
                               3
                           )
  );
  CHECK(read("a\\\\b\\001\\377") == std::string("a\\b\1\xFF"));
  for (const std::string_view bad : {"\\x0", "\\xzz", "\\", "\\8", "\\40", "\\400", "a\\q"}) {
    CHECK(read(bad) == "refused");
  }
}

TEST_CASE("bytes of the wrong length or kind are damaged, never read beyond") {
  std::string scratch;
  std::mt19937 random(5);
  for (int c = 0; c <= static_cast<int>(codec::other); ++c) {
    for (std::size_t size = 0; size < 40; ++size) {
      const std::string data(size, static_cast<char>(random() % 256));
      const auto binary = postgres::decode_binary(static_cast<codec>(c), data, scratch);
      if (!binary) CHECK(binary.error().code() != errc::internal);
      const auto text = postgres::decode_text(static_cast<codec>(c), data, scratch);
      if (!text) CHECK(text.error().code() == errc::data_corrupted);
    }
  }
  CHECK_FALSE(postgres::decode_binary(codec::int64, "1234567", scratch));
  CHECK_FALSE(postgres::decode_text(codec::int64, "12x", scratch));
  CHECK_FALSE(postgres::decode_text(codec::float64, "", scratch));
  CHECK_FALSE(postgres::decode_binary(codec::jsonb, "\2{}", scratch));
}
