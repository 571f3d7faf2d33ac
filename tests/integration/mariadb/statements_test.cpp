// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <array>
#include <mysql.h>

using namespace mariadb_test;
using sql::value_view;

TEST_CASE("the cache keeps as many statements as it may, and closes the rest in the server") {
  auto o = options();
  o.statement_cache_capacity = 2;
  auto db = connect(o);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) {
      CHECK(one(*db, "SELECT ? + " + std::to_string(i), {1}) == sql::value(1 + i));
    }
  }
  CHECK(db->stats().prepared == 15);
  CHECK(db->stats().cache_hits == 0);
  for (int i = 0; i < 3; ++i) one(*db, "SELECT ? + 4", {1});
  CHECK(db->stats().cache_hits == 3);
  CHECK(status(*db, "Com_stmt_prepare") - status(*db, "Com_stmt_close") <= 4);
}

TEST_CASE("what is executed without parameters takes one round trip and no cache") {
  auto db = with_table("v INT");
  const auto before = db->stats();
  db->execute("INSERT INTO t VALUES (1)").value();
  db->execute("SELECT * FROM t").value();
  CHECK(db->stats().prepared == before.prepared);
  CHECK(db->stats().statements == before.statements + 2);
}

TEST_CASE("a statement the server has forgotten is prepared again") {
  auto db = with_table("v INT");
  const std::string insert = "INSERT INTO t VALUES (?)";
  db->execute(insert, {1}).value();
  // As a proxy does that moves the session to another server.
  MYSQL* raw = db->native_handle();
  const auto* s = static_cast<const MYSQL_STMT*>(raw->stmts->data);
  std::array<char, 4> id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<char>(s->stmt_id >> 8 * i);
  REQUIRE(raw->methods->db_command(raw, COM_STMT_CLOSE, id.data(), id.size(), 1, nullptr) == 0);
  db->execute(insert, {2}).value();
  CHECK(db->stats().prepared == 2);
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 2);
}

TEST_CASE("a statement that could not be prepared again is not kept") {
  auto db = with_table("v VARCHAR(9)");
  const std::string insert = "INSERT INTO t VALUES (?)";
  db->execute(insert, {1}).value();
  db->execute("DROP TABLE t").value();
  CHECK_FALSE(db->execute(insert, {"x"}));
  db->execute("CREATE TABLE t (v VARCHAR(9))").value();
  for (const value_view& v : std::vector<value_view>{"x", 2}) db->execute(insert, {v}).value();
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 2);
}

TEST_CASE("what a parameter was before changes nothing") {
  using namespace std::string_view_literals;
  auto db = with_table("u VARCHAR(40)");
  db->execute("INSERT INTO t VALUES ('x'), ('1'), ('2024-02-29 12:00:00'), (NULL)").value();
  auto options = mariadb_test::options();
  options.statement_cache_capacity = 0;
  const auto forgetful = connect(options);
  const bytes_view blob = as_bytes("x");
  const system_time noon(std::chrono::seconds(1'709'208'000));
  const std::vector<value_view> values{1, 0.5, value_view::decimal("1"), "x", blob, noon, nullptr};
  const auto answer = [](sql::connection& c, std::string_view query, const value_view& v) {
    auto rows = c.query(query, {v});
    auto more = rows ? (*rows)->next() : result<bool>(rows.error());
    return more && *more ? sql::value((*rows)->row()[0]) : sql::value("an error");
  };
  for (const auto query :
       {"SELECT COUNT(*) FROM t WHERE u = ?"sv,
        "SELECT COUNT(*) FROM t WHERE u <> ?"sv,
        "SELECT COUNT(*) FROM t WHERE u IN (?, 'zz')"sv,
        "SELECT HEX(CONCAT(?, ''))"sv}) {
    for (std::size_t before = 0; before < values.size(); ++before) {
      for (std::size_t now = 0; now < values.size(); ++now) {
        CAPTURE(query);
        CAPTURE(before);
        CAPTURE(now);
        static_cast<void>(db->query(query, {values[before]}));
        CHECK(answer(*db, query, values[now]) == answer(*forgetful, query, values[now]));
      }
    }
  }
}

TEST_CASE("a changed table changes the columns, also where a write returns them") {
  if (on_mysql()) return;  // no write of it has rows
  auto db = with_table("a INT");
  const std::string insert = "INSERT INTO t (a) VALUES (?) RETURNING *";
  CHECK(one_row(*db, insert, {1}).size() == 1);
  db->execute("ALTER TABLE t ADD COLUMN b VARCHAR(9) DEFAULT 'b'").value();
  auto rows = db->query(insert, {2});
  // It has run once and once only; if its rows cannot be read, the error says so.
  if (!rows) CHECK(rows.error().code() == errc::outcome_unknown);
  if (rows) CHECK((*rows)->columns().size() == 2);
  rows = error(errc::internal);
  CHECK(number(*db, "SELECT COUNT(*) FROM t WHERE a = 2") == 1);
  CHECK(one_row(*db, insert, {3}).size() == 2);
  db->execute("ALTER TABLE t MODIFY a VARCHAR(9)").value();
  CHECK(one_row(*db, insert, {"x"})[0] == sql::value("x"));
}

TEST_CASE("more parameters than the protocol counts") {
  auto db = connect();
  const std::vector<sql::value_view> many(65'536, sql::value_view(1));
  const auto refused = db->execute("SELECT 1", many);
  CHECK(refused.error().code() == errc::limit_exceeded);
  std::string sql = "DO 1 IN (?";
  for (std::size_t i = 1; i < 65'535; ++i) sql += ",?";
  CHECK(db->execute(sql + ")", std::span(many).first(65'535)).has_value());
}

TEST_CASE("an update counts the rows it matched") {
  auto db = with_table("id INT PRIMARY KEY, v INT");
  db->execute("INSERT INTO t VALUES (1, 1), (2, 2)").value();
  CHECK(db->execute("UPDATE t SET v = ? WHERE id = ?", {1, 1})->affected_rows == 1);
  CHECK(db->execute("UPDATE t SET v = 1 WHERE id = 1")->affected_rows == 1);
  CHECK(db->execute("UPDATE t SET v = ? WHERE id = ?", {1, 9})->affected_rows == 0);
  const std::string upsert = "INSERT INTO t VALUES (?, ?) ON DUPLICATE KEY UPDATE v = VALUES(v)";
  CHECK(db->execute(upsert, {3, 3})->affected_rows == 1);
  CHECK(db->execute(upsert, {3, 3})->affected_rows == 1);
  CHECK(db->execute(upsert, {3, 4})->affected_rows == 2);
  CHECK(db->execute("INSERT IGNORE INTO t VALUES (?, ?)", {3, 9})->affected_rows == 0);
  const std::string returning = on_mysql() ? "" : " RETURNING id";
  CHECK(db->execute("DELETE FROM t WHERE id > ?" + returning, {1})->affected_rows == 2);
  CHECK(db->execute("SELECT * FROM t")->affected_rows == 0);
  CHECK(db->execute("SELECT * FROM t WHERE id = ?", {1})->affected_rows == 0);
}

TEST_CASE("the last inserted id") {
  auto db = with_table("id BIGINT PRIMARY KEY AUTO_INCREMENT, v INT UNIQUE");
  CHECK(db->execute("INSERT INTO t (v) VALUES (?)", {7})->last_insert_id == 1);
  CHECK(db->execute("INSERT INTO t (v) VALUES (8)")->last_insert_id == 2);
  CHECK(db->execute("INSERT IGNORE INTO t (v) VALUES (8)")->last_insert_id == 0);
}

TEST_CASE("a procedure's results are read to the end, its error is seen") {
  auto db = with_table("id INT PRIMARY KEY");
  db->execute("DROP PROCEDURE IF EXISTS p").value();
  db->execute(
        "CREATE PROCEDURE p(a INT) BEGIN SELECT a; SELECT a + 1, 2; INSERT INTO t VALUES (a); END"
  )
      .value();
  CHECK(one(*db, "CALL p(?)", {1}) == sql::value(1));
  CHECK(db->execute("CALL p(?)", {2}).has_value());
  CHECK(db->execute("CALL p(3)").has_value());
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 3);
  CHECK(db->execute("CALL p(3)").error().code() == errc::conflict);
  CHECK(db->execute("CALL p(?)", {3}).error().code() == errc::conflict);
  auto rows = db->query("CALL p(?)", {3});
  if (rows) {
    result<bool> more = true;
    while (more && *more) more = (*rows)->next();
    CHECK(more.error().code() == errc::conflict);
    rows = error(errc::internal);
  } else {
    CHECK(rows.error().code() == errc::conflict);
  }
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("several statements only in a script, and only during it") {
  auto db = with_table("id INT PRIMARY KEY");
  CHECK(db->execute_script("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)").has_value());
  CHECK(
      db->execute("INSERT INTO t VALUES (3); DELETE FROM t").error().code() ==
      errc::invalid_argument
  );
  const auto failed = db->execute_script("DELETE FROM t; SELEC; INSERT INTO t VALUES (4)");
  CHECK(failed.error().code() == errc::invalid_argument);
  CHECK(failed.error().message().find("statement 2 of the script") != std::string::npos);
  CHECK(db->execute("DO 1; DELETE FROM t").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("-- nothing\n").has_value());
  CHECK(db->execute_script("SELECT 1; SELECT 2, 3;\n# end").has_value());
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
  CHECK(
      db->execute(std::string_view("DO 1\0; DELETE FROM t", 20)).error().code() ==
      errc::invalid_argument
  );
}

TEST_CASE("a statement timeout is timed_out, and the connection goes on") {
  auto o = options();
  o.statement_timeout = std::chrono::milliseconds(50);
  auto db = connect(o);
  const std::string endless = "SELECT COUNT(*) FROM seq_1_to_1000000000 a WHERE seq * ? < 0";
  CHECK(db->execute(endless, {1}).error().code() == errc::timed_out);
  auto rows = db->query(endless, {1});
  CHECK(rows.error().code() == errc::timed_out);
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("errors of the host have their classes") {
  auto db = with_table("id INT PRIMARY KEY, v TINYINT NOT NULL, CHECK (v < 100)");
  const auto code = [&](std::string_view sql) { return db->execute(sql).error().code(); };
  CHECK(code("SELECT * FROM no_such_table") == errc::invalid_argument);
  CHECK(code("SELECT no_such_column FROM t") == errc::invalid_argument);
  CHECK(code("SELECT no_such_function()") == errc::invalid_argument);
  CHECK(code("INSERT INTO t VALUES (1, NULL)") == errc::conflict);
  CHECK(code("INSERT INTO t VALUES (1, 101)") == errc::conflict);
  CHECK(code("INSERT INTO t VALUES (1, 1000)") == errc::invalid_argument);
  CHECK(code("INSERT INTO t VALUES (1, 'x')") == errc::invalid_argument);
  CHECK(code("INSERT INTO t VALUES (1, 1/0)") == errc::invalid_argument);
  CHECK(code("USE no_such_database") == errc::not_found);
  CHECK(code("CREATE TABLE t (v INT)") == errc::conflict);
  CHECK(code("LOAD DATA LOCAL INFILE 'x' INTO TABLE t") == errc::not_supported);
  const auto e = db->execute("SELEC 1").error();
  CHECK(e.message().find("SQLSTATE 42000") != std::string::npos);
  CHECK(e.cause().code == 1064);
}

namespace {

// Its first row is good, its second is an error.
constexpr const char* breaks_midway =
    "SELECT seq, (SELECT b.seq FROM seq_1_to_3 b WHERE b.seq <= a.seq) FROM seq_1_to_3 a "
    "ORDER BY seq";

}  // namespace

TEST_CASE("a script ends where a result breaks midway, and says so") {
  auto db = with_table("id INT PRIMARY KEY");
  const auto failed = db->execute_script(
      "INSERT INTO t VALUES (1); " + std::string(breaks_midway) + "; INSERT INTO t VALUES (2)"
  );
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == errc::invalid_argument);
  CHECK(failed.error().message().find("statement 2 of the script") != std::string::npos);
  CHECK(number(*db, "SELECT SUM(id) = 1 FROM t") == 1);
}

TEST_CASE("a procedure whose second result breaks midway fails, whatever way it is called") {
  auto db = with_table("id INT PRIMARY KEY");
  db->execute("DROP PROCEDURE IF EXISTS p").value();
  db->execute(
        "CREATE PROCEDURE p(a INT) BEGIN SELECT a; " + std::string(breaks_midway) +
        "; INSERT INTO t VALUES (a); END"
  )
      .value();
  CHECK(db->execute("CALL p(1)").error().code() == errc::invalid_argument);
  for (int again = 0; again < 2; ++again) {
    const auto executed = db->execute("CALL p(?)", {1});
    REQUIRE_FALSE(executed);
    CHECK(executed.error().code() == errc::invalid_argument);
    auto rows = db->query("CALL p(?)", {1}).value();
    result<bool> more = true;
    while (more && *more) more = rows->next();
    REQUIRE_FALSE(more);
    CHECK(more.error().code() == errc::invalid_argument);
  }
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
}
