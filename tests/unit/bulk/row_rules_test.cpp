// SPDX-License-Identifier: BSL-1.0
#include "checker_support.hpp"

using namespace bulk_test;
using type = bulk::field_type;

namespace {

std::optional<bulk::rule_failure> ends_after_begin(bulk::typed_row& row) {
  if (row[0].is_null() || row[1].is_null() || row[0].as_text() <= row[1].as_text()) return {};
  return bulk::rule_failure{"it ends before it begins", "swap the two dates", ""};
}

bulk::import_schema periods(std::vector<bulk::row_rule> rules) {
  return {
      .columns =
          {{.name = "first", .type = type::date},
           {.name = "last", .type = type::date},
           {.name = "days", .type = type::integer}},
      .rules = std::move(rules)};
}

const std::string head = "first,last,days\n";

}  // namespace

TEST_CASE("a rule between two columns") {
  const auto schema =
      periods({{.name = "order", .columns = {"first", "last"}, .check = ends_after_begin}});
  const auto rows = check_file(
      schema, head + "2024-01-01,2024-01-02,1\n2024-01-03,2024-01-02,1\n2024-01-03,x,y\n"
  );
  CHECK(rows.at(0).good);
  REQUIRE(rows.at(1).codes() == "rule.order");
  const auto& e = rows[1].errors[0];
  CHECK(e.message == "it ends before it begins");
  CHECK(e.suggestion == "swap the two dates");
  // Of two columns, so of the row.
  CHECK(e.column.empty());
  CHECK(e.record == 3);
  CHECK(e.line == 3);
  CHECK(e.offset == 40);
  // One of them is bad, so there is nothing to compare.
  CHECK(rows.at(2).codes() == "type.date type.integer");
}

TEST_CASE("a rule runs where its own columns are good, whatever the others are") {
  const auto schema =
      periods({{.name = "order", .columns = {"first", "last"}, .check = ends_after_begin}});
  const auto rows = check_file(schema, head + "2024-01-03,2024-01-02,many\n");
  CHECK(rows.at(0).codes() == "type.integer rule.order");
}

TEST_CASE("which column a rule points at") {
  const auto failing = [](std::string column) {
    return [column](bulk::typed_row&) -> std::optional<bulk::rule_failure> {
      return bulk::rule_failure{"no", "", column};
    };
  };
  const auto schema = periods(
      {{.name = "its_only_one", .columns = {"days"}, .check = failing("")},
       {.name = "another", .columns = {"days"}, .check = failing("last")},
       {.name = "none_of_ours", .columns = {"first", "days"}, .check = failing("x")}}
  );
  const auto row = check_file(schema, head + "2024-01-01,2024-01-02,17\n").at(0);
  REQUIRE(row.codes() == "rule.its_only_one rule.another rule.none_of_ours");
  CHECK(row.errors[0].column == "days");
  CHECK(row.errors[0].value == "17");
  CHECK(row.errors[0].offset == 38);
  CHECK(row.errors[1].column == "last");
  CHECK(row.errors[2].column.empty());
}

TEST_CASE("a rule may set values, which later rules see") {
  std::string seen;
  const auto schema = periods(
      {{.name = "fill",
        .columns = {"last"},
        .check = [](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
          row.set(1, std::string(100, 'z'));
          row.set(2, 99);
          return {};
        }},
       {.name = "look",
        .columns = {"last"},
        .check = [&](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
          seen = row[1].as_text();
          return {};
        }}}
  );
  const auto row = check_file(schema, head + "2024-01-01,2024-01-02,17\n").at(0);
  CHECK(row.good);
  CHECK(seen == std::string(100, 'z'));
  CHECK(row.values[1] == sql::value(seen));
  CHECK(row.values[2] == sql::value(99));
}

TEST_CASE("no rule sees a broken row") {
  int runs = 0;
  const auto schema = periods(
      {{.name = "count",
        .columns = {"days"},
        .check = [&](bulk::typed_row&) -> std::optional<bulk::rule_failure> {
          ++runs;
          return {};
        }}}
  );
  check_file(schema, head + "2024-01-01\n,,x\n,,\n");
  CHECK(runs == 1);
}
