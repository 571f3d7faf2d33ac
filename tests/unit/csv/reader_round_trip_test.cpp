// SPDX-License-Identifier: BSL-1.0
// What the writer wrote, the reader reads: NULL, empty text and every byte, in every dialect.
#include "reader_support.hpp"

#include <scalekit/csv/writer.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using scalekit::sql::value_view;

namespace {

using field = std::optional<std::string>;
using rows = std::vector<std::vector<field>>;

rows random_rows(std::mt19937& random, const csv::dialect& d) {
  const std::string hostile =
      std::string{d.delimiter, d.quote, d.escape, '\n', '\r', '\0', ' ', '\xFF'} + "é\\N";
  rows all(1 + random() % 30);
  const std::size_t columns = 2 + random() % 5;
  for (auto& row : all) {
    row.resize(columns);
    for (auto& f : row) {
      const auto kind = random() % 8;
      if (kind == 0) continue;
      f = kind == 1 ? d.null_text : std::string(random() % (kind == 2 ? 500 : 12), 'x');
      if (kind < 2 || kind > 5) continue;
      for (char& c : *f) {
        c = kind == 3 ? static_cast<char>(random()) : hostile[random() % hostile.size()];
      }
    }
  }
  return all;
}

std::string written(const rows& all, const csv::dialect& d) {
  std::string text;
  auto out = csv::writer<csv::memory_sink>::make(csv::memory_sink(text), d, 100).value();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all[0].size(); ++i) names.push_back("n\"" + std::to_string(i));
  CHECK(out.header(names));
  for (const auto& row : all) {
    const std::vector<value_view> values(row.begin(), row.end());
    CHECK(out.row(values));
  }
  CHECK(out.flush());
  return text;
}

csv::reader_options reading(const csv::dialect& d, std::mt19937& random) {
  csv::reader_options o;
  o.delimiter = d.delimiter;
  o.null_texts = {d.null_text};
  o.nul = csv::nul_policy::keep;
  o.utf8 = csv::utf8_check::none;
  o.buffer_bytes = 64 + random() % 1000;
  if (d.quoting == csv::quoting::never) {
    o.quote.reset();
    o.escape = d.escape;
  } else {
    o.quote = d.quote;
  }
  return o;
}

void check_round_trip(const csv::dialect& d, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 20; ++i) {
    const rows sent = random_rows(random, d);
    const std::string text = written(sent, d);
    CAPTURE(text);
    const auto got = csv_test::read_all(text, reading(d, random), 1 + random() % 300);
    REQUIRE(got.records.size() == sent.size());
    CHECK(got.end.offset == text.size());
    for (std::size_t r = 0; r < sent.size(); ++r) {
      const auto& record = got.records[r];
      REQUIRE(record.issues.empty());
      REQUIRE(record.fields.size() == sent[r].size());
      for (std::size_t c = 0; c < sent[r].size(); ++c) {
        // Where nothing stands for both, an empty text comes back as NULL.
        const bool same_as_null =
            sent[r][c] && sent[r][c]->empty() && d.empty_text == csv::empty_text::bare;
        const bool null = !sent[r][c] || (same_as_null && d.null_text.empty());
        REQUIRE(record.fields[c].is_null == null);
        if (!null) REQUIRE(record.fields[c].text == *sent[r][c]);
      }
    }
  }
}

}  // namespace

TEST_CASE("in every dialect") {
  unsigned seed = 1;
  for (const auto quoting :
       {csv::quoting::minimal, csv::quoting::all, csv::quoting::non_numeric, csv::quoting::never}) {
    for (const char delimiter : {',', ';', '\t', '|'}) {
      for (const char quote : {'"', '\''}) {
        for (const char* null_text : {"", "\\N", "NULL"}) {
          const bool bare = quoting == csv::quoting::never && *null_text == '\0';
          check_round_trip(
              {.delimiter = delimiter,
               .quote = quote,
               .quoting = quoting,
               .line_ending = seed % 2 == 0 ? csv::line_ending::crlf : csv::line_ending::lf,
               .null_text = null_text,
               .empty_text = bare ? csv::empty_text::bare : csv::empty_text::quoted,
               .byte_order_mark =
                   seed % 3 == 0 ? csv::byte_order_mark::utf8 : csv::byte_order_mark::none},
              seed
          );
          ++seed;
        }
      }
    }
  }
}
