// SPDX-License-Identifier: BSL-1.0
// The header, ragged records, places in the file, and what a reader says before and after.
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using csv_test::pieces_source;
using csv_test::table;
using csv_test::texts_of;
using scalekit::errc;

namespace {

std::vector<std::string> header_of(std::string_view text, const csv::reader_options& o = {}) {
  csv::memory_source source(text);
  const auto in = csv::reader::open(source, o).value();
  return {in->header().begin(), in->header().end()};
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("the header is the first record") {
  CHECK((header_of("id,name\n1,2\n") == names{"id", "name"}));
  CHECK((header_of("\n\n\"a \"\"b\"\"\",a,a\n") == names{"a \"b\"", "a", "a"}));
  CHECK((header_of("") == names{}));
  CHECK((header_of("only") == names{"only"}));
  CHECK((header_of("a,b", {.header = csv::header::absent}) == names{}));
  CHECK((header_of("#x\n a , b\n", {.comment = '#', .trim = csv::trim::blanks}) == names{"a", "b"})
  );
}

TEST_CASE("lines to skip are not looked at") {
  csv::memory_source source("report \"of\r\n\ntoday\nid,name\r\n1,a\n");
  const auto in = csv::reader::open(source, {.skip_lines = 3}).value();
  CHECK((names(in->header().begin(), in->header().end()) == names{"id", "name"}));
  CHECK(in->row().begin() == csv::position{19, 4, 1});
  REQUIRE(in->next().value());
  CHECK(in->row().begin() == csv::position{28, 5, 2});
  CHECK(header_of("a\nb\n", {.skip_lines = 2}).empty());
  CHECK(header_of("a", {.skip_lines = UINT64_MAX}).empty());
  CHECK((header_of("a\rb\r\nc", {.skip_lines = 2, .line_ends = csv::line_ends::any}) == names{"c"})
  );
}

TEST_CASE("before the first record the row is the header, with its issues") {
  pieces_source source("i\"d,name\n1,2\n", 1);
  const auto in = csv::reader::open(source).value();
  CHECK(in->row().size() == 2);
  REQUIRE(in->row().issues().size() == 1);
  CHECK((in->row().issues()[0] == csv::issue{csv::issue_code::stray_quote, 0, 1, 1}));
  CHECK(in->position() == csv::position{9, 2, 2});
}

TEST_CASE("at the end, and ever after, there is no row") {
  csv::memory_source source("a\n1");
  const auto in = csv::reader::open(source).value();
  REQUIRE(in->next().value());
  CHECK(in->row()[0] == "1");
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(in->next().value());
    CHECK(in->row().size() == 0);
    CHECK(in->row().issues().empty());
    CHECK(in->position() == csv::position{3, 2, 3});
  }
  csv::memory_source nothing("");
  const auto empty = csv::reader::open(nothing, {.header = csv::header::absent}).value();
  CHECK(empty->row().size() == 0);
  CHECK_FALSE(empty->next().value());
}

TEST_CASE("ragged records") {
  const std::string_view text = "a,b,c\n1,2,3\n4,5\n\"6\",7,8,9\n\"\"\n";
  const auto read = [&](csv::ragged_rows policy) {
    return csv_test::read_all(text, {.null_texts = {""}, .ragged_rows = policy});
  };
  const auto kept = read(csv::ragged_rows::keep);
  CHECK((texts_of(kept) == table{{"1", "2", "3"}, {"4", "5"}, {"6", "7", "8", "9"}, {""}}));
  const auto reported = read(csv::ragged_rows::report);
  CHECK((texts_of(reported) == texts_of(kept)));
  CHECK(reported.records[0].issues.empty());
  using csv::issue;
  using csv::issue_code;
  CHECK((reported.records[1].issues == std::vector{issue{issue_code::too_few_fields, 2, 12, 3}}));
  CHECK((reported.records[2].issues == std::vector{issue{issue_code::too_many_fields, 3, 24, 4}}));
  CHECK((reported.records[3].issues == std::vector{issue{issue_code::too_few_fields, 1, 26, 5}}));
  const auto adjusted = read(csv::ragged_rows::adjust);
  CHECK(
      (texts_of(adjusted) == table{{"1", "2", "3"}, {"4", "5", ""}, {"6", "7", "8"}, {"", "", ""}})
  );
  for (const auto& r : adjusted.records) CHECK(r.issues.empty());
  CHECK(adjusted.records[1].fields[2].is_null);
  CHECK(adjusted.records[1].fields[2].offset == 15);
  CHECK_FALSE(adjusted.records[3].fields[0].is_null);
  CHECK(adjusted.records[3].fields[1].is_null);
}

TEST_CASE("without a header the first record says how many columns there are") {
  const csv::reader_options o{.header = csv::header::absent};
  const auto got = csv_test::read_all("1,2\n3\n4,5\n", o);
  CHECK(got.records[0].issues.empty());
  CHECK((got.records[1].codes() == names{"too_few_fields"}));
  CHECK(got.records[2].issues.empty());
  csv::memory_source rest("3\n4,5\n");
  const auto in = csv::reader::open_at(rest, {4, 2, 2}, 2, o).value();
  CHECK(in->header().empty());
  CHECK((csv_test::rest_of(*in).records[0].codes() == names{"too_few_fields"}));
}

TEST_CASE("each field knows its line and offset") {
  const auto got = csv_test::read_all("a,b,c\r\n1,\"x\r\ny\nz\",3\r\n\n4,5,6", {});
  const auto& fields = got.records[0].fields;
  CHECK(got.records[0].begin == csv::position{7, 2, 2});
  CHECK(got.records[0].bytes == 14);
  CHECK(fields[0].offset == 7);
  CHECK(fields[1].offset == 9);
  CHECK(fields[1].line == 2);
  CHECK(fields[2].offset == 18);
  CHECK(fields[2].line == 4);
  CHECK(got.records[1].begin == csv::position{22, 6, 3});
  CHECK(got.end == csv::position{27, 6, 4});
}

TEST_CASE("issue codes have names of their own") {
  std::vector<std::string_view> all;
  for (int i = 0; i <= static_cast<int>(csv::issue_code::too_many_columns); ++i) {
    const auto name = to_string(static_cast<csv::issue_code>(i));
    CHECK(name != "unknown");
    CHECK(std::find(all.begin(), all.end(), name) == all.end());
    all.push_back(name);
  }
  CHECK(to_string(static_cast<csv::issue_code>(99)) == "unknown");
}
