// SPDX-License-Identifier: BSL-1.0
// Python's csv module reads what we write, dialect by dialect, and finds the fields that were sent.
#include "command.hpp"

#include <scalekit/csv/encoder.hpp>
#include <scalekit/encoding.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using scalekit::sql::value_view;

namespace {

using table = std::vector<std::vector<std::string>>;

/// Prints each record as its fields in hex. Latin-1 keeps every byte what it is.
constexpr std::string_view script = R"(
import csv, sys
path, delimiter, quote, escape = sys.argv[1:5]
options = dict(delimiter=delimiter, quotechar=quote, strict=True)
if escape:
    options.update(quoting=csv.QUOTE_NONE, escapechar=escape)
csv.field_size_limit(1 << 30)
with open(path, newline='', encoding='latin-1') as f:
    for record in csv.reader(f, **options):
        print(' '.join('x' + field.encode('latin-1').hex() for field in record))
)";

table random_table(std::mt19937& random, bool line_ends) {
  table rows(200);
  const std::string_view alphabet =
      line_ends ? "ab ,;\t\"'\\=|\n\r\xC3\xA9" : "ab ,;\t\"'\\=|\xC3\xA9";
  for (auto& row : rows) {
    for (int column = 0; column < 4; ++column) {
      std::string& text = row.emplace_back(random() % 40, ' ');
      for (char& c : text) c = alphabet[random() % alphabet.size()];
    }
  }
  rows.push_back({std::string(100'000, '"'), "x", "", "y"});
  return rows;
}

std::string expected_output(const table& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += (i == 0 ? "x" : " x") + scalekit::to_hex(scalekit::as_bytes(row[i]));
    }
    out += '\n';
  }
  return out;
}

void check_python_reads(const csv::dialect& d, unsigned seed) {
  const bool escapes = d.quoting == csv::quoting::never;
  std::mt19937 random(seed);
  // Python's reader does not take an escaped CR LF pair apart, so that form goes without line ends.
  const table rows = random_table(random, !escapes);
  auto encoder = csv::encoder::make(d).value();
  csv::buffer out;
  for (const auto& row : rows) {
    const std::vector<value_view> values(row.begin(), row.end());
    encoder.row(out, values);
  }
  const csv_test::temporary_folder folder;
  const std::string delimiter =
      d.delimiter == '\t' ? "$(printf '\\t')" : std::string(1, d.delimiter);
  const std::string quote = d.quote == '\'' ? "\\'" : "\\\"";
  const auto read = csv_test::output_of(
      "python3 " + folder.file("read.py", script) + " " + folder.file("rows.csv", out.view()) +
      " \"" + delimiter + "\" " + quote + " " + (escapes ? "'\\'" : "''")
  );
  REQUIRE(read);
  CHECK(*read == expected_output(rows));
}

}  // namespace

TEST_CASE("Python reads every dialect") {
  csv_test::skip_unless("python3 -c 'import csv'");
  check_python_reads({}, 1);
  check_python_reads({.line_ending = csv::line_ending::crlf}, 2);
  check_python_reads({.delimiter = ';', .quote = '\''}, 3);
  check_python_reads({.delimiter = '\t'}, 4);
  check_python_reads({.quoting = csv::quoting::all}, 5);
  check_python_reads({.quoting = csv::quoting::non_numeric}, 6);
  check_python_reads({.quoting = csv::quoting::never, .null_text = "NULL"}, 7);
}
