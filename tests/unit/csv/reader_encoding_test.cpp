// SPDX-License-Identifier: BSL-1.0
// Marks, UTF-8, Latin-1 and UTF-16: the fields in UTF-8, the places those of the file.
#include "csv/block_masks.hpp"
#include "csv/utf8.hpp"
#include "csv/wide_utf8.hpp"
#include "reader_model.hpp"
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
namespace masks = scalekit::csv::masks;
using csv::text_encoding;
using csv_test::model_character;
using csv_test::read_all;
using csv_test::table;
using csv_test::texts_of;
using scalekit::errc;
using namespace std::string_view_literals;

namespace {

/// Where the block checker sees the first error; blocks before it have none.
template <class Block>
std::size_t first_error(std::string text) {
  text.append(64 - text.size() % 64, ' ');
  csv::utf8::block_checker checker;
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const std::uint64_t errors = checker.errors(Block::load(text.data() + at));
    if (errors != 0) return at + static_cast<std::size_t>(std::countr_zero(errors));
  }
  return std::string::npos;
}

#if defined(SCALEKIT_CSV_WIDE_BLOCKS)
std::size_t first_wide_error(std::string text) {
  text.append(64 - text.size() % 64, ' ').insert(0, 64, '\0');
  for (std::size_t at = 64; at < text.size(); at += 64) {
    const char* const block = text.data() + at;
    const std::uint64_t errors = csv::utf8::wide_errors(block, block - 64);
    if (errors != 0) return at - 64 + static_cast<std::size_t>(std::countr_zero(errors));
  }
  return std::string::npos;
}
#endif

/// Whether an error was seen in the ill-formed sequence or right behind it, or none was.
bool is_near(std::size_t seen, std::size_t scalar) {
  if (scalar == std::string::npos) return seen == scalar;
  return seen >= scalar && seen <= scalar + 3;
}

void check_all_agree(const std::string& text) {
  const std::size_t model = csv_test::model_ill_formed(text);
  const std::size_t scalar = csv::utf8::find_ill_formed(text);
  REQUIRE(scalar == (model == text.size() ? std::string::npos : model));
  const std::size_t native = first_error<masks::native_block>(text);
  REQUIRE(native == first_error<masks::scalar_block>(text));
  REQUIRE(is_near(native, scalar));
#if defined(SCALEKIT_CSV_WIDE_BLOCKS)
  if (masks::has_wide_blocks()) REQUIRE(is_near(first_wide_error(text), scalar));
#endif
}

std::string utf16(std::string_view units, text_encoding encoding) {
  std::string text;
  for (std::size_t i = 0; i + 1 < units.size(); i += 2) {
    const bool big = encoding == text_encoding::utf16be;
    text += big ? units[i] : units[i + 1];
    text += big ? units[i + 1] : units[i];
  }
  return text;
}

/// ASCII to UTF-16.
std::string widened(std::string_view ascii, text_encoding encoding) {
  std::string units;
  for (const char c : ascii) units.append(1, '\0').append(1, c);
  return utf16(units, encoding);
}

/// One unit, or a pair, as characters of the model; appended to the file.
void put_unit(
    std::vector<model_character>& all, std::string& file, std::string utf8, std::string_view units
) {
  all.push_back({std::move(utf8), file.size()});
  file += units;
}

}  // namespace

TEST_CASE("every sequence of up to three bytes is judged as Unicode has it") {
  for (std::uint32_t bytes = 0; bytes < 0x10000; ++bytes) {
    const std::string two{static_cast<char>(bytes >> 8), static_cast<char>(bytes)};
    check_all_agree(two);
  }
  constexpr std::array<unsigned, 14> edges{
      0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xFF};
  for (unsigned lead = 0x80; lead < 0x100; ++lead) {
    for (const unsigned a : edges) {
      for (const unsigned b : edges) {
        std::string text{static_cast<char>(lead), static_cast<char>(a), static_cast<char>(b)};
        check_all_agree(text);
        check_all_agree(text + "\x80");
        check_all_agree(text + "\xBFx");
      }
    }
  }
}

TEST_CASE("long texts, with sequences across the edges of blocks") {
  std::mt19937 random(1);
  constexpr std::array<std::string_view, 12> parts{
      "a",
      "a long stretch of plain text ",
      "\xC3\xA9",
      "\xE2\x82\xAC",
      "\xED\x9F\xBF",
      "\xEF\xBF\xBD",
      "\xF0\x90\x80\x80",
      "\xF4\x8F\xBF\xBF",
      "\xE0\xA0\x80",
      "\xC2\x80",
      "\xDF\xBF",
      "\xF3\xA0\x81\x81"};
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    while (text.size() < 200) text += parts[random() % parts.size()];
    if (random() % 2 == 0) text[random() % text.size()] = static_cast<char>(random());
    if (random() % 4 == 0) text.resize(random() % text.size());
    check_all_agree(text);
  }
}

TEST_CASE("ill-formed text is reported where it stands, and given as it is") {
  const auto got = read_all("a,b\n1,\"x\n\xC3\xA9\xE9y\"\n\xC3\xA9,2\n", {});
  REQUIRE(got.records.size() == 2);
  CHECK((
      got.records[0].issues == std::vector{csv::issue{csv::issue_code::invalid_encoding, 1, 11, 3}}
  ));
  CHECK(got.records[0].fields[1].text == "x\n\xC3\xA9\xE9y");
  CHECK(got.records[1].issues.empty());
  csv::reader_options o;
  o.utf8 = csv::utf8_check::none;
  CHECK(read_all("a,b\n1,\xE9\n", o).records[0].issues.empty());
}

TEST_CASE("a sequence cut short by the end of its record is that record's") {
  const std::string filler(100, 'x');
  for (const auto* cut : {"\xC3", "\xE2\x82", "\xF0\x9F\x98"}) {
    const auto got = read_all("a,b\n" + filler + "," + cut + "\n" + filler + ",ok\n1," + cut, {});
    REQUIRE(got.records.size() == 3);
    CHECK((got.records[0].codes() == std::vector<std::string>{"invalid_encoding"}));
    CHECK(got.records[1].issues.empty());
    CHECK((got.records[2].codes() == std::vector<std::string>{"invalid_encoding"}));
  }
}

TEST_CASE("the mark of UTF-8 is skipped, but counted") {
  for (const auto encoding : {text_encoding::detect, text_encoding::utf8}) {
    csv::reader_options o;
    o.encoding = encoding;
    csv_test::pieces_source source("\xEF\xBB\xBFid\n1\n", 1);
    const auto in = csv::reader::open(source, o).value();
    CHECK(in->header()[0] == "id");
    CHECK(in->encoding() == text_encoding::utf8);
    CHECK(in->row().begin().offset == 3);
    CHECK(in->position() == csv::position{6, 2, 2});
  }
  CHECK(read_all("\xEF\xBB\xBF", {}).end.offset == 3);
  CHECK(read_all("\xEF\xBB", {}).end.offset == 2);
  csv::reader_options o{.header = csv::header::absent};
  o.encoding = text_encoding::latin1;
  CHECK(texts_of(read_all("\xEF\xBB\xBFx", o))[0][0] == "ï»¿x");
}

TEST_CASE("Latin-1, its C1 range read as Windows-1252") {
  csv::reader_options o{.delimiter = ';', .header = csv::header::absent};
  o.encoding = text_encoding::latin1;
  const auto got = read_all("caf\xE9;\"\x80 \"\"\xFF\"\"\";\x81\xA0\nplain;x\"\xDF;z\n", o);
  CHECK((texts_of(got) == table{{"café", "€ \"ÿ\"", "\xC2\x81\xC2\xA0"}, {"plain", "x\"ß", "z"}}));
  CHECK(got.records[0].fields[1].offset == 5);
  CHECK(got.records[0].fields[2].offset == 15);
  CHECK(got.records[0].issues.empty());
  o.null_texts = {"é"};
  CHECK(read_all("\xE9;\"\xE9\"\n", o).records[0].fields[0].is_null);
}

TEST_CASE("UTF-16, by its mark or by the options") {
  for (const auto encoding : {text_encoding::utf16le, text_encoding::utf16be}) {
    const std::string mark = utf16("\xFE\xFF", encoding);
    const std::string text = widened("id,n\r\n1,\"a", encoding) +
                             utf16("\x20\xAC\xD8\x3D\xDE\x00"sv, encoding) +
                             widened("\nb\",c\n", encoding);
    for (const bool detected : {true, false}) {
      csv::reader_options o;
      if (!detected) o.encoding = encoding;
      for (const std::size_t piece : {1U, 2U, 3U, 5U, 1000U}) {
        o.buffer_bytes = 64;
        const auto got = read_all(detected ? mark + text : text, o, piece);
        const std::uint64_t base = detected ? 2 : 0;
        REQUIRE((texts_of(got) == table{{"1", "a€😀\nb", "c"}}));
        const auto& r = got.records[0];
        CHECK(r.begin == csv::position{base + 12, 2, 2});
        CHECK(r.fields[1].offset == base + 16);
        CHECK(r.fields[2].offset == base + 34);
        CHECK(r.fields[2].line == 3);
        CHECK(r.bytes == 26);
        CHECK((r.codes() == std::vector<std::string>{"too_many_fields"}));
        CHECK(r.issues[0].offset == base + 34);
      }
    }
  }
}

TEST_CASE("halves of surrogate pairs, and of units, are reported where they stand") {
  csv::reader_options o{.header = csv::header::absent};
  o.encoding = text_encoding::utf16be;
  const auto got =
      read_all("\0a\0,\xD8\0\0b\0\n\0c\0,\xDC\0\0\n\0d\0,\xD8\0\xD8\0\xDC\0\0"sv, o, 1);
  REQUIRE(got.records.size() == 3);
  const auto issue_at = [](std::uint64_t offset, std::uint64_t line) {
    return std::vector{csv::issue{csv::issue_code::invalid_encoding, 1, offset, line}};
  };
  CHECK((got.records[0].issues == issue_at(4, 1)));
  CHECK((got.records[1].issues == issue_at(14, 2)));
  CHECK((got.records[2].issues == issue_at(22, 3)));
  CHECK(got.end.offset == 29);
  const auto odd = read_all("\0a\0"sv, o);
  CHECK(
      (odd.records[0].issues == std::vector{csv::issue{csv::issue_code::invalid_encoding, 0, 2, 1}})
  );
  CHECK(odd.end.offset == 3);
}

TEST_CASE("UTF-16 of all kinds against the model") {
  std::mt19937 random(5);
  constexpr std::string_view ascii = "abcdefgh,,\"\"\n\r ";
  for (int i = 0; i < 1500; ++i) {
    CAPTURE(i);
    csv::reader_options o{.header = csv::header::absent};
    o.encoding = random() % 2 == 0 ? text_encoding::utf16le : text_encoding::utf16be;
    o.buffer_bytes = 64 + random() % 100;
    if (random() % 4 == 0) o.max_record_bytes = 20 + random() % 100;
    std::vector<model_character> all;
    std::string file;
    const unsigned kinds = 1 + random() % 8;
    for (auto n = random() % 300; n != 0; --n) {
      switch (random() % kinds) {
        case 4:
          put_unit(all, file, "€", utf16("\x20\xAC", o.encoding));
          break;
        case 5:
          put_unit(all, file, "😀", utf16("\xD8\x3D\xDE\x00"sv, o.encoding));
          break;
        case 6:  // a second half without a first
          put_unit(all, file, "\xED\xB0\x80", utf16("\xDC\x00"sv, o.encoding));
          put_unit(all, file, "x", widened("x", o.encoding));
          break;
        case 7:
          put_unit(all, file, "\xED\xA0\x80", utf16("\xD8\x00"sv, o.encoding));
          put_unit(all, file, "x", widened("x", o.encoding));
          break;
        default:
          const char c = ascii[random() % ascii.size()];
          put_unit(all, file, std::string(1, c), widened({&c, 1}, o.encoding));
      }
    }
    csv_test::reader_model model(std::move(all), file.size(), o);
    const auto expected = model.read();
    const auto got = read_all(file, o, 1 + random() % 200);
    REQUIRE((texts_of(got) == texts_of(expected)));
    REQUIRE((got == expected));
  }
}

TEST_CASE("UTF-32 is refused, and what to do is said") {
  for (const auto text : {"\xFF\xFE\0\0a\0\0\0"sv, "\0\0\xFE\xFF\0\0\0a"sv}) {
    csv::memory_source source(text);
    const auto in = csv::reader::open(source);
    REQUIRE_FALSE(in);
    CHECK(in.error().code() == errc::not_supported);
    CHECK(in.error().message().find("UTF-32") != std::string::npos);
  }
}
