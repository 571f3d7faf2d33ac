// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

#include <scalekit/timestamp.hpp>

#include <limits>

using namespace postgres_test;
using sql::value_kind;
using sql::value_view;

namespace {

scalekit::system_time moment(std::string_view text = "2024-05-06T07:08:09.123456Z") {
  return scalekit::parse_rfc3339(text).value();
}

constexpr postgres::prepared both_modes[] = {
    postgres::prepared::named, postgres::prepared::unnamed};

errc code_of(sql::connection& db, std::string_view text, sql::parameters p) {
  const auto done = db.execute(text, p);
  REQUIRE_FALSE(done);
  return done.error().code();
}

}  // namespace

TEST_CASE("a value alone keeps its kind") {
  for (const auto mode : both_modes) {
    for (const bool inside : {false, true}) {
      auto db = open({.prepared = mode});
      if (inside) db->begin({}).value();
      const std::string text = "SELECT $1";
      CHECK(one(*db, text, {INT64_MAX}) == sql::value(INT64_MAX));
      CHECK(one(*db, text, {"text"}) == sql::value("text"));
      CHECK(one(*db, text, {0.1}) == sql::value(0.1));
      CHECK(one(*db, text, {moment()}) == sql::value(moment()));
      CHECK(
          one(*db, text, {value_view::decimal("1.50")}) == sql::value(value_view::decimal("1.50"))
      );
      CHECK(
          one(*db, text, {value_view(UINT64_MAX)}) ==
          sql::value(value_view::decimal("18446744073709551615"))
      );
      CHECK(one(*db, text, {scalekit::as_bytes("\x01\x02")}).kind() == value_kind::blob);
      CHECK(one(*db, text, {nullptr}).is_null());
      CHECK(one(*db, "SELECT $1 + $2", {40, 2}) == sql::value(42));
      CHECK(one(*db, "SELECT $1 || $2", {"a", "b"}) == sql::value("ab"));
      CHECK(one(*db, "SELECT coalesce($1, $2)", {nullptr, 7}) == sql::value(7));
      CHECK(db->in_transaction() == inside);
    }
  }
}

TEST_CASE("numbers compare with every numeric column") {
  for (const auto mode : both_modes) {
    auto db = open({.prepared = mode});
    temp_table(*db, "a int2, b int4, c int8, d numeric, e float8, f real");
    db->execute("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6)", {5, 5, 5, 5, 5, 5}).value();
    for (const char column : {'a', 'b', 'c', 'd', 'e', 'f'}) {
      CAPTURE(column);
      const std::string text = std::string("SELECT count(*) FROM t WHERE ") + column + " > $1";
      CHECK(number(*db, text, {4}) == 1);
      CHECK(number(*db, text, {5}) == 0);
      CHECK(number(*db, text, {value_view::decimal("4.00")}) == 1);
      CHECK(number(*db, text, {4.0}) == 1);
      if (column != 'f') CHECK(number(*db, text, {std::int64_t{1} << 40}) == 0);
    }
    CHECK(number(*db, "SELECT count(*) FROM t WHERE a IN ($1, $2) LIMIT $3", {5, 70000, 1}) == 1);
    CHECK(number(*db, "SELECT count(*) FROM generate_series(1, $1)", {10}) == 10);
    CHECK(one(*db, "SELECT repeat('x', $1)", {3}) == sql::value("xxx"));
    CHECK(one(*db, "SELECT ('2024-01-30'::date + $1::int)", {2}) == sql::value("2024-02-01"));
  }
}

TEST_CASE("every type of column takes what is written for it") {
  for (const auto mode : both_modes) {
    auto db = open({.prepared = mode});
    temp_table(
        *db,
        "b bool, t text, v varchar(9), j json, jb jsonb, u uuid, d date, ts timestamp, "
        "tz timestamptz, i inet, a int4[], n numeric(38,10), x bytea, us int8"
    );
    const std::string insert =
        "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
    const auto day = moment("2024-05-06T00:00:00Z");
    const std::string id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    db->execute(
          insert,
          {true,
           7,
           "v",
           "[1]",
           "{}",
           id,
           day,
           moment(),
           moment(),
           "10.0.0.1",
           "{1,2}",
           value_view::decimal("1.5"),
           scalekit::as_bytes("x"),
           moment()}
    )
        .value();
    const auto rows = all(*db, "SELECT b, t, d, ts, tz, n, us FROM t");
    CHECK(rows[0][0] == sql::value(1));
    CHECK(rows[0][1] == sql::value("7"));
    CHECK(rows[0][2] == sql::value("2024-05-06"));
    CHECK(rows[0][3] == sql::value(moment()));
    CHECK(rows[0][4] == sql::value(moment()));
    CHECK(rows[0][5] == sql::value(value_view::decimal("1.5000000000")));
    CHECK(rows[0][6].view().as_timestamp() == moment());
    const std::string copy =
        "INSERT INTO t (b, t, n, x) SELECT e.b, $1, $2, $3 FROM t e WHERE e.u = $4";
    const value_view data[] = {"copied", 12, scalekit::as_bytes("y"), id};
    CHECK(db->execute(copy, data)->affected_rows == 1);
    CHECK(number(*db, "SELECT count(*) FROM t WHERE t = $1 AND n = $2", {"copied", 12}) == 1);
  }
}

TEST_CASE("what would be rounded, cut or lost is refused") {
  auto db = open();
  temp_table(*db, "i int8, f float8, d date, b bool, t text");
  const auto refused = [&](std::string_view column, value_view v) {
    const std::string text = "INSERT INTO t (" + std::string(column) + ") VALUES ($1)";
    CAPTURE(text);
    CHECK(code_of(*db, text, {v}) == errc::invalid_argument);
  };
  refused("i", 2.5);
  refused("i", 1e30);
  refused("i", std::numeric_limits<double>::quiet_NaN());
  refused("i", value_view::decimal("2.50"));
  refused("i", UINT64_MAX);
  refused("i", "seven");
  refused("i", scalekit::as_bytes("12345678"));
  refused("f", (std::int64_t{1} << 53) + 1);
  refused("f", INT64_MAX);
  refused("d", moment());
  refused("b", 2);
  refused("t", std::string_view("a\0b", 3));
  refused("t", "\xFF\xFE");
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  const auto nul = db->execute("INSERT INTO t (t) VALUES ($1)", {std::string_view("a\0b", 3)});
  CHECK(nul.error().message().find("$1") != std::string::npos);
  CHECK(nul.error().message().find("bytea") != std::string::npos);
  // What can be told without the server does not fail the transaction.
  db->begin({}).value();
  REQUIRE_FALSE(db->execute("INSERT INTO t (i) VALUES ($1)", {2.5}));
  db->execute("INSERT INTO t (i) VALUES ($1)", {2.0}).value();
  db->commit().value();
  CHECK(number(*db, "SELECT i FROM t") == 2);
}

TEST_CASE("a statement takes other kinds of values later") {
  auto db = open();
  temp_table(*db, "id int4, v text");
  const std::string insert = "INSERT INTO t VALUES ($1, $2)";
  const value_view kinds[] = {"text", 5, nullptr, 2.5, "again"};
  int id = 0;
  for (const value_view& v : kinds) db->execute(insert, {++id, v}).value();
  const auto rows = all(*db, "SELECT v FROM t ORDER BY id");
  CHECK(rows[0][0] == sql::value("text"));
  CHECK(rows[1][0] == sql::value("5"));
  CHECK(rows[2][0].is_null());
  CHECK(rows[3][0] == sql::value("2.5"));
  CHECK(rows[4][0] == sql::value("again"));
  CHECK(number(*db, "SELECT count(*) FROM t WHERE v = $1", {5}) == 1);
  CHECK(number(*db, "SELECT count(*) FROM t WHERE v = $1", {"again"}) == 1);
}

TEST_CASE("too many parameters are refused before anything is sent") {
  auto db = open();
  const std::vector<value_view> many(65536, value_view(1));
  const auto before = db->round_trips();
  const auto refused = db->execute("SELECT 1", many);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == errc::limit_exceeded);
  CHECK(refused.error().message().find("65535") != std::string::npos);
  CHECK(db->round_trips() == before);
  CHECK(code_of(*db, std::string_view("SELECT 1\0", 9), {}) == errc::invalid_argument);
  std::string values = "SELECT count(*) FROM (VALUES ($1)";
  for (int i = 2; i <= 65535; ++i) values += ",($" + std::to_string(i) + ")";
  CHECK(number(*db, values + ") v", std::span(many).first(65535)) == 65535);
  // So many have the types of their values: this compares numbers.
  CHECK(number(*db, values + ") v (n) WHERE n = 1", std::span(many).first(65535)) == 65535);
}
