// SPDX-License-Identifier: BSL-1.0
// The same files read by Python's csv module and by us: the same fields.
#include "reader_python.hpp"

#include "command.hpp"
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

namespace csv = scalekit::csv;

namespace {

/// Well-formed and ill-formed quoting, in all line ends. It ends with a line, for of an escape at
/// the very end Python makes a line end.
std::string random_file(std::mt19937& random, const csv::reader_options& o) {
  const std::string special =
      std::string{o.delimiter, o.delimiter, o.quote.value_or('"'), o.escape.value_or('x')} +
      "\"'\n\r\\ \xC3\xA9";
  std::string text;
  const auto share = 1 + random() % 6;
  for (auto fields = random() % 300; fields != 0; --fields) {
    const auto kind = random() % 8;
    std::string field(random() % 8, 'a');
    for (char& c : field) {
      if (random() % 8 < share && kind < 5) c = special[random() % special.size()];
    }
    if (kind > 3 && o.quote) field = *o.quote + field + *o.quote;
    text += field;
    const auto end = random() % 12;
    text += end == 0 ? "\n" : end == 1 ? "\r\n" : end == 2 ? "\r" : std::string(1, o.delimiter);
  }
  return text + "\nend\n";
}

/// Both around the place, or nothing.
std::string first_difference(std::string_view theirs, std::string_view ours) {
  if (theirs == ours) return {};
  const auto same = std::mismatch(theirs.begin(), theirs.end(), ours.begin(), ours.end()).first;
  const auto at = static_cast<std::size_t>(same - theirs.begin());
  const std::size_t from = at < 100 ? 0 : at - 100;
  return std::string(theirs.substr(from, 200)) + "\n--- ours ---\n" +
         std::string(ours.substr(std::min(from, ours.size()), 200));
}

void check_same(csv::reader_options o, unsigned seed) {
  o.header = csv::header::absent;
  o.line_ends = csv::line_ends::any;  // as Python has it
  std::mt19937 random(seed);
  const csv_test::temporary_folder folder;
  std::string paths;
  std::string ours;
  for (int i = 0; i < 150; ++i) {
    const std::string text = random_file(random, o);
    paths += folder.file(std::to_string(i) + ".csv", text) + "\n";
    o.buffer_bytes = 64 + random() % 200;
    ours += csv_test::in_hex(csv_test::read_all(text, o, 1 + random() % 300)) + ";\n";
  }
  const auto theirs = csv_test::read_by_python(folder, folder.file("paths", paths), o);
  REQUIRE(theirs);
  CAPTURE(seed);
  CHECK(first_difference(*theirs, ours) == "");
}

}  // namespace

TEST_CASE("Python reads the same, in every dialect") {
  csv_test::skip_unless("python3 -c 'import csv'");
  check_same({}, 1);
  check_same({}, 2);
  check_same({.delimiter = ';', .quote = '\''}, 3);
  check_same({.delimiter = '\t', .quote = {}}, 4);
  check_same({.escape = '\\'}, 5);
  check_same({.quote = '\'', .escape = '\\'}, 6);
  check_same({.quote = {}, .escape = '\\'}, 7);
}
