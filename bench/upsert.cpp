// SPDX-License-Identifier: BSL-1.0
/// \file
/// Upserts in batches of 5,000 rows beside what is possible: on SQLite a bare C loop over one
/// prepared statement, on PostgreSQL a plain COPY, on MariaDB LOAD DATA. Pass 1 inserts, pass 2
/// updates every row. Prints one JSON object per measurement.
///
///   bench_upsert ROWS [sqlite|postgres|mariadb]

#include "upsert.hpp"

#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <sqlite3.h>

#include <cstring>
#include <random>

namespace bench {

using namespace scalekit;

payments::payments(std::size_t rows, key_kind keys) {
  text.reserve(rows * 120);
  std::mt19937_64 random(11);
  const auto keep = [this](std::string_view piece) {
    const std::size_t at = text.size();
    text += piece;
    return std::string_view(text).substr(at);
  };
  for (std::size_t i = 1; i <= rows; ++i) {
    if (keys == key_kind::integer) {
      values.push_back(i);
    } else {
      values.push_back(keep(fmt::format("TX{:016x}", random())));
    }
    values.push_back(keep(fmt::format("ACC-{:08}", random() % 100000)));
    values.push_back(sql::value_view::decimal(keep(fmt::format("{}.{:02}", i % 9000, i % 100))));
    values.push_back("EUR");
    values.push_back(i % 3 == 0 ? "settled" : "open");
    values.push_back(keep(fmt::format("invoice {} of last month", random() % 1000000)));
    values.push_back(
        keep(fmt::format("2024-05-06 07:{:02}:{:02}.{:06}", i % 60, i % 59, i % 1000000))
    );
  }
}

void payments::change() {
  amounts_.clear();
  amounts_.reserve(rows() * 12);
  for (std::size_t i = 0; i < rows(); ++i) {
    const std::size_t at = amounts_.size();
    amounts_ += fmt::format("{}.77", 9000 + i % 1000);
    values[i * width + 2] = sql::value_view::decimal(std::string_view(amounts_).substr(at));
  }
}

void report(
    std::string_view database,
    std::string_view name,
    int pass,
    std::size_t rows,
    const std::function<void()>& run
) {
  const double cpu = cpu_seconds();
  const auto start = steady::now();
  run();
  const double wall = seconds_since(start);
  fmt::print(
      R"({{"database":"{}","name":"{}","pass":{},"rows":{},"wall_s":{:.3f},"client_cpu_s":{:.3f},"rows_per_s":{:.0f}}})"
      "\n",
      database,
      name,
      pass,
      rows,
      wall,
      cpu_seconds() - cpu,
      static_cast<double>(rows) / wall
  );
  std::fflush(stdout);
}

sql::upsert compile(sql::dialect d, sql::on_conflict what) {
  return must(sql::upsert::make(
      d,
      {.table = "payment",
       .columns =
           {{"id", sql::upsert_role::key},
            {"account"},
            {"amount"},
            {"currency"},
            {"status"},
            {"description"},
            {"created_at"}},
       .on_conflict = what}
  ));
}

void run_upsert(sql::connection& db, const sql::upsert& u, const payments& what) {
  for (std::size_t first = 0; first < what.rows(); first += batch) {
    must(u.run(db, what.at(first)));
  }
}

namespace {

void check(sqlite3* db, int rc) {
  if (rc != SQLITE_OK && rc != SQLITE_DONE) fail(sqlite3_errmsg(db));
}

// The least that any program has to do for it.
void c_loop(sqlite3* db, const payments& what) {
  constexpr const char* text =
      "INSERT INTO payment (id,account,amount,currency,status,description,created_at) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (id) DO UPDATE SET account=excluded.account,"
      "amount=excluded.amount,currency=excluded.currency,status=excluded.status,"
      "description=excluded.description,created_at=excluded.created_at";
  sqlite3_stmt* s = nullptr;
  check(db, sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr));
  for (std::size_t first = 0; first < what.rows(); first += batch) {
    check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr));
    const auto values = what.at(first);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int column = static_cast<int>(i % width) + 1;
      const std::string_view t = values[i].as_text();
      if (values[i].has_bytes()) {
        sqlite3_bind_text(s, column, t.data(), static_cast<int>(t.size()), SQLITE_STATIC);
      } else {
        sqlite3_bind_int64(s, column, values[i].as_int64());
      }
      if (column != static_cast<int>(width)) continue;
      check(db, sqlite3_step(s));
      sqlite3_reset(s);
    }
    check(db, sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr));
  }
  sqlite3_finalize(s);
}

void measure_sqlite(std::size_t rows, key_kind keys) {
  const bool text = keys == key_kind::random_text;
  const std::string schema =
      std::string("CREATE TABLE payment (") +
      (text ? "pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE" : "id INTEGER PRIMARY KEY") +
      ", account TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, "
      "status TEXT NOT NULL, description TEXT NOT NULL, created_at TEXT NOT NULL)";
  const auto run = [&](std::string_view name, const auto& write) {
    scalekit_tests::temp_folder folder;
    auto db = must(sqlite::connection::open(
        folder / "bench.db",
        {.sync = sqlite::synchronous::normal,
         .cache_kib = 512 * 1024,
         .wal_autocheckpoint = 100'000}
    ));
    must(db->execute_script(schema));
    payments what(rows, keys);
    for (int pass = 1; pass <= 2; ++pass) {
      report(text ? "SQLite, random text key" : "SQLite, integer key", name, pass, rows, [&] {
        write(*db, what);
      });
      what.change();
    }
  };
  run("bare C loop",
      [](sqlite::connection& db, const payments& what) { c_loop(db.native_handle(), what); });
  for (const auto how : {sql::on_conflict::update, sql::on_conflict::update_distinct}) {
    const auto u = compile(sql::dialect::sqlite, how);
    const bool always = how == sql::on_conflict::update;
    run(always ? "ours, update" : "ours, update_distinct",
        [&](sqlite::connection& db, const payments& what) { run_upsert(db, u, what); });
  }
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  const long rows = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (rows < 1 || argc > 3) bench::fail("usage: bench_upsert ROWS [sqlite|postgres|mariadb]");
  const std::string_view only = argc > 2 ? argv[2] : "";
  const auto count = static_cast<std::size_t>(rows);
  if (only.empty() || only == "sqlite") {
    bench::measure_sqlite(count, bench::key_kind::integer);
    bench::measure_sqlite(count, bench::key_kind::random_text);
  }
  if (only.empty() || only == "postgres") bench::measure_postgres(count);
  if (only.empty() || only == "mariadb") bench::measure_mariadb(count);
  return 0;
}
