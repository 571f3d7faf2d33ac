// SPDX-License-Identifier: BSL-1.0
/// \file
/// Exports one table from a real PostgreSQL and a real MariaDB, beside what their own clients do
/// with the same rows. Starts both servers itself, prints one JSON object per competitor and round.
///
///   bench_export_servers ROWS ROUNDS

#include "measure.hpp"
#include "servers.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/crypto/sha256.hpp>
#include <scalekit/encoding.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace scalekit;
using namespace scalekit_tests;
using bench::must;

// What a competitor's output came to.
struct output {
  std::uint64_t bytes = 0;
  std::string sha256{};
};

class sink {
 public:
  void write(std::string_view data) {
    hash_->update(as_bytes(data));
    bytes_ += data.size();
  }
  [[nodiscard]] output done() const { return {bytes_, to_hex(hash_->value())}; }

 private:
  std::unique_ptr<digest> hash_ = crypto::sha256_factory()();
  std::uint64_t bytes_ = 0;
};

struct competitor {
  std::string name;
  /// Null: the time counts and the bytes go nowhere.
  std::function<void(sink*)> run;
};

double child_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The output of a program, piece by piece.
void run_program(const std::vector<std::string>& argv, sink* to) {
  int ends[2];
  if (::pipe(ends) != 0) bench::fail("pipe");
  child_process child(
      argv, {.log = fmt::format("/dev/fd/{}", ends[1]), .user = {}, .environment = {}}
  );
  ::close(ends[1]);
  std::vector<char> piece(256 * 1024);
  for (ssize_t n = 0; (n = ::read(ends[0], piece.data(), piece.size())) > 0;) {
    if (to != nullptr) to->write({piece.data(), static_cast<std::size_t>(n)});
  }
  ::close(ends[0]);
  if (child.wait() != 0) bench::fail(argv[0] + " failed");
}

bulk::export_options options(std::int64_t page_rows, bool decoded) {
  bulk::export_options o{
      .source = {.table = "payment"},
      .order = must(keyset::order::make({}, {.columns = {"id"}})),
  };
  for (const char* name : {"id", "created_at", "payee", "amount", "currency", "status", "note"}) {
    o.columns.push_back({.name = name});
  }
  o.dialect.timestamp_style = csv::timestamp_style::space_separated;
  o.dialect.timestamp_fraction = second_fraction::shortest;
  o.page_rows = page_rows;
  if (decoded) {
    o.transform = [](bulk::row_editor&) {
      return result<bulk::row_action>(bulk::row_action::write);
    };
  }
  return o;
}

void export_with(sql::connection& db, const bulk::export_options& o, sink* to) {
  auto stream = must(bulk::export_stream::open(db, o));
  for (csv::buffer chunk; must(stream->next(chunk));) {
    if (to != nullptr) to->write(chunk.view());
  }
}

// The same rows everywhere: 12 % of the payees need quotes.
std::string postgres_rows(long rows) {
  return fmt::format(
      "CREATE TABLE payment (id bigint, created_at timestamp NOT NULL, payee text, "
      "amount numeric(12,2), currency char(3), status text, note text);"
      "INSERT INTO payment SELECT i, timestamp '2024-01-01' + i * interval '1.003 seconds', "
      "CASE WHEN i % 8 = 0 THEN 'Smith, Jones & \"Partners\" ' || i ELSE 'Payee number ' || i END, "
      "(i::bigint * 7919 % 10000000) / 100.0, 'EUR', (ARRAY['settled','failed','open'])[i % 3 + "
      "1], "
      "CASE WHEN i % 5 <> 0 THEN 'invoice ' || i * 31 || ' of last month' END "
      "FROM generate_series(1, {}) i;"
      "ALTER TABLE payment ADD PRIMARY KEY (id); VACUUM ANALYZE payment",
      rows
  );
}

std::string mariadb_rows(long rows) {
  return fmt::format(
      "CREATE TABLE payment (id BIGINT PRIMARY KEY, created_at DATETIME(6) NOT NULL, payee TEXT, "
      "amount DECIMAL(12,2), currency CHAR(3), status VARCHAR(10), note TEXT);"
      "INSERT INTO payment SELECT seq, TIMESTAMPADD(MICROSECOND, seq * 1003000, '2024-01-01'), "
      "IF(seq % 8 = 0, CONCAT('Smith, Jones & \"Partners\" ', seq), CONCAT('Payee number ', seq)), "
      "(seq * 7919 % 10000000) / 100, 'EUR', ELT(seq % 3 + 1, 'settled', 'failed', 'open'), "
      "IF(seq % 5 <> 0, CONCAT('invoice ', seq * 31, ' of last month'), NULL) FROM seq_1_to_{};"
      "ANALYZE TABLE payment",
      rows
  );
}

void measure(const std::vector<competitor>& contest, const char* server, int rounds) {
  std::vector<output> outputs;
  for (const competitor& c : contest) {
    sink to;
    c.run(&to);
    outputs.push_back(to.done());
  }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < contest.size(); ++i) {
      const double cpu = bench::cpu_seconds() + child_cpu_seconds();
      const auto start = bench::steady::now();
      contest[i].run(nullptr);
      const double wall = bench::seconds_since(start);
      fmt::print(
          R"({{"server":"{}","name":"{}","round":{},"wall_s":{:.3f},"client_cpu_s":{:.3f},"bytes":{},"sha256":"{}"}})"
          "\n",
          server,
          contest[i].name,
          round,
          wall,
          bench::cpu_seconds() + child_cpu_seconds() - cpu,
          outputs[i].bytes,
          outputs[i].sha256.substr(0, 16)
      );
      std::fflush(stdout);
    }
  }
}

void measure_postgres(long rows, int rounds) {
  postgres_server server({"shared_buffers=1GB", "max_wal_size=8GB"});
  auto db = must(postgres::connection::open(server.conninfo()));
  for (const std::string& one : {postgres_rows(rows)}) {
    // VACUUM will not run inside the implicit transaction of a script.
    for (std::size_t at = 0; at < one.size();) {
      const std::size_t end = std::min(one.find(';', at), one.size());
      must(db->execute_script(one.substr(at, end - at)));
      at = end + 1;
    }
  }
  const std::string copy =
      "COPY (SELECT * FROM payment ORDER BY id) TO STDOUT (FORMAT csv, HEADER)";
  const std::vector<competitor> contest = {
      {"psql COPY",
       [&](sink* to) {
         run_program(
             {postgres_server::program("psql"),
              "--no-psqlrc",
              "--quiet",
              server.conninfo(),
              "--command=" + copy},
             to
         );
       }},
      {"libpq COPY loop",
       [&](sink* to) {
         auto reader = must(db->copy_out(copy));
         for (;;) {
           const std::string_view line = must(reader->next());
           if (line.empty()) break;
           if (to != nullptr) to->write(line);
         }
       }},
      {"ours, COPY pages of 5,000", [&](sink* to) { export_with(*db, options(5000, false), to); }},
      {"ours, COPY pages of 50,000",
       [&](sink* to) { export_with(*db, options(50000, false), to); }},
      {"ours, decoded, pages of 5,000",
       [&](sink* to) { export_with(*db, options(5000, true), to); }},
      {"ours, decoded, pages of 50,000",
       [&](sink* to) { export_with(*db, options(50000, true), to); }},
  };
  measure(contest, "PostgreSQL", rounds);
}

void measure_mariadb(long rows, int rounds) {
  mariadb_server server({"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M"});
  auto db = must(mariadb::connection::open(
      {.port = server.port(),
       .user = std::string(server_user),
       .password = std::string(server_password),
       .database = std::string(server_database)}
  ));
  must(db->execute_script(mariadb_rows(rows)));
  const std::vector<competitor> contest = {
      {"mariadb --batch --quick",
       [&](sink* to) {
         run_program(
             {"mariadb",
              "--no-defaults",
              "--protocol=tcp",
              "--host=127.0.0.1",
              fmt::format("--port={}", server.port()),
              fmt::format("--user={}", server_user),
              fmt::format("--password={}", server_password),
              "--batch",
              "--quick",
              "--execute=SELECT * FROM payment ORDER BY id",
              std::string(server_database)},
             to
         );
       }},
      {"ours, pages of 5,000", [&](sink* to) { export_with(*db, options(5000, false), to); }},
      {"ours, pages of 50,000", [&](sink* to) { export_with(*db, options(50000, false), to); }},
  };
  measure(contest, "MariaDB", rounds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) bench::fail("usage: bench_export_servers ROWS ROUNDS");
  const long rows = std::strtol(argv[1], nullptr, 10);
  const int rounds = std::atoi(argv[2]);
  if (rows < 1 || rounds < 1) bench::fail("bench_export_servers: at least one row and one round");
  measure_postgres(rows, rounds);
  measure_mariadb(rows, rounds);
  return 0;
}
