// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/bulk/row_checker.hpp>

#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace bulk = scalekit::bulk;
namespace sql = scalekit::sql;

namespace {

std::optional<bulk::rule_failure> always_good(bulk::typed_row&) { return std::nullopt; }

bulk::import_schema two_columns() {
  return {
      .columns = {{.name = "id", .type = bulk::field_type::integer}, {.name = "amount"}},
      .rules = {{.name = "r", .columns = {"id"}, .check = always_good}}};
}

using change = std::function<void(bulk::import_schema&)>;

std::string complaint(const change& make_wrong) {
  auto schema = two_columns();
  make_wrong(schema);
  const auto checked = bulk::check(schema);
  REQUIRE(!checked);
  CHECK(checked.error().code() == scalekit::errc::invalid_argument);
  return checked.error().message();
}

bool mentions(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE(text);
  return found;
}

}  // namespace

TEST_CASE("a schema that agrees with itself") {
  CHECK(bulk::check(two_columns()));
  CHECK(bulk::find_column(two_columns(), "amount") == 1);
  CHECK(!bulk::find_column(two_columns(), "Amount"));
}

TEST_CASE("what a schema may not be") {
  using schema = bulk::import_schema;
  struct example {
    change make_wrong;
    std::string_view said;
  };
  const std::vector<example> examples{
      {[](schema& s) { s.columns.clear(), s.rules.clear(); }, "it has no columns"},
      {[](schema& s) { s.columns[1].name.clear(); }, "column 2: it has no name"},
      {[](schema& s) { s.columns[1].name = "id"; }, "column `id`: there are two of that name"},
      {[](schema& s) { s.columns[1].aliases = {"ID"}; },
       "column `amount`: its header `ID` is that of another column too"},
      {[](schema& s) { s.columns[1].text.pattern = "["; }, "column `amount`: text: pattern `[`"},
      {[](schema& s) { s.columns[0].default_value = "1"; },
       "column `id`: its default value is of kind text, not int64"},
      {[](schema& s) {
         s.columns[0].required = true;
         s.columns[0].absent = bulk::absent_column::use_default;
       },
       "column `id`: it is required"},
      {[](schema& s) { s.columns[0].transform.name = "t"; }, "its transform is empty"},
      {[](schema& s) {
         s.columns[0].transform.run = [](std::string_view t, std::string&) { return t; };
       },
       "its transform needs a name"},
      {[](schema& s) {
         s.columns[1].type = bulk::field_type::decimal;
         s.columns[1].lookup = std::make_shared<bulk::lookup_table>();
       },
       "a lookup needs an integer or a text, not a decimal"},
      {[](schema& s) { s.rules[0].name = "a b"; }, "its name must be letters, digits and `_`"},
      {[](schema& s) { s.rules[0].name = "required"; }, "rule `required`: its name is taken"},
      {[](schema& s) { s.rules.push_back(s.rules[0]); }, "rule `r`: there are two of that name"},
      {[](schema& s) { s.rules[0].check = nullptr; }, "its check is empty"},
      {[](schema& s) { s.rules[0].columns = {}; }, "it names no columns"},
      {[](schema& s) { s.rules[0].columns = {"no"}; }, "there is no column `no`"},
  };
  for (const auto& [make_wrong, said] : examples) {
    CAPTURE(said);
    CHECK(mentions(complaint(make_wrong), said));
  }
}

TEST_CASE("all problems are told at once") {
  const std::string text = complaint([](bulk::import_schema& s) {
    s.columns[0].integer = {.minimum = 2, .maximum = 1};
    s.columns[1].text = {.min_length = 2, .max_length = 1};
    s.rules[0].columns = {"x", "y"};
  });
  for (const std::string_view part :
       {"import_schema: ",
        "minimum is above maximum",
        "min_length is above max_length",
        "no column `x`",
        "no column `y`"}) {
    CHECK(mentions(text, part));
  }
}

TEST_CASE("the fingerprint changes with everything that decides, and with nothing else") {
  const auto lookup = std::make_shared<bulk::lookup_table>();
  const auto other = std::make_shared<bulk::lookup_table>();
  REQUIRE(other->insert("a", sql::value(1)));
  const auto pass = [](std::string_view t, std::string&) { return t; };
  using schema = bulk::import_schema;
  using type = bulk::field_type;
  const std::vector<change> changes{
      [](schema& s) { s.version = "2"; },
      [](schema& s) { s.unknown_columns = bulk::unknown_columns::ignore; },
      [](schema& s) { s.header_match = bulk::header_match::exact; },
      [](schema& s) { s.columns.pop_back(); },
      [](schema& s) { std::swap(s.columns[0], s.columns[1]); },
      [](schema& s) { s.columns[0].name = "i"; },
      [](schema& s) { s.columns[0].header = "i"; },
      [](schema& s) { s.columns[0].aliases = {"i"}; },
      [](schema& s) {
        s.columns[0].aliases = {"i", ""};
      },
      [](schema& s) { s.columns[0].required = true; },
      [](schema& s) { s.columns[0].unique = true; },
      [](schema& s) { s.columns[0].trim = true; },
      [](schema& s) { s.columns[0].letters = bulk::text_case::lower; },
      [&](schema& s) {
        s.columns[0].transform = {"a", pass};
      },
      [&](schema& s) {
        s.columns[0].transform = {"b", pass};
      },
      [](schema& s) { s.columns[0].default_value = 0; },
      [](schema& s) { s.columns[0].default_value = ""; },
      [](schema& s) { s.columns[0].absent = bulk::absent_column::use_default; },
      [&](schema& s) { s.columns[0].lookup = lookup; },
      [&](schema& s) { s.columns[0].lookup = other; },
      [&](schema& s) {
        s.columns[0].lookup = other;
        s.columns[0].lookup_use = bulk::lookup_use::replace;
      },
      [](schema& s) { s.columns[0].integer.minimum = 0; },
      [](schema& s) { s.columns[0].integer.thousands = ','; },
      [](schema& s) { s.columns[0].type = type::decimal; },
      [](schema& s) { s.columns[0].type = type::float64; },
      [](schema& s) { s.columns[0].type = type::boolean; },
      [](schema& s) { s.columns[0].type = type::date; },
      [](schema& s) { s.columns[0].type = type::timestamp; },
      [](schema& s) { s.columns[0].type = type::uuid; },
      [](schema& s) { s.columns[0].type = type::enumeration; },
      [](schema& s) { s.columns[0].type = type::blob; },
      [](schema& s) { s.columns[1].text.max_length = 3; },
      [](schema& s) { s.columns[1].text.min_length = 3; },
      [](schema& s) { s.columns[1].text.pattern = "a"; },
      [](schema& s) { s.rules.clear(); },
      [](schema& s) { s.rules[0].name = "r2"; },
      [](schema& s) { s.rules[0].columns.push_back("amount"); },
  };
  std::set<std::uint64_t> seen{bulk::fingerprint(two_columns())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    auto changed = two_columns();
    changes[i](changed);
    CHECK(seen.insert(bulk::fingerprint(changed)).second);
  }
  auto same = two_columns();
  same.columns[0].example = "17";         // only shown
  same.columns[0].decimal.precision = 5;  // of another type
  CHECK(bulk::fingerprint(same) == bulk::fingerprint(two_columns()));
}

TEST_CASE("the fingerprint is the same on every machine") {
  CHECK(bulk::fingerprint({}) == bulk::fingerprint(bulk::import_schema{}));
  CHECK(bulk::fingerprint(two_columns()) != bulk::fingerprint({}));
}

TEST_CASE("types have names") {
  CHECK(bulk::to_string(bulk::field_type::text) == "text");
  CHECK(bulk::to_string(bulk::field_type::enumeration) == "enumeration");
}
