// SPDX-License-Identifier: BSL-1.0
#include "csv_reader.hpp"
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using scalekit::sql::value_view;

namespace {

using table = std::vector<std::vector<std::optional<std::string>>>;

/// Texts made of the characters that hurt, the null text among them, and NULLs.
table random_table(std::mt19937& random, const csv::dialect& d) {
  const std::string alphabet =
      std::string{d.delimiter, d.quote, d.escape, '\n', '\r', '\'', ' ', 'a', '='} + "é\\N";
  table rows(1 + random() % 8);
  const std::size_t columns = 1 + random() % 5;
  for (auto& row : rows) {
    row.resize(columns);
    for (auto& field : row) {
      const auto kind = random() % 8;
      if (kind == 0) continue;
      field.emplace();
      if (kind == 1) {
        *field = d.null_text;
        continue;
      }
      const std::size_t n = random() % (kind == 2 ? 300 : 12);
      for (std::size_t i = 0; i < n; ++i) {
        *field += kind < 5 ? alphabet[random() % alphabet.size()]
                           : static_cast<char>('a' + random() % 26);
      }
    }
  }
  return rows;
}

std::string written(const table& rows, const csv::dialect& d) {
  auto encoder = csv::encoder::make(d).value();
  csv::buffer out;
  std::vector<value_view> values;
  for (const auto& row : rows) {
    values.clear();
    for (const auto& field : row) values.emplace_back(field);
    encoder.row(out, values);
  }
  return std::string(out.view());
}

/// Why a field did not come back, or nothing.
std::string difference(
    const std::optional<std::string>& sent, const csv_test::field& got, const csv::dialect& d
) {
  // A single column with NULL spelled as nothing is the one place where NULL reads as empty text.
  const bool null_is_nothing = d.null_text.empty();
  if (!sent) {
    const bool lone = null_is_nothing && got.text.empty();
    return got.is_null(d.null_text) || lone ? "" : "NULL became " + got.text;
  }
  if (sent->empty() && null_is_nothing && d.empty_text == csv::empty_text::bare) {
    return got.text.empty() ? "" : "nothing became " + got.text;
  }
  if (got.is_null(d.null_text)) return "'" + *sent + "' became NULL";
  return got.text == *sent ? "" : "'" + *sent + "' became '" + got.text + "'";
}

void check_round_trips(const csv::dialect& d, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 300; ++i) {
    const table rows = random_table(random, d);
    const std::string text = written(rows, d);
    CAPTURE(text);
    csv_test::reader reader(text, d);
    const auto back = reader.all();
    REQUIRE(reader.ok());
    REQUIRE(back.size() == rows.size());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      REQUIRE(back[r].size() == rows[r].size());
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        REQUIRE(difference(rows[r][c], back[r][c], d) == "");
      }
    }
  }
}

}  // namespace

TEST_CASE("what was written reads back, whatever the dialect") {
  unsigned seed = 1;
  for (const auto quoting :
       {csv::quoting::minimal, csv::quoting::all, csv::quoting::non_numeric, csv::quoting::never}) {
    for (const char delimiter : {',', ';', '\t', '|'}) {
      for (const char quote : {'"', '\''}) {
        for (const char* null_text : {"", "\\N", "NULL", "a"}) {
          const bool bare = quoting == csv::quoting::never && *null_text == '\0';
          check_round_trips(
              {.delimiter = delimiter,
               .quote = quote,
               .quoting = quoting,
               .line_ending = seed % 2 == 0 ? csv::line_ending::crlf : csv::line_ending::lf,
               .null_text = null_text,
               .empty_text = bare ? csv::empty_text::bare : csv::empty_text::quoted},
              seed
          );
          ++seed;
        }
      }
    }
  }
}

TEST_CASE("the reader itself refuses what is malformed") {
  const csv::dialect d;
  for (const std::string_view bad : {"\"a\n", "a\"b\n", "\"a\"b\n", "a,b"}) {
    csv_test::reader reader(bad, d);
    static_cast<void>(reader.all());
    CHECK_FALSE(reader.ok());
  }
}
