// SPDX-License-Identifier: BSL-1.0
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <string>

namespace csv = scalekit::csv;
using csv::quoting;
using csv_test::decimal;
using csv_test::field_text;
using csv_test::row_text;
using scalekit::system_time;

TEST_CASE("RFC 4180: quotes where they are needed, and only there") {
  struct {
    const char* text;
    const char* written;
  } const table[] = {
      {"aaa", "aaa"},
      {"b bb", "b bb"},
      {" padded ", " padded "},
      {"a,b", "\"a,b\""},
      {"b\nbb", "\"b\nbb\""},
      {"b\r\nbb", "\"b\r\nbb\""},
      {"\r", "\"\r\""},
      {"b\"bb", "\"b\"\"bb\""},
      {"\"", "\"\"\"\""},
      {"\"\"", "\"\"\"\"\"\""},
      {",", "\",\""},
      {"it's", "it's"},
      {"a;b\tc|d", "a;b\tc|d"},
      {"\\", "\\"},
      {"#x", "#x"},
      {"Müller café", "Müller café"},
      {"sixteen bytes!!!", "sixteen bytes!!!"},
      {"sixteen bytes!!,", "\"sixteen bytes!!,\""},
      {"a text of more than sixteen bytes, with a comma",
       "\"a text of more than sixteen bytes, with a comma\""},
      {"a \"quoted\" word in the midst of a text",
       "\"a \"\"quoted\"\" word in the midst of a text\""},
  };
  for (const auto& [text, written] : table) CHECK(field_text({}, text) == written);
}

TEST_CASE("rows: delimiters between, line end after") {
  CHECK(row_text({}, {"a", "b", "c"}) == "a,b,c\n");
  CHECK(row_text({.line_ending = csv::line_ending::crlf}, {"a", "b"}) == "a,b\r\n");
  CHECK(row_text({.delimiter = ';'}, {"a,b", "c;d", 1}) == "a,b;\"c;d\";1\n");
  CHECK(row_text({.delimiter = '\t'}, {"a\tb", "c"}) == "\"a\tb\"\tc\n");
  CHECK(row_text({.quote = '\''}, {"it's", "a\"b"}) == "'it''s',a\"b\n");
  CHECK(row_text({}, {}) == "\n");
}

TEST_CASE("NULL and the empty text stay apart") {
  CHECK(row_text({}, {nullptr, "", 1}) == ",\"\",1\n");
  CHECK(row_text({.empty_text = csv::empty_text::bare}, {nullptr, "", 1}) == ",,1\n");
  CHECK(row_text({.null_text = "\\N"}, {nullptr, "", "\\N", "\\Nx"}) == "\\N,,\"\\N\",\\Nx\n");
  CHECK(row_text({.null_text = "NULL"}, {nullptr, "NULL", "null"}) == "NULL,\"NULL\",null\n");
  CHECK(row_text({.quoting = quoting::all}, {nullptr, ""}) == ",\"\"\n");
  CHECK(
      row_text({.quoting = quoting::all, .null_text = "NULL"}, {nullptr, "", "NULL"}) ==
      "NULL,\"\",\"NULL\"\n"
  );
  CHECK(row_text({}, {std::string_view(), scalekit::bytes_view()}) == "\"\",\"\"\n");
}

TEST_CASE("a single empty field does not become a blank line") {
  CHECK(row_text({}, {nullptr}) == "\"\"\n");
  CHECK(row_text({}, {""}) == "\"\"\n");
  CHECK(row_text({.empty_text = csv::empty_text::bare}, {""}) == "\"\"\n");
  CHECK(row_text({.line_ending = csv::line_ending::crlf}, {nullptr}) == "\"\"\r\n");
  CHECK(row_text({.quote = '\''}, {nullptr}) == "''\n");
  CHECK(row_text({.null_text = "\\N"}, {nullptr}) == "\\N\n");
  CHECK(row_text({}, {"a"}) == "a\n");
  CHECK(row_text({}, {nullptr, nullptr}) == ",\n");
}

TEST_CASE("quote policies over every kind") {
  const system_time t{};
  const std::byte blob[] = {std::byte{0xAB}, std::byte{1}};
  const auto row = [&](csv::dialect d) {
    return row_text(
        d,
        {"x",
         5,
         1.5,
         decimal("2.50"),
         decimal("abc"),
         t,
         scalekit::bytes_view(blob),
         nullptr,
         1,
         125},
        {{}, {}, {}, {}, {}, {}, {}, {}, {csv::show_integer::boolean}, {csv::show_integer::scaled}}
    );
  };
  CHECK(row({}) == "x,5,1.5,2.50,abc,1970-01-01T00:00:00Z,ab01,,true,1.25\n");
  CHECK(
      row({.quoting = quoting::all}) ==
      "\"x\",\"5\",\"1.5\",\"2.50\",\"abc\",\"1970-01-01T00:00:00Z\",\"ab01\",,\"true\",\"1.25\"\n"
  );
  CHECK(
      row({.quoting = quoting::non_numeric}) ==
      "\"x\",5,1.5,2.50,\"abc\",\"1970-01-01T00:00:00Z\",\"ab01\",,\"true\",1.25\n"
  );
  CHECK(
      row({.quoting = quoting::never, .null_text = "NULL"}) ==
      "x,5,1.5,2.50,abc,1970-01-01T00:00:00Z,ab01,NULL,true,1.25\n"
  );
  CHECK(
      row({.quoting = quoting::non_numeric, .timestamp_style = csv::timestamp_style::epoch_seconds})
          .find(",0,\"ab01\"") != std::string::npos
  );
}

TEST_CASE("quoting::never escapes") {
  const csv::dialect d{.quoting = quoting::never, .null_text = "\\N"};
  CHECK(field_text(d, "a,b") == "a\\,b");
  CHECK(field_text(d, "a\"b") == "a\\\"b");
  CHECK(field_text(d, "a\\b") == "a\\\\b");
  CHECK(field_text(d, "a\nb\rc") == "a\\\nb\\\rc");
  CHECK(field_text(d, "") == "");
  CHECK(field_text(d, nullptr) == "\\N");
  CHECK(field_text(d, "\\N") == "\\\\N");
  CHECK(field_text({.quoting = quoting::never, .null_text = "NULL"}, "NULL") == "\\NULL");
  CHECK(
      row_text({.quoting = quoting::never, .escape = '^', .null_text = "NULL"}, {"a^b,\\", 1}) ==
      "a^^b^,\\,1\n"
  );
  CHECK(row_text({.quoting = quoting::never, .empty_text = csv::empty_text::bare}, {""}) == "\n");
}

TEST_CASE("values that hold the delimiter by their spelling are quoted") {
  const system_time t{};
  CHECK(field_text({.delimiter = ':'}, t) == "\"1970-01-01T00:00:00Z\"");
  CHECK(
      field_text({.delimiter = ' ', .timestamp_style = csv::timestamp_style::space_separated}, t) ==
      "\"1970-01-01 00:00:00\""
  );
  CHECK(field_text({.true_text = "yes, sure"}, 1, {csv::show_integer::boolean}) == "\"yes, sure\"");
  CHECK(
      field_text({.true_text = "say \"so\""}, 1, {csv::show_integer::boolean}) ==
      "\"say \"\"so\"\"\""
  );
  CHECK(
      field_text(
          {.timestamp_style = csv::timestamp_style::pattern, .timestamp_pattern = "%d, %m"}, t
      ) == "\"01, 01\""
  );
}

TEST_CASE("trusted text is not looked at") {
  const csv::column_format trusted{.text = csv::show_text::trusted};
  CHECK(field_text({}, "EUR", trusted) == "EUR");
  CHECK(field_text({}, "a,b", trusted) == "a,b");
  CHECK(field_text({}, "", trusted) == "\"\"");
  CHECK(field_text({.quoting = quoting::all}, "EUR", trusted) == "\"EUR\"");
  CHECK(field_text({.formula_guard = csv::formula_guard::on}, "-x", trusted) == "-x");
}
