// SPDX-License-Identifier: BSL-1.0
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace csv = scalekit::csv;
using csv_test::decimal;
using csv_test::field_text;
using csv_test::row_text;
using scalekit::sql::value_view;

TEST_CASE("integers") {
  CHECK(
      row_text({}, {0, -1, INT64_MIN, INT64_MAX, UINT64_MAX}) ==
      "0,-1,-9223372036854775808,9223372036854775807,18446744073709551615\n"
  );
}

TEST_CASE("integers shown as something else") {
  const csv::column_format boolean{csv::show_integer::boolean};
  const csv::column_format instant{csv::show_integer::timestamp};
  const auto scaled = [](std::uint8_t scale) {
    return csv::column_format{csv::show_integer::scaled, csv::show_text::guarded, scale};
  };
  CHECK(field_text({}, 0, boolean) == "false");
  CHECK(field_text({}, 1, boolean) == "true");
  CHECK(field_text({}, -3, boolean) == "true");
  CHECK(field_text({.true_text = "1", .false_text = "0"}, 7, boolean) == "1");
  CHECK(field_text({}, 1'000'000, instant) == "1970-01-01T00:00:01Z");
  CHECK(field_text({}, -1, instant) == "1969-12-31T23:59:59.999999Z");
  CHECK(field_text({}, value_view::uint64(1'000'000), instant) == "1970-01-01T00:00:01Z");
  CHECK(field_text({}, UINT64_MAX, instant) == "18446744073709551615");
  CHECK(field_text({}, 1250, scaled(2)) == "12.50");
  CHECK(field_text({}, -5, scaled(2)) == "-0.05");
  CHECK(field_text({}, 7, scaled(0)) == "7");
  CHECK(field_text({}, INT64_MIN, scaled(2)) == "-92233720368547758.08");
  CHECK(field_text({}, UINT64_MAX, scaled(20)) == "0.18446744073709551615");
  CHECK(field_text({}, 1, scaled(255)).size() == 257);
  CHECK(field_text({}, nullptr, boolean) == "");
  CHECK(field_text({}, "x", scaled(2)) == "x");
}

TEST_CASE("doubles that matter") {
  struct {
    double v;
    const char* written;
  } const table[] = {
      {0.0, "0"},
      {-0.0, "-0"},
      {1.0, "1"},
      {100'000.0, "100000"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {-1.5, "-1.5"},
      {0.00001, "0.00001"},
      {0.000001, "1e-06"},
      {9007199254740993.0, "9007199254740992"},
      {1e16, "1e+16"},
      {1e300, "1e+300"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::min(), "2.2250738585072014e-308"},
      {std::numeric_limits<double>::denorm_min(), "5e-324"},
      {std::numeric_limits<double>::infinity(), "Infinity"},
      {-std::numeric_limits<double>::infinity(), "-Infinity"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [v, written] : table) CHECK(field_text({}, v) == written);
}

TEST_CASE("words for what is no number") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(
      row_text({.nan_text = "nan", .infinity_text = "inf"}, {NAN, inf, -inf}) == "nan,inf,-inf\n"
  );
  const csv::dialect null_instead{.nan_text = "", .infinity_text = ""};
  CHECK(row_text(null_instead, {NAN, inf, -inf, 1}) == ",,,1\n");
}

TEST_CASE("any double reads back bit for bit") {
  std::mt19937_64 random(23);
  for (int i = 0; i < 20'000; ++i) {
    const auto v = i % 2 == 0 ? std::bit_cast<double>(random())
                              : static_cast<double>(random() % 100'000'000) / 100.0;
    if (!std::isfinite(v)) continue;
    const std::string text = field_text({}, v);
    double back = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), back);
    REQUIRE(parsed.ptr == text.data() + text.size());
    REQUIRE(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(v));
  }
}

TEST_CASE("decimals are kept digit for digit, and what is none is text") {
  for (const char* d :
       {"0", "12.50", "-12.50", "007", "0.000", "-0", "99999999999999999999999.1"}) {
    CHECK(field_text({}, decimal(d)) == d);
  }
  const std::string long_decimal = "1." + std::string(5000, '3');
  CHECK(field_text({}, decimal(long_decimal)) == long_decimal);
  for (const char* d : {"1e5", "abc", "1.", ".5", "-", "+1", "1.2.3", "1 ", " 1", "NaN", "0x1"}) {
    CHECK(field_text({}, decimal(d)) == d);
    CHECK(
        field_text({.quoting = csv::quoting::non_numeric}, decimal(d)) ==
        "\"" + std::string(d) + "\""
    );
  }
  CHECK(field_text({}, decimal("")) == "\"\"");
  CHECK(field_text({}, decimal("1,5")) == "\"1,5\"");
  CHECK(field_text({}, decimal("1\n5")) == "\"1\n5\"");
}

TEST_CASE("decimal comma: numbers are quoted only where they hold the delimiter") {
  const csv::dialect semicolon{.delimiter = ';', .decimal_separator = ','};
  const csv::dialect comma{.decimal_separator = ','};
  const csv::column_format scaled{csv::show_integer::scaled};
  CHECK(
      row_text(semicolon, {1.5, decimal("-2.50"), 125, 3}, {{}, {}, scaled}) == "1,5;-2,50;1,25;3\n"
  );
  CHECK(
      row_text(comma, {1.5, decimal("-2.50"), 125, 3}, {{}, {}, scaled}) ==
      "\"1,5\",\"-2,50\",\"1,25\",3\n"
  );
  CHECK(row_text(comma, {2.0, decimal("7"), 1.5e300}) == "2,7,\"1,5e+300\"\n");
  CHECK(field_text(comma, 5, {csv::show_integer::scaled, csv::show_text::guarded, 0}) == "5");
  CHECK(field_text(semicolon, decimal("1.2.3")) == "1.2.3");
}

TEST_CASE("blobs") {
  const auto of = [&](std::size_t n) {
    return scalekit::as_bytes(std::string_view(
        "\x00\x01\xFE\xFF"
        "abc",
        n
    ));
  };
  CHECK(field_text({}, of(4)) == "0001feff");
  const csv::dialect base64{.blob_encoding = csv::blob_encoding::base64};
  CHECK(field_text(base64, of(1)) == "AA==");
  CHECK(field_text(base64, of(2)) == "AAE=");
  CHECK(field_text(base64, of(3)) == "AAH+");
  CHECK(field_text(base64, of(7)) == "AAH+/2FiYw==");
  CHECK(field_text({}, of(0)) == "\"\"");
  CHECK(field_text({.quoting = csv::quoting::all}, of(1)) == "\"00\"");
  // A blob whose text happens to be that of NULL.
  const auto null_bytes = scalekit::as_bytes("\x35\x42\xCB");
  const csv::dialect null_word{.null_text = "NULL", .blob_encoding = csv::blob_encoding::base64};
  CHECK(row_text(null_word, {null_bytes, nullptr}) == "\"NULL\",NULL\n");
  CHECK(
      row_text(
          {.quoting = csv::quoting::never,
           .null_text = "NULL",
           .blob_encoding = csv::blob_encoding::base64},
          {null_bytes, nullptr}
      ) == "\\NULL,NULL\n"
  );
  const std::string large(100'000, 'x');
  CHECK(field_text({}, scalekit::as_bytes(large)).size() == 200'000);
}
