// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_scanner.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csv = scalekit::csv;
using blocks_used = csv::scanner::blocks_used;

namespace {

struct found_record {
  std::vector<std::uint32_t> ends;
  std::uint64_t inner_lines;
  bool quotes;
  bool doubled;
  friend bool operator==(const found_record&, const found_record&) = default;
};

struct found {
  std::vector<found_record> records;
  std::uint32_t at = 0;
  bool stopped = false;
  friend bool operator==(const found&, const found&) = default;
};

/// All records of the whole blocks of a text, with the text moving towards the front in between.
found scan(std::string_view text, blocks_used blocks) {
  csv::scanner s({}, csv::text_encoding::utf8, blocks);
  s.restart(0);
  found all;
  std::uint32_t moved = 0;
  std::uint32_t begin = 0;
  while (s.can_scan(static_cast<std::uint32_t>(text.size()) - moved)) {
    s.scan(text.data() + moved, static_cast<std::uint32_t>(text.size()) - moved);
    while (s.has_record()) {
      found_record r{{}, 0, s.has_quotes(), s.has_doubled_quotes()};
      const std::uint32_t end = s.record_end();
      const std::uint32_t* e = s.ends();
      do r.ends.push_back(*e + moved);
      while (*e++ != end);
      REQUIRE(s.has_columns(r.ends.size()));
      REQUIRE_FALSE(s.has_columns(r.ends.size() + 1));
      r.inner_lines = s.take(r.ends.size());
      begin = end + 1;
      all.records.push_back(std::move(r));
    }
    s.move(begin);
    moved += begin;
    begin = 0;
  }
  all.at = s.at() + moved;
  all.stopped = s.stopped();
  return all;
}

std::string random_file(std::mt19937& random) {
  static constexpr std::array<std::string_view, 10> fields{
      "1",
      "",
      "ACC-00012345",
      "M\xC3\xBCller",
      "\"a, b\"",
      "\"a \"\"b\"\"\"",
      "\"x\ny\"",
      "\"\"",
      "\xE2\x82\xAC 5",
      "\xF0\x9F\x98\x80"};
  // From text without quotes to nothing but short quoted fields.
  const std::size_t from = random() % 5;
  const std::size_t kinds = 1 + random() % (fields.size() - from);
  std::string text;
  const std::size_t size = random() % 40'000;
  while (text.size() < size) {
    for (std::size_t i = 0, n = random() % 9; i < n; ++i) {
      text.append(fields[from + random() % kinds]).append(",");
    }
    text.append(fields[random() % 3]).append(random() % 4 == 0 ? "\r\n" : "\n");
  }
  // Half of them are damaged somewhere.
  if (!text.empty() && random() % 2 == 0) {
    text[random() % text.size()] = std::string_view("\"\r\0\xFF,\n", 6)[random() % 6];
  }
  return text;
}

/// What a record's ends must be, a character at a time, of a text that is not damaged.
std::vector<found_record> by_character(std::string_view text) {
  std::vector<found_record> all;
  found_record now{};
  bool inside = false;
  for (std::uint32_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') inside = !inside;
    if (inside && text[i] == '\n') ++now.inner_lines;
    if (inside || (text[i] != ',' && text[i] != '\n')) continue;
    now.ends.push_back(i);
    if (text[i] == '\n') all.push_back(std::exchange(now, {}));
  }
  return all;
}

}  // namespace

TEST_CASE("the scanner finds the same whatever blocks the machine has") {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_file(random);
    const found best = scan(text, blocks_used::best);
    const found native = scan(text, blocks_used::native);
    REQUIRE(best == native);
    if (best.stopped) continue;
    const auto model = by_character(text);
    REQUIRE(model.size() >= best.records.size());
    for (std::size_t k = 0; k < best.records.size(); ++k) {
      REQUIRE(best.records[k].ends == model[k].ends);
      REQUIRE(best.records[k].inner_lines == model[k].inner_lines);
    }
  }
}

TEST_CASE("the scanner finds the same in text that is not ASCII, and where that begins and ends") {
  constexpr std::array<std::string_view, 6> damage{
      "\xFF", "\xC0", "\xED\xA0\x80", "\xF0\x9F\x98", "\xE2\x82", "\x80"};
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    std::string text;
    for (int part = 0; part < 4; ++part) {
      const std::string_view field =
          part % 2 == i % 2 ? "\xE6\x9D\xB1\xE4\xBA\xAC caf\xC3\xA9" : "plain";
      for (const std::size_t end = text.size() + random() % 60'000; text.size() < end;) {
        text.append(field).append(random() % 5, 'x').append(",\"").append(field).append("\"\n");
      }
    }
    // Not in the last block: what is wrong with its last byte shows in the one after it.
    if (i % 4 != 0 && text.size() > 1000) {
      const std::size_t at = text.find(i % 3 == 0 ? '\n' : ',', random() % (text.size() - 1000));
      text.insert(at, damage[random() % damage.size()]);
    }
    const found best = scan(text, blocks_used::best);
    const found native = scan(text, blocks_used::native);
    REQUIRE(best.records == native.records);
    REQUIRE(best.stopped == native.stopped);
    REQUIRE(best.stopped == (i % 4 != 0 && text.size() > 1000));
  }
}

TEST_CASE("a record with quotes, or doubled ones, is never said to have none") {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_file(random);
    std::size_t begin = 0;
    for (const found_record& r : scan(text, blocks_used::best).records) {
      const std::string_view record = std::string_view(text).substr(begin, r.ends.back() - begin);
      if (record.find('"') != record.npos) REQUIRE(r.quotes);
      // An empty text in quotes looks like a doubled quote.
      const bool doubled = record.find("a \"\"") != record.npos;
      if (doubled) REQUIRE(r.doubled);
      begin = r.ends.back() + 1;
    }
  }
}
