// SPDX-License-Identifier: BSL-1.0
// What is read, case by case. The fields are those that Python's csv module gives for the same text
// (CPython 3.11, `newline=''`), except where a comment says otherwise.
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using csv_test::read_all;
using csv_test::table;
using csv_test::texts_of;
using namespace std::string_view_literals;

namespace {

using codes = std::vector<std::string>;

csv::reader_options plain() {
  return {.header = csv::header::absent, .ragged_rows = csv::ragged_rows::keep};
}

struct example {
  std::string_view text;
  table fields;
  codes issues = {};
};

void check_all(const std::vector<example>& examples, const csv::reader_options& o) {
  for (const auto& e : examples) {
    CAPTURE(e.text);
    const auto got = read_all(e.text, o);
    CHECK((texts_of(got) == e.fields));
    codes issues;
    for (const auto& r : got.records) {
      for (const auto& code : r.codes()) issues.push_back(code);
    }
    CHECK((issues == e.issues));
  }
}

}  // namespace

TEST_CASE("RFC 4180") {
  check_all(
      {
          {"", {}},
          {"a", {{"a"}}},
          {"a\n", {{"a"}}},
          {"a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
          {"a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
          {"a,b\nc,d\r\ne,f\n", {{"a", "b"}, {"c", "d"}, {"e", "f"}}},
          {",\n", {{"", ""}}},
          {"a,\n,b\n", {{"a", ""}, {"", "b"}}},
          {"a,", {{"a", ""}}},
          {" a , b \n", {{" a ", " b "}}},
          {"\"\"\n", {{""}}},
          {"\"\"", {{""}}},
          {"\"a\",\"b\"\r\n", {{"a", "b"}}},
          {"\"a,b\",c\n", {{"a,b", "c"}}},
          {"\"a\nb\",c\n", {{"a\nb", "c"}}},
          {"\"a\r\nb\rc\",d\n", {{"a\r\nb\rc", "d"}}},
          {"\"a\"\"b\"\n", {{"a\"b"}}},
          {"\"\"\"\"\n", {{"\""}}},
          {"\"\"\"a\"\"\"\n", {{"\"a\""}}},
          {"\"\"\"\"\"\"\n", {{"\"\""}}},
          {"x,\"\"\"\",y\n", {{"x", "\"", "y"}}},
          {"\",\"\n", {{","}}},
          {"\"\n\"\n\"\n\"", {{"\n"}, {"\n"}}},
      },
      plain()
  );
}

TEST_CASE("quotes and CRs where RFC 4180 allows none") {
  const std::string stray = "stray_quote";
  const std::string cr = "bare_carriage_return";
  check_all(
      {
          {"a\"b,c\n", {{"a\"b", "c"}}, {stray}},
          {"5\" disk,x\n", {{"5\" disk", "x"}}, {stray}},
          {"a\"\"b\n", {{"a\"\"b"}}, {stray}},
          {"a\"\n", {{"a\""}}, {stray}},
          {" \"x,y\"\n", {{" \"x", "y\""}}, {stray, stray}},
          {"\"x\"y,z\n", {{"xy", "z"}}, {stray}},
          {"\"x\" ,z\n", {{"x ", "z"}}, {stray}},
          {"\"x\"y\"z\",1\n", {{"xy\"z\"", "1"}}, {stray}},
          {"\"x\"y\"\"z,1\n", {{"xy\"\"z", "1"}}, {stray}},
          {"\"\"a\n", {{"a"}}, {stray}},
          {"\"a\" \"b\"\n", {{"a \"b\""}}, {stray}},
          {"\"a\"\"\n", {{"a\"\n"}}, {"unterminated_quote"}},
          {"\"abc", {{"abc"}}, {"unterminated_quote"}},
          {"a,\"b\nc,d\n", {{"a", "b\nc,d\n"}}, {"unterminated_quote"}},
          {"\"", {{""}}, {"unterminated_quote"}},
          // To Python a bare CR ends a line, as it does with line_ends::any.
          {"a\rb,c\n", {{"a\rb", "c"}}, {cr}},
          {"a\r\r\nb\n", {{"a\r"}, {"b"}}, {cr}},
          {"\ra\n", {{"\ra"}}, {cr}},
          {"a\r", {{"a\r"}}, {cr}},
          {"\"a\"\rb\n", {{"a\rb"}}, {stray, cr}},
          // A good record after a bad one is good, and the other way round.
          {"a\"b\n\"c\",d\n", {{"a\"b"}, {"c", "d"}}, {stray}},
          {"\"a\"\"b\",c\nd\"e\n\"f,\"\"\"\n", {{"a\"b", "c"}, {"d\"e"}, {"f,\""}}, {stray}},
      },
      plain()
  );
}

TEST_CASE("read as Excel does, without a word") {
  auto o = plain();
  o.malformed_quotes = csv::malformed_quotes::as_excel;
  check_all(
      {{"a\"b,\"x\"y\n", {{"a\"b", "xy"}}},
       {"a\rb\n", {{"a\rb"}}},
       {"\"abc", {{"abc"}}, {"unterminated_quote"}}},
      o
  );
}

TEST_CASE("empty lines") {
  const auto text = "\na\n\r\n\nb\n\n";
  check_all(
      {{text, {{"a"}, {"b"}}}, {"\n\n", {}}, {"\"\"\n\n", {{""}}}, {" \n", {{" "}}}}, plain()
  );
  auto o = plain();
  o.empty_lines = csv::empty_lines::keep;
  check_all({{text, {{""}, {"a"}, {""}, {""}, {"b"}, {""}}}, {"", {}}}, o);
}

TEST_CASE("a bare CR as a line end") {
  auto o = plain();
  o.line_ends = csv::line_ends::any;
  check_all(
      {{"a,b\rc,d\r", {{"a", "b"}, {"c", "d"}}},
       {"a\rb\nc\r\nd", {{"a"}, {"b"}, {"c"}, {"d"}}},
       {"a\r\rb", {{"a"}, {"b"}}},
       {"\"a\rb\",c\r\"d\"\r", {{"a\rb", "c"}, {"d"}}},
       {"a\r\"b", {{"a"}, {"b"}}, {"unterminated_quote"}}},
      o
  );
}

TEST_CASE("other delimiters and quotes, or none") {
  auto o = plain();
  o.delimiter = ';';
  o.quote = '\'';
  check_all(
      {{"a;'b;''c';\"d\n", {{"a", "b;'c", "\"d"}}}, {"it's\n", {{"it's"}}, {"stray_quote"}}}, o
  );
  o = plain();
  o.delimiter = '\t';
  o.quote.reset();
  check_all({{"\"a\tb\"\"\t'\n", {{"\"a", "b\"\"", "'"}}}, {"\"", {{"\""}}}}, o);
}

TEST_CASE("an escape takes away the meaning of what follows") {
  auto o = plain();
  o.escape = '\\';
  check_all(
      {{"a\\,b,c\n", {{"a,b", "c"}}},
       {"\"a\\\"b\",c\n", {{"a\"b", "c"}}},
       {"\"a\"\"b\",c\n", {{"a\"b", "c"}}},
       {"a\\\nb,c\n", {{"a\nb", "c"}}},
       {"a\\\\,b\n", {{"a\\", "b"}}},
       {"\\\"a,b\n", {{"\"a", "b"}}},
       {"\"a\\\\\",b\n", {{"a\\", "b"}}},
       {"\"a\"\\,b\n", {{"a\\", "b"}}, {"stray_quote"}},
       {"\"a\"b\\,c\n", {{"ab,c"}}, {"stray_quote"}},
       {"a\\", {{"a\\"}}},  // Python makes a line end of it
       {"\"a\\", {{"a\\"}}, {"unterminated_quote"}}},
      o
  );
}

TEST_CASE("comments, which Python does not know") {
  auto o = plain();
  o.comment = '#';
  check_all(
      {{"#\n", {}},
       {"# it's \"quoted, a\"b\n1,2\n#x\n3,4\n#", {{"1", "2"}, {"3", "4"}}},
       {"1,#2\n \"#\",\n", {{"1", "#2"}, {" \"#\"", ""}}, {"stray_quote"}},
       {"\"a\n#b\"\n\n#c\r\nd\n", {{"a\n#b"}, {"d"}}},
       {"\"#\"\n", {{"#"}}}},
      o
  );
}

TEST_CASE("trimming leaves alone what is in quotes or escaped") {
  auto o = plain();
  o.trim = csv::trim::blanks;
  check_all(
      {{" a ,\tb\t, \n", {{"a", "b", ""}}},
       {" \" a \" , b\n", {{" a ", "b"}}},
       {"\"x\" y ,z\n", {{"x y", "z"}}, {"stray_quote"}},
       {" a \"b\" \n", {{"a \"b\""}}, {"stray_quote"}},
       {" a b \n", {{"a b"}}},
       {" \n", {{""}}},
       {"\"a \"\" \"\n", {{"a \" "}}}},
      o
  );
  o.escape = '\\';
  check_all({{"a\\ , \\ b\n", {{"a ", " b"}}}, {" \" a\\\" \" \n", {{" a\" "}}}}, o);
  o = plain();
  o.trim = csv::trim::blanks;
  o.delimiter = '\t';
  check_all({{" a \t\t b\n", {{"a", "", "b"}}}}, o);
}

TEST_CASE("NULL is a bare field with one of the null texts") {
  auto o = plain();
  o.null_texts = {"", "\\N"};
  const auto nulls = [&](std::string_view text) {
    std::string all;
    for (const auto& r : read_all(text, o).records) {
      for (const auto& f : r.fields) all += f.is_null ? 'N' : f.was_quoted ? 'q' : '.';
    }
    return all;
  };
  CHECK(nulls(",\"\",\\N,\"\\N\",a\n") == "NqNq.");
  CHECK(nulls("x,") == ".N");
  CHECK(nulls(" ,\"x\"y,\"\"\"\"\n") == ".qq");
  o.trim = csv::trim::blanks;
  CHECK(nulls(" , \"\" , \\N \n") == "NqN");
  o.escape = '\\';
  CHECK(nulls("\\N,\"\\N\",\\\\N,\n") == "Nq.N");
  o.null_texts.clear();
  CHECK(nulls(",\"\",\\N\n") == ".q.");
}

TEST_CASE("NUL is reported, or a character like any other") {
  auto o = plain();
  const auto text = "a,b\0c\n\"\0\",d\n"sv;
  const table fields{{"a", std::string("b\0c", 3)}, {std::string(1, '\0'), "d"}};
  check_all({{text, fields, {"nul_character", "nul_character"}}}, o);
  o.nul = csv::nul_policy::keep;
  check_all({{text, fields}}, o);
}
