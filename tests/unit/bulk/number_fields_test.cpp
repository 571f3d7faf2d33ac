// SPDX-License-Identifier: BSL-1.0
#include "field_support.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>

using namespace bulk_test;

namespace {

bulk::import_column integer(bulk::integer_limits limits) {
  return {.name = "n", .type = bulk::field_type::integer, .integer = limits};
}
bulk::import_column decimal(bulk::decimal_limits limits) {
  return {.name = "n", .type = bulk::field_type::decimal, .decimal = std::move(limits)};
}
bulk::import_column float64(bulk::float64_limits limits) {
  return {.name = "n", .type = bulk::field_type::float64, .float64 = limits};
}

}  // namespace

TEST_CASE("integers to the ends of 64 bits, exactly") {
  const field read(integer({}));
  const auto value = [&](std::string_view text) {
    const auto r = read(text);
    REQUIRE(r.code.empty());
    CHECK(r.value.kind() == sql::value_kind::int64);
    return r.value.view().as_int64();
  };
  CHECK(value("0") == 0);
  CHECK(value("-0") == 0);
  CHECK(value("+17") == 17);
  CHECK(value("007") == 7);
  CHECK(value("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(value("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(value(std::string(500, '0') + "1") == 1);
  CHECK(read("9223372036854775808").code == "limit.maximum");
  CHECK(read("-9223372036854775809").code == "limit.minimum");
  CHECK(read(std::string(500, '9')).code == "limit.maximum");
}

TEST_CASE("what is not an integer") {
  const field read(integer({}));
  for (const std::string_view text :
       {"",
        "-",
        "+",
        "+-1",
        "-+1",
        "++1",
        "--1",
        "1 ",
        " 1",
        "1.0",
        "1e3",
        "0x10",
        "1,000",
        "12a",
        "\xD9\xA1"}) {
    CAPTURE(text);
    CHECK(read(text).code == "type.integer");
  }
  CHECK(read("1,000").suggestion == "write 1000 or 1, whichever is meant");
  CHECK(read("1.234.567").suggestion == "write 1234567, not 1.234.567");
  CHECK(read("12.00").suggestion == "write 12, not 12.00");
  CHECK(read("12.50").suggestion.empty());
  CHECK(read("abc").message == "`abc` is not a whole number");
}

TEST_CASE("the options of an integer") {
  const field percent(integer({.minimum = 1, .maximum = 100}));
  CHECK(percent("0").code == "limit.minimum");
  CHECK(percent("0").message == "`0` is less than 1");
  CHECK(percent("1").code.empty());
  CHECK(percent("100").code.empty());
  CHECK(percent("101").message == "`101` is more than 100");

  const field strict(
      integer({.plus_sign = bulk::plus_sign::refuse, .leading_zeros = bulk::leading_zeros::refuse})
  );
  CHECK(strict("+1").suggestion == "write `1`");
  CHECK(strict("007").suggestion == "write `7`");
  CHECK(strict("-01").code == "type.integer");
  CHECK(strict("00").code == "type.integer");
  CHECK(strict("0").code.empty());
  CHECK(strict("-10").code.empty());
  // Whatever it is, it must be explained.
  CHECK(strict("0" + std::string(30, '9')).code == "type.integer");

  const field grouped(integer({.thousands = '\''}));
  CHECK(grouped("1'234'567").value == sql::value(1'234'567));
  CHECK(grouped("-1'234").value == sql::value(-1'234));
  CHECK(grouped("+999").value == sql::value(999));
  CHECK(grouped("1234567").value == sql::value(1'234'567));
  CHECK(grouped("9'223'372'036'854'775'807").value == sql::value(INT64_MAX));
  CHECK(grouped("9'223'372'036'854'775'808").code == "limit.maximum");
  for (const std::string_view text :
       {"1'23",
        "'123",
        "123'",
        "1''234",
        "1234'567",
        "1'2345",
        "'",
        "-'123",
        "1'234'",
        "1'-34",
        "0'123"}) {
    CAPTURE(text);
    CHECK(grouped(text).code == "type.integer");
  }
}

TEST_CASE("decimals are exact, and equal numbers are equal texts") {
  const field money(decimal({.precision = 12, .scale = 2}));
  struct example {
    std::string_view text, value;
  };
  for (const auto& [text, value] : std::array<example, 14>{{
           {"12.5", "12.50"},
           {"12.50", "12.50"},
           {"+12.500000", "12.50"},
           {"12", "12.00"},
           {"012.5", "12.50"},
           {".5", "0.50"},
           {"5.", "5.00"},
           {"0", "0.00"},
           {"-0", "0.00"},
           {"-0.00", "0.00"},
           {"-.5", "-0.50"},
           {"9999999999.99", "9999999999.99"},
           {"-9999999999.99", "-9999999999.99"},
           {"0000000000000000000009999999999.99000", "9999999999.99"},
       }}) {
    CAPTURE(text);
    const auto r = money(text);
    CHECK(r.value.kind() == sql::value_kind::decimal);
    CHECK(r.value.view().as_text() == value);
  }
  CHECK(money("10000000000").code == "limit.precision");
  CHECK(money("0.001").code == "limit.scale");
  CHECK(money("0.001").suggestion == "round it in the file: nothing is rounded here");
  for (const std::string_view text :
       {"", ".", "-", "+", "-.", "1e5", "1.2.3", "1,000.00", "- 1", "1 000", "0x1", "NaN", "--1"}) {
    CAPTURE(text);
    CHECK(money(text).code == "type.decimal");
  }
}

TEST_CASE("a decimal of 38 digits, and one of 1000") {
  const std::string digits = "12345678901234567890123456789012345678";
  const field whole(decimal({.precision = 38, .scale = 0}));
  CHECK(whole.text(digits) == digits);
  CHECK(whole.text("-" + digits) == "-" + digits);
  CHECK(whole.text(digits + "0") == "limit.precision");
  const field fraction(decimal({.precision = 38, .scale = 38}));
  CHECK(fraction.text("." + digits) == "0." + digits);
  CHECK(fraction.text("0." + digits + "0") == "0." + digits);
  CHECK(fraction.text("0." + digits + "1") == "limit.scale");
  CHECK(fraction.text("1") == "limit.precision");
  const field huge(decimal({.precision = 1000, .scale = 0}));
  CHECK(huge.text(std::string(1000, '9')) == std::string(1000, '9'));
  CHECK(huge.text(std::string(1001, '9')) == "limit.precision");
}

TEST_CASE("decimal separators") {
  const field german(decimal({.precision = 12, .scale = 2, .separator = ',', .thousands = '.'}));
  CHECK(german.text("1.234.567,5") == "1234567.50");
  CHECK(german.text("-1234,50") == "-1234.50");
  CHECK(german.text("1.234") == "1234.00");
  CHECK(german.text("12.50") == "type.decimal");
  CHECK(german("12.50").suggestion == "write 12,50, not 12.50");
  CHECK(german.text("1,234.5") == "type.decimal");
  const field english(decimal({.precision = 12, .scale = 2}));
  CHECK(english("12,50").message == "`12,50` is not a decimal number");
  CHECK(english("12,50").suggestion == "write 12.50, not 12,50");
  CHECK(english("1.234,50").suggestion == "write 1234.50, not 1.234,50");
  CHECK(english("1,250").suggestion == "write 1250 or 1.25, whichever is meant");
  CHECK(english("1 234.50").suggestion == "write 1234.50, not 1 234.50");
  CHECK(english("1,250,000").suggestion == "write 1250000, not 1,250,000");
  CHECK(english("0,001").suggestion.empty());
  CHECK(english("twelve").suggestion.empty());
}

TEST_CASE("the range of a decimal") {
  const field r(decimal({.precision = 6, .scale = 2, .minimum = "-10.5", .maximum = "100"}));
  CHECK(r.text("-10.50") == "-10.50");
  CHECK(r.text("-10.51") == "limit.minimum");
  CHECK(r("-10.51").message == "`-10.51` is less than -10.5");
  CHECK(r.text("-9.99") == "-9.99");
  CHECK(r.text("-0") == "0.00");
  CHECK(r.text("100.00") == "100.00");
  CHECK(r.text("100.01") == "limit.maximum");
  CHECK(r.text("-1000") == "limit.minimum");
  CHECK(problems_of(decimal({.scale = 2, .minimum = "0.001"})).size() == 1);
  CHECK(problems_of(decimal({.minimum = "x"})).size() == 1);
  CHECK(problems_of(decimal({.minimum = "2", .maximum = "-3"})).size() == 1);
  CHECK(problems_of(decimal({.precision = 0})).size() == 1);
  CHECK(problems_of(decimal({.precision = 1001})).size() == 1);
  CHECK(problems_of(decimal({.precision = 2, .scale = 3})).size() == 1);
  CHECK(problems_of(decimal({.separator = ';'})).size() == 1);
  CHECK(problems_of(decimal({.separator = ',', .thousands = ','})).size() == 1);
  CHECK(problems_of(decimal({.thousands = '0'})).size() == 1);
  CHECK(problems_of(integer({.minimum = 2, .maximum = 1})).size() == 1);
  CHECK(problems_of(integer({.thousands = '-'})).size() == 1);
  CHECK(problems_of(float64({.minimum = 2, .maximum = 1})).size() == 1);
  CHECK(problems_of(float64({.minimum = std::nan("")})).size() == 1);
}

TEST_CASE("doubles") {
  const field read(float64({}));
  CHECK(read("1.5").value == sql::value(1.5));
  CHECK(read("-1.5e-3").value == sql::value(-1.5e-3));
  CHECK(read("+.5").value == sql::value(0.5));
  CHECK(read("1.7976931348623157e308").value == sql::value(std::numeric_limits<double>::max()));
  CHECK(read("0.1").value == sql::value(0.1));
  CHECK(read("1e309").code == "type.float64");
  CHECK(read("1e-999").code == "type.float64");
  for (const std::string_view text :
       {"", "+", "-", "+-1", "e5", "1,5", "0x1p3", "nan", "inf", "-inf", "nan(1)", "1e", "1.5x"}) {
    CAPTURE(text);
    CHECK(read(text).code == "type.float64");
  }
  CHECK(read("1,5").suggestion == "write 1.5, not 1,5");
  const field comma(float64({.minimum = -1, .maximum = 1, .separator = ','}));
  CHECK(comma("0,5").value == sql::value(0.5));
  CHECK(comma("0.5").code == "type.float64");
  CHECK(comma("1,5").message == "`1,5` is more than 1");
  CHECK(comma("-1,5").code == "limit.minimum");
  const field any(float64({.non_finite = bulk::non_finite::accept}));
  CHECK(any("-INF").value == sql::value(-std::numeric_limits<double>::infinity()));
  CHECK(std::isnan(any("NaN").value.view().as_double()));
  CHECK(any("nan(1)").code == "type.float64");
}

TEST_CASE("random numbers come back as they were written") {
  std::mt19937_64 random(7);
  const field whole(integer({}));
  const field real(float64({}));
  for (int i = 0; i < 20'000; ++i) {
    const auto n = static_cast<std::int64_t>(random() >> (random() % 64));
    const std::int64_t v = random() % 2 == 0 ? n : -n;
    REQUIRE(whole(std::to_string(v)).value == sql::value(v));
    std::array<char, 64> digits{};
    const double d = static_cast<double>(v) / static_cast<double>(random() % 1000 + 1);
    std::snprintf(digits.data(), digits.size(), "%.17g", d);
    REQUIRE(real(digits.data()).value == sql::value(d));
  }
}

TEST_CASE("random decimals, dressed up, come back in their one form") {
  std::mt19937 random(8);
  const field read(decimal({.precision = 30, .scale = 6, .separator = ',', .thousands = '.'}));
  for (int i = 0; i < 20'000; ++i) {
    std::string whole = std::to_string(random()) + std::to_string(random());
    whole.resize(1 + random() % whole.size());
    while (whole.size() > 1 && whole[0] == '0') whole.erase(0, 1);
    std::string fraction = std::to_string(1'000'000 + random() % 1'000'000).substr(1);
    const bool zero = whole == "0" && fraction == "000000";
    const bool negative = random() % 2 == 0;
    const std::string plain = std::string(negative && !zero ? "-" : "") + whole + "." + fraction;

    std::string dressed = whole;
    if (random() % 2 == 0) {
      for (std::size_t at = whole.size(); at > 3; at -= 3) dressed.insert(at - 3, ".");
    } else {
      dressed.insert(0, random() % 3, '0');
    }
    while (random() % 2 == 0 && fraction.back() == '0' && fraction.size() > 1) fraction.pop_back();
    dressed = (negative            ? "-"
               : random() % 2 == 0 ? "+"
                                   : "") +
              dressed + "," + fraction + std::string(random() % 4, '0');
    CAPTURE(dressed);
    REQUIRE(read.text(dressed) == plain);
  }
}
