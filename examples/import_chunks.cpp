// SPDX-License-Identifier: BSL-1.0
// import_chunks FILE DATABASE: an import whose chunks are done by messages, as a queue's workers do
// them; into a table of SQLite.
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/import_job.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

// [chunks]
using namespace scalekit;

struct message {
  std::string job;
  std::size_t chunk = 0;
};

bulk::import_options accounts() {
  const bulk::import_schema schema{
      .columns = {
          {.name = "number", .type = bulk::field_type::integer, .required = true},
          {.name = "name", .required = true}}};
  return {
      .schema = std::make_shared<bulk::import_schema>(schema),
      .target = {.table = "account", .key = {"number"}},
      .chunk_records = 10'000};
}

/// Whoever takes the upload: checks the file, cuts it, and says what is to be done.
result<std::vector<message>> begin_import(sql::pool& connections, csv::input_file& file) {
  auto job = bulk::import_job::start(connections, file, accounts());
  if (!job) return job.error();
  std::vector<message> work;
  for (std::size_t i = 0; i < (*job)->chunk_count(); ++i) work.push_back({(*job)->id(), i});
  return work;
}

/// A worker, in any process. To be given the same message again, or at the same time as another,
/// changes nothing.
result<bulk::import_summary> handle(
    sql::pool& connections, csv::input_file& file, const message& m
) {
  auto job = bulk::import_job::resume(
      connections, file, accounts(), m.job, bulk::import_job::verify::head
  );
  if (!job) return job.error();
  return (*job)->run_chunk(m.chunk);  // the summary is of the whole import, by all its workers
}
// [chunks]

result<bulk::import_summary> import_by_chunks(sql::pool& connections, const std::string& path) {
  auto file = csv::disk_file::open_path(path);
  if (!file) return file.error();
  auto work = begin_import(connections, **file);
  if (!work) return work.error();
  result<bulk::import_summary> last = bulk::import_summary{};
  for (std::size_t i = 0; i < 2 * work->size() && last; ++i) {
    last = handle(connections, **file, (*work)[i / 2]);  // queues deliver twice
  }
  return last;
}

result<bulk::import_summary> run(const std::string& file, const char* database) {
  auto connections = sqlite::pool::open(database);
  if (!connections) return connections.error();
  sql::pool& pool = **connections;
  auto made = pool.acquire(sql::access::write).and_then([](sql::pooled_connection db) {
    return db->execute_script(
        "CREATE TABLE IF NOT EXISTS account (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
    );
  });
  if (!made) return made.error();
  return import_by_chunks(pool, file);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: import_chunks FILE DATABASE\n");
    return 2;
  }
  const auto done = run(argv[1], argv[2]);
  if (!done) {
    std::fprintf(stderr, "import_chunks: %s\n", done.error().describe().c_str());
    return 1;
  }
  std::fprintf(stderr, "%s\n", done->to_json().c_str());
  return 0;
}
