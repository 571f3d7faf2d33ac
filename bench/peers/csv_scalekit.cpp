// SPDX-License-Identifier: BSL-1.0
// bench_csv_cells FILE: every cell of a CSV file by csv::reader, unescaped; and one JSON line of
// what was there on standard error, as every peer prints it.
#include <scalekit/csv/reader.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace csv = scalekit::csv;

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_csv_cells FILE\n");
    return 2;
  }
  const auto file = csv::disk_file::open_path(argv[1]).value();
  const auto source = file->open(0).value();
  const auto in = csv::reader::open(*source, {.header = csv::header::absent}).value();
  std::uint64_t records = 0;
  std::uint64_t fields = 0;
  std::uint64_t bytes = 0;
  while (in->next().value()) {
    ++records;
    fields += in->row().size();
    for (const std::string_view field : in->row().fields()) bytes += field.size();
  }
  fmt::print(
      stderr, "{{\"records\": {}, \"fields\": {}, \"bytes\": {}}}\n", records, fields, bytes
  );
}
