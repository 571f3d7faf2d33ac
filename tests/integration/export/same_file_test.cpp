// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "worker_pool.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>
#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/bulk/export_session.hpp>
#include <scalekit/bulk/parallel_export.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/sql/connection_pool.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

postgres_server& postgres_one() {
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  static postgres_server one;
  return one;
}

mariadb_server& mariadb_one() {
  skip_unless(mariadb_server::is_installed(), "MariaDB");
  static mariadb_server one;
  return one;
}

result<std::unique_ptr<sql::connection>> open_postgres() {
  return postgres::connection::open(postgres_one().conninfo()).value();
}

result<std::unique_ptr<sql::connection>> open_mariadb() {
  return mariadb::connection::open({.host = "127.0.0.1",
                                    .port = mariadb_one().port(),
                                    .user = std::string(server_user),
                                    .password = std::string(server_password),
                                    .database = std::string(server_database)})
      .value();
}

// How each spells the same table.
const char* schema(sql::dialect d) {
  switch (d) {
    case sql::dialect::sqlite:
      return "CREATE TABLE payment (id INTEGER PRIMARY KEY, payee TEXT, amount TEXT, rate REAL, "
             "at INTEGER NOT NULL); CREATE INDEX payment_at ON payment (at, id)";
    case sql::dialect::postgres:
      return "CREATE TABLE payment (id bigint PRIMARY KEY, payee text, amount numeric(38,10), "
             "rate double precision, at timestamptz NOT NULL);"
             "CREATE INDEX payment_at ON payment (at, id)";
    default:
      return "CREATE TABLE payment (id BIGINT PRIMARY KEY, payee TEXT, amount DECIMAL(38,10), "
             "rate DOUBLE, at DATETIME(6) NOT NULL); CREATE INDEX payment_at ON payment (at, id)";
  }
}

// 2,000 rows; texts of characters that matter, every value exact everywhere.
void fill(sql::connection& db) {
  db.execute_script(schema(db.dialect())).value();
  db.begin({}).value();
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {
      "a", ",", "\"", "\n", "\r", "ü", "😀", " ", "'", "\\", ";", ""};
  for (std::int64_t id = 1; id <= 2000; ++id) {
    std::string payee;
    for (auto n = random() % 6; n != 0; --n) payee += pieces[random() % pieces.size()];
    const std::string amount = std::to_string(random() % 1000000) + "." +
                               std::to_string(1000000000 + random() % 1000000000);
    const double rate = static_cast<double>(random() % 100000) / 64.0 - 300.0;
    const system_time at{std::chrono::microseconds(1714979289000000 + id / 9 * 10007)};
    sql::fragment insert("INSERT INTO payment (id, payee, amount, rate, at) VALUES (");
    insert.param(id).sql(", ");
    if (id % 13 == 0) {
      insert.param(nullptr);
    } else {
      insert.param(payee);
    }
    insert.sql(", ")
        .param(sql::value_view::decimal(amount))
        .sql(", ")
        .param(rate)
        .sql(", ")
        .param(at);
    insert.sql(")");
    std::string text;
    insert.render(text, db.dialect(), 1);
    const std::vector<sql::value_view> params(insert.params().begin(), insert.params().end());
    db.execute(text, params).value();
  }
  db.commit().value();
}

bulk::export_options payments() {
  auto order = keyset::order::make(
      {{.name = "at",
        .direction = keyset::direction::descending,
        .nullability = keyset::nullability::not_null}},
      {.columns = {"id"}}
  );
  bulk::export_options o{
      .name = "payments", .source = {.table = "payment"}, .order = order.value()};
  o.columns = {
      {.name = "id"},
      {.name = "payee"},
      {.name = "amount"},
      {.name = "rate"},
      {.name = "at", .format = {.integer = csv::show_integer::timestamp}}};
  o.bound_column = "id";
  o.chunk_bytes = 4000;
  o.page_rows = 300;
  return o;
}

std::string whole(bulk::chunk_source& source) {
  std::string all;
  for (csv::buffer chunk; source.next(chunk).value();) all += chunk.view();
  return all;
}

const std::string& expected() {
  static const std::string file = [] {
    auto db = sqlite::connection::open(":memory:").value();
    fill(*db);
    return whole(*bulk::export_stream::open(*db, payments()).value());
  }();
  return file;
}

// The export, cut and resumed at many bytes over the database's own checkpoint store.
void check_sessions(sql::connection& db, sql::connection_pool& for_store) {
  auto store = bulk::sql_checkpoint_store::open(for_store).value();
  auto session = bulk::export_session::start(db, *store, payments()).value();
  const std::string id = session->id();
  REQUIRE(whole(*session) == expected());
  CHECK(session->totals().has_value());
  session.reset();
  for (std::size_t at = 0; at <= expected().size(); at += 7919) {
    auto again = bulk::export_session::resume(db, *store, payments(), id, at).value();
    CHECK(whole(*again) == expected().substr(at));
  }
}

void check_parallel(sql::connection_pool& connections) {
  worker_pool workers(2);
  auto parallel = bulk::parallel_export::open(
                      connections, payments(), {.executor = workers.executor(), .in_flight = 4}
  )
                      .value();
  CHECK(whole(*parallel) == expected());
}

}  // namespace

TEST_CASE("PostgreSQL exports the file that SQLite does") {
  auto db = open_postgres().value();
  fill(*db);
  CHECK(whole(*bulk::export_stream::open(*db, payments()).value()) == expected());
  auto connections = sql::connection_pool::open(open_postgres).value();
  check_sessions(*db, *connections);
  check_parallel(*connections);
}

TEST_CASE("MariaDB exports the file that SQLite does") {
  auto db = open_mariadb().value();
  fill(*db);
  CHECK(whole(*bulk::export_stream::open(*db, payments()).value()) == expected());
  auto connections = sql::connection_pool::open(open_mariadb).value();
  check_sessions(*db, *connections);
  check_parallel(*connections);
}
