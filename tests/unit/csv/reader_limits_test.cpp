// SPDX-License-Identifier: BSL-1.0
// Limits: what is beyond them is reported, not held. By itself, since it replaces operator new.
#include "allocation_counter.hpp"
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using csv::issue;
using csv::issue_code;
using csv_test::read_all;
using scalekit::errc;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// A beginning, then one piece again and again up to a size, then an end; nothing of it is held.
class endless_source final : public csv::byte_source {
 public:
  endless_source(std::string_view begin, std::string_view middle, std::size_t size)
      : begin_(begin), middle_(middle), left_(size) {}

  scalekit::result<std::size_t> read(std::span<char> into) override {
    const std::string_view from = begin_.empty() ? middle_.substr(at_) : begin_;
    const std::size_t n = std::min({into.size(), from.size(), left_});
    std::memcpy(into.data(), from.data(), n);
    left_ -= n;
    if (begin_.empty()) {
      at_ = (at_ + n) % middle_.size();
    } else {
      begin_.remove_prefix(n);
    }
    return n;
  }

 private:
  std::string_view begin_;
  std::string_view middle_;
  std::size_t at_ = 0;
  std::size_t left_;
};

/// The most memory this program has held, in bytes.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return 0;
}

csv::reader_options plain() { return {.header = csv::header::absent}; }

}  // namespace

TEST_CASE("a long field is given as an empty one, and its neighbours as they are") {
  auto o = plain();
  o.max_field_bytes = 4;
  const auto got = read_all("abcd,x\nabcde,\"y\"\n\"ab\",z\n\"abc\",\"a\"\"b\"\n", o);
  CHECK(
      (csv_test::texts_of(got) == csv_test::table{{"abcd", "x"}, {"", "y"}, {"ab", "z"}, {"", ""}})
  );
  CHECK(got.records[0].issues.empty());
  CHECK((got.records[1].issues == std::vector{issue{issue_code::field_too_long, 0, 7, 2}}));
  CHECK(got.records[2].issues.empty());
  CHECK(got.records[3].issues.size() == 2);
}

TEST_CASE("a long record is given without fields, and what follows as it is") {
  for (const std::size_t buffer : {64U, 100U, 4096U}) {
    for (const std::size_t piece : {1U, 50U, 10'000U}) {
      auto o = plain();
      o.max_record_bytes = 100;
      o.buffer_bytes = buffer;
      const std::string text =
          "a,b\n" + std::string(400, 'x') + ",\"\n\"\n1," + std::string(97, 'y') + "\nc,d\n";
      const auto got = read_all(text, o, piece);
      REQUIRE(got.records.size() == 4);
      CHECK(got.records[1].fields.empty());
      CHECK((got.records[1].issues == std::vector{issue{issue_code::record_too_long, 0, 4, 2}}));
      CHECK(got.records[1].bytes == 405);
      CHECK(got.records[2].issues.empty());
      CHECK(got.records[2].begin == csv::position{409, 4, 3});
      CHECK((got.records[3].texts() == std::vector<std::string>{"c", "d"}));
    }
  }
}

TEST_CASE("surplus columns are dropped") {
  auto o = plain();
  o.max_columns = 3;
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "x,";
  const auto got = read_all("1,2,3\n1,2,3,4\na\"b,2,3,c\"d\n" + many + "\n4,5,6\n", o);
  REQUIRE(got.records.size() == 5);
  CHECK(got.records[0].issues.empty());
  for (const std::size_t i : {1U, 2U, 3U}) CHECK(got.records[i].fields.size() == 3);
  CHECK((got.records[1].issues == std::vector{issue{issue_code::too_many_columns, 3, 12, 2}}));
  CHECK((got.records[2].codes() == std::vector<std::string>{"stray_quote", "too_many_columns"}));
  CHECK((got.records[4].texts() == std::vector<std::string>{"4", "5", "6"}));
}

TEST_CASE("columns beyond the limit are dropped even if they are announced") {
  const std::string text = "1,2,3,4,5\n6,7,8,9,10\n";
  for (const std::size_t rows : {1U, 100U}) {  // too little for a block, and many blocks
    std::string all;
    for (std::size_t i = 0; i < rows; ++i) all += text;
    csv::memory_source source(all);
    const auto in = csv::reader::open_at(source, {}, 5, {.max_columns = 3}).value();
    std::size_t read = 0;
    for (; in->next().value(); ++read) {
      REQUIRE(in->row().size() == 3);
      REQUIRE(in->row().issues().size() == 1);
      REQUIRE(in->row().issues()[0].code == issue_code::too_many_columns);
      REQUIRE(in->row().issues()[0].column == 3);
    }
    CHECK(read == 2 * rows);
  }
}

TEST_CASE("a header beyond a limit is refused") {
  const auto refusal = [](const csv::reader_options& o) {
    csv::memory_source source("name,other\n1,2\n");
    const auto in = csv::reader::open(source, o);
    REQUIRE_FALSE(in);
    CHECK(in.error().code() == errc::limit_exceeded);
    CHECK(in.error().message().find("line 1") != std::string::npos);
    return in.error().message();
  };
  CHECK(refusal({.max_field_bytes = 4}).find("field_too_long") != std::string::npos);
  CHECK(refusal({.max_record_bytes = 10}).find("record_too_long") != std::string::npos);
  CHECK(refusal({.max_columns = 1}).find("too_many_columns") != std::string::npos);
}

TEST_CASE("a quote that is never closed costs no more memory than a record may") {
  const std::size_t before = peak_memory();
  REQUIRE(before != 0);
  const std::size_t size = 200 * mebibyte;
  std::string middle;
  for (int i = 0; i < 1000; ++i) middle += std::to_string(i) + ",text,more \"\"text\"\"\n";
  endless_source source("id,a\n1,2\n3,\"open\n", middle, size);
  csv::reader_options o;
  o.max_record_bytes = 4 * mebibyte;
  const auto in = csv::reader::open(source, o).value();
  REQUIRE(in->next().value());
  REQUIRE(in->next().value());
  CHECK(in->row().begin() == csv::position{9, 3, 3});
  CHECK(in->row().size() == 0);
  REQUIRE(in->row().issues().size() == 2);
  CHECK((in->row().issues()[0] == issue{issue_code::record_too_long, 0, 9, 3}));
  CHECK((in->row().issues()[1] == issue{issue_code::unterminated_quote, 0, 11, 3}));
  CHECK(in->row().bytes() == size - 9);
  CHECK_FALSE(in->next().value());
  CHECK(in->position().offset == size);
  CHECK(peak_memory() - before < 32 * mebibyte);
}

TEST_CASE("nor does a line without end, a comment without end, or columns without end") {
  const std::size_t before = peak_memory();
  csv::reader_options o{.comment = '#', .header = csv::header::absent};
  o.max_record_bytes = 4 * mebibyte;
  for (const std::string_view begin : {"x", "#"}) {
    for (const std::string_view middle : {"yyyyyyyyyyyyyyyyyyyyyyyyyy", ",,,,,,,,,,,,,,,,,,"}) {
      endless_source source(begin, middle, 30 * mebibyte);
      const auto in = csv::reader::open(source, o).value();
      CHECK(in->next().value() == (begin == "x"));
      CHECK(in->row().size() == 0);
      CHECK(in->position().offset == 30 * mebibyte);
    }
  }
  CHECK(peak_memory() - before < 40 * mebibyte);
}

TEST_CASE("no allocation per record once the longest has been seen") {
  const std::uint64_t counted = scalekit_tests::allocations();
  ::operator delete(::operator new(1));
  REQUIRE(scalekit_tests::allocations() == counted + 1);  // else the test could not fail
  std::string rows;
  for (int i = 0; i < 500; ++i) {
    rows += "1,plain,\"quoted, text\",\"with \"\"quotes\"\"\",caf\xC3\xA9\n";
    rows += "2,str\"ay,\"x\"y,\"line\nend\", blanks \n\n#comment\n3,\xFF,,,\n4,few\n";
  }
  for (const auto encoding : {csv::text_encoding::utf8, csv::text_encoding::latin1}) {
    csv::reader_options o{.comment = '#', .header = csv::header::absent};
    o.encoding = encoding;
    endless_source source("", rows, 20 * rows.size());
    const auto in = csv::reader::open(source, o).value();
    std::uint64_t records = 0;
    std::uint64_t before = 0;
    while (in->next().value()) {
      if (++records == 10'000) before = scalekit_tests::allocations();
    }
    CHECK(records == 40'000);
    CHECK(scalekit_tests::allocations() == before);
  }
}
