// SPDX-License-Identifier: BSL-1.0
#include "csv/digits.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace csv = scalekit::csv;

namespace {

std::string unsigned_text(std::uint64_t v) {
  char text[csv::max_digits];
  return {text, csv::put_unsigned(text, v)};
}

std::string signed_text(std::int64_t v) {
  char text[csv::max_digits + 1];
  return {text, csv::put_signed(text, v)};
}

std::string scaled_text(std::uint64_t v, std::size_t scale) {
  char text[300];
  return {text, csv::put_scaled(text, v, scale, '.')};
}

/// The same by way of strings.
std::string scaled_model(std::uint64_t v, std::size_t scale) {
  const std::string digits = std::to_string(v);
  const std::string padded = std::string(scale + 1, '0') + digits;
  const std::size_t whole = digits.size() > scale ? digits.size() - scale : 1;
  const std::string tail = padded.substr(padded.size() - whole - scale);
  return scale == 0 ? tail : tail.substr(0, whole) + '.' + tail.substr(whole);
}

}  // namespace

TEST_CASE("integers around every power of ten and of two") {
  std::uint64_t power = 1;
  for (int i = 0; i < 20; ++i, power *= 10) {
    for (const std::uint64_t v : {power - 1, power, power + 1}) {
      CHECK(unsigned_text(v) == std::to_string(v));
    }
  }
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t v = std::uint64_t{1} << bit;
    CHECK(unsigned_text(v) == std::to_string(v));
    CHECK(unsigned_text(v - 1) == std::to_string(v - 1));
  }
  CHECK(unsigned_text(UINT64_MAX) == "18446744073709551615");
  CHECK(signed_text(INT64_MIN) == "-9223372036854775808");
  CHECK(signed_text(INT64_MAX) == "9223372036854775807");
  CHECK(signed_text(0) == "0");
  CHECK(signed_text(-1) == "-1");
}

TEST_CASE("random integers of every length") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t v = random() >> (i % 64);
    const auto s = static_cast<std::int64_t>(random()) >> (i % 64);
    REQUIRE(unsigned_text(v) == std::to_string(v));
    REQUIRE(signed_text(s) == std::to_string(s));
  }
}

TEST_CASE("scaled integers at every scale") {
  CHECK(scaled_text(0, 2) == "0.00");
  CHECK(scaled_text(5, 2) == "0.05");
  CHECK(scaled_text(1250, 2) == "12.50");
  CHECK(scaled_text(7, 0) == "7");
  std::mt19937_64 random(5);
  for (std::size_t scale = 0; scale < 256; ++scale) {
    for (int i = 0; i < 64; ++i) {
      const std::uint64_t v = random() >> i;
      REQUIRE(scaled_text(v, scale) == scaled_model(v, scale));
    }
  }
}
