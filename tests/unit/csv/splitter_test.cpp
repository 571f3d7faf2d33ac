// SPDX-License-Identifier: BSL-1.0
#include "splitter_support.hpp"

#include <scalekit/csv/splitter.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using csv::memory_file;
using csv::reader_options;
using csv::split_options;
using csv_test::check_split;

namespace {

std::vector<split_options> many_options() {
  std::vector<split_options> all(1);
  for (const std::uint64_t n : {1U, 2U, 3U, 7U, 1000U}) all.push_back({.every_records = n});
  for (const std::uint64_t n : {1U, 2U, 10U, 63U, 64U, 65U, 500U})
    all.push_back({.every_bytes = n});
  all.push_back({.every_records = UINT64_MAX});
  all.push_back({.every_bytes = UINT64_MAX});
  return all;
}

csv::split_plan check_text(
    std::string_view text,
    const reader_options& how = {},
    const split_options& options = {.every_records = 1}
) {
  CAPTURE(text);
  memory_file file(text);
  return check_split(file, how, options);
}

/// A file of which every reading is another.
class changing_file final : public csv::input_file {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "upload.csv"; }
  result<std::unique_ptr<csv::byte_source>> open(std::uint64_t offset) override {
    text_ += "2,\"a\"b\n";
    return memory_file(text_).open(offset);
  }

 private:
  std::string text_ = "id,name\n1,Ada\n";
};

class broken_file final : public csv::input_file {
 public:
  explicit broken_file(std::string_view text) : text_(text) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "broken.csv"; }
  result<std::unique_ptr<csv::byte_source>> open(std::uint64_t) override {
    return std::unique_ptr<csv::byte_source>(new source(text_));
  }

 private:
  class source final : public csv::byte_source {
   public:
    explicit source(std::string_view text) : inner_(text) {}
    result<std::size_t> read(std::span<char> into) override {
      auto got = inner_.read(into);
      if (*got == 0) return error(errc::unavailable, "the disk is gone");
      return got;
    }

   private:
    csv::memory_source inner_;
  };
  std::string_view text_;
};

}  // namespace

TEST_CASE("a file is cut where records begin, and the pieces are the whole") {
  const std::string text =
      "id,name,note\r\n1,Ada,\"a, "
      "b\"\r\n2,Grace,\"two\r\nlines\"\r\n\r\n3,Edsger,\"\"\"x\"\"\"\r\n";
  memory_file file(text);
  std::string names;
  const auto use = [&](const csv::record& r) { names.append(r[1]).append(";"); };

  //! [example]
  const auto plan = csv::split(file, {}, {.every_records = 2});
  if (!plan) return;
  // What one thread does, of the several that each take a piece:
  const auto read_piece = [&](const csv::position& begin, std::uint64_t end) -> result<void> {
    auto from = file.open(begin.offset);
    if (!from) return from.error();
    auto piece = csv::reader::open_at(**from, begin, plan->columns, {.encoding = plan->encoding});
    if (!piece) return piece.error();
    while ((*piece)->position().record < end) {
      auto more = (*piece)->next();
      if (!more) return more.error();
      if (!*more) return errc::conflict;  // the file has become shorter
      use((*piece)->row());
    }
    return {};
  };
  //! [example]

  REQUIRE(plan->points.size() == 2);
  CHECK(read_piece(plan->points[1], plan->end.record).has_value());
  CHECK(read_piece(plan->points[0], plan->points[1].record).has_value());
  CHECK(names == "Edsger;Ada;Grace;");
  CHECK(plan->points[0] == csv::position{.offset = 14, .line = 2, .record = 2});
  CHECK(plan->points[1] == csv::position{.offset = text.size() - 18, .line = 6, .record = 4});
  CHECK(plan->header == std::vector<std::string>{"id", "name", "note"});
  CHECK(plan->columns == 3);
  CHECK(plan->records == 3);
  CHECK(plan->regular);
  check_text(text);
}

TEST_CASE("files too small to split, empty lines, and missing ends") {
  for (const std::string_view text :
       {"",
        "\n",
        "\r\n\r\n",
        "a",
        "a\n",
        "a\n\n\n",
        "\n\na\nb",
        "a\nb\n\n\nc\n\n",
        "a\r\n\r\nb\r\n",
        "a\n\"\n",
        "a\n\"x",
        "a\n\"x\"",
        "a,b\n,\n",
        "\xef\xbb\xbf"
        "a\nb\n",
        "a\n\n\"\"\n\n\"\"\n"}) {
    for (const csv::header header : {csv::header::present, csv::header::absent}) {
      for (const split_options& options : many_options())
        check_text(text, {.header = header}, options);
    }
  }
}

TEST_CASE("whatever the RFC allows is scanned, and split exactly") {
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    const std::string text = csv_test::random_rfc(random, random() % 400);
    for (const split_options& options : many_options()) {
      const csv::split_plan plan = check_text(text, {.header = csv::header::absent}, options);
      CHECK(plan.regular);
    }
  }
}

TEST_CASE("whatever it does not allow is read, and split exactly") {
  std::mt19937 random(2);
  std::size_t irregular = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string text = csv_test::random_text(random, random() % 200, "aab,,\"\"\"\n\n\r");
    const auto all = many_options();
    const csv::split_plan plan = check_text(text, {}, all[random() % all.size()]);
    irregular += plan.regular ? 0 : 1;
  }
  CHECK(irregular > 200);
  CHECK(irregular < 600);
}

TEST_CASE("rarely a quote where none may be, and rarely a carriage return") {
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    std::string text = csv_test::random_rfc(random, 300);
    const auto at = static_cast<std::ptrdiff_t>(random() % text.size());
    text.insert(text.begin() + at, random() % 2 == 0 ? '"' : '\r');
    const auto all = many_options();
    check_text(text, {}, all[random() % all.size()]);
    check_text(text, {.line_ends = csv::line_ends::any}, all[random() % all.size()]);
  }
}

TEST_CASE("every option of the reader is heeded") {
  std::vector<reader_options> all;
  all.push_back({.delimiter = ';', .quote = '\''});
  all.push_back({.quote = std::nullopt});
  all.push_back({.escape = '\\'});
  all.push_back({.comment = '#'});
  all.push_back({.header = csv::header::absent, .skip_lines = 2});
  all.push_back({.skip_lines = 3});
  all.push_back({.trim = csv::trim::blanks});
  all.push_back({.line_ends = csv::line_ends::any});
  all.push_back({.empty_lines = csv::empty_lines::keep});
  all.push_back({.malformed_quotes = csv::malformed_quotes::as_excel});
  all.push_back({.ragged_rows = csv::ragged_rows::adjust});
  all.push_back({.encoding = csv::text_encoding::latin1});
  all.push_back({.max_field_bytes = 4});
  all.push_back({.max_record_bytes = 40});
  all.push_back({.max_columns = 2});
  std::mt19937 random(4);
  for (const reader_options& how : all) {
    for (int i = 0; i < 25; ++i) {
      // A short first line, since a header may not exceed a limit.
      const std::string rfc = csv_test::random_rfc(random, 200);
      const std::string wild = csv_test::random_text(random, 150, "ab;,'\"\\# \n\n\r\xe9");
      const auto options = many_options();
      check_text("a\nb\nc\nd\n" + rfc, how, options[random() % options.size()]);
      check_text("a\nb\nc\nd\n" + wild, how, options[random() % options.size()]);
    }
  }
}

TEST_CASE("comments are no records, and blanks around quotes no part of a field") {
  check_text("a\n# one\n1\n# two\n2\n3\n", {.comment = '#'});
  const csv::split_plan plan =
      check_text("a,b\n1, \"x\ny\" \n  \n2, z\n", {.trim = csv::trim::blanks});
  CHECK(plan.regular);
}

TEST_CASE("UTF-16 is read, whichever way it is known") {
  const std::string rows = "id,name\n1,\"a\nb\"\n2,c\n3,d\n";
  for (const bool little : {true, false}) {
    std::string text;
    for (const char c : rows) text.append(little ? std::string{c, '\0'} : std::string{'\0', c});
    check_text((little ? "\xff\xfe" : "\xfe\xff") + text);
    check_text(
        text, {.encoding = little ? csv::text_encoding::utf16le : csv::text_encoding::utf16be}
    );
  }
}

TEST_CASE("options that do not agree are refused by name") {
  memory_file file("a,b\n1,2\n");
  const auto both = csv::split(file, {}, {.every_records = 1, .every_bytes = 1});
  REQUIRE_FALSE(both.has_value());
  CHECK(both.error().code() == errc::invalid_argument);
  CHECK(both.error().message().find("every_records and every_bytes") != std::string::npos);
  for (const std::size_t n : {0U, 1025U}) {
    const auto many = csv::split(file, {}, {.max_in_flight = n});
    REQUIRE_FALSE(many.has_value());
    CHECK(many.error().message().find("max_in_flight") != std::string::npos);
  }
  CHECK(csv::split(file, {.delimiter = '"'}, {}).error().code() == errc::invalid_argument);
}

TEST_CASE("a file that changes between two readings is noticed") {
  changing_file file;
  const auto plan = csv::split(file, {}, {});
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error().code() == errc::conflict);
  CHECK(plan.error().message().find("upload.csv was changed") != std::string::npos);
}

TEST_CASE("what the file gives instead of bytes is passed on") {
  broken_file file("id,name\n1,Ada\n");
  CHECK(csv::split(file, {}, {}).error().code() == errc::unavailable);
  CHECK(csv::content_hash(file).error().message() == "the disk is gone");
}
