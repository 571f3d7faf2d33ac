// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_BULK_CHECKER_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_BULK_CHECKER_SUPPORT_HPP

#include <scalekit/bulk/row_checker.hpp>
#include <scalekit/csv/reader.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulk_test {

namespace bulk = scalekit::bulk;
namespace csv = scalekit::csv;
namespace sql = scalekit::sql;

/// What became of one row of a file.
struct checked {
  bool good = false;
  std::vector<sql::value> values;
  std::vector<bulk::row_error> errors;

  /// The errors' codes, in order, with a blank between them.
  [[nodiscard]] std::string codes() const {
    std::string out;
    for (const auto& e : errors) out.append(out.empty() ? "" : " ").append(e.code);
    return out;
  }
};

inline std::vector<checked> check_file(
    const bulk::import_schema& schema, std::string_view text, csv::reader_options options = {}
) {
  csv::memory_source source(text);
  auto file = csv::reader::open(source, std::move(options));
  REQUIRE(file);
  auto checker = bulk::row_checker::bind(
      std::make_shared<const bulk::import_schema>(schema), (*file)->header()
  );
  if (!checker) FAIL(checker.error().message());
  std::vector<checked> out;
  bulk::typed_row row;
  for (;;) {
    const auto more = (*file)->next();
    REQUIRE(more);
    if (!*more) return out;
    checked& c = out.emplace_back();
    c.good = checker->check((*file)->row(), row, c.errors);
    CHECK(c.good == c.errors.empty());
    REQUIRE(row.size() == checker->columns());
    c.values.assign(row.values().begin(), row.values().end());
  }
}

/// What the one row of a file with one column becomes.
inline checked check_field(bulk::import_column column, std::string_view field) {
  column.name = "c";
  // Quoted, and with a neighbour, so that any text, none included, is one field of one row.
  std::string text = "c,other\n\"";
  for (const char c : field) text.append(c == '"' ? 2 : 1, c);
  auto rows = check_file(
      {.columns = {std::move(column)}, .unknown_columns = bulk::unknown_columns::ignore},
      text + "\",x\n"
  );
  REQUIRE(rows.size() == 1);
  return std::move(rows.front());
}

}  // namespace bulk_test

#endif
