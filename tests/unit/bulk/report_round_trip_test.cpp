// SPDX-License-Identifier: BSL-1.0
// Reports of hostile text, read back by our own reader and by Python's json.
#include "../csv/command.hpp"
#include "checker_support.hpp"

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/bulk/import_summary.hpp>
#include <scalekit/csv/writer.hpp>
#include <scalekit/encoding.hpp>

#include <array>
#include <random>

using namespace bulk_test;

namespace {

/// Valid UTF-8 with everything in it that needs care.
std::string hostile(std::mt19937& random) {
  static const std::array<std::string, 16> pieces{
      "\"",
      "\\",
      "\n",
      "\r",
      ",",
      std::string(1, '\0'),
      "\x1F",
      "\x7F",
      "=",
      "</",
      "\xC3\xA4",
      "\xE2\x80\xA8",
      "\t",
      "\xF0\x9F\x98\x80",
      "a b",
      "\xEF\xBF\xBD"};
  std::string text = "x";
  for (auto n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
  return text;
}

std::vector<bulk::row_error> many_errors() {
  std::mt19937 random(12);
  std::vector<bulk::row_error> errors(300);
  for (auto& e : errors) {
    e = {
        .code = hostile(random),
        .message = hostile(random),
        .suggestion = hostile(random),
        .column = hostile(random),
        .value = hostile(random),
        .record = 1 + random(),
        .line = random(),
        .offset = std::uint64_t{random()} << 20};
  }
  return errors;
}

std::string report_of(bulk::report_format format, const std::vector<bulk::row_error>& errors) {
  std::string text;
  auto report = bulk::error_report::open(format, csv::memory_sink(text), {.dialect = {}});
  REQUIRE(report);
  for (const auto& e : errors) REQUIRE(report->add(e));
  REQUIRE(report->finish());
  return text;
}

std::vector<std::string> fields_of(const bulk::row_error& e) {
  return {
      std::to_string(e.record),
      std::to_string(e.line),
      std::to_string(e.offset),
      e.column,
      e.value,
      e.code,
      e.message,
      e.suggestion};
}

/// Each object's values in hex, a line each.
constexpr std::string_view script = R"(
import json, sys
with open(sys.argv[1], encoding='utf-8') as f:
    for o in json.load(f):
        print(' '.join(str(v).encode().hex() for v in o.values()))
)";

}  // namespace

TEST_CASE("our reader finds in the CSV what was reported") {
  const auto errors = many_errors();
  const std::string text = report_of(bulk::report_format::csv, errors);
  csv::memory_source source(text);
  const auto file = csv::reader::open(source, {.nul = csv::nul_policy::keep}).value();
  REQUIRE(file->header().size() == 8);
  for (const auto& e : errors) {
    REQUIRE(file->next().value());
    REQUIRE(file->row().issues().empty());
    const auto fields = file->row().fields();
    REQUIRE(std::vector<std::string>(fields.begin(), fields.end()) == fields_of(e));
  }
  CHECK(!file->next().value());
}

TEST_CASE("Python finds in the JSON what was reported") {
  csv_test::skip_unless("python3 -c 'import json'");
  const csv_test::temporary_folder folder;
  const std::string program = "python3 " + folder.file("read.py", script) + " ";
  const auto errors = many_errors();
  std::string expected;
  for (const auto& e : errors) {
    std::string line;
    for (const auto& f : fields_of(e)) {
      line += (line.empty() ? "" : " ") + scalekit::to_hex(scalekit::as_bytes(f));
    }
    expected += line + "\n";
  }
  const auto read = csv_test::output_of(
      program + folder.file("report.json", report_of(bulk::report_format::json, errors))
  );
  REQUIRE(read);
  CHECK(*read == expected);

  // Every byte there is, in every pair: still JSON, still one object for each.
  std::vector<bulk::row_error> bytes;
  for (int i = 0; i < 65536; ++i) {
    bytes.push_back({.value = {static_cast<char>(i >> 8), static_cast<char>(i)}, .record = 1});
  }
  const auto count = csv_test::output_of(
      program + folder.file("bytes.json", report_of(bulk::report_format::json, bytes)) + " | wc -l"
  );
  REQUIRE(count);
  CHECK(std::stoi(*count) == 65536);

  std::mt19937 random(13);
  bulk::import_summary summary;
  summary.file = hostile(random) + "\xFF";
  summary.rejected_by_code = {{hostile(random), 1}, {"b", UINT64_MAX}};
  const auto object = csv_test::output_of(
      program + folder.file("summary.json", "[" + summary.to_json() + "]") + " | wc -l"
  );
  REQUIRE(object);
  CHECK(std::stoi(*object) == 1);
}
