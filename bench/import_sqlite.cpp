// SPDX-License-Identifier: BSL-1.0
// Imports a file into an SQLite database, one JSON line of figures on standard error.
//
//   bench_import make FILE ROWS KEY
//   bench_import table DB KEY
//   bench_import ours DB FILE KEY [--threads=N] [--batch-rows=N] [--cache-kib=N]
//                                 [--checkpoint-pages=N]
//   bench_import c-loop DB FILE KEY [--batch-rows=N] [--cache-kib=N] [--checkpoint-pages=N]
//
// KEY: integer | text. `make` writes the file and `table` an empty table in WAL mode. `ours` is a
// whole import job, start and run. `c-loop` is the limit: one prepared upsert, all
// rows parsed and in memory before the clock begins, nothing checked.
#include "import_file.hpp"
#include "measure.hpp"
#include "worker_pool.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/import_job.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace bulk = scalekit::bulk;
namespace csv = scalekit::csv;
namespace sqlite = scalekit::sqlite;
using bench::must;

struct settings {
  std::string mode;
  std::string database;
  std::string file;
  bench::import_key key = bench::import_key::integer;
  std::size_t threads = 1;
  std::size_t batch_rows = 5000;
  std::int64_t cache_kib = 64 * 1024;
  int checkpoint_pages = 1000;
};

template <class T>
T number(std::string_view text) {
  T n{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), n);
  if (end.ptr != text.data() + text.size()) bench::fail(fmt::format("no number: {}", text));
  return n;
}

settings parse(int argc, char** argv) {
  if (argc < 5)
    bench::fail("usage: bench_import ours|c-loop DB FILE KEY [options]; see the source");
  settings s{.mode = argv[1], .database = argv[2], .file = argv[3]};
  s.key = bench::import_key_named(argv[4]);
  for (int i = 5; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view value = argument.substr(argument.find('=') + 1);
    if (argument.starts_with("--threads=")) {
      s.threads = number<std::size_t>(value);
    } else if (argument.starts_with("--batch-rows=")) {
      s.batch_rows = number<std::size_t>(value);
    } else if (argument.starts_with("--cache-kib=")) {
      s.cache_kib = number<std::int64_t>(value);
    } else if (argument.starts_with("--checkpoint-pages=")) {
      s.checkpoint_pages = number<int>(value);
    } else {
      bench::fail(fmt::format("unknown option {}", argument));
    }
  }
  return s;
}

sqlite::connection_options connection_of(const settings& s) {
  return {
      .sync = sqlite::synchronous::normal,
      .cache_kib = s.cache_kib,
      .wal_autocheckpoint = s.checkpoint_pages};
}

void make_table(const std::string& path, bench::import_key key) {
  const auto db = must(sqlite::connection::open(path));
  must(db->execute_script(fmt::format(
      "CREATE TABLE payment (id {} PRIMARY KEY, account TEXT NOT NULL, amount TEXT NOT NULL, "
      "currency TEXT NOT NULL, status TEXT NOT NULL, description TEXT NOT NULL, created_at NOT "
      "NULL)",
      key == bench::import_key::integer ? "INTEGER" : "TEXT NOT NULL"
  )));
}

struct figures {
  std::uint64_t rows = 0;
  double start_s = 0;  // of an import job, before the first row is written
  double wall_s = 0;
  double cpu_s = 0;
};

figures run_ours(const settings& s) {
  std::optional<scalekit_tests::worker_pool> workers;
  if (s.threads > 1) workers.emplace(s.threads - 1);
  const auto pool = must(sqlite::pool::open(s.database, {.connection = connection_of(s)}));
  const auto file = must(csv::disk_file::open_path(s.file));
  const double cpu = bench::cpu_seconds();
  const auto begin = bench::steady::now();
  auto job = must(bulk::import_job::start(
      *pool,
      *file,
      {.schema = bench::import_schema_of(s.key),
       .target = {.table = "payment", .key = {"id"}},
       .batch_rows = s.batch_rows,
       .batch_bytes = s.batch_rows * 1024,
       .executor = workers ? workers->executor() : nullptr}
  ));
  const double start_s = bench::seconds_since(begin);
  const auto done = must(job->run());
  const double wall_s = bench::seconds_since(begin);
  if (done.outcome != bulk::import_outcome::completed || done.rejected != 0) {
    bench::fail(done.to_json());
  }
  return {done.read, start_s, wall_s, bench::cpu_seconds() - cpu};
}

void check(sqlite3* db, int rc) {
  if (rc != SQLITE_OK && rc != SQLITE_DONE) bench::fail(sqlite3_errmsg(db));
}

constexpr const char* upsert_sql =
    "INSERT INTO payment AS t (id,account,amount,currency,status,description,created_at) VALUES "
    "(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (id) DO UPDATE SET account=excluded.account,"
    "amount=excluded.amount,currency=excluded.currency,status=excluded.status,"
    "description=excluded.description,created_at=excluded.created_at WHERE "
    "t.account IS NOT excluded.account OR t.amount IS NOT excluded.amount OR "
    "t.currency IS NOT excluded.currency OR t.status IS NOT excluded.status OR "
    "t.description IS NOT excluded.description OR t.created_at IS NOT excluded.created_at";

figures run_c_loop(const settings& s) {
  const bench::parsed_import_file file = bench::parse_import_file(s.file);
  const auto connection = must(sqlite::connection::open(s.database, connection_of(s)));
  sqlite3* const db = connection->native_handle();
  const bool text_key = s.key == bench::import_key::random_text;
  constexpr std::size_t width = bench::parsed_import_file::width;
  const double cpu = bench::cpu_seconds();
  const auto begin = bench::steady::now();
  sqlite3_stmt* upsert = nullptr;
  check(db, sqlite3_prepare_v3(db, upsert_sql, -1, SQLITE_PREPARE_PERSISTENT, &upsert, nullptr));
  for (std::size_t row = 0; row < file.rows();) {
    check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr));
    for (const std::size_t end = std::min(row + s.batch_rows, file.rows()); row < end; ++row) {
      const std::string_view* const fields = file.fields.data() + row * width;
      for (std::size_t c = 0; c < width; ++c) {
        const int at = static_cast<int>(c) + 1;
        if (c == 0 && !text_key) {
          sqlite3_bind_int64(upsert, at, number<std::int64_t>(fields[c]));
        } else {
          const auto size = static_cast<int>(fields[c].size());
          sqlite3_bind_text(upsert, at, fields[c].data(), size, SQLITE_STATIC);
        }
      }
      check(db, sqlite3_step(upsert));
      sqlite3_reset(upsert);
    }
    check(db, sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr));
  }
  sqlite3_finalize(upsert);
  return {file.rows(), 0, bench::seconds_since(begin), bench::cpu_seconds() - cpu};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "make" && argc == 5) {
    const auto rows = number<std::uint64_t>(argv[3]);
    bench::write_import_file(argv[2], rows, bench::import_key_named(argv[4]));
    return 0;
  }
  if (mode == "table" && argc == 4) {
    make_table(argv[2], bench::import_key_named(argv[3]));
    return 0;
  }
  const settings s = parse(argc, argv);
  if (mode != "ours" && mode != "c-loop") bench::fail(fmt::format("unknown mode {}", mode));
  const figures done = mode == "ours" ? run_ours(s) : run_c_loop(s);
  fmt::print(
      stderr,
      R"({{"rows": {}, "start_s": {:.3f}, "own_wall_s": {:.3f}, "own_cpu_s": {:.3f}, )"
      R"("sqlite": "{}"}})"
      "\n",
      done.rows,
      done.start_s,
      done.wall_s,
      done.cpu_s,
      sqlite3_libversion()
  );
}
