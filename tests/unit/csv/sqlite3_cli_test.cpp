// SPDX-License-Identifier: BSL-1.0
// The same table written by `sqlite3 -csv` and by us means the same, field by field; with
// `quoting::sqlite_cli`, which quotes as much as it does, byte by byte.
#include "command.hpp"
#include "csv_reader.hpp"

#include <scalekit/csv/encoder.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace csv = scalekit::csv;
using scalekit::sql::value_view;

namespace {

using cell = std::variant<std::monostate, std::int64_t, double, std::string>;

value_view view_of(const cell& c) {
  return std::visit(
      [](const auto& v) -> value_view {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
          return nullptr;
        } else {
          return v;
        }
      },
      c
  );
}

/// A literal the CLI reads back exactly; text goes through hex so that no shell or SQL quoting is
/// between it and the table.
std::string literal_of(const cell& c) {
  if (const auto* i = std::get_if<std::int64_t>(&c)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&c)) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.17e", *d);
    return text.data();
  }
  if (const auto* s = std::get_if<std::string>(&c)) {
    std::string hex = "CAST(x'";
    for (const char b : *s) {
      constexpr std::string_view digits = "0123456789abcdef";
      hex += digits[static_cast<unsigned char>(b) >> 4];
      hex += digits[static_cast<unsigned char>(b) & 15];
    }
    return hex + "' AS TEXT)";
  }
  return "NULL";
}

using table = std::vector<std::vector<cell>>;

table nasty_table() {
  table rows;
  const std::vector<std::string> texts{
      "",
      "plain",
      "two words",
      "a,b",
      "\"",
      "\"\"",
      "say \"so\"",
      "line\nbreak",
      "\r",
      "\r\n",
      "\n",
      " ",
      " padded ",
      "'",
      "it's",
      "\t",
      "tab\tbed",
      "é",
      "日本",
      "\\",
      "\\N",
      "NULL",
      "=1+1",
      "-5",
      "\x01\x02\x1f",
      "\x7f",
      ";",
      "|",
      "#",
      std::string(500, ','),
      std::string(500, 'x') + "\""};
  std::int64_t id = 0;
  for (const auto& text : texts) rows.push_back({++id, text, text + text, cell(), 0.5});
  for (const std::int64_t v : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    rows.push_back({v, cell(), std::string(), -(v / 2), 1.0});
  }
  // At most 15 digits, which is all that the CLI prints.
  for (const double v : {0.1, -2.5, 1e15, 1e16, 1e300, 5e-7, 123456.789, 100.0}) {
    rows.push_back({++id, std::string("real"), v, -v, cell()});
  }
  std::mt19937 random(31);
  constexpr std::string_view alphabet = "ab ,\"\n\r'\\;";
  for (int i = 0; i < 300; ++i) {
    std::vector<cell> row{++id};
    for (int k = 0; k < 4; ++k) {
      std::string text(random() % 40, ' ');
      for (char& c : text) c = alphabet[random() % alphabet.size()];
      row.emplace_back(text);
    }
    rows.push_back(row);
  }
  return rows;
}

std::string ours(const table& rows, const csv::dialect& d = {}) {
  auto encoder = csv::encoder::make(d).value();
  csv::buffer out;
  for (const auto& row : rows) {
    std::vector<value_view> values;
    for (const auto& c : row) values.push_back(view_of(c));
    encoder.row(out, values);
  }
  return std::string(out.view());
}

bool same_field(const cell& sent, const csv_test::field& theirs, const csv_test::field& mine) {
  if (std::holds_alternative<double>(sent)) {
    return std::strtod(theirs.text.c_str(), nullptr) == std::strtod(mine.text.c_str(), nullptr);
  }
  return theirs.text == mine.text && theirs.is_null("") == mine.is_null("");
}

std::optional<std::string> theirs_of(const table& rows) {
  std::string script = "CREATE TABLE t(a, b, c, d, e);\n";
  for (const auto& row : rows) {
    std::string values;
    for (const auto& c : row) values += (values.empty() ? "" : ",") + literal_of(c);
    script += "INSERT INTO t VALUES(" + values + ");\n";
  }
  script += "SELECT * FROM t ORDER BY rowid;\n";
  const csv_test::temporary_folder folder;
  return csv_test::output_of("sqlite3 -batch -csv :memory: < " + folder.file("script.sql", script));
}

}  // namespace

TEST_CASE("sqlite3 -csv and this writer mean the same") {
  csv_test::skip_unless("sqlite3 --version");
  const table rows = nasty_table();
  const auto theirs = theirs_of(rows);
  REQUIRE(theirs);
  const std::string mine = ours(rows);

  const csv::dialect d;
  csv_test::reader their_reader(*theirs, d);
  csv_test::reader my_reader(mine, d);
  const auto a = their_reader.all();
  const auto b = my_reader.all();
  REQUIRE(their_reader.ok());
  REQUIRE(my_reader.ok());
  REQUIRE(a.size() == rows.size());
  REQUIRE(b.size() == rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    REQUIRE(a[r].size() == rows[r].size());
    REQUIRE(b[r].size() == rows[r].size());
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      CAPTURE(r);
      CAPTURE(a[r][c].text);
      CAPTURE(b[r][c].text);
      CHECK(same_field(rows[r][c], a[r][c], b[r][c]));
    }
  }
}

TEST_CASE("quoting::sqlite_cli gives the very bytes of sqlite3 -csv") {
  csv_test::skip_unless("sqlite3 --version");
  table rows = nasty_table();
  // Doubles are spelled differently: shortest round trip here, 15 digits there.
  std::erase_if(rows, [](const std::vector<cell>& row) {
    return std::any_of(row.begin(), row.end(), [](const cell& c) {
      return std::holds_alternative<double>(c);
    });
  });
  for (int c = 1; c < 256; ++c) rows.push_back({std::string("x") + static_cast<char>(c), cell()});
  for (auto& row : rows) row.resize(5);
  const auto theirs = theirs_of(rows);
  REQUIRE(theirs);
  CHECK(ours(rows, {.quoting = csv::quoting::sqlite_cli}) == *theirs);
}
