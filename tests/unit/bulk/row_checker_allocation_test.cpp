// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"
#include "checker_support.hpp"

using namespace bulk_test;
using type = bulk::field_type;

TEST_CASE("a good row allocates nothing once the row has its memory") {
  const auto table = std::make_shared<bulk::lookup_table>();
  REQUIRE(table->insert("an account with quite a long name", sql::value(7)));
  const auto schema = std::make_shared<const bulk::import_schema>(bulk::import_schema{
      .columns =
          {{.name = "integer", .type = type::integer, .integer = {.thousands = '\''}},
           {.name = "decimal",
            .type = type::decimal,
            .decimal = {.minimum = "0", .thousands = ' '}},
           {.name = "float64", .type = type::float64, .float64 = {.separator = ','}},
           {.name = "boolean", .type = type::boolean},
           {.name = "date", .type = type::date, .date = {.patterns = {"%d.%m.%Y"}}},
           {.name = "timestamp", .type = type::timestamp},
           {.name = "uuid", .type = type::uuid},
           {.name = "enumeration",
            .type = type::enumeration,
            .enumeration = {.words = {{"settled"}, {"open"}}, .letters = bulk::letter_case::fold}},
           {.name = "blob", .type = type::blob},
           {.name = "text", .letters = bulk::text_case::upper, .text = {.max_length = 100}},
           {.name = "account", .lookup = table, .lookup_use = bulk::lookup_use::replace}},
      .rules = {
          {.name = "r",
           .columns = {"integer", "text"},
           .check = [](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
             if (row[0].as_int64() != 0) return std::nullopt;
             return bulk::rule_failure{"zero", "", ""};
           }}}});
  csv::memory_source source(
      "integer,decimal,float64,boolean,date,timestamp,uuid,enumeration,blob,text,account\n"
      "1'234'567,1 234 567 890 123 456 789.5,\"1,5\",yes,29.02.2024,2024-02-29T01:02:03.5+01:00,"
      "123E4567-E89B-12D3-A456-426614174000,Settled,00112233445566778899aabbccddeeff0011,"
      "a text that is longer than any small buffer,an account with quite a long name\n"
  );
  const auto file = csv::reader::open(source).value();
  REQUIRE(file->next().value());
  const auto checker = bulk::row_checker::bind(schema, file->header()).value();
  bulk::typed_row row;
  std::vector<bulk::row_error> errors;

  const auto at_first = scalekit_tests::allocations();
  REQUIRE(checker.check(file->row(), row, errors));
  REQUIRE(scalekit_tests::allocations() > at_first);  // else the test could not fail
  const auto before = scalekit_tests::allocations();
  bool good = true;
  for (int i = 0; i < 1000; ++i) good = checker.check(file->row(), row, errors) && good;
  CHECK(scalekit_tests::allocations() == before);
  CHECK(good);
}
