// SPDX-License-Identifier: BSL-1.0
// import_file FILE DATABASE: payments into a table of SQLite; rows that are refused are printed as
// they stand in the file, to be corrected and imported again.
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/import_job.hpp>
#include <scalekit/bulk/row_checker.hpp>
#include <scalekit/csv/writer.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

// [import_file]
using namespace scalekit;

bulk::import_options payments() {
  using bulk::field_type;
  const bulk::row_rule paid_is_not_zero{
      .name = "paid_is_not_zero",
      .columns = {"amount", "status"},
      .check = [](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
        if (row[2].as_text() != "paid" || row[1].as_text() != "0.00") return std::nullopt;
        return bulk::rule_failure{.message = "nothing was paid", .column = "amount"};
      }};
  const bulk::import_schema schema{
      .columns =
          {{.name = "reference", .aliases = {"payment no"}, .required = true},
           {.name = "amount",
            .type = field_type::decimal,
            .required = true,
            .decimal = {.precision = 12, .scale = 2, .minimum = "0"}},
           {.name = "status",
            .type = field_type::enumeration,
            .enumeration = {.words = {{"paid"}, {"open"}}}}},
      .rules = {paid_is_not_zero}};
  return {
      .schema = std::make_shared<bulk::import_schema>(schema),
      .target = {.table = "payment", .key = {"reference"}}};
}

/// Imports the file, and gives back what cannot be imported.
result<bulk::import_summary> import_payments(
    sql::pool& connections, const std::string& path, csv::fd_sink rejects
) {
  auto file = csv::disk_file::open_path(path);
  if (!file) return file.error();
  auto job = bulk::import_job::start(connections, **file, payments());
  if (!job) return job.error();  // the header, or every row, is wrong: nothing was written
  auto done = (*job)->run();     // if it fails, or this process dies: import_job::resume
  if (!done || done->rejected == 0) return done;
  auto written = (*job)->write_rejects(rejects);
  if (!written) return written.error();
  return done;
}
// [import_file]

result<bulk::import_summary> run(const std::string& file, const char* database) {
  auto connections = sqlite::pool::open(database);
  if (!connections) return connections.error();
  sql::pool& pool = **connections;
  auto made = pool.acquire(sql::access::write).and_then([](sql::pooled_connection db) {
    return db->execute_script(
        "CREATE TABLE IF NOT EXISTS payment "
        "(reference TEXT NOT NULL PRIMARY KEY, amount TEXT NOT NULL, status TEXT)"
    );
  });
  if (!made) return made.error();
  return import_payments(pool, file, csv::fd_sink(STDOUT_FILENO));
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: import_file FILE DATABASE\n");
    return 2;
  }
  const auto done = run(argv[1], argv[2]);
  if (!done) {
    std::fprintf(stderr, "import_file: %s\n", done.error().describe().c_str());
    return 1;
  }
  std::fprintf(stderr, "%s\n", done->to_json().c_str());
  return 0;
}
