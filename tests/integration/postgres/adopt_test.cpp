// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

#include <libpq-fe.h>

using namespace postgres_test;

namespace {

struct closer {
  void operator()(PGconn* c) const { PQfinish(c); }
};

std::unique_ptr<PGconn, closer> hosts_own() {
  std::unique_ptr<PGconn, closer> handle(PQconnectdb(server().conninfo().c_str()));
  REQUIRE(PQstatus(handle.get()) == CONNECTION_OK);
  return handle;
}

std::string ask(PGconn* handle, const char* text) {
  PGresult* r = PQexec(handle, text);
  REQUIRE(PQresultStatus(r) == PGRES_TUPLES_OK);
  std::string value = PQgetvalue(r, 0, 0);
  PQclear(r);
  return value;
}

}  // namespace

TEST_CASE("a host's handle is used as it is, and outlives the use") {
  const auto handle = hosts_own();
  const std::string zone = "Asia/Kolkata";
  PQclear(PQexec(handle.get(), ("SET TimeZone = '" + zone + "'").c_str()));
  {
    auto db = postgres::connection::adopt(handle.get()).value();
    CHECK(db->native_handle() == handle.get());
    CHECK(number(*db, "SELECT $1::int8", {5}) == 5);
    CHECK(
        one(*db, "SELECT '1970-01-01 05:30:00+05:30'::timestamptz") ==
        sql::value(scalekit::system_time{})
    );
    auto second = postgres::connection::adopt(handle.get()).value();
    CHECK(number(*second, "SELECT $1::int8", {6}) == 6);
    CHECK(number(*db, "SELECT $1::int8", {7}) == 7);
  }
  CHECK(ask(handle.get(), "SHOW TimeZone") == zone);
  CHECK(ask(handle.get(), "SELECT count(*) FROM pg_prepared_statements") == "0");
}

TEST_CASE("a host's transaction is joined and left open") {
  const auto handle = hosts_own();
  PQclear(PQexec(handle.get(), "BEGIN; CREATE TEMPORARY TABLE t (id int8)"));
  {
    auto db = postgres::connection::adopt(handle.get()).value();
    CHECK(db->in_transaction());
    CHECK(db->begin({}).error().code() == errc::invalid_argument);
    db->execute("INSERT INTO t VALUES ($1)", {1}).value();
  }
  CHECK(PQtransactionStatus(handle.get()) == PQTRANS_INTRANS);
  CHECK(ask(handle.get(), "SELECT count(*) FROM t") == "1");
}

TEST_CASE("a handle that cannot be used is refused") {
  CHECK(postgres::connection::adopt(nullptr).error().code() == errc::invalid_argument);
  const auto handle = hosts_own();
  PQsendQuery(handle.get(), "SELECT 1");
  CHECK(postgres::connection::adopt(handle.get()).error().code() == errc::invalid_argument);
  while (PGresult* r = PQgetResult(handle.get())) PQclear(r);
  CHECK(postgres::connection::adopt(handle.get()));
}
