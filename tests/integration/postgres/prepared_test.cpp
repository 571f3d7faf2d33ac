// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

using namespace postgres_test;

namespace {

std::int64_t on_server(sql::connection& db) {
  return number(db, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'scalekit_%'");
}

}  // namespace

TEST_CASE("a statement that is ready costs one round trip") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const auto cost = [&](auto&& call) {
    const auto before = db->round_trips();
    call();
    return db->round_trips() - before;
  };
  const auto select = [&] { all(*db, "SELECT id FROM t WHERE id > $1", {0}); };
  CHECK(cost(select) == 2);
  CHECK(cost(select) == 1);
  CHECK(cost([&] { db->execute("ANALYZE t").value(); }) == 1);
  CHECK(cost([&] { db->begin({}).value(); }) == 1);
  CHECK(cost([&] { db->commit().value(); }) == 1);
  const auto stats = db->stats();
  CHECK(stats.cache_hits == 1);
}

TEST_CASE("the cache forgets what was used least recently, without a round trip") {
  auto db = open({.statement_cache_capacity = 3});
  for (int i = 0; i < 10; ++i) {
    const auto before = db->round_trips();
    all(*db, "SELECT $1::int8 + " + std::to_string(i), {1});
    CHECK(db->round_trips() - before == 2);
  }
  CHECK(on_server(*db) <= 4);
  const auto hits = db->stats().cache_hits;
  all(*db, "SELECT $1::int8 + 9", {1});
  CHECK(db->stats().cache_hits == hits + 1);
}

TEST_CASE("unnamed statements leave nothing on the server") {
  auto db = open({.prepared = postgres::prepared::unnamed});
  for (int i = 0; i < 5; ++i) CHECK(number(*db, "SELECT $1::int8", {i}) == i);
  CHECK(on_server(*db) == 0);
  const auto before = db->round_trips();
  CHECK(number(*db, "SELECT $1::int8", {7}) == 7);
  CHECK(db->round_trips() - before == 1);
}

TEST_CASE("what the server has forgotten is prepared anew") {
  auto db = open();
  const std::string text = "SELECT $1::int8";
  CHECK(number(*db, text, {1}) == 1);
  db->execute("DEALLOCATE ALL").value();
  CHECK(number(*db, text, {2}) == 2);
  db->execute("DISCARD ALL").value();
  CHECK(db->execute(text, {3}));
  db->execute("DEALLOCATE ALL").value();
  db->begin({}).value();
  const auto inside = db->query(text, {4});
  REQUIRE_FALSE(inside);
  CHECK(inside.error().code() == errc::busy);
  db->rollback().value();
  CHECK(number(*db, text, {5}) == 5);
}

TEST_CASE("a change of the schema is met outside a transaction, and is busy inside") {
  auto db = open();
  temp_table(*db, "id int4, v int4");
  const std::string text = "SELECT * FROM t WHERE id = $1";
  db->execute("INSERT INTO t VALUES (1, 2)").value();
  CHECK(all(*db, text, {1})[0].size() == 2);
  db->execute("ALTER TABLE t ADD COLUMN w text DEFAULT 'new'").value();
  CHECK(all(*db, text, {1})[0].size() == 3);
  db->execute("ALTER TABLE t ALTER COLUMN id TYPE text").value();
  CHECK(all(*db, text, {"1"})[0][0] == sql::value("1"));
  db->execute("ALTER TABLE t DROP COLUMN w").value();
  db->begin({}).value();
  const auto inside = db->query(text, {"1"});
  REQUIRE_FALSE(inside);
  CHECK(inside.error().code() == errc::busy);
  CHECK(postgres::sqlstate_of(inside.error()) == "0A000");
  db->rollback().value();
  CHECK(all(*db, text, {"1"})[0].size() == 2);
}

TEST_CASE("a statement that is wrong is not run a second time") {
  auto db = open();
  db->execute("CREATE TEMPORARY SEQUENCE seen").value();
  const std::string text = "SELECT 1 / ($1::int8 - nextval('seen')::int8 * 0)";
  CHECK(number(*db, text, {1}) == 1);
  CHECK_FALSE(db->execute(text, {0}));
  CHECK(number(*db, "SELECT last_value FROM seen") == 2);
  CHECK(number(*db, text, {1}) == 1);
}

TEST_CASE("a second try at the types does not fail the transaction") {
  auto db = open();
  temp_table(*db, "v text");
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES ($1)", {"5"}).value();
  // As bigint it does not compare with text; as text it does.
  CHECK(number(*db, "SELECT count(*) FROM t WHERE v = $1", {5}) == 1);
  CHECK(one(*db, "SELECT $1 + $2", {1, 2}) == sql::value(3));
  CHECK_FALSE(db->execute("SELECT no_such_function($1)", {1}));
  CHECK(db->in_transaction());
  db->execute("INSERT INTO t VALUES ($1)", {"6"}).value();
  db->commit().value();
  CHECK(number(*db, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("what is only ever prepared inside transactions leaves the server too") {
  auto db = open({.statement_cache_capacity = 4});
  int last = 0;
  const auto next = [&] { all(*db, "SELECT $1::int8 + " + std::to_string(++last), {1}); };
  // Asked outside, the question would take the evicted ones along.
  const auto kept = [&] {
    db->begin({}).value();
    const auto n = on_server(*db);
    db->commit().value();
    return n;
  };
  const auto before = db->round_trips();
  for (int round = 0; round < 50; ++round) {
    db->begin({}).value();
    for (int i = 0; i < 5; ++i) next();
    db->commit().value();
  }
  // Two for each transaction and each statement, and few for what has gone.
  CHECK(db->round_trips() - before < 50 * (2 + 2 * 5) + 10);
  CHECK(kept() < 4 + 5 + 32 + 5);
  db->execute("DEALLOCATE ALL").value();
  for (int round = 0; round < 20; ++round) {
    db->execute("BEGIN").value();
    for (int i = 0; i < 5; ++i) next();
    db->execute("COMMIT").value();
  }
  CHECK(kept() < 4 + 5 + 32 + 5);
}
