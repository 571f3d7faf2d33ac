// SPDX-License-Identifier: BSL-1.0
// Files of the system's own gzip; a visible skip where there is none.
#include "../csv/command.hpp"

#include <scalekit/compress/gunzip.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace scalekit;

namespace {

std::string text_of(csv::input_file& file) {
  auto source = file.open(0).value();
  std::string all;
  std::string buffer(4096, '\0');
  for (;;) {
    const std::size_t got = source->read(buffer).value();
    if (got == 0) return all;
    all.append(buffer, 0, got);
  }
}

}  // namespace

TEST_CASE("what gzip(1) makes is read, at every level, named, and concatenated") {
  csv_test::skip_unless("gzip --version");
  const csv_test::temporary_folder folder;
  std::mt19937 random(7);
  std::string text;
  while (text.size() < 300'000) text += std::to_string(random() % 100'000) + ",a word\n";
  const std::string plain = folder.file("rows.csv", text);
  for (const char* how : {"gzip -1 -c ", "gzip -6 -c ", "gzip -9 -c "}) {
    const std::string packed = csv_test::output_of(how + plain).value();
    csv::memory_file compressed(packed);
    compress::gunzip_file file(compressed);
    CHECK(text_of(file) == text);
  }
  const std::string both = csv_test::output_of("gzip -c " + plain + "; gzip -c < " + plain).value();
  csv::memory_file packed(both);
  compress::gunzip_file file(packed);
  CHECK(text_of(file) == text + text);
}
