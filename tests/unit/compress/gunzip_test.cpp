// SPDX-License-Identifier: BSL-1.0
#include <scalekit/compress/gunzip.hpp>
#include <scalekit/compress/gzip.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using compress::gunzip_file;
using compress::gunzip_source;
using compress::trailing_garbage;

namespace {

/// Hands out at most `piece` bytes a call.
class slow_source final : public csv::byte_source {
 public:
  slow_source(std::string_view text, std::size_t piece) : inner_(text), piece_(piece) {}
  result<std::size_t> read(std::span<char> into) override {
    return inner_.read(into.first(std::min(into.size(), piece_)));
  }

 private:
  csv::memory_source inner_;
  std::size_t piece_;
};

class broken_source final : public csv::byte_source {
 public:
  explicit broken_source(std::string_view text) : inner_(text) {}
  result<std::size_t> read(std::span<char> into) override {
    auto got = inner_.read(into);
    if (*got == 0) return error(errc::unavailable, "the disk is gone");
    return got;
  }

 private:
  csv::memory_source inner_;
};

std::string gzip(std::string_view text, int level = 6) {
  auto stream = compress::gzip_stream::make({.level = level, .block_size = 4096}).value();
  std::string out;
  REQUIRE(stream.write(text, out).has_value());
  REQUIRE(stream.finish(out).has_value());
  return out;
}

struct outcome {
  std::string text;
  std::optional<error> failure;
};

outcome read_all(csv::byte_source& source, std::size_t piece = 1000) {
  outcome all;
  std::string buffer(piece, '\0');
  for (;;) {
    auto got = source.read(buffer);
    if (!got) {
      all.failure = got.error();
      CHECK(source.read(buffer).error().message() == all.failure->message());
      return all;
    }
    if (*got == 0) {
      CHECK(source.read(buffer).value() == 0);
      return all;
    }
    all.text.append(buffer, 0, *got);
  }
}

outcome gunzip(
    std::string_view packed,
    trailing_garbage garbage = trailing_garbage::refuse,
    std::size_t in = SIZE_MAX,
    std::size_t out = 1000
) {
  slow_source compressed(packed, in);
  gunzip_source text(compressed, garbage);
  return read_all(text, out);
}

std::string random_text(std::size_t size, unsigned alphabet) {
  std::mt19937 random(static_cast<unsigned>(size) + alphabet);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() % alphabet);
  return text;
}

}  // namespace

TEST_CASE("read a compressed file as if it were not") {
  const std::string packed = gzip("id,name\n1,Ada\n");
  csv::memory_source upload(packed);
  std::string out(64, '\0');

  //! [example]
  compress::gunzip_source text(upload);
  const result<std::size_t> got = text.read(out);
  if (!got) return;  // damaged: the error says where
  //! [example]

  CHECK(out.substr(0, *got) == "id,name\n1,Ada\n");
}

TEST_CASE("a gzip file is known by its magic bytes") {
  CHECK(compress::is_gzip(gzip("x")));
  CHECK(compress::is_gzip(std::string_view("\x1f\x8b\x08", 3)));
  CHECK_FALSE(compress::is_gzip(std::string_view("\x1f\x8b", 2)));
  CHECK_FALSE(compress::is_gzip(std::string_view("\x1f\x8b\x07", 3)));
  CHECK_FALSE(compress::is_gzip("id,name\n"));
  CHECK_FALSE(compress::is_gzip(""));
}

TEST_CASE("what went in comes out, whatever the size of the pieces") {
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 70'000U}) {
    for (const unsigned alphabet : {1U, 20U, 256U}) {
      const std::string text = random_text(size, alphabet);
      const std::string packed = gzip(text);
      for (const std::size_t in : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
        for (const std::size_t out : {std::size_t{1}, std::size_t{333}, std::size_t{100'000}}) {
          const outcome all = gunzip(packed, trailing_garbage::refuse, in, out);
          CHECK_FALSE(all.failure.has_value());
          CHECK(all.text == text);
        }
      }
    }
  }
}

TEST_CASE("members follow each other, empty ones too") {
  const std::string packed = gzip("one\n") + gzip("") + gzip(random_text(9000, 256)) + gzip("end");
  for (const std::size_t in : {std::size_t{1}, SIZE_MAX}) {
    const outcome all = gunzip(packed, trailing_garbage::refuse, in);
    CHECK_FALSE(all.failure.has_value());
    CHECK(all.text == "one\n" + random_text(9000, 256) + "end");
  }
}

TEST_CASE("names, comments, extra fields and a header's own checksum are read over") {
  // FLG 0x1e: extra field of 3 bytes, name, comment, CRC-16 of the header (RFC 1952, 2.3).
  std::string packed("\x1f\x8b\x08\x1e\0\0\0\0\0\xff\3\0abc", 15);
  packed += std::string("name\0comment\0", 13);
  const std::string plain = gzip("text");
  SUBCASE("right") {
    packed += std::string("\x78\x18", 2);
    const outcome all = gunzip(packed + plain.substr(10));
    CHECK_FALSE(all.failure.has_value());
    CHECK(all.text == "text");
  }
  SUBCASE("wrong") {
    packed += std::string("\x78\x19", 2);
    const outcome all = gunzip(packed + plain.substr(10));
    REQUIRE(all.failure.has_value());
    CHECK(all.failure->code() == errc::data_corrupted);
    CHECK(all.text.empty());
  }
}

TEST_CASE("a file cut at any byte is an error, and never one character too many") {
  const std::string first = random_text(300, 256);
  const std::string second = random_text(200, 5);
  const std::string head = gzip(first);
  const std::string packed = head + gzip(second);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    const outcome all = gunzip(packed.substr(0, size), trailing_garbage::refuse, 5);
    CHECK((first + second).starts_with(all.text));
    if (size == head.size()) {
      CHECK_FALSE(all.failure.has_value());
      continue;
    }
    REQUIRE(all.failure.has_value());
    CHECK(all.failure->code() == errc::data_corrupted);
    const std::string member =
        size < head.size() ? "gzip member 1, begun at byte 0:"
                           : "gzip member 2, begun at byte " + std::to_string(head.size()) + ":";
    CHECK(all.failure->message().starts_with(member));
    CHECK(
        all.failure->message().find("(at byte " + std::to_string(size) + ")") != std::string::npos
    );
  }
}

TEST_CASE("a flipped bit is an error, or means nothing") {
  const std::string text = random_text(150, 40);
  const std::string packed = gzip(text);
  std::size_t undetected = 0;
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string bad = packed;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const outcome all = gunzip(bad);
    if (all.failure) {
      CHECK(all.failure->code() == errc::data_corrupted);
    } else {
      CHECK(all.text == text);
      ++undetected;
    }
  }
  // MTIME, XFL, OS, and the bit of FLG that says it is text; and few in the deflate data, which has
  // padding and codes it does not use.
  constexpr std::size_t header = 6 * 8 + 1;
  CHECK(undetected >= header);
  CHECK(undetected < header + 16);
}

TEST_CASE("zeros behind the last member are padding, anything else is refused or ignored") {
  const std::string packed = gzip("text");
  for (const std::size_t zeros : {1U, 512U, 100'000U}) {
    const outcome all = gunzip(packed + std::string(zeros, '\0'));
    CHECK_FALSE(all.failure.has_value());
    CHECK(all.text == "text");
  }
  for (const std::string& tail :
       {std::string("id,name\n"),
        std::string("\0\0x", 3),
        std::string(10, '\0') + packed,
        std::string("\x1f\x8c"),
        std::string("\x1f,\n"),
        std::string("\x1f\x1f\x8b")}) {
    for (const std::size_t in : {std::size_t{1}, SIZE_MAX}) {
      const outcome refused = gunzip(packed + tail, trailing_garbage::refuse, in);
      REQUIRE(refused.failure.has_value());
      CHECK(refused.failure->code() == errc::data_corrupted);
      CHECK(refused.failure->message().find("member 1") != std::string::npos);
      CHECK(refused.text == "text");

      const outcome ignored = gunzip(packed + tail, trailing_garbage::ignore, in);
      CHECK_FALSE(ignored.failure.has_value());
      CHECK(ignored.text == "text");
    }
  }
}

TEST_CASE("garbage that is ignored is none of the members, damaged ones included") {
  const std::string packed = gzip("text");
  CHECK_FALSE(gunzip(packed + "\x1f", trailing_garbage::ignore).failure.has_value());
  CHECK(gunzip(packed + "\x1f\x8b", trailing_garbage::ignore).failure.has_value());
  CHECK(gunzip(packed + "\x1f\x8b\x07 no such method", trailing_garbage::ignore).failure.has_value()
  );
  CHECK(gunzip(packed + gzip("more").substr(0, 9), trailing_garbage::ignore).failure.has_value());
  CHECK(gunzip("\x1fnot gzip at all", trailing_garbage::ignore).failure.has_value());
  const outcome all = gunzip(packed + gzip(" more") + "\x1fx", trailing_garbage::ignore, 1);
  CHECK_FALSE(all.failure.has_value());
  CHECK(all.text == "text more");
}

TEST_CASE("what is not gzip at all is said to be so, and nothing is handed out") {
  for (const std::string& text : {std::string("id,name\n1,Ada\n"), std::string(20, '\0')}) {
    const outcome all = gunzip(text);
    REQUIRE(all.failure.has_value());
    CHECK(all.failure->code() == errc::data_corrupted);
    CHECK(all.text.empty());
  }
  CHECK(gunzip("").failure->message().find("the file is empty") != std::string::npos);
}

TEST_CASE("the source's own error is passed on") {
  const std::string packed = gzip(random_text(500, 256));
  broken_source compressed(std::string_view(packed).substr(0, 300));
  gunzip_source text(compressed);
  const outcome all = read_all(text);
  REQUIRE(all.failure.has_value());
  CHECK(all.failure->code() == errc::unavailable);
  CHECK(all.failure->message() == "the disk is gone");
}

TEST_CASE("a file is opened at any offset of its text") {
  const std::string text = random_text(50'000, 30);
  const std::string packed = gzip(text.substr(0, 20'000)) + gzip(text.substr(20'000));
  csv::memory_file compressed(packed, "rows.csv.gz");
  gunzip_file file(compressed);
  CHECK(file.name() == "rows.csv.gz");
  CHECK_FALSE(file.seekable());
  for (const std::size_t offset : {0U, 1U, 16'384U, 19'999U, 20'000U, 49'999U, 50'000U}) {
    CAPTURE(offset);
    auto part = file.open(offset).value();
    CHECK(read_all(*part).text == text.substr(offset));
  }
  CHECK(read_all(*file.open(50'001).value()).text.empty());
  CHECK(read_all(*file.open(UINT64_MAX).value()).text.empty());
}

TEST_CASE("a damaged file is named, whether the damage is before the offset or behind it") {
  std::string packed = gzip(random_text(50'000, 256));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
  csv::memory_file compressed(packed, "rows.csv.gz");
  gunzip_file file(compressed);
  const outcome all = read_all(*file.open(0).value());
  REQUIRE(all.failure.has_value());
  CHECK(all.failure->message().starts_with("rows.csv.gz: gzip member 1,"));

  const auto late = file.open(49'999);
  if (late) {
    CHECK(read_all(**late).failure.has_value());
  } else {
    CHECK(late.error().code() == errc::data_corrupted);
    CHECK(late.error().message().starts_with("rows.csv.gz: gzip member 1,"));
  }
}
