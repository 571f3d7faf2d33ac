// SPDX-License-Identifier: BSL-1.0
#include "page_databases.hpp"

#include "measure.hpp"
#include "servers.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/adapters/sqlite/connection.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace bench {

namespace {

namespace sql = scalekit::sql;

/// The rows, from a relation `n(i)` of 1 to N: about ten an instant, up to three seconds out of
/// step with the ids, and one import of one instant; 30 % of tenant 1; 10 % without a score.
std::string insert_from(
    const std::string& numbers, const std::string& instant_of_second, std::int64_t rows
) {
  const std::int64_t first = import_begin(rows);
  const std::string second = fmt::format(
      "CASE WHEN i >= {0} AND i < {1} THEN {0} / 10 ELSE (i - i % 10) / 10 + i * 7919 % 7 - 3 END",
      first,
      first + std::min(imported, rows * 2 / 5)
  );
  return fmt::format(
      "INSERT INTO item SELECT i, CASE WHEN i * 104729 % 10 < 3 THEN 1 ELSE 2 + i * 31 % 500 END, "
      "{}, CASE WHEN i * 7907 % 10 = 0 THEN NULL ELSE i * 48271 % 1000003 END, "
      "'subscription payment of the month' FROM {}",
      fmt::format(fmt::runtime(instant_of_second), fmt::arg("second", second)),
      numbers
  );
}

constexpr const char* indexes[] = {
    "CREATE INDEX item_oldest_first ON item(created_at, id)",
    "CREATE INDEX item_newest_first ON item(created_at DESC, id)",
    "CREATE INDEX item_by_score ON item(score, id)",
    "CREATE INDEX item_of_tenant ON item(tenant_id, created_at, id)"};

void script(sql::connection& db, const std::string& text) { must(db.execute_script(text)); }

std::int64_t number(sql::connection& db, const std::string& query) {
  const auto rows = must(db.query(query));
  std::int64_t out = 0;
  while (must(rows->next())) out = rows->row()[0].as_int64();
  return out;
}

cost run_plainly(sql::connection& db, const std::string& text, sql::parameters params) {
  cost out;
  const auto start = steady::now();
  const auto rows = must(db.query(text, params));
  while (must(rows->next())) out.ids.push_back(rows->row()[0].as_int64());
  out.client_ms = seconds_since(start) * 1e3;
  return out;
}

class sqlite_database final : public page_database {
 public:
  std::string name() const override { return "SQLite"; }
  std::string touched_unit() const override { return "VM steps"; }
  std::string server_clock() const override { return "wall time; there is no server"; }
  sql::connection& db() override { return *db_; }
  void fill(std::int64_t rows) override {
    script(
        *db_,
        "CREATE TABLE item(id INTEGER PRIMARY KEY, tenant_id INT NOT NULL, created_at INT NOT NULL,"
        " score INT, payload TEXT NOT NULL);" +
            fmt::format(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ",
                rows
            ) +
            insert_from("n", "(1704067200 + ({second})) * 1000000", rows)
    );
    for (const char* index : indexes) script(*db_, index);
  }
  cost run(const std::string& text, sql::parameters params) override {
    const auto before = db_->stats().work;
    cost out = run_plainly(*db_, text, params);
    out.server_ms = out.client_ms;
    out.touched = static_cast<std::int64_t>(db_->stats().work - before);
    return out;
  }

 private:
  scalekit_tests::temp_folder folder_;
  std::unique_ptr<scalekit::sqlite::connection> db_ = must(scalekit::sqlite::connection::open(
      folder_ / "pages.db",
      {.journal = scalekit::sqlite::journal_mode::rollback,
       .sync = scalekit::sqlite::synchronous::off,
       .cache_kib = 512 * 1024}
  ));
};

class postgres_database final : public page_database {
 public:
  std::string name() const override { return "PostgreSQL"; }
  std::string touched_unit() const override { return "8 KiB blocks"; }
  std::string server_clock() const override {
    return "execution time of EXPLAIN (ANALYZE, TIMING OFF), in a run of its own";
  }
  sql::connection& db() override { return *db_; }
  void fill(std::int64_t rows) override {
    script(
        *db_,
        "CREATE TABLE item(id bigint PRIMARY KEY, tenant_id int NOT NULL, created_at timestamptz "
        "NOT NULL, score int, payload text NOT NULL)"
    );
    script(
        *db_,
        insert_from(
            fmt::format("generate_series(1::bigint, {}) AS n(i)", rows),
            "to_timestamp(1704067200 + ({second}))",
            rows
        )
    );
    for (const char* index : indexes) script(*db_, index);
    script(*db_, "VACUUM (ANALYZE) item");
  }
  cost run(const std::string& text, sql::parameters params) override {
    cost out = run_plainly(*db_, text, params);
    const auto rows =
        must(db_->query("EXPLAIN (ANALYZE, TIMING OFF, BUFFERS, COSTS OFF) " + text, params));
    while (must(rows->next())) {
      const std::string line(rows->row()[0].as_text());
      out.server_ms = std::max(out.server_ms, after(line, "Execution Time: "));
      // The outermost node's line holds all below it; planning has lines of its own, further down.
      if (line.find("Buffers: ") == std::string::npos || out.touched != 0) continue;
      out.touched = static_cast<std::int64_t>(after(line, " hit=") + after(line, " read="));
    }
    return out;
  }

 private:
  static double after(const std::string& line, const std::string& label) {
    const std::size_t at = line.find(label);
    return at == std::string::npos ? 0 : std::stod(line.substr(at + label.size()));
  }

  scalekit_tests::postgres_server server_{
      {"shared_buffers=2GB",
       "maintenance_work_mem=512MB",
       "max_wal_size=8GB",
       "wal_level=minimal",
       "max_wal_senders=0",
       "synchronous_commit=off",
       "jit=off"}};
  std::unique_ptr<scalekit::postgres::connection> db_ =
      must(scalekit::postgres::connection::open({.conninfo = server_.conninfo()}));
};

class mariadb_database final : public page_database {
 public:
  std::string name() const override { return "MariaDB"; }
  std::string touched_unit() const override { return "index entries and rows (Handler_read, ICP)"; }
  std::string server_clock() const override { return "SHOW PROFILES, the same run"; }
  sql::connection& db() override { return *db_; }
  void fill(std::int64_t rows) override {
    script(
        *db_,
        "SET unique_checks = 0; SET foreign_key_checks = 0;"
        "CREATE TABLE item(id bigint PRIMARY KEY, tenant_id int NOT NULL, created_at datetime(6) "
        "NOT NULL, score int, payload varchar(200) NOT NULL)"
    );
    script(
        *db_,
        insert_from(
            fmt::format("(SELECT CAST(seq AS SIGNED) AS i FROM seq_1_to_{}) AS n", rows),
            "TIMESTAMP('2024-01-01') + INTERVAL ({second}) SECOND",
            rows
        )
    );
    for (const char* index : indexes) script(*db_, index);
    script(*db_, "ANALYZE TABLE item; SET profiling_history_size = 5; SET profiling = 1");
  }
  cost run(const std::string& text, sql::parameters params) override {
    const std::int64_t before = handler_reads();
    cost out = run_plainly(*db_, text, params);
    {
      const auto rows = must(db_->query("SHOW PROFILES"));
      while (must(rows->next())) {
        const bool ours = rows->row()[2].as_text().find("item") != std::string_view::npos;
        if (ours) out.server_ms = seconds_of(rows->row()[1]) * 1e3;
      }
    }
    out.touched = handler_reads() - before;
    return out;
  }

 private:
  static double seconds_of(sql::value_view v) {
    return v.has_bytes() ? std::stod(std::string(v.as_text())) : v.as_double();
  }

  std::int64_t handler_reads() {
    return number(
        *db_,
        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS WHERE "
        "VARIABLE_NAME IN ('HANDLER_READ_FIRST', 'HANDLER_READ_KEY', 'HANDLER_READ_LAST', "
        "'HANDLER_READ_NEXT', 'HANDLER_READ_PREV', 'HANDLER_ICP_ATTEMPTS')"
    );
  }

  scalekit_tests::mariadb_server server_{
      {"--innodb-buffer-pool-size=2G",
       "--innodb-log-file-size=1G",
       "--innodb-flush-log-at-trx-commit=0",
       "--innodb-doublewrite=0",
       "--tmp-table-size=64M",
       "--max-heap-table-size=64M",
       "--innodb-sort-buffer-size=64M"}};
  std::unique_ptr<scalekit::mariadb::connection> db_ = must(scalekit::mariadb::connection::open(
      {.port = server_.port(),
       .user = std::string(scalekit_tests::server_user),
       .password = std::string(scalekit_tests::server_password),
       .database = std::string(scalekit_tests::server_database),
       .statement_timeout = std::chrono::seconds(60)}
  ));
};

}  // namespace

std::unique_ptr<page_database> sqlite_pages() { return std::make_unique<sqlite_database>(); }

std::unique_ptr<page_database> postgres_pages() {
  if (!scalekit_tests::postgres_server::is_installed()) return nullptr;
  return std::make_unique<postgres_database>();
}

std::unique_ptr<page_database> mariadb_pages() {
  if (!scalekit_tests::mariadb_server::is_installed()) return nullptr;
  return std::make_unique<mariadb_database>();
}

}  // namespace bench
