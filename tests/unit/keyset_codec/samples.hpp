// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_KEYSET_CODEC_SAMPLES_HPP
#define SCALEKIT_TESTS_KEYSET_CODEC_SAMPLES_HPP

#include <scalekit/keyset/cursor.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace samples {

using namespace scalekit;
using keyset::cursor;
using keyset::cursor_binding;
using keyset::travel;

inline system_time micros(std::int64_t n) { return system_time(std::chrono::microseconds(n)); }

inline cursor_binding binding() {
  return {
      .endpoint = "GET /v1/transactions",
      .tenant = "acme",
      .order = "created_at desc, id desc",
      .filters = "state=open",
      .schema_version = 3};
}

inline cursor usual() {
  return {
      .key = {micros(1714979289123456), std::int64_t{9007199254740993}},
      .direction = travel::forward,
      .issued_at = micros(1704067200000000)};
}

/// Every way in which a binding can differ by one field, and by where one field ends.
inline std::vector<cursor_binding> foreign_bindings() {
  std::vector<cursor_binding> all(8, binding());
  all[0].endpoint = "GET /v1/transaction";
  all[1].tenant = "acm";
  all[2].order = "created_at desc, id asc";
  all[3].filters.clear();
  all[4].schema_version = 2;
  all[5].endpoint += "a";
  all[5].tenant = "cme";
  all[6].tenant = "";
  std::swap(all[7].order, all[7].filters);
  return all;
}

/// One cursor for each kind at its edges.
inline std::vector<cursor> edges() {
  using sql::value;
  using sql::value_view;
  using limits = std::numeric_limits<std::int64_t>;
  std::vector<value> values = {
      value(),
      std::int64_t{0},
      std::int64_t{-1},
      limits::min(),
      limits::max(),
      (std::int64_t{1} << 53) + 1,  // what a JSON number would lose
      value_view::uint64(0),
      value_view::uint64(UINT64_MAX),
      0.0,
      -0.0,
      0.1,
      std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::denorm_min(),
      std::bit_cast<double>(0x7ff8000000000123U),  // a NaN with a payload
      value_view::decimal("0"),
      value_view::decimal("-12.50"),
      value_view::decimal("123456789012345678901234567890.000000000000000001"),
      value_view::decimal("NaN"),
      value_view::decimal("-Infinity"),
      value_view::decimal("+1E-7"),
      "",
      "plain",
      "Grüße, 世界 👋",
      std::string("a\0b", 3),
      std::string("\xff\xfe not UTF-8"),
      std::string(200, 'x'),
      bytes(),
      bytes{std::byte{0}, std::byte{255}},
      micros(0),
      micros(-62167219200000000),  // year 0
      micros(253402300799999999),  // the last microsecond of 9999
      system_time::min(),
      system_time::max(),
  };
  std::vector<cursor> all;
  for (const value& v : values) {
    all.push_back({.key = {v}, .direction = travel::backward, .issued_at = usual().issued_at});
  }
  all.push_back({.key = {}, .direction = travel::forward, .issued_at = usual().issued_at});
  all.push_back({.key = {value(), 1, "two", 3.0}, .issued_at = usual().issued_at});
  all.push_back(usual());
  return all;
}

inline bool same(const cursor& a, const cursor& b) {
  return a.key == b.key && a.direction == b.direction && a.issued_at == b.issued_at;
}

/// Texts that are no token of anything.
inline std::vector<std::string> garbage() {
  std::vector<std::string> all = {
      "",
      ".",
      "v1",
      "v1.",
      "v1..",
      "v1...",
      "v1.k1",
      "v1.k1.",
      "v1.k1.AAAA",
      "v2.k1.AAAA",
      "null",
      "0",
      "%00",
      "\n",
      " ",
      "=",
      "====",
      "A",
      "AA",
      "Grüße",
      "世界",
      "\xff\xfe\xfd",
      "{\"id\":1}",
      "' or 1=1 --",
      "../../etc",
      "v1.k1.Grüße",
      "v1.\xc3\xa9.AAAA",
      "eyJpZCI6MX0",
      std::string(5, '\0'),
  };
  all.push_back(std::string(1000, 'A'));
  all.push_back("v1.k1." + std::string(900, 'A'));
  return all;
}

}  // namespace samples

#endif
