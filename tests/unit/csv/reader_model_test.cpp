// SPDX-License-Identifier: BSL-1.0
// The reader against the plain model: the same records, places and issues, however the bytes
// arrive.
#include "reader_model.hpp"

#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

namespace csv = scalekit::csv;
using csv_test::model_read;
using csv_test::read_all;
using csv_test::read_file;

namespace {

template <class T, std::size_t N>
T one_of(std::mt19937& random, const std::array<T, N>& choices) {
  return choices[random() % N];
}

csv::reader_options random_options(std::mt19937& random) {
  const auto maybe = [&](unsigned share) { return random() % share == 0; };
  csv::reader_options o;
  o.header = csv::header::absent;
  o.delimiter = one_of(random, std::array{',', ',', ';', '\t'});
  if (maybe(8)) o.quote.reset();
  if (maybe(8)) o.quote = '\'';
  if (maybe(4)) o.escape = '\\';
  if (maybe(4)) o.comment = '#';
  if (maybe(8)) o.skip_lines = random() % 4;
  if (maybe(4)) o.trim = csv::trim::blanks;
  if (maybe(3)) o.null_texts = {"", "\\N", "a"};
  if (maybe(4)) o.line_ends = csv::line_ends::any;
  if (maybe(4)) o.empty_lines = csv::empty_lines::keep;
  if (maybe(4)) o.malformed_quotes = csv::malformed_quotes::as_excel;
  o.ragged_rows = one_of(
      random, std::array{csv::ragged_rows::report, csv::ragged_rows::adjust, csv::ragged_rows::keep}
  );
  if (maybe(4)) o.nul = csv::nul_policy::keep;
  if (maybe(6)) o.encoding = csv::text_encoding::latin1;
  if (maybe(6)) o.utf8 = csv::utf8_check::none;
  if (maybe(6)) o.max_field_bytes = 1 + random() % 40;
  if (maybe(6)) o.max_record_bytes = 1 + random() % 200;
  if (maybe(6)) o.max_columns = 1 + random() % 6;
  o.buffer_bytes = 64 + random() % 300;
  return o;
}

std::string random_word(std::mt19937& random, const csv::reader_options& o) {
  constexpr std::string_view hostile = "ab \t,;\"'\\#\n\r\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF";
  std::string text;
  const auto kind = random() % 16;
  const std::size_t size = random() % (random() % 20 == 0 ? 200 : 10);
  for (std::size_t i = 0; i < size; ++i) {
    text += kind == 0 && random() % 4 == 0 ? hostile[random() % hostile.size()]
                                           : static_cast<char>('a' + random() % 20);
  }
  if (kind == 1) text += "\xC3\xA9";
  if (kind == 2) text += std::string(1, '\0');
  if (kind == 3) text = " " + text + " ";
  if (kind == 4) text = "\\N";
  if (kind >= 12 && o.quote) {
    if (kind == 12) text += std::string(2, *o.quote) + "x" + o.delimiter;
    if (kind == 13) text += random() % 2 == 0 ? "\r\n" : "\n";
    text = *o.quote + text + *o.quote;
  }
  return text;
}

/// Mostly what a program would write, with now and then something else.
std::string random_file(std::mt19937& random, const csv::reader_options& o) {
  std::string text;
  const std::size_t columns = 1 + random() % 4;
  const std::string_view usual_end = random() % 3 == 0 ? "\r\n" : "\n";
  for (auto rows = random() % 40; rows != 0; --rows) {
    if (random() % 20 == 0) text += "#\"," + std::string(random() % 90, 'c');
    const std::size_t n = random() % 12 == 0 ? random() % 9 : columns;
    for (std::size_t i = 0; i < n; ++i) {
      if (i != 0) text += o.delimiter;
      text += random_word(random, o);
    }
    constexpr std::array<std::string_view, 5> ends{"\n", "\r\n", "\r", "\n\n", "\r\r\n"};
    text += random() % 10 == 0 ? one_of(random, ends) : usual_end;
  }
  if (random() % 3 == 0 && !text.empty()) text.resize(random() % text.size());
  if (o.encoding == csv::text_encoding::latin1) {
    for (char& c : text) c = static_cast<unsigned char>(c) >= 0x80 ? '\xE9' : c;
  }
  return text;
}

/// Any bytes at all, of few kinds, so that the rules meet each other.
std::string random_bytes(std::mt19937& random) {
  constexpr std::string_view alphabet("a,;\"\"'\n\n\r #\\\t\0\xC3\xA9\xE0", 18);
  std::string text(random() % 400, ' ');
  const std::size_t kinds = 2 + random() % (alphabet.size() - 1);
  for (char& c : text) c = alphabet[random() % kinds];
  return text;
}

/// What a failure needs to be understood.
std::string described(const csv::reader_options& o) {
  const auto name = [](std::optional<char> c) { return c ? std::string(1, *c) : "none"; };
  const auto number = [](auto n) { return std::to_string(static_cast<std::size_t>(n)); };
  return "delimiter " + name(o.delimiter) + " quote " + name(o.quote) + " escape " +
         name(o.escape) + " comment " + name(o.comment) + " trim " + number(o.trim) +
         " line_ends " + number(o.line_ends) + " empty_lines " + number(o.empty_lines) +
         " encoding " + number(o.encoding) + " ragged " + number(o.ragged_rows) + " limits " +
         number(o.max_field_bytes) + " " + number(o.max_record_bytes) + " " +
         number(o.max_columns) + " buffer " + number(o.buffer_bytes);
}

std::string shown(const csv_test::table& records) {
  std::string text;
  for (const auto& r : records) {
    for (const auto& field : r) text += "[" + field + "]";
    text += "\n";
  }
  return text;
}

void check_against_model(const std::string& text, const csv::reader_options& o, std::size_t piece) {
  const read_file expected = model_read(text, o);
  const read_file got = read_all(text, o, piece);
  if (got == expected) return;
  CAPTURE(text);
  CAPTURE(piece);
  CAPTURE(described(o));
  REQUIRE(shown(csv_test::texts_of(got)) == shown(csv_test::texts_of(expected)));
  for (std::size_t i = 0; i < got.records.size(); ++i) {
    const auto& g = got.records[i];
    const auto& e = expected.records[i];
    CAPTURE(i);
    CHECK(g.begin.offset == e.begin.offset);
    CHECK(g.begin.line == e.begin.line);
    CHECK(g.begin.record == e.begin.record);
    CHECK(g.bytes == e.bytes);
    REQUIRE(g.codes() == e.codes());
    for (std::size_t k = 0; k < g.issues.size(); ++k) {
      CHECK(g.issues[k].column == e.issues[k].column);
      CHECK(g.issues[k].offset == e.issues[k].offset);
      CHECK(g.issues[k].line == e.issues[k].line);
    }
    CHECK((g.fields == e.fields));
    REQUIRE((g == e));
  }
  REQUIRE((got == expected));
}

}  // namespace

TEST_CASE("files of all kinds under options of all kinds") {
  std::mt19937 random(1);
  for (int i = 0; i < 6000; ++i) {
    CAPTURE(i);
    const auto o = random_options(random);
    const std::string text = random_file(random, o);
    check_against_model(text, o, one_of(random, std::array<std::size_t, 4>{1, 7, 64, 100'000}));
  }
}

TEST_CASE("bytes of all kinds under options of all kinds") {
  std::mt19937 random(2);
  for (int i = 0; i < 6000; ++i) {
    CAPTURE(i);
    auto o = random_options(random);
    if (o.encoding == csv::text_encoding::latin1) o.encoding = csv::text_encoding::utf8;
    check_against_model(random_bytes(random), o, 1 + random() % 200);
  }
}

TEST_CASE("a file cut at every byte, read in every size of piece") {
  const std::string text =
      "id,name,note\r\n1,\"a \"\"b\"\"\",plain\n2,\"line\r\none\",\xC3\xA9\xE2\x82\xAC\n"
      "\n3,5\" disk,\"x\"y\n4,\xFF,\"" +
      std::string(150, 'q') + "\"\n5,tail,\"end\"";
  const csv::reader_options o{.header = csv::header::absent, .buffer_bytes = 64};
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    for (const std::size_t piece : {1U, 2U, 3U, 63U, 64U, 65U, 1000U}) {
      check_against_model(text.substr(0, size), o, piece);
    }
  }
  for (std::size_t piece = 1; piece <= text.size(); ++piece) check_against_model(text, o, piece);
}

TEST_CASE("a record that begins at every place of a block and of the buffer") {
  for (std::size_t before = 0; before < 200; ++before) {
    const std::string text = std::string(before, 'x') + ",1\n\"a\"\"b\n\",\"\"\r\ny,\"z\"\n";
    for (const std::size_t buffer : {64U, 65U, 127U, 128U, 1024U}) {
      csv::reader_options o{.header = csv::header::absent};
      o.buffer_bytes = buffer;
      check_against_model(text, o, 100'000);
    }
  }
}

TEST_CASE("reading goes on at any record as if it had never stopped") {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    auto o = random_options(random);
    o.skip_lines = 0;
    const std::string text = random_file(random, o);
    csv::memory_source source(text);
    const auto in = csv::reader::open(source, o).value();
    std::vector<csv::position> places;
    while (in->next().value()) places.push_back(in->row().begin());
    places.push_back(in->position());
    const auto all = read_all(text, o);
    const std::size_t columns = all.records.empty() ? 0 : all.records[0].fields.size();
    if (columns == 0) continue;
    for (std::size_t k = 0; k < places.size(); ++k) {
      csv::memory_source rest(std::string_view(text).substr(places[k].offset));
      const auto again =
          csv_test::rest_of(*csv::reader::open_at(rest, places[k], columns, o).value());
      const auto at = all.records.begin() + static_cast<std::ptrdiff_t>(k);
      REQUIRE((again.records == std::vector(at, all.records.end())));
      REQUIRE(again.end == all.end);
    }
  }
}
