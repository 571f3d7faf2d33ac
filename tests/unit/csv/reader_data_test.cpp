// SPDX-License-Identifier: BSL-1.0
// Files from the world, read by Python's csv module and by us: the same fields. They are no part of
// the repository; without them this is skipped.
#include "command.hpp"
#include "reader_python.hpp"
#include "reader_support.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace csv = scalekit::csv;

namespace {

const std::filesystem::path data = std::filesystem::path(SCALEKIT_SOURCE_DIR) / "../shared/data";

void check_same(const std::string& name, csv::reader_options o, std::size_t records) {
  CAPTURE(name);
  o.header = csv::header::absent;
  o.ragged_rows = csv::ragged_rows::keep;
  const std::string path = (data / name).string();
  const auto file = csv::disk_file::open_path(path).value();
  const auto source = file->open(0).value();
  const auto ours = csv_test::rest_of(*csv::reader::open(*source, o).value());
  CHECK(ours.records.size() == records);
  CHECK(ours.end.offset == std::filesystem::file_size(path));
  for (const auto& r : ours.records) REQUIRE(r.issues.empty());
  const csv_test::temporary_folder folder;
  const auto theirs = csv_test::read_by_python(folder, folder.file("list", path + "\n"), o);
  REQUIRE(theirs);
  CHECK((*theirs == csv_test::in_hex(ours) + ";\n"));
}

}  // namespace

TEST_CASE("files from the world") {
  csv_test::skip_unless("python3 -c 'import csv'");
  for (const char* name : {"nfl.csv", "worldcitiespop.csv", "strange.csv", "uspop-latin1.csv"}) {
    if (std::filesystem::exists(data / name)) continue;
    std::printf("skipped: no %s\n", (data / name).c_str());
    std::fflush(stdout);
    std::_Exit(77);
  }
  check_same("nfl.csv", {}, 10'000);
  check_same("worldcitiespop.csv", {}, 20'001);
  check_same("strange.csv", {.delimiter = ';', .escape = '\\', .comment = '#'}, 6);
  csv::reader_options latin1;
  latin1.encoding = csv::text_encoding::latin1;
  check_same("uspop-latin1.csv", latin1, 101);
}
