// SPDX-License-Identifier: BSL-1.0
#include "checker_support.hpp"

#include <atomic>
#include <optional>
#include <thread>

using namespace bulk_test;
using type = bulk::field_type;

namespace {

bulk::import_schema payments() {
  return {
      .columns = {
          {.name = "id", .type = type::integer, .required = true},
          {.name = "amount", .type = type::decimal, .required = true},
          {.name = "note"},
          {.name = "paid", .header = "Paid?", .type = type::boolean}}};
}

std::shared_ptr<bulk::lookup_table> accounts() {
  auto table = std::make_shared<bulk::lookup_table>();
  REQUIRE(table->insert("A-1", sql::value(101)));
  REQUIRE(table->insert(7, sql::value("seven")));
  return table;
}

}  // namespace

TEST_CASE("good rows, in the order of the schema") {
  const auto rows = check_file(
      payments(), "paid?,note,id,amount\nyes,\"a, b\",1,12.5\nno,,-2,.25\r\n,x, 3 ,\t4\n"
  );
  REQUIRE(rows.size() == 3);
  using values = std::vector<sql::value>;
  CHECK(rows[0].good);
  CHECK(rows[0].values == values{1, sql::value_view::decimal("12.50"), "a, b", 1});
  CHECK(rows[1].values == values{-2, sql::value_view::decimal("0.25"), "", 0});
  // Blanks around all but text; an empty boolean is NULL.
  CHECK(rows[2].values == values{3, sql::value_view::decimal("4.00"), "x", sql::value()});
}

TEST_CASE("everything wrong with a row is told, and where") {
  const auto rows =
      check_file(payments(), "id,amount,note,Paid?\n1,2,\"x\ny\",yes\nx, ,\"q\",maybe\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].good);
  const checked& bad = rows[1];
  REQUIRE(bad.codes() == "type.integer rule.required type.boolean");
  const bulk::row_error& first = bad.errors[0];
  CHECK(first.message == "`x` is not a whole number");
  CHECK(first.column == "id");
  CHECK(first.value == "x");
  CHECK(first.column_index == 0);
  CHECK(first.record == 3);
  CHECK(first.line == 4);
  CHECK(first.offset == 35);
  CHECK(bad.errors[1].value == " ");
  CHECK(bad.errors[1].offset == 37);
  // The header's name, not the table's.
  CHECK(bad.errors[2].column == "Paid?");
  CHECK(bad.errors[2].offset == 43);
  // What is good is there all the same.
  CHECK(bad.values[0].is_null());
  CHECK(bad.values[2] == sql::value("q"));
}

TEST_CASE("NULL, empty text, and defaults") {
  const auto file = [](bulk::import_column c, std::string_view field) {
    c.name = "c";
    auto rows = check_file(
        {.columns = {std::move(c), {.name = "d"}}},
        "c,d\n" + std::string(field) + ",x\n",
        {.null_texts = {"\\N"}}
    );
    return rows.at(0);
  };
  CHECK(file({}, "").values[0] == sql::value(""));
  CHECK(file({}, "\\N").values[0].is_null());
  CHECK(file({}, "\"\\N\"").values[0] == sql::value("\\N"));
  CHECK(file({.required = true}, "").codes() == "rule.required");
  CHECK(file({.required = true}, "\\N").codes() == "rule.required");
  CHECK(file({.required = true, .trim = true}, "  ").codes() == "rule.required");
  CHECK(file({.required = true}, "  ").values[0] == sql::value("  "));
  CHECK(file({.type = type::integer}, "").values[0].is_null());
  CHECK(file({.type = type::integer}, "\" \"").values[0].is_null());
  CHECK(file({.type = type::date, .required = true}, "").codes() == "rule.required");
  CHECK(file({.required = true, .default_value = "d"}, "").values[0] == sql::value("d"));
  CHECK(file({.default_value = "d"}, "\\N").values[0] == sql::value("d"));
  CHECK(file({.type = type::integer, .default_value = 5}, "").values[0] == sql::value(5));
  CHECK(file({.type = type::integer, .default_value = 5}, "6").values[0] == sql::value(6));
  // A default is not checked, a value is.
  CHECK(file({.default_value = "long", .text = {.max_length = 2}}, "").good);
  CHECK(file({.text = {.min_length = 1}}, "").codes() == "limit.length");
}

TEST_CASE("transforms come before types") {
  CHECK(check_field({.trim = true}, " \ta b\t ").values[0] == sql::value("a b"));
  CHECK(
      check_field({.letters = bulk::text_case::lower}, "AbC\xC3\x84").values[0] ==
      sql::value("abc\xC3\x84")
  );
  CHECK(check_field({.letters = bulk::text_case::upper}, "AbC").values[0] == sql::value("ABC"));
  const bulk::field_transform without_unit{
      "without_unit", [](std::string_view field, std::string&) {
        return field.ends_with(" kg") ? field.substr(0, field.size() - 3) : field;
      }};
  CHECK(
      check_field({.type = type::integer, .transform = without_unit}, " 12 kg ").values[0] ==
      sql::value(12)
  );
  const bulk::field_transform doubled{"doubled", [](std::string_view field, std::string& scratch) {
                                        scratch.assign(field).append(field);
                                        return std::string_view(scratch);
                                      }};
  const std::string long_text(100, 'x');
  CHECK(
      check_field({.letters = bulk::text_case::upper, .transform = doubled}, long_text).values[0] ==
      sql::value(std::string(200, 'X'))
  );
  CHECK(
      check_field({.type = type::decimal, .transform = doubled}, "12").values[0] ==
      sql::value(sql::value_view::decimal("1212.00"))
  );
  // What stands in the file is shown, what it became is explained.
  const auto bad = check_field({.type = type::integer, .transform = doubled}, "1x");
  CHECK(bad.errors.at(0).value == "1x");
  CHECK(bad.errors.at(0).message == "`1x1x` is not a whole number");
  const bulk::field_transform emptied{
      "emptied", [](std::string_view, std::string&) { return std::string_view(); }};
  CHECK(check_field({.required = true, .transform = emptied}, "x").codes() == "rule.required");
}

TEST_CASE("an example is suggested where nothing better is known") {
  const bulk::import_column sku{.text = {.pattern = "[A-Z]{3}"}, .example = "ABC"};
  CHECK(check_field(sku, "abc").errors.at(0).suggestion == "write it like ABC");
}

TEST_CASE("lookups") {
  const auto table = accounts();
  CHECK(check_field({.lookup = table}, "A-1").values[0] == sql::value("A-1"));
  CHECK(
      check_field({.lookup = table, .lookup_use = bulk::lookup_use::replace}, "A-1").values[0] ==
      sql::value(101)
  );
  CHECK(
      check_field(
          {.type = type::integer, .lookup = table, .lookup_use = bulk::lookup_use::replace}, "007"
      )
          .values[0] == sql::value("seven")
  );
  const auto unknown = check_field({.lookup = table}, "A-2");
  CHECK(unknown.codes() == "rule.lookup");
  CHECK(unknown.errors[0].message == "`A-2` is not among the known values");
  CHECK(check_field({.type = type::integer, .lookup = table}, "8").codes() == "rule.lookup");
  // NULL has no key.
  CHECK(check_field({.type = type::integer, .lookup = table}, "").good);
}

TEST_CASE("broken rows") {
  const auto one = [](std::string_view line, csv::reader_options options = {}) {
    return check_file(payments(), "id,amount,note,paid?\n" + std::string(line), std::move(options))
        .at(0);
  };
  const checked few = one("x,2\n");
  CHECK(few.codes() == "csv.too_few_fields");
  CHECK(few.errors[0].message == "the row has 2 fields, not 4");
  CHECK(few.errors[0].line == 2);
  CHECK(few.errors[0].record == 2);
  CHECK(one("x,2,3,4,5\n").codes() == "csv.too_many_fields");
  CHECK(one("x,2,a\"b,yes\n").codes() == "csv.stray_quote");
  CHECK(one("x,2,\"never closed,yes\n").codes().find("csv.unterminated_quote") == 0);
  // Of one field only: the others are checked.
  const checked damaged = one("x,2,\xFF,maybe\n");
  CHECK(damaged.codes() == "csv.invalid_encoding type.integer type.boolean");
  CHECK(damaged.errors[0].column == "note");
  CHECK(damaged.errors[0].column_index == 2);
  CHECK(damaged.values[2].is_null());
  CHECK(damaged.values[1] == sql::value(sql::value_view::decimal("2.00")));
  CHECK(one("1,2,\xFF,yes\n", {.utf8 = csv::utf8_check::none}).good);
  // Where the reader lets short rows through, what they lack is NULL.
  CHECK(one("1\n", {.ragged_rows = csv::ragged_rows::keep}).codes() == "rule.required");
  CHECK(one("1,2\n", {.ragged_rows = csv::ragged_rows::adjust}).good);
  CHECK(one("1,2,3,1,5\n", {.ragged_rows = csv::ragged_rows::keep}).good);
}

TEST_CASE("a broken field of a column that is ignored makes the row bad, too") {
  auto schema = payments();
  schema.unknown_columns = bulk::unknown_columns::ignore;
  const auto rows = check_file(schema, "id,amount,note,paid?,x\n1,2,a,1,\xFF\n");
  CHECK(rows.at(0).codes() == "csv.invalid_encoding");
  CHECK(rows.at(0).errors[0].column == "x");
}

TEST_CASE("some of the columns: the others, and rules, are left alone") {
  auto schema = payments();
  schema.rules = {{.name = "never", .columns = {"id"}, .check = [](bulk::typed_row&) {
                     return std::optional(bulk::rule_failure{});
                   }}};
  csv::memory_source source("id,amount,note,Paid?\n7,x,n,yes\ny,x,n,yes\n8,1,n\n9,1,\"n\"q,yes\n");
  auto file = csv::reader::open(source).value();
  const auto checker =
      bulk::row_checker::bind(std::make_shared<bulk::import_schema>(schema), file->header())
          .value();
  bulk::typed_row row;
  std::vector<bulk::row_error> errors;
  const std::size_t columns[] = {2, 0};
  REQUIRE(file->next().value());
  CHECK(checker.check_columns(file->row(), columns, row, errors));
  CHECK(errors.empty());
  CHECK(row[0].as_int64() == 7);
  CHECK(row[1].is_null());
  CHECK(row[2].as_text() == "n");
  CHECK(row[3].is_null());
  for (const char* code : {"type.integer", "csv.too_few_fields", "csv.stray_quote"}) {
    errors.clear();
    REQUIRE(file->next().value());
    CHECK_FALSE(checker.check_columns(file->row(), columns, row, errors));
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].code == code);
  }
}

TEST_CASE("a file without a header") {
  const csv::reader_options bare{.header = csv::header::absent};
  auto rows = check_file(payments(), "1,2,n,yes\nx,2,n,yes\n", bare);
  CHECK(rows.at(0).good);
  CHECK(rows.at(1).codes() == "type.integer");
  CHECK(rows.at(1).errors[0].column == "id");
  CHECK(check_file(payments(), "1,2,n\n", bare).at(0).codes() == "csv.too_few_fields");
  CHECK(check_file(payments(), "1,2,n,1,5\n", bare).at(0).codes() == "csv.too_many_fields");
  auto lenient = payments();
  lenient.unknown_columns = bulk::unknown_columns::ignore;
  lenient.columns[3].absent = bulk::absent_column::use_default;
  CHECK(check_file(lenient, "1,2,n\n", bare).at(0).good);
  CHECK(check_file(lenient, "1,2,n,1,5\n", bare).at(0).good);
  CHECK(check_file(lenient, "1,2\n", bare).at(0).codes() == "csv.too_few_fields");
}

TEST_CASE("a column that the file does not have") {
  auto schema = payments();
  schema.columns[2].absent = bulk::absent_column::use_default;
  schema.columns[2].default_value = "none";
  schema.columns[3].absent = bulk::absent_column::use_default;
  const auto rows = check_file(schema, "amount,id\n2,1\n");
  REQUIRE(rows.at(0).good);
  CHECK(rows[0].values[2] == sql::value("none"));
  CHECK(rows[0].values[3].is_null());
}

TEST_CASE("what cannot be bound") {
  const std::vector<std::string> header{"id"};
  CHECK(
      bulk::row_checker::bind(nullptr, header).error().code() == scalekit::errc::invalid_argument
  );
  CHECK(
      bulk::row_checker::bind(std::make_shared<bulk::import_schema>(), header).error().message() ==
      "import_schema: it has no columns"
  );
  const auto schema = std::make_shared<bulk::import_schema>(payments());
  const auto unbound = bulk::row_checker::bind(schema, header);
  REQUIRE(!unbound);
  CHECK(
      unbound.error().message() ==
      "the header does not fit the schema: `amount` is missing; `note` is missing; `Paid?` is "
      "missing"
  );
  const auto bound = bulk::row_checker::bind(schema, {});
  REQUIRE(bound);
  CHECK(bound->columns() == 4);
  CHECK(&bound->schema() == schema.get());
}

TEST_CASE("a checker keeps its schema alive") {
  auto schema = std::make_shared<bulk::import_schema>(payments());
  auto checker = bulk::row_checker::bind(schema, {}).value();
  const std::weak_ptr<bulk::import_schema> watched = schema;
  schema.reset();
  CHECK(!watched.expired());
}

TEST_CASE("a row is used again for another file") {
  csv::memory_source wide_source("id,amount,note,paid?\n1,2,n,1\n");
  csv::memory_source narrow_source("a\nx\n");
  auto wide = csv::reader::open(wide_source).value();
  auto narrow = csv::reader::open(narrow_source).value();
  const auto first =
      bulk::row_checker::bind(std::make_shared<bulk::import_schema>(payments()), wide->header())
          .value();
  const auto second =
      bulk::row_checker::bind(
          std::make_shared<bulk::import_schema>(bulk::import_schema{.columns = {{.name = "a"}}}),
          narrow->header()
      )
          .value();
  bulk::typed_row row;
  std::vector<bulk::row_error> errors;
  REQUIRE(wide->next().value());
  REQUIRE(narrow->next().value());
  CHECK(first.check(wide->row(), row, errors));
  CHECK(row.size() == 4);
  CHECK(second.check(narrow->row(), row, errors));
  CHECK(row.size() == 1);
  CHECK(row[0].as_text() == "x");
  CHECK(first.check(wide->row(), row, errors));
  CHECK(row[2].as_text() == "n");
}

TEST_CASE("one checker on several threads") {
  auto schema = payments();
  schema.rules = {
      {.name = "odd",
       .columns = {"id"},
       .check = [](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
         if (row[0].as_int64() % 2 != 0) return std::nullopt;
         return bulk::rule_failure{"it is even", "", ""};
       }}};
  const auto checker =
      bulk::row_checker::bind(std::make_shared<bulk::import_schema>(schema), {}).value();
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i) + ",2,note,yes\n";
  std::atomic<int> good = 0;
  std::atomic<std::size_t> even = 0;
  const auto work = [&] {
    csv::memory_source source(text);
    const auto file = csv::reader::open(source, {.header = csv::header::absent}).value();
    bulk::typed_row row;
    std::vector<bulk::row_error> errors;
    while (file->next().value()) {
      if (checker.check(file->row(), row, errors)) ++good;
    }
    even += errors.size();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& t : threads) t.join();
  CHECK(good == 4000);
  CHECK(even == 4000);
}
