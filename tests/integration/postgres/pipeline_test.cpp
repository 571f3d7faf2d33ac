// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"
#include "tcp_proxy.hpp"

using namespace postgres_test;

TEST_CASE("a pipeline of statements is one round trip") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const std::vector<postgres::statement> statements = {
      {"INSERT INTO t VALUES ($1)", {1}},
      {"INSERT INTO t VALUES ($1)", {2}},
      {"UPDATE t SET id = id + $1", {10}},
      {"SELECT * FROM t"},
      {"DELETE FROM t WHERE id = $1", {11}},
  };
  auto first = db->pipeline(statements).value();
  REQUIRE(first.size() == 5);
  CHECK(first[0]->affected_rows == 1);
  CHECK(first[2]->affected_rows == 2);
  CHECK(first[3]->affected_rows == 0);
  CHECK(first[4]->affected_rows == 1);
  const auto before = db->round_trips();
  db->execute("DELETE FROM t").value();
  REQUIRE(db->pipeline(statements));
  CHECK(db->round_trips() - before == 2);
  CHECK(number(*db, "SELECT count(*) FROM t") == 1);
  CHECK(db->pipeline({})->empty());
}

TEST_CASE("the first failure ends it, and outside a transaction nothing stays") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const std::vector<postgres::statement> statements = {
      {"INSERT INTO t VALUES ($1)", {1}},
      {"INSERT INTO t VALUES ($1)", {1}},
      {"INSERT INTO t VALUES ($1)", {2}},
  };
  auto done = db->pipeline(statements).value();
  REQUIRE(done.size() == 3);
  CHECK(done[0]);
  CHECK(done[1].error().code() == errc::conflict);
  CHECK(done[2].error().code() == errc::cancelled);
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  db->begin({}).value();
  REQUIRE(db->pipeline(statements));
  CHECK(db->in_transaction());
  CHECK_FALSE(db->commit());
}

TEST_CASE("what cannot be prepared or sent keeps all from running") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const postgres::statement good{"INSERT INTO t VALUES ($1)", {1}};
  for (const postgres::statement& bad : std::vector<postgres::statement>{
           {"INSERT INTO no_such_table VALUES ($1)", {1}},
           {"INSERT INTO t VALUES ($1)", {2.5}},
           {"INSERT INTO t VALUES ($1)", {1, 2}},
       }) {
    const std::vector<postgres::statement> both = {good, bad};
    const auto done = db->pipeline(both);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::invalid_argument);
    CHECK(done.error().message().find("statement 2") != std::string::npos);
    CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  }
}

TEST_CASE("a deferred constraint at the end fails the whole") {
  auto db = open();
  temp_table(*db, "id int8 UNIQUE DEFERRABLE INITIALLY DEFERRED");
  const std::vector<postgres::statement> twice = {
      {"INSERT INTO t VALUES ($1)", {1}}, {"INSERT INTO t VALUES ($1)", {1}}};
  const auto done = db->pipeline(twice);
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::conflict);
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("a transaction may begin and end in a pipeline") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const std::vector<postgres::statement> start = {
      {"BEGIN"}, {"SELECT set_config($1, $2, true)", {"app.tenant", "42"}}};
  REQUIRE(db->pipeline(start));
  CHECK(db->in_transaction());
  CHECK(one(*db, "SELECT current_setting('app.tenant')") == sql::value("42"));
  const std::vector<postgres::statement> finish = {{"INSERT INTO t VALUES ($1)", {1}}, {"COMMIT"}};
  REQUIRE(db->pipeline(finish));
  CHECK_FALSE(db->in_transaction());
  CHECK(number(*db, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("more statements than the cache holds, and more bytes than the sockets do") {
  auto db = open({.statement_cache_capacity = 2});
  temp_table(*db, "id int8, v text");
  std::vector<postgres::statement> many;
  for (int i = 0; i < 40; ++i) {
    const std::string tag = std::to_string(i);
    many.push_back(
        {"INSERT INTO t VALUES ($1, $2) /* " + tag + " */", {i, std::string(100'000, 'x')}}
    );
    many.push_back({"SELECT id, v FROM t WHERE id <= $1 /* " + tag + " */", {i}});
  }
  const auto done = db->pipeline(many).value();
  CHECK(done.size() == 80);
  for (const auto& one : done) CHECK(one);
  CHECK(number(*db, "SELECT count(*) FROM t") == 40);
}

TEST_CASE("a pipeline whose answers are lost is in doubt, inside a transaction undone") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto keeper = open();
  keeper->execute("CREATE TABLE piped (id int8)").value();
  const std::vector<postgres::statement> insert = {
      {"INSERT INTO piped VALUES ($1)", {1}}, {"INSERT INTO piped VALUES ($1)", {2}}};
  for (const bool inside : {false, true}) {
    auto db = open({.conninfo = server().conninfo(proxy.port())});
    REQUIRE(db->pipeline(insert));
    keeper->execute("DELETE FROM piped").value();
    if (inside) db->begin({}).value();
    proxy.cut_after(scalekit_tests::direction::reply, 0);
    const auto done = db->pipeline(insert);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == (inside ? errc::unavailable : errc::outcome_unknown));
    CHECK(db->is_broken());
    CHECK(number(*keeper, "SELECT count(*) FROM piped") == (inside ? 0 : 2));
  }
  keeper->execute("DROP TABLE piped").value();
}

TEST_CASE("a COPY in a pipeline ends it, and the connection") {
  auto keeper = open();
  keeper->execute("CREATE TABLE copied (id int8)").value();
  for (const std::string_view copy : {"COPY copied FROM STDIN", "COPY copied TO STDOUT"}) {
    CAPTURE(copy);
    auto db = open();
    const std::vector<postgres::statement> statements = {
        {"SELECT 1"}, {std::string(copy)}, {"SELECT 2"}};
    const auto done = db->pipeline(statements);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == errc::invalid_argument);
    CHECK(done.error().message().find("statement 2") != std::string::npos);
    CHECK(db->is_broken());
    CHECK_FALSE(db->in_transaction());
    CHECK(db->execute("SELECT 1").error().code() == errc::unavailable);
  }
  // One the server makes on its own is a statement like any other.
  const std::vector<postgres::statement> on_server = {{"COPY copied TO '/dev/null'"}};
  CHECK(keeper->pipeline(on_server).value()[0]);
  keeper->execute("DROP TABLE copied").value();
}

TEST_CASE("a pipeline meets altered tables and forgotten statements as one statement does") {
  auto db = open();
  temp_table(*db, "id int8");
  const std::vector<postgres::statement> statements = {
      {"INSERT INTO t VALUES ($1)", {1}}, {"INSERT INTO t VALUES ($1) RETURNING *", {2}}};
  const auto runs = [&] {
    const auto done = db->pipeline(statements).value();
    return done.size() == 2 && done[0] && done[1];
  };
  CHECK(runs());
  db->execute("ALTER TABLE t ADD COLUMN v int8").value();
  CHECK(runs());
  CHECK(number(*db, "SELECT count(*) FROM t") == 4);
  db->execute("DEALLOCATE ALL").value();
  CHECK(runs());
  CHECK(number(*db, "SELECT count(*) FROM t") == 6);
  db->execute("ALTER TABLE t ADD COLUMN w int8").value();
  db->begin({}).value();
  const auto inside = db->pipeline(statements).value();
  CHECK(inside[0]);
  CHECK(inside[1].error().code() == errc::busy);
  CHECK(db->in_transaction());
  db->rollback().value();
  CHECK(runs());
  CHECK(number(*db, "SELECT count(*) FROM t") == 8);
  db->execute("ALTER TABLE t ALTER COLUMN id TYPE date USING NULL").value();
  const std::vector<postgres::statement> dated = {{"INSERT INTO t VALUES ($1)", {"2024-05-06"}}};
  CHECK(db->pipeline(dated).value()[0].error().code() == errc::invalid_argument);
  CHECK(db->pipeline(dated).value()[0]);
}

TEST_CASE("a pipeline that has committed is not run again") {
  auto db = open();
  temp_table(*db, "id int8");
  const std::vector<postgres::statement> statements = {
      {"INSERT INTO t VALUES ($1)", {1}}, {"COMMIT"}, {"SELECT * FROM t WHERE id = $1", {1}}};
  REQUIRE(db->pipeline(statements).value()[2]);
  db->execute("ALTER TABLE t ADD COLUMN v int8").value();
  const auto stale = db->pipeline(statements).value();
  CHECK(stale[1]);
  CHECK(stale[2].error().code() == errc::not_supported);
  CHECK(number(*db, "SELECT count(*) FROM t") == 2);
  CHECK(db->pipeline(statements).value()[2]);
}
