// SPDX-License-Identifier: BSL-1.0
#include "worker_pool.hpp"

#include <scalekit/compress/gzip.hpp>

#include <doctest/doctest.h>

#define ZLIB_CONST
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using compress::gzip_options;
using compress::gzip_stream;
using task = std::function<void()>;

namespace {

constexpr std::size_t block = 4096;  // the smallest, so that small inputs have many

std::string random_text(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string csv_text(std::size_t size) {
  std::mt19937_64 random(2);
  std::string text;
  text.reserve(size + 100);
  for (int row = 0; text.size() < size; ++row) {
    text += std::to_string(row) + ",2024-05-06T07:08:" + std::to_string(random() % 60) + "Z,EUR," +
            std::to_string(random() % 100000) + ".50,pending\n";
  }
  text.resize(size);
  return text;
}

/// One whole gzip member, its CRC and length verified by zlib, with nothing after it.
std::string gunzip(std::string_view compressed) {
  std::string out;
  std::string chunk(1 << 16, '\0');
  z_stream stream{};
  REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<const Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  int done = Z_OK;
  while (done == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    done = ::inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  const uInt left = stream.avail_in;
  ::inflateEnd(&stream);
  REQUIRE(done == Z_STREAM_END);
  REQUIRE(left == 0);
  return out;
}

std::string gzip(std::string_view text, gzip_options options, std::size_t piece = SIZE_MAX) {
  auto stream = gzip_stream::make(std::move(options)).value();
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) {
    REQUIRE(stream.write(text.substr(at, piece), out).has_value());
  }
  REQUIRE(stream.finish(out).has_value());
  CHECK(stream.bytes_in() == text.size());
  return out;
}

}  // namespace

TEST_CASE("gzip a response while it is being made") {
  const std::vector<std::string> rows = {"id,name\n", "1,Ada\n", "2,Grace\n"};
  const auto send = [](std::string_view) {};
  std::string sent;

  //! [example]
  auto stream = compress::gzip_stream::make().value();
  std::string out;
  for (const std::string& row : rows) {
    if (auto done = stream.write(row, out); !done) return;  // drop the connection
    send(out);
    sent += out;
    out.clear();
  }
  if (auto done = stream.finish(out); !done) return;
  send(out);
  //! [example]

  CHECK(gunzip(sent + out) == "id,name\n1,Ada\n2,Grace\n");
}

TEST_CASE("what goes in comes out, at every size around a block and at every level") {
  for (const int level : {1, 2, 5, 6, 9}) {
    for (const std::size_t size :
         {std::size_t{0},
          std::size_t{1},
          block - 1,
          block,
          block + 1,
          2 * block,
          2 * block + 1,
          10 * block + 7}) {
      CAPTURE(level);
      CAPTURE(size);
      const gzip_options options{.level = level, .block_size = block};
      CHECK(gunzip(gzip(csv_text(size), options)) == csv_text(size));
      CHECK(gunzip(gzip(random_text(size), options)) == random_text(size));
      CHECK(gunzip(gzip(std::string(size, 'x'), options)) == std::string(size, 'x'));
    }
  }
}

TEST_CASE("ten megabytes, with the default options") {
  const std::string csv = csv_text(10 << 20);
  const std::string packed = gzip(csv, {});
  CHECK(packed.size() < csv.size() / 3);
  CHECK(gunzip(packed) == csv);

  const std::string noise = random_text(10 << 20);
  const std::string stored = gzip(noise, {});
  CHECK(stored.size() < noise.size() + noise.size() / 500);
  CHECK(gunzip(stored) == noise);
}

TEST_CASE("blocks of every size hold what cannot be compressed") {
  for (const std::size_t size :
       {block,
        block + 3,
        std::size_t{65535},
        std::size_t{65536},
        std::size_t{1} << 20,
        std::size_t{5} << 20}) {
    for (const int level : {1, 6, 9}) {
      const std::string noise = random_text(size + 11, static_cast<unsigned>(size));
      CHECK(gunzip(gzip(noise, {.level = level, .block_size = size})) == noise);
    }
  }
}

TEST_CASE("the header holds no time and no machine") {
  const std::string packed = gzip("x", {});
  CHECK(packed.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10));
  CHECK(gzip("", {}).size() == 20);
}

TEST_CASE("the same bytes come out with any number of workers and any split of the input") {
  const std::string text = csv_text(200 * block + 123) + random_text(20 * block);
  const std::string expected = gzip(text, {.block_size = block});
  REQUIRE(gunzip(expected) == text);
  for (const std::size_t piece : {std::size_t{100}, block - 1, block, 3 * block + 5, text.size()}) {
    CHECK(gzip(text, {.block_size = block}, piece) == expected);
  }
  for (const std::size_t workers : {1U, 2U, 4U}) {
    for (const std::size_t in_flight : {1U, 3U, 16U}) {
      scalekit_tests::worker_pool pool(workers);
      const gzip_options options{
          .block_size = block, .max_in_flight = in_flight, .executor = pool.executor()};
      CHECK(gzip(text, options, 1000) == expected);
      CHECK(gzip(text, options) == expected);
    }
  }
}

TEST_CASE("an executor may run tasks late, at once, twice over or never") {
  const std::string text = csv_text(50 * block + 1);
  const std::string expected = gzip(text, {.block_size = block});
  const auto with = [&](std::function<void(task)> executor) {
    return gzip(text, {.block_size = block, .max_in_flight = 3, .executor = std::move(executor)});
  };
  CHECK(with([](task) {}) == expected);
  CHECK(with([](task t) { t(); }) == expected);
  CHECK(with([](task t) { t(), t(); }) == expected);

  // Each task runs when the next ones come: the blocks it was for are long done, and in use anew.
  std::vector<task> late;
  CHECK(with([&](task t) {
          late.push_back(std::move(t));
          if (late.size() % 7 == 0) {
            for (const task& l : late) l();
          }
        }) == expected);
  for (const task& l : late) l();
}

TEST_CASE("no more blocks are in flight than allowed, and output comes as soon as it can") {
  std::vector<task> waiting;
  auto stream = gzip_stream::make({.block_size = block,
                                   .max_in_flight = 3,
                                   .executor = [&](task t) { waiting.push_back(std::move(t)); }}
  ).value();
  const std::string text = random_text(block);
  std::string out;
  for (int i = 0; i < 3; ++i) REQUIRE(stream.write(text, out).has_value());
  CHECK(waiting.size() == 3);
  CHECK(out.size() == 10);  // the header
  // The fourth cannot start before the first is done: write does it itself.
  REQUIRE(stream.write(text, out).has_value());
  CHECK(waiting.size() == 4);
  const std::size_t after_one = out.size();
  CHECK(after_one > block);
  // Out of order: the third is done, the second is not, so nothing more can be given out.
  waiting[2]();
  REQUIRE(stream.write("", out).has_value());
  CHECK(out.size() == after_one);
  waiting[1]();
  REQUIRE(stream.write("", out).has_value());
  CHECK(out.size() > 3 * block);
  REQUIRE(stream.finish(out).has_value());
  CHECK(gunzip(out) == text + text + text + text);
}

TEST_CASE("a stream may be destroyed or moved with blocks in flight") {
  scalekit_tests::worker_pool pool(2);
  const std::string text = csv_text(20 * block);
  const gzip_options options{.block_size = block, .max_in_flight = 16, .executor = pool.executor()};
  for (int i = 0; i < 50; ++i) {
    std::string out;
    auto stream = gzip_stream::make(options).value();
    REQUIRE(stream.write(text, out).has_value());
    if (i % 2 == 0) {
      auto other = gzip_stream::make(options).value();
      REQUIRE(other.write(text, out).has_value());
      stream = std::move(other);
    }
  }
  // Tasks that outlive the stream find nothing to do.
  std::vector<task> orphans;
  {
    auto stream = gzip_stream::make({.block_size = block,
                                     .max_in_flight = 8,
                                     .executor = [&](task t) { orphans.push_back(std::move(t)); }}
    ).value();
    std::string out;
    REQUIRE(stream.write(csv_text(5 * block), out).has_value());
  }
  REQUIRE(orphans.size() == 5);
  for (const task& t : orphans) t();
}

TEST_CASE("bad options are refused by name") {
  const auto refusal = [](gzip_options options) {
    const auto made = gzip_stream::make(std::move(options));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code() == errc::invalid_argument);
    return made.error().message();
  };
  CHECK(refusal({.level = 0}).find("level") != std::string::npos);
  CHECK(refusal({.level = 10}).find("level") != std::string::npos);
  CHECK(refusal({.block_size = 4095}).find("block_size") != std::string::npos);
  CHECK(refusal({.block_size = (64 << 20) + 1}).find("block_size") != std::string::npos);
  CHECK(refusal({.max_in_flight = 0}).find("max_in_flight") != std::string::npos);
  CHECK(refusal({.max_in_flight = 1025}).find("max_in_flight") != std::string::npos);
}

TEST_CASE("a finished stream takes nothing more") {
  auto stream = gzip_stream::make().value();
  std::string out;
  REQUIRE(stream.finish(out).has_value());
  const std::string whole = out;
  CHECK(stream.write("x", out).error().code() == errc::invalid_argument);
  CHECK(stream.finish(out).error().message() == "gzip: the stream is finished");
  CHECK(out == whole);
}
