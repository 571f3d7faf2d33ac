// SPDX-License-Identifier: BSL-1.0
// bench_csv_reader FILE [rounds]: the parts that reading every cell of a CSV file consists of, in
// one process, on the file in memory: ours with and without its checks, the same bytes merely
// copied, merely searched for line ends, and taken apart byte by byte, as limits. Each takes its
// turn in each round. Prints one JSON line for each: GB per CPU second, the median of the rounds.
// (Other people's readers are measured as whole processes, by peers/csv_readers.py.)
#include "measure.hpp"

#include <scalekit/csv/reader.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace csv = scalekit::csv;

constexpr std::size_t buffer_size = 256 * 1024;

struct totals {
  std::uint64_t records = 0;
  std::uint64_t fields = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const totals&, const totals&) = default;
};

totals read_cells(std::string_view text, csv::reader_options options) {
  options.header = csv::header::absent;
  csv::memory_source source(text);
  const auto in = bench::must(csv::reader::open(source, std::move(options)));
  totals all;
  while (bench::must(in->next())) {
    ++all.records;
    all.fields += in->row().size();
    for (const std::string_view field : in->row().fields()) all.bytes += field.size();
  }
  return all;
}

/// What the reader's buffer costs by itself.
totals copy(std::string_view text) {
  std::vector<char> buffer(buffer_size);
  csv::memory_source source(text);
  totals all;
  for (;;) {
    const std::size_t n = bench::must(source.read(buffer));
    if (n == 0) return all;
    all.bytes += static_cast<unsigned char>(buffer[n / 2]);
  }
}

totals search_line_ends(std::string_view text) {
  totals all;
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at) ++all.records;
  return all;
}

/// RFC 4180 and nothing else, without keeping any field.
totals byte_by_byte(std::string_view text) {
  enum class state { start, bare, quoted, closed } now = state::start;
  totals all;
  for (const char c : text) {
    if (now == state::quoted) {
      if (c == '"') {
        now = state::closed;
      } else {
        ++all.bytes;
      }
    } else if (c == ',' || c == '\n') {
      ++all.fields;
      if (c == '\n') ++all.records;
      now = state::start;
    } else if (c == '"' && now != state::bare) {
      if (now == state::closed) ++all.bytes;
      now = state::quoted;
    } else {
      ++all.bytes;
      now = state::bare;
    }
  }
  return all;
}

struct contestant {
  std::string what;
  std::function<totals(std::string_view)> run;
  bool gives_cells;
  std::vector<double> speeds = {};
};

std::string contents(const char* path) {
  const auto file = bench::must(csv::disk_file::open_path(path));
  const auto source = bench::must(file->open(0));
  std::string text;
  std::vector<char> piece(buffer_size);
  for (;;) {
    const std::size_t n = bench::must(source->read(piece));
    if (n == 0) return text;
    text.append(piece.data(), n);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) bench::fail("usage: bench_csv_reader FILE [rounds]");
  const std::string text = contents(argv[1]);
  const int rounds = argc == 3 ? std::max(1, std::atoi(argv[2])) : 5;
  const auto reading = [](csv::reader_options options) {
    return [options](std::string_view t) { return read_cells(t, options); };
  };
  std::vector<contestant> all{
      {"ours", reading({}), true},
      {"ours, UTF-8 not checked", reading({.utf8 = csv::utf8_check::none}), true},
      {"ours, with comments and any line end",
       reading({.comment = '#', .line_ends = csv::line_ends::any}),
       true},
      {"limit: byte by byte, fields not kept", byte_by_byte, true},
      {"limit: search for line ends", search_line_ends, false},
      {"limit: copy", copy, false},
  };
  const totals expected = read_cells(text, {});
  for (int round = 0; round < rounds; ++round) {
    for (auto& c : all) {
      const double start = bench::cpu_seconds();
      const totals got = c.run(text);
      c.speeds.push_back(static_cast<double>(text.size()) / (bench::cpu_seconds() - start) / 1e9);
      if (c.gives_cells && !(got == expected)) bench::fail(c.what + " has read something else");
    }
  }
  for (const auto& c : all) {
    fmt::print(
        "{{\"what\": \"{}\", \"gb_per_cpu_s\": {:.2f}}}\n", c.what, bench::spread_of(c.speeds).p50
    );
  }
}
