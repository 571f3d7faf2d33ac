// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

using namespace postgres_test;

namespace {

scalekit::error failure(sql::connection& db, std::string_view text, sql::parameters p = {}) {
  auto done = db.execute(text, p);
  REQUIRE_FALSE(done);
  return done.error();
}

// Makes the server fail with any SQLSTATE there is.
std::string raise(std::string_view state) {
  return "DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '" + std::string(state) +
         "'; END $$";
}

}  // namespace

TEST_CASE("every class of SQLSTATE arrives with its meaning") {
  auto db = open();
  const std::pair<std::string_view, errc> table[] = {
      {"03000", errc::invalid_argument},
      {"08006", errc::unavailable},
      {"08007", errc::outcome_unknown},
      {"0A000", errc::not_supported},
      {"21000", errc::invalid_argument},
      {"22003", errc::invalid_argument},
      {"23505", errc::conflict},
      {"23P01", errc::conflict},
      {"25006", errc::invalid_argument},
      {"28000", errc::unauthenticated},
      {"2BP01", errc::conflict},
      {"3D000", errc::not_found},
      {"40001", errc::busy},
      {"40P01", errc::busy},
      {"40002", errc::conflict},
      {"42P01", errc::invalid_argument},
      {"44000", errc::conflict},
      {"53100", errc::limit_exceeded},
      {"53200", errc::unavailable},
      {"53300", errc::unavailable},
      {"54000", errc::limit_exceeded},
      {"55P03", errc::busy},
      {"55000", errc::invalid_argument},
      {"57014", errc::timed_out},
      {"57P03", errc::unavailable},
      {"58030", errc::unavailable},
      {"72000", errc::busy},
      {"P0001", errc::conflict},
      {"P0002", errc::not_found},
      {"XX000", errc::internal},
      {"XX001", errc::data_corrupted},
      {"XX002", errc::data_corrupted},
      {"ZZ999", errc::internal},
  };
  for (const auto& [state, code] : table) {
    CAPTURE(state);
    const auto e = failure(*db, raise(state));
    CHECK(e.code() == code);
    CHECK(e.cause().system == "postgres");
    CHECK(postgres::sqlstate_of(e) == state);
    CHECK(e.message().find("raised") != std::string::npos);
    CHECK(e.message().find(state) != std::string::npos);
    CHECK(number(*db, "SELECT 1") == 1);
  }
}

TEST_CASE("a message tells what, why, and which constraint") {
  auto db = open();
  temp_table(*db, "id int8 CONSTRAINT only_once PRIMARY KEY, v int8");
  db->execute("INSERT INTO t VALUES (1, 1)").value();
  const auto twice = failure(*db, "INSERT INTO t VALUES ($1, $2)", {1, 2});
  CHECK(twice.code() == errc::conflict);
  for (const std::string_view part :
       {"duplicate key", "Key (id)=(1) already exists.", "only_once", "23505"}) {
    CHECK(twice.message().find(part) != std::string::npos);
  }
  const auto hinted = failure(*db, "SELECT idd FROM t");
  CHECK(hinted.message().find("hint: ") != std::string::npos);
  CHECK(hinted.message().find("at character 8") != std::string::npos);
}

TEST_CASE("a deferred constraint fails the statement, or the commit, it is checked at") {
  auto db = open();
  temp_table(*db, "id int8 UNIQUE DEFERRABLE INITIALLY DEFERRED");
  db->execute("INSERT INTO t VALUES ($1)", {1}).value();
  CHECK(failure(*db, "INSERT INTO t VALUES ($1)", {1}).code() == errc::conflict);
  CHECK(failure(*db, "INSERT INTO t VALUES (1)").code() == errc::conflict);
  auto rows = db->query("INSERT INTO t VALUES (1) RETURNING id");
  bool failed = !rows;
  while (!failed) {
    auto more = (*rows)->next();
    failed = !more;
    if (failed) CHECK(more.error().code() == errc::conflict);
    if (more && !*more) break;
  }
  CHECK(failed);
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1)").value();
  const auto committed = db->commit();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().code() == errc::conflict);
  CHECK_FALSE(db->in_transaction());
  CHECK(number(*db, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("a transaction that has failed cannot be committed") {
  auto db = open();
  temp_table(*db, "id int8 PRIMARY KEY");
  const auto fail_inside = [&](std::string_view cause) {
    db->begin({}).value();
    db->execute("INSERT INTO t VALUES (1)").value();
    static_cast<void>(failure(*db, cause));
    const auto later = failure(*db, "INSERT INTO t VALUES (2)");
    CHECK(postgres::sqlstate_of(later) == "25P02");
    return later.code();
  };
  CHECK(fail_inside("SELECT 1 / 0") == errc::invalid_argument);
  auto committed = db->commit();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().code() == errc::invalid_argument);
  CHECK(committed.error().message().find("division by zero") != std::string::npos);
  CHECK_FALSE(db->in_transaction());
  // Contention that was overlooked is still worth another try.
  CHECK(fail_inside(raise("40001")) == errc::busy);
  CHECK(db->execute("COMMIT").error().code() == errc::busy);
  CHECK(fail_inside("SELECT 1 / 0") == errc::invalid_argument);
  CHECK(db->execute("END").error().code() == errc::invalid_argument);
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  db->begin({}).value();
  db->execute("COMMIT").value();
  CHECK_FALSE(db->in_transaction());
}

TEST_CASE("a statement past its timeout is timed out, one past a lock's is busy") {
  auto db = open({.statement_timeout = std::chrono::milliseconds(50)});
  const auto late = failure(*db, "SELECT pg_sleep(60)");
  CHECK(late.code() == errc::timed_out);
  CHECK(late.retryable());
  CHECK(db->query("SELECT pg_sleep(60)").error().code() == errc::timed_out);
  CHECK(number(*db, "SELECT 1") == 1);
  auto holder = open();
  holder->execute("CREATE TABLE locked (id int8)").value();
  holder->begin({}).value();
  holder->execute("LOCK TABLE locked").value();
  auto waiter = open({.lock_timeout = std::chrono::milliseconds(20)});
  const auto waited = failure(*waiter, "SELECT * FROM locked");
  CHECK(waited.code() == errc::busy);
  CHECK(postgres::sqlstate_of(waited) == "55P03");
  holder->execute("DROP TABLE locked").value();
  holder->commit().value();
}

TEST_CASE("a connection the server ends is noticed before the next statement") {
  auto db = open();
  auto other = open();
  const auto pid = number(*db, "SELECT pg_backend_pid()");
  CHECK(number(*other, "SELECT pg_terminate_backend($1, 10000)::int", {pid}) == 1);
  const auto e = failure(*db, "SELECT 1");
  CHECK(e.code() == errc::unavailable);
  CHECK(e.retryable());
  CHECK(db->is_broken());
  CHECK(db->begin({}).error().code() == errc::unavailable);
  CHECK(db->commit().error().code() == errc::unavailable);
  CHECK(db->rollback());
}

TEST_CASE("notices go to the log and nowhere else") {
  std::vector<std::pair<scalekit::log_level, std::string>> heard;
  auto db = open({.log = [&](scalekit::log_level level, std::string_view text) {
    heard.emplace_back(level, text);
  }});
  db->execute("DO $$ BEGIN RAISE NOTICE 'to note'; RAISE WARNING 'to mind'; END $$").value();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].first == scalekit::log_level::info);
  CHECK(heard[0].second.find("to note") != std::string::npos);
  CHECK(heard[1].first == scalekit::log_level::warning);
  auto silent = open();
  silent->execute("DO $$ BEGIN RAISE WARNING 'unheard'; END $$").value();
}
