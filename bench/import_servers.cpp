// SPDX-License-Identifier: BSL-1.0
/// \file
/// Imports one file into a real PostgreSQL and a real MariaDB, beside what their own clients do
/// with it: COPY and LOAD DATA, which check nothing but types and know no conflicts. Starts both
/// servers itself, prints one JSON object per competitor and round.
///
///   bench_import_servers FILE ROWS ROUNDS
///
/// FILE: of `bench_import make`, with an integer key.

#include "import_file.hpp"
#include "measure.hpp"
#include "servers.hpp"
#include "worker_pool.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/adapters/mariadb/pool.hpp>
#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/adapters/postgres/pool.hpp>
#include <scalekit/bulk/import_job.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace scalekit;
using namespace scalekit_tests;
using bench::must;

struct competitor {
  enum class table { fresh, as_left };

  std::string name;
  table begins_with = table::fresh;
  std::function<void()> run;
};

double child_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run_program(const std::vector<std::string>& argv) {
  if (child_process(argv).wait() != 0) bench::fail(argv[0] + " failed");
}

void import_with(
    sql::pool& pool, const std::string& path, std::uint64_t rows, std::size_t writers
) {
  worker_pool workers(writers + 1);
  const auto file = must(csv::disk_file::open_path(path));
  auto job = must(bulk::import_job::start(
      pool,
      *file,
      {.schema = bench::import_schema_of(bench::import_key::integer),
       .target = {.table = "payment", .key = {"id"}},
       .writers = writers,
       .executor = workers.executor()}
  ));
  const auto done = must(job->run());
  if (done.good != rows) bench::fail(done.to_json());
  must(job->forget());
}

std::string table(std::string_view timestamp) {
  return fmt::format(
      "CREATE TABLE payment (id BIGINT PRIMARY KEY, account VARCHAR(50) NOT NULL, "
      "amount DECIMAL(14,2) NOT NULL, currency CHAR(3) NOT NULL, status VARCHAR(20) NOT NULL, "
      "description VARCHAR(200) NOT NULL, created_at {} NOT NULL)",
      timestamp
  );
}

std::vector<competitor> ours(sql::pool& pool, const std::string& path, std::uint64_t rows) {
  std::vector<competitor> all;
  for (const std::size_t writers : {std::size_t{1}, std::size_t{2}}) {
    const std::string name = fmt::format("ours, {} writer{}", writers, writers > 1 ? "s" : "");
    all.push_back({name, competitor::table::fresh, [&pool, path, rows, writers] {
                     import_with(pool, path, rows, writers);
                   }});
  }
  all.push_back(
      {"ours, 1 writer, nothing changed",
       competitor::table::as_left,
       [&pool, path, rows] { import_with(pool, path, rows, 1); }}
  );
  return all;
}

// `sum_of_rows` is the same for equal tables and, as good as always, for no others.
void measure(
    const std::vector<competitor>& contest,
    const char* server,
    sql::connection& db,
    const std::string& schema,
    const std::string& sum_of_rows,
    int rounds,
    std::uint64_t rows
) {
  std::string expected;
  for (int round = 0; round < rounds; ++round) {
    for (const competitor& c : contest) {
      if (c.begins_with == competitor::table::fresh) {
        must(db.execute("DROP TABLE IF EXISTS payment"));
        must(db.execute(schema));
      }
      const double cpu = bench::cpu_seconds() + child_cpu_seconds();
      const auto start = bench::steady::now();
      c.run();
      const double wall = bench::seconds_since(start);
      const double client_cpu = bench::cpu_seconds() + child_cpu_seconds() - cpu;
      auto sum = must(db.query(sum_of_rows));
      must(sum->next());
      const std::string got(sum->row()[0].as_text());
      if (expected.empty()) expected = got;
      if (got != expected) bench::fail(fmt::format("{}: {} made another table", server, c.name));
      must(sum->next());
      fmt::print(
          R"({{"server":"{}","name":"{}","round":{},"rows":{},"wall_s":{:.3f},"client_cpu_s":{:.3f}}})"
          "\n",
          server,
          c.name,
          round,
          rows,
          wall,
          client_cpu
      );
      std::fflush(stdout);
    }
  }
}

void measure_postgres(const std::string& path, std::uint64_t rows, int rounds) {
  postgres_server server({"shared_buffers=1GB", "max_wal_size=8GB"});
  const auto db = must(postgres::connection::open(server.conninfo()));
  const auto pool = must(postgres::open_pool({.conninfo = server.conninfo()}));
  std::vector<competitor> contest{
      {"psql COPY", competitor::table::fresh, [&] {
         run_program(
             {postgres_server::program("psql"),
              "--no-psqlrc",
              "--quiet",
              server.conninfo(),
              "--command=\\copy payment from '" + path + "' (format csv, header)"}
         );
       }}};
  for (competitor& c : ours(*pool, path, rows)) contest.push_back(std::move(c));
  const std::string sum =
      "SELECT count(*) || ' ' || sum(hashtextextended(p::text, 0)::numeric) FROM payment p";
  measure(contest, "PostgreSQL", *db, table("timestamp"), sum, rounds, rows);
}

void measure_mariadb(const std::string& path, std::uint64_t rows, int rounds) {
  mariadb_server server(
      {"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G", "--local-infile=1"}
  );
  const mariadb::connection_options login{
      .port = server.port(),
      .user = std::string(server_user),
      .password = std::string(server_password),
      .database = std::string(server_database)};
  const auto db = must(mariadb::connection::open(login));
  const auto pool = must(mariadb::open_pool(login));
  std::vector<competitor> contest{
      {"LOAD DATA LOCAL", competitor::table::fresh, [&] {
         run_program(
             {"mariadb",
              "--no-defaults",
              "--protocol=tcp",
              "--host=127.0.0.1",
              fmt::format("--port={}", server.port()),
              fmt::format("--user={}", server_user),
              fmt::format("--password={}", server_password),
              "--default-character-set=utf8mb4",
              "--local-infile=1",
              "--execute=LOAD DATA LOCAL INFILE '" + path +
                  "' INTO TABLE payment CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY "
                  "ENCLOSED BY '\"' ESCAPED BY '' IGNORE 1 LINES",
              std::string(server_database)}
         );
       }}};
  for (competitor& c : ours(*pool, path, rows)) contest.push_back(std::move(c));
  const std::string sum =
      "SELECT CONCAT(COUNT(*), ' ', SUM(CRC32(CONCAT_WS('|', id, account, amount, currency, "
      "status, "
      "description, created_at)))) FROM payment";
  const std::string schema = table("DATETIME(6)") + " CHARACTER SET utf8mb4";
  measure(contest, "MariaDB", *db, schema, sum, rounds, rows);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) bench::fail("usage: bench_import_servers FILE ROWS ROUNDS");
  const std::string path = argv[1];
  const long rows = std::strtol(argv[2], nullptr, 10);
  const int rounds = std::atoi(argv[3]);
  if (rows < 1 || rounds < 1) bench::fail("bench_import_servers: at least one row and one round");
  measure_postgres(path, static_cast<std::uint64_t>(rows), rounds);
  measure_mariadb(path, static_cast<std::uint64_t>(rows), rounds);
  return 0;
}
