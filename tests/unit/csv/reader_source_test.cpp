// SPDX-License-Identifier: BSL-1.0
// Where the bytes come from: memory, descriptors, files; and what a reader does when none come.
#include "command.hpp"
#include "reader_support.hpp"

#include <scalekit/csv/byte_source.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace csv = scalekit::csv;
using scalekit::errc;
using scalekit::result;

namespace {

std::string read_rest(csv::byte_source& source, std::size_t piece) {
  std::string all;
  std::string part(piece, '\0');
  for (;;) {
    const std::size_t n = source.read(part).value();
    if (n == 0) return all;
    all.append(part, 0, n);
  }
}

/// Gives its text, then fails.
class failing_source final : public csv::byte_source {
 public:
  explicit failing_source(std::string_view text) : text_(text) {}
  result<std::size_t> read(std::span<char> into) override {
    auto n = text_.read(into);
    if (*n != 0) return n;
    ++failures;
    return scalekit::error(errc::unavailable, "the line is down");
  }
  int failures = 0;

 private:
  csv::memory_source text_;
};

}  // namespace

TEST_CASE("memory") {
  csv::memory_source source("hello");
  CHECK(read_rest(source, 2) == "hello");
  CHECK(read_rest(source, 2).empty());
  csv::memory_file file("hello", "greeting");
  CHECK(file.name() == "greeting");
  CHECK(file.seekable());
  CHECK(read_rest(*file.open(2).value(), 10) == "llo");
  CHECK(read_rest(*file.open(5).value(), 10).empty());
  CHECK(read_rest(*file.open(UINT64_MAX).value(), 10).empty());
}

TEST_CASE("a file on disk, from anywhere, more than once") {
  const csv_test::temporary_folder folder;
  const std::string path = folder.file("x.csv", "0123456789");
  const auto file = csv::disk_file::open_path(path).value();
  CHECK(file->name() == path);
  CHECK(file->seekable());
  const auto a = file->open(0).value();
  const auto b = file->open(7).value();
  CHECK(read_rest(*b, 1) == "789");
  CHECK(read_rest(*a, 3) == "0123456789");
  CHECK(read_rest(*a, 3).empty());
  CHECK(read_rest(*file->open(10).value(), 3).empty());
  CHECK(read_rest(*file->open(UINT64_MAX).value(), 3).empty());
  std::filesystem::remove(path);
  CHECK(read_rest(*file->open(5).value(), 100) == "56789");
}

TEST_CASE("what is no file is refused, and why is said") {
  const csv_test::temporary_folder folder;
  const std::string inside = folder.file("file", "x");
  const auto refusal = [](const std::string& path) {
    const auto file = csv::disk_file::open_path(path);
    REQUIRE_FALSE(file);
    return file.error();
  };
  CHECK(refusal(inside + "-not-there").code() == errc::not_found);
  CHECK(refusal(inside + "-not-there").cause().code == ENOENT);
  CHECK(refusal(inside + "/below").code() == errc::not_found);
  const std::string directory = std::filesystem::path(inside).parent_path().string();
  CHECK(refusal(directory).code() == errc::invalid_argument);
  CHECK(refusal(directory).message().find(directory) != std::string::npos);
  CHECK(refusal(std::string("a\0b", 3)).code() == errc::invalid_argument);
  const std::string fifo = directory + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refusal(fifo).code() == errc::invalid_argument);  // and does not wait for a writer
}

TEST_CASE("a pipe, waiting where it must") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  REQUIRE(::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
  csv::fd_source source(ends[0]);
  std::string expected;
  for (int i = 0; i < 20'000; ++i) expected += std::to_string(i) + ",x\n";
  std::thread writer([&] {
    std::string_view rest = expected;
    while (!rest.empty()) {
      const ssize_t n = ::write(ends[1], rest.data(), rest.size());
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
    }
    ::close(ends[1]);
  });
  const auto in = csv::reader::open(source, {.header = csv::header::absent}).value();
  std::uint64_t records = 0;
  while (in->next().value()) ++records;
  writer.join();
  ::close(ends[0]);
  CHECK(records == 20'000);
  CHECK(in->position().offset == expected.size());
}

TEST_CASE("a record that has arrived is given without waiting for the next") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  csv::fd_source source(ends[0]);
  REQUIRE(::write(ends[1], "a,b\n1,2\n", 8) == 8);
  const auto in = csv::reader::open(source).value();
  // Were another byte asked for, this would wait for ever.
  REQUIRE(in->next().value());
  CHECK(in->row()[1] == "2");
  ::close(ends[1]);
  CHECK_FALSE(in->next().value());
  ::close(ends[0]);
}

TEST_CASE("a descriptor that cannot be read") {
  csv::fd_source closed(-1);
  std::array<char, 8> into{};
  const auto r = closed.read(into);
  REQUIRE_FALSE(r);
  CHECK(r.error().code() == errc::invalid_argument);
  CHECK(r.error().cause().code == EBADF);
}

TEST_CASE("the source's failure comes after all whole records, and again and again") {
  for (const std::size_t rows : {0U, 1U, 3U, 1000U}) {
    std::string text = "a,b\n";
    for (std::size_t i = 0; i < rows; ++i) text += "1,\"2\"\n";
    failing_source source(text += "half,a rec");
    const auto in = csv::reader::open(source).value();
    for (std::size_t i = 0; i < rows; ++i) REQUIRE(in->next().value());
    for (int again = 0; again < 3; ++again) {
      const auto r = in->next();
      REQUIRE_FALSE(r);
      CHECK(r.error().message() == "the line is down");
    }
    CHECK(source.failures == 1);
  }
  failing_source nothing("");
  CHECK_FALSE(csv::reader::open(nothing));
}

TEST_CASE("no record is made of what was left when the source failed") {
  // In quotes, and so long that its beginning is not held any more.
  std::string text = "a,b\n1,\"";
  for (int i = 0; i < 1000; ++i) text += "looks,like\na,record\n";
  for (const std::size_t limit : {100U, 1'000'000U}) {
    failing_source source(text);
    const csv::reader_options o{.max_record_bytes = limit, .buffer_bytes = 256};
    const auto in = csv::reader::open(source, o).value();
    for (int again = 0; again < 3; ++again) CHECK_FALSE(in->next());
  }
}

TEST_CASE("a source that fails in the midst of a comment leaves the place before it") {
  const std::string text = "a,b\n1,2\n# " + std::string(500, 'x');
  failing_source source(text);
  csv::reader_options options;
  options.comment = '#';
  options.buffer_bytes = 64;
  auto in = csv::reader::open(source, options).value();
  REQUIRE(in->next().value());
  const csv::position behind = in->position();
  CHECK(in->next().error().code() == errc::unavailable);
  CHECK(in->position() == behind);
  CHECK(in->row().size() == 0);
}
