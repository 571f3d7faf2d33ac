// SPDX-License-Identifier: BSL-1.0
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace csv = scalekit::csv;
using csv::formula_guard;
using csv_test::decimal;
using csv_test::field_text;
using namespace std::string_view_literals;

TEST_CASE("which texts are guarded") {
  struct {
    std::string_view text;
    bool on;
    bool strict;
  } const table[] = {
      {"=1+1"sv, true, true},
      {"+1"sv, true, true},
      {"-1"sv, true, true},
      {"@SUM(A1)"sv, true, true},
      {"\tx"sv, true, true},
      {"=cmd|' /C calc'!A0"sv, true, true},
      {"-"sv, true, true},
      {"\0=1"sv, false, true},
      {"\xEF\xBC\x9D"
       "1"sv,
       false,
       true},
      {"\xEF\xBC\x8B"
       "1"sv,
       false,
       true},
      {"\xEF\xBC\x8D"
       "1"sv,
       false,
       true},
      {"\xEF\xBC\xA0"
       "A"sv,
       false,
       true},
      {" =1"sv, false, true},
      {"   -1"sv, false, true},
      {"' =1"sv, false, true},
      {" \t1"sv, false, true},
      {"a=1"sv, false, false},
      {"a-b"sv, false, false},
      {" a=1"sv, false, false},
      {"' "sv, false, false},
      {"1-2"sv, false, false},
      {"x@y.example"sv, false, false},
      {"\xEF\xBB\xBF"
       "a"sv,
       false,
       false},
      {"\xEF\xBC\x9E"sv, false, false},
      {"\xEF"sv, false, false},
      {"\xEF\xBC"sv, false, false},
  };
  for (const auto& [text, on, strict] : table) {
    const std::string plain(text);
    CAPTURE(plain);
    CHECK(field_text({}, text) == plain);
    CHECK(field_text({.formula_guard = formula_guard::on}, text) == (on ? "'" + plain : plain));
    CHECK(
        field_text({.formula_guard = formula_guard::strict}, text) == (strict ? "'" + plain : plain)
    );
  }
}

TEST_CASE("the guard stands inside the quotes") {
  const csv::dialect on{.formula_guard = formula_guard::on};
  const csv::dialect strict{.formula_guard = formula_guard::strict};
  CHECK(field_text(on, "=A1,B1") == "\"'=A1,B1\"");
  CHECK(field_text(on, "=\"x\"") == "\"'=\"\"x\"\"\"");
  CHECK(field_text(on, "\r=1") == "\"'\r=1\"");
  CHECK(field_text(on, "\n=1") == "\"\n=1\"");
  CHECK(field_text(strict, "\n=1") == "\"'\n=1\"");
  CHECK(field_text(strict, "\"=1\"") == "\"'\"\"=1\"\"\"");
  CHECK(
      field_text({.quoting = csv::quoting::all, .formula_guard = formula_guard::on}, "=1") ==
      "\"'=1\""
  );
  const csv::dialect never{
      .quoting = csv::quoting::never, .null_text = "NULL", .formula_guard = formula_guard::on};
  CHECK(field_text(never, "=1,2") == "'=1\\,2");
}

TEST_CASE("typed values are never guarded") {
  for (const auto guard : {formula_guard::on, formula_guard::strict}) {
    const csv::dialect d{.formula_guard = guard};
    CHECK(field_text(d, -5) == "-5");
    CHECK(field_text(d, -1.5) == "-1.5");
    CHECK(field_text(d, decimal("-12.50")) == "-12.50");
    CHECK(field_text(d, -125, {csv::show_integer::scaled}) == "-1.25");
    CHECK(field_text(d, -1.0 / 0.0) == "-Infinity");
    const scalekit::system_time before_year_zero{
        std::chrono::microseconds(-70'000'000'000'000'000)};
    CHECK(field_text(d, before_year_zero).starts_with("-000249-"));
  }
}

TEST_CASE("a decimal that is none is text, so it is guarded") {
  const csv::dialect d{.formula_guard = formula_guard::on};
  CHECK(field_text(d, decimal("=1+1")) == "'=1+1");
  CHECK(field_text(d, decimal("-1-1")) == "'-1-1");
  CHECK(field_text(d, decimal("-1;x")) == "'-1;x");
}

TEST_CASE("a column may opt out, and names are guarded too") {
  const csv::dialect d{.formula_guard = formula_guard::on};
  CHECK(field_text(d, "-A1", {.text = csv::show_text::plain}) == "-A1");
  CHECK(field_text(d, "-A,1", {.text = csv::show_text::plain}) == "\"-A,1\"");
  auto encoder = csv::encoder::make(d).value();
  csv::buffer out;
  const std::string names[] = {"=1", "b"};
  encoder.header(out, names);
  CHECK(out.view() == "'=1,b\n");
}
