// SPDX-License-Identifier: BSL-1.0
#include "bulk/header_match.hpp"

#include "bulk/near_miss.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace bulk = scalekit::bulk;
using names = std::vector<std::string>;
using places = std::vector<std::size_t>;

namespace {

bulk::import_schema payments() {
  return {
      .columns = {
          {.name = "id", .aliases = {"payment id", "nr"}},
          {.name = "amount", .header = "Betrag"},
          {.name = "created_at"},
          {.name = "note", .absent = bulk::absent_column::use_default}}};
}

std::string problem(const bulk::import_schema& schema, const names& header) {
  const auto matched = bulk::match_header(schema, header);
  REQUIRE(!matched);
  CHECK(matched.error().code() == scalekit::errc::invalid_argument);
  return matched.error().message();
}

/// The definition, tried out.
std::size_t slow_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  std::size_t best = slow_distance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1);
  best = std::min(best, slow_distance(a.substr(1), b) + 1);
  best = std::min(best, slow_distance(a, b.substr(1)) + 1);
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, slow_distance(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

}  // namespace

TEST_CASE("columns are found by header and aliases, in any order") {
  const auto schema = payments();
  CHECK(
      *bulk::match_header(schema, names{"id", "Betrag", "created_at", "note"}) == places{0, 1, 2, 3}
  );
  CHECK(
      *bulk::match_header(schema, names{"note", "nr", "created_at", "Betrag"}) == places{1, 3, 2, 0}
  );
  CHECK(
      *bulk::match_header(schema, names{" Payment-ID ", "BETRAG", "Created At"}) ==
      places{0, 1, 2, bulk::not_in_file}
  );
  CHECK(
      *bulk::match_header(schema, names{"payment  _ id", "betrag", "_created-at_"}) ==
      places{0, 1, 2, bulk::not_in_file}
  );
}

TEST_CASE("how names are compared") {
  using how = bulk::header_match;
  CHECK(bulk::header_key(" Created At", how::exact) == " Created At");
  CHECK(bulk::header_key("\tCreated At ", how::fold) == "created at");
  CHECK(bulk::header_key("--Created__At", how::loose) == "created at");
  CHECK(bulk::header_key("", how::loose).empty());
  CHECK(bulk::header_key("\xC3\x84", how::loose) == "\xC3\x84");
  auto schema = payments();
  schema.header_match = how::fold;
  CHECK(!bulk::match_header(schema, names{"id", "betrag", "created at"}));
  CHECK(bulk::match_header(schema, names{"ID", "betrag", "created_AT"}));
  schema.header_match = how::exact;
  CHECK(!bulk::match_header(schema, names{"ID", "Betrag", "created_at"}));
  CHECK(bulk::match_header(schema, names{"id", "Betrag", "created_at"}));
}

TEST_CASE("every problem of a header is told at once, with what may have been meant") {
  CHECK(
      problem(payments(), {"id", "Betrg", "NR", "", "color"}) ==
      "the header does not fit the schema: column 3 `NR` is double: column 1 `id` is read as `id` "
      "already; `Betrag` is missing; is it column 2 `Betrg`?; `created_at` is missing; column 2 "
      "`Betrg` is not known; is it `Betrag`?; column 4 has no name; column 5 `color` is not known"
  );
}

TEST_CASE("unknown columns may be ignored, missing ones have a default only if they say so") {
  auto schema = payments();
  schema.unknown_columns = bulk::unknown_columns::ignore;
  CHECK(
      *bulk::match_header(schema, names{"x", "id", "", "Betrag", "created_at"}) ==
      places{1, 3, 4, bulk::not_in_file}
  );
  CHECK(
      problem(schema, {"id", "betrag"}) ==
      "the header does not fit the schema: `created_at` is missing"
  );
  // Ignored or not, it may be what is missing.
  CHECK(
      problem(schema, {"id", "betrag", "createdat"}) ==
      "the header does not fit the schema: `created_at` is missing; is it column 3 `createdat`?"
  );
}

TEST_CASE("a hostile header is shortened") {
  const std::string text =
      problem(payments(), {"id", "betrag", "created_at", std::string(100'000, 'x')});
  CHECK(text.size() < 300);
}

TEST_CASE("edit distances") {
  CHECK(bulk::edit_distance("", "") == 0);
  CHECK(bulk::edit_distance("abc", "") == 3);
  CHECK(bulk::edit_distance("kitten", "sitting") == 3);
  CHECK(bulk::edit_distance("flaw", "lawn") == 2);
  CHECK(bulk::edit_distance("opne", "open") == 1);
  CHECK(bulk::edit_distance(std::string(1000, 'a'), std::string(1000, 'b')) == 64);
  std::mt19937 random(11);
  const auto word = [&] {
    std::string w(random() % 7, 'a');
    for (char& c : w) c = static_cast<char>('a' + random() % 3);
    return w;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = word();
    const std::string b = word();
    CAPTURE(a);
    CAPTURE(b);
    REQUIRE(bulk::edit_distance(a, b) == slow_distance(a, b));
  }
}

TEST_CASE("only what is near is suggested") {
  const names candidates{"amount", "account", "ID"};
  CHECK(bulk::nearest("Amuont", candidates) == 0);
  CHECK(bulk::nearest("accoun", candidates) == 1);
  CHECK(bulk::nearest("id", candidates) == 2);
  CHECK(bulk::nearest("ix", candidates) == 2);
  CHECK(!bulk::nearest("x", candidates));
  CHECK(!bulk::nearest("description", candidates));
  CHECK(!bulk::nearest("", candidates));
}
