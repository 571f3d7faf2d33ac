// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"
#include "tcp_proxy.hpp"

#include <functional>
#include <optional>

using namespace postgres_test;

namespace {

using outcome = std::optional<scalekit::error>;
using way = std::function<outcome(postgres::connection&)>;

template <class T>
outcome failure(result<T> done) {
  if (done) return std::nullopt;
  return std::move(done).error();
}

way by_commit() {
  return [](postgres::connection& db) { return failure(db.commit()); };
}
way by_execute(std::string text) {
  return [text](postgres::connection& db) { return failure(db.execute(text)); };
}
way by_query(std::string text) {
  return [text](postgres::connection& db) { return failure(db.query(text)); };
}
way by_script(std::string text) {
  return [text](postgres::connection& db) { return failure(db.execute_script(text)); };
}
way by_pipeline(std::string text) {
  return [text](postgres::connection& db) -> outcome {
    const std::vector<postgres::statement> one = {{text}};
    auto done = db.pipeline(one);
    if (!done) return std::move(done).error();
    return failure((*done)[0]);
  };
}

struct spelling {
  std::string_view name;
  way commit;
};

std::vector<spelling> commits() {
  return {
      {"commit()", by_commit()},
      {"execute", by_execute("COMMIT")},
      {"execute, comment", by_execute("/* trace /* a */ b */ COMMIT")},
      {"execute, line comment", by_execute("-- x\nEND")},
      {"query", by_query("COMMIT")},
      {"script", by_script("COMMIT")},
      {"script, comment", by_script(";/**/ commit; SELECT 1")},
      {"pipeline", by_pipeline("COMMIT")},
      {"pipeline, comment", by_pipeline("/*c*/ COMMIT")},
  };
}

}  // namespace

TEST_CASE("no spelling of a commit reports a success for a transaction that has failed") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  auto all = commits();
  all.push_back({"in two phases", by_execute("PREPARE TRANSACTION 'x'")});
  all.push_back({"chained", by_script("COMMIT AND CHAIN; ROLLBACK")});
  for (const auto& [name, commit] : all) {
    CAPTURE(name);
    db->begin({}).value();
    db->execute("INSERT INTO t VALUES (1)").value();
    REQUIRE_FALSE(db->execute("INSERT INTO t VALUES (1)"));
    const outcome failed = commit(*db);
    REQUIRE(failed);
    CHECK(failed->code() == errc::invalid_argument);
    CHECK(failed->message().find("duplicate key") != std::string::npos);
    CHECK_FALSE(db->in_transaction());
    CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  }
}

TEST_CASE("a rollback that is meant is a success, in a failed transaction too") {
  auto db = open();
  for (const auto& undo :
       {by_execute("/* c */ ROLLBACK"),
        by_execute("-- x\nabort"),
        by_query("ROLLBACK"),
        by_script("ROLLBACK; SELECT 1"),
        by_pipeline("ROLLBACK")}) {
    for (const bool failed : {true, false}) {
      db->begin({}).value();
      if (failed) REQUIRE_FALSE(db->execute("SELECT 1 / 0"));
      CHECK_FALSE(undo(*db));
      CHECK_FALSE(db->in_transaction());
    }
  }
  db->begin({}).value();
  db->execute("SAVEPOINT a").value();
  REQUIRE_FALSE(db->execute("SELECT 1 / 0"));
  db->execute("/**/ ROLLBACK TO SAVEPOINT a").value();
  db->commit().value();
}

TEST_CASE("a commit whose answer is lost is in doubt, however it is spelled") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto keeper = open();
  keeper->execute("CREATE TABLE kept (id int8)").value();
  auto all = commits();
  // It is prepared first, and the answer to that would be the one that is lost.
  std::erase_if(all, [](const spelling& s) { return s.name == "query"; });
  all.push_back({"script at the end", by_script("INSERT INTO kept VALUES (2); COMMIT")});
  for (const auto& [name, commit] : all) {
    CAPTURE(name);
    auto db = open({.conninfo = server().conninfo(proxy.port())});
    keeper->execute("DELETE FROM kept").value();
    db->begin({}).value();
    db->execute("INSERT INTO kept VALUES (1)").value();
    proxy.cut_after(scalekit_tests::direction::reply, 0);
    const outcome lost = commit(*db);
    REQUIRE(lost);
    CHECK(lost->code() == errc::outcome_unknown);
    CHECK(db->is_broken());
    CHECK(number(*keeper, "SELECT count(*) FROM kept") > 0);
  }
  keeper->execute("DROP TABLE kept").value();
}

TEST_CASE("what leaves the transaction open is undone where its answer is lost") {
  scalekit_tests::tcp_proxy proxy(server().port());
  for (const auto& [statement, code] :
       {std::pair("/* c */ SELECT 1", errc::unavailable),
        std::pair("CREATE TABLE never (id int8)", errc::unavailable),
        std::pair("-- x\nROLLBACK", errc::unavailable),
        std::pair("PREPARE TRANSACTION 'x'", errc::outcome_unknown),
        std::pair("DO 'BEGIN END'", errc::outcome_unknown)}) {
    CAPTURE(statement);
    auto db = open({.conninfo = server().conninfo(proxy.port())});
    db->begin({}).value();
    proxy.cut_after(scalekit_tests::direction::reply, 0);
    const auto lost = db->execute(statement);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code() == code);
  }
}
