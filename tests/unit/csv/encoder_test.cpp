// SPDX-License-Identifier: BSL-1.0
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csv = scalekit::csv;
using csv_test::decimal;
using scalekit::sql::value_view;

TEST_CASE("a row of what is at hand") {
  auto encoder = csv::encoder::make().value();
  csv::buffer out;
  encoder.row_of(out, 7, "Müller, Jane", 12.5, decimal("0.10"), nullptr);
  CHECK(out.view() == "7,\"Müller, Jane\",12.5,0.10,\n");
}

TEST_CASE("row_of takes every type a value is made of, and spells booleans") {
  auto encoder = csv::encoder::make().value();
  csv::buffer out;
  const std::string text = "t";
  const std::optional<std::string> none;
  const std::optional<std::int64_t> three = 3;
  encoder.row_of(
      out,
      true,
      false,
      std::optional<bool>(true),
      std::optional<bool>(),
      text,
      std::string_view("v"),
      none,
      three,
      4U,
      5.5F,
      scalekit::system_time{}
  );
  CHECK(out.view() == "true,false,true,,t,v,,3,4,5.5,1970-01-01T00:00:00Z\n");
  out.clear();
  encoder.row_of(out);
  CHECK(out.view() == "\n");
}

TEST_CASE("headers") {
  auto encoder = csv::encoder::make({.byte_order_mark = csv::byte_order_mark::utf8}).value();
  csv::buffer out;
  const std::vector<std::string> names{"id", "a \"b\"", "c,d", ""};
  encoder.header(out, names);
  CHECK(out.view() == "\xEF\xBB\xBFid,\"a \"\"b\"\"\",\"c,d\",\"\"\n");
  out.clear();
  encoder.header(out, std::span<const std::string>());
  CHECK(out.view() == "\xEF\xBB\xBF");

  auto plain = csv::encoder::make().value();
  out.clear();
  const std::array<std::string_view, 1> single{""};
  plain.header(out, single);
  CHECK(out.view() == "\"\"\n");
  out.clear();
  plain.header(out, std::span<const std::string_view>());
  CHECK(out.empty());
}

TEST_CASE("field by field is the same as row by row") {
  auto encoder = csv::encoder::make().value();
  csv::buffer fields;
  encoder.integer(fields, -1);
  encoder.unsigned_integer(fields, UINT64_MAX);
  encoder.real(fields, 0.5);
  encoder.decimal(fields, "1.50");
  encoder.text(fields, "a,b");
  encoder.boolean(fields, true);
  encoder.timestamp(fields, {});
  encoder.blob(fields, scalekit::as_bytes("AB"));
  encoder.null(fields);
  encoder.end_row(fields);
  csv::buffer row;
  encoder.row_of(
      row,
      -1,
      UINT64_MAX,
      0.5,
      decimal("1.50"),
      "a,b",
      true,
      scalekit::system_time{},
      scalekit::as_bytes("AB"),
      nullptr
  );
  CHECK(fields.view() == row.view());
}

TEST_CASE("field by field: a lone empty field, and rows after a cleared buffer") {
  auto encoder = csv::encoder::make().value();
  csv::buffer out;
  encoder.null(out);
  encoder.end_row(out);
  encoder.text(out, "");
  encoder.end_row(out);
  encoder.null(out);
  encoder.null(out);
  encoder.end_row(out);
  CHECK(out.view() == "\"\"\n\"\"\n,\n");
  out.clear();
  encoder.null(out);
  encoder.end_row(out);
  encoder.end_row(out);
  CHECK(out.view() == "\"\"\n\n");
}

TEST_CASE("formats may be fewer or more than values") {
  const csv::column_format scaled{csv::show_integer::scaled};
  CHECK(csv_test::row_text({}, {100, 100}, {scaled}) == "1.00,100\n");
  CHECK(csv_test::row_text({}, {100}, {scaled, scaled, scaled}) == "1.00\n");
}

TEST_CASE("rows wider than any buffer so far, and texts of every length around a growth") {
  auto encoder = csv::encoder::make().value();
  const std::vector<value_view> wide(20'000, value_view(1234567890123));
  csv::buffer out;
  encoder.row(out, wide);
  CHECK(out.size() == 20'000 * 14);
  for (std::size_t n = 3900; n < 4300; ++n) {
    csv::buffer fresh;
    const std::string quotes(n, '"');
    encoder.row_of(fresh, 1, quotes, 2);
    CHECK(fresh.view() == "1,\"" + quotes + quotes + "\",2\n");
  }
}

TEST_CASE("NUL bytes and bytes that are not UTF-8 pass through unchanged") {
  using namespace std::string_view_literals;
  for (const std::string_view s :
       {"a\0b"sv, "\0"sv, "\xFF\xFE\x80"sv, "\xC3"sv, "ok \xED\xA0\x80"sv}) {
    CHECK(csv_test::field_text({}, s) == s);
  }
  CHECK(csv_test::field_text({}, "\xFF,\0"sv) == "\"\xFF,\0\""sv);
}

TEST_CASE("a field of 64 MB needs little more memory than itself") {
  auto encoder = csv::encoder::make().value();
  const std::size_t size = 64 << 20;
  std::string big(size, 'x');
  csv::buffer out;
  encoder.row_of(out, big);
  CHECK(out.size() == size + 1);
  CHECK(out.capacity() < size + 8192);
  CHECK(out.view().substr(0, size) == big);
  big[1] = big[size - 1] = '"';
  out.clear();
  encoder.row_of(out, big);
  CHECK(out.size() == size + 5);
  CHECK(out.view().substr(0, 6) == "\"x\"\"xx");
  CHECK(out.view().substr(out.size() - 5) == "x\"\"\"\n");
}

TEST_CASE("an encoder can be moved") {
  auto a = csv::encoder::make({.delimiter = ';'}).value();
  csv::encoder b = std::move(a);
  csv::buffer out;
  b.row_of(out, 1, 2);
  CHECK(out.view() == "1;2\n");
  CHECK(b.dialect().delimiter == ';');
}
