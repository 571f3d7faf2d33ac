// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/error_report.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bulk = scalekit::bulk;
using scalekit::result;

namespace {

bulk::row_error example(std::string value) {
  return {
      .code = "type.decimal",
      .message = "`" + value + "` is not a decimal number",
      .suggestion = "write 12.50, not 12,50",
      .column = "amount",
      .value = std::move(value),
      .column_index = 2,
      .record = 17,
      .line = 18,
      .offset = 1234};
}

std::string report_of(
    bulk::report_format format,
    const std::vector<bulk::row_error>& errors,
    bulk::error_report_options options = {}
) {
  std::string text;
  auto report = bulk::error_report::open(
      format,
      [&](std::string_view piece) {
        text += piece;
        return result<void>();
      },
      options
  );
  REQUIRE(report);
  for (const auto& e : errors) REQUIRE(report->add(e));
  REQUIRE(report->finish());
  return text;
}

const std::string head = "record,line,offset,column,value,code,message,suggestion\n";

}  // namespace

TEST_CASE("a report as CSV") {
  CHECK(report_of(bulk::report_format::csv, {}) == head);
  CHECK(
      report_of(bulk::report_format::csv, {example("12,50")}) ==
      head +
          "17,18,1234,amount,\"12,50\",type.decimal,\"`12,50` is not a decimal number\","
          "\"write 12.50, not 12,50\"\n"
  );
  // The row as a whole; a field with nothing in it; a value that a spreadsheet would run.
  CHECK(
      report_of(
          bulk::report_format::csv,
          {{.code = "csv.too_few_fields", .message = "m", .record = 2, .line = 3, .offset = 4},
           {.code = "rule.required",
            .message = "m",
            .column = "c",
            .record = 2,
            .line = 3,
            .offset = 4},
           {.code = "c", .message = "m", .column = "c", .value = "=1+1", .record = 5}}
      ) == head + "2,3,4,,,csv.too_few_fields,m,\n" + "2,3,4,c,\"\",rule.required,m,\n" +
               "5,0,0,c,'=1+1,c,m,\n"
  );
}

TEST_CASE("a report as JSON") {
  CHECK(report_of(bulk::report_format::json, {}) == "[]\n");
  CHECK(
      report_of(bulk::report_format::json, {example("12,50"), {.code = "x", .record = 1}}) ==
      "[\n"
      R"({"record":17,"line":18,"offset":1234,"column":"amount","value":"12,50",)"
      R"("code":"type.decimal","message":"`12,50` is not a decimal number",)"
      R"("suggestion":"write 12.50, not 12,50"},)"
      "\n"
      R"({"record":1,"line":0,"offset":0,"column":null,"value":null,"code":"x",)"
      R"("message":null,"suggestion":null})"
      "\n]\n"
  );
  const auto json = report_of(
      bulk::report_format::json,
      {{.value = std::string("\"\\\n\r\t\0\x1F\x7F\xFF\xC3\xA4", 11), .record = 1}}
  );
  CHECK(
      json.find(R"("value":"\"\\\n\r\t\u0000\u001f\u007f)"
                "\xEF\xBF\xBD\xC3\xA4\"") != std::string::npos
  );
}

TEST_CASE("bytes that are not UTF-8 are replaced in either form") {
  for (const auto format : {bulk::report_format::csv, bulk::report_format::json}) {
    const std::string text = report_of(
        format,
        {{.message = "a\xC3"
                     "b\xED\xA0\x80"
                     "c\xF0\x9F\x98",
          .record = 1}}
    );
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(
        text.find("a" + bad + "b" + bad + bad + bad + "c" + bad + bad + bad) != std::string::npos
    );
  }
}

TEST_CASE("the first errors of each code in full, the others counted") {
  std::vector<bulk::row_error> errors;
  for (int i = 0; i < 10; ++i) {
    errors.push_back({.code = i % 2 == 0 ? "a" : "b", .message = "m", .record = 1});
  }
  errors.pop_back();
  errors.push_back({.code = "c", .message = "m", .record = 1});
  CHECK(
      report_of(bulk::report_format::csv, errors, {.max_per_code = 2}) ==
      head + "1,0,0,,,a,m,\n1,0,0,,,b,m,\n1,0,0,,,a,m,\n1,0,0,,,b,m,\n1,0,0,,,c,m,\n" +
          ",,,,,a,3 more errors of this kind are not shown,\n" +
          ",,,,,b,2 more errors of this kind are not shown,\n"
  );
  auto report = bulk::error_report::open(bulk::report_format::json, [](std::string_view) {
    return result<void>();
  });
  REQUIRE(report);
  for (const auto& e : errors) REQUIRE(report->add(e));
  CHECK(report->counts() == bulk::error_counts{{"a", 5}, {"b", 4}, {"c", 1}});
}

TEST_CASE("a sink that fails is not asked again, and nothing follows the end") {
  for (const auto format : {bulk::report_format::csv, bulk::report_format::json}) {
    int calls = 0;
    auto report = bulk::error_report::open(
        format,
        [&](std::string_view) -> result<void> {
          ++calls;
          return scalekit::error(scalekit::errc::limit_exceeded, "disk full");
        },
        {.flush_size = 1000}
    );
    REQUIRE(report);
    result<void> added;
    int rows = 0;
    for (; added && rows < 1000; ++rows) added = report->add(example("x"));
    REQUIRE(!added);
    CHECK(rows < 20);
    CHECK(added.error().message() == "disk full");
    CHECK(report->add(example("x")).error().code() == scalekit::errc::limit_exceeded);
    CHECK(report->finish().error().code() == scalekit::errc::limit_exceeded);
    CHECK(calls == 1);
  }
  auto report = bulk::error_report::open(bulk::report_format::json, [](std::string_view) {
    return result<void>();
  });
  REQUIRE(report);
  REQUIRE(report->finish());
  CHECK(report->finish().error().code() == scalekit::errc::invalid_argument);
  CHECK(report->add({}).error().code() == scalekit::errc::invalid_argument);
}

TEST_CASE("memory stays small: pieces come as they are written") {
  std::size_t largest = 0;
  std::size_t total = 0;
  auto report = bulk::error_report::open(bulk::report_format::json, [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    total += piece.size();
    return result<void>();
  });
  REQUIRE(report);
  for (int i = 0; i < 20'000; ++i) REQUIRE(report->add(example("12,50")));
  REQUIRE(report->finish());
  CHECK(largest < 70'000);
  CHECK(total > 2'000'000);
}

TEST_CASE("a dialect that cannot be is refused") {
  const auto report = bulk::error_report::open(
      bulk::report_format::csv,
      [](std::string_view) { return result<void>(); },
      {.dialect = {.delimiter = '"'}}
  );
  REQUIRE(!report);
  CHECK(report.error().message().starts_with("error_report: "));
}
