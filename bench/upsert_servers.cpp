// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "upsert.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/adapters/postgres/connection.hpp>

#include <cstring>

namespace bench {

using namespace scalekit;
using namespace scalekit_tests;

namespace {

// No value needs an escape.
std::string as_lines(const payments& what) {
  std::string lines;
  for (std::size_t i = 0; i < what.values.size(); ++i) {
    const sql::value_view& v = what.values[i];
    if (v.has_bytes()) {
      lines += v.as_text();
    } else {
      lines += std::to_string(v.as_int64());
    }
    lines += i % width + 1 == width ? '\n' : '\t';
  }
  return lines;
}

std::string table(std::string_view key, std::string_view timestamp) {
  return fmt::format(
      "CREATE TABLE payment (id {} PRIMARY KEY, account VARCHAR(50) NOT NULL, "
      "amount DECIMAL(14,2) NOT NULL, currency CHAR(3) NOT NULL, status VARCHAR(20) NOT NULL, "
      "description VARCHAR(200) NOT NULL, created_at {} NOT NULL)",
      key,
      timestamp
  );
}

void copy_all(postgres::connection& db, std::string_view lines) {
  auto in = must(db.copy_in("COPY payment FROM STDIN"));
  must(in->write(lines));
  must(in->finish());
}

void load_all(mariadb::connection& db, std::string_view lines) {
  must(db.load_data(
      "LOAD DATA LOCAL INFILE 'x' INTO TABLE payment",
      [&lines](std::span<std::byte> room) -> result<std::size_t> {
        const std::size_t n = std::min(room.size(), lines.size());
        std::memcpy(room.data(), lines.data(), n);
        lines.remove_prefix(n);
        return n;
      }
  ));
}

// The floor first, in a table of its own; then ours, twice.
template <class Connection, class Floor>
void measure(
    Connection& db,
    std::string_view database,
    std::string_view floor_name,
    std::size_t rows,
    key_kind keys,
    const std::string& schema,
    const Floor& floor
) {
  payments what(rows, keys);
  const auto u = compile(db.dialect());
  const auto fresh = [&] {
    must(db.execute("DROP TABLE IF EXISTS payment"));
    must(db.execute(schema));
  };
  fresh();
  const std::string lines = as_lines(what);
  const std::string name =
      fmt::format("{}, {} key", database, keys == key_kind::integer ? "integer" : "random text");
  report(name, floor_name, 1, rows, [&] { floor(db, lines); });
  fresh();
  for (int pass = 1; pass <= 2; ++pass) {
    report(name, "ours", pass, rows, [&] { run_upsert(db, u, what); });
    what.change();
  }
}

}  // namespace

void measure_postgres(std::size_t rows) {
  postgres_server server({"shared_buffers=1GB", "max_wal_size=8GB"});
  auto db = must(postgres::connection::open(server.conninfo()));
  for (const key_kind keys : {key_kind::integer, key_kind::random_text}) {
    const auto schema = table(keys == key_kind::integer ? "bigint" : "text", "timestamp");
    measure(*db, "PostgreSQL", "COPY", rows, keys, schema, copy_all);
  }
}

void measure_mariadb(std::size_t rows) {
  mariadb_server server(
      {"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G", "--local-infile=1"}
  );
  auto db = must(mariadb::connection::open(
      {.port = server.port(),
       .user = std::string(server_user),
       .password = std::string(server_password),
       .database = std::string(server_database),
       .allow_local_infile = true}
  ));
  for (const key_kind keys : {key_kind::integer, key_kind::random_text}) {
    const auto schema = table(
        keys == key_kind::integer ? "BIGINT" : "VARCHAR(50) COLLATE ascii_bin", "DATETIME(6)"
    );
    measure(*db, "MariaDB", "LOAD DATA", rows, keys, schema, load_all);
  }
}

}  // namespace bench
