// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/error.hpp"

#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/error.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace scalekit;

TEST_CASE("an SQLSTATE survives being a number") {
  CHECK(postgres::pack_sqlstate("00000") == 0);
  CHECK(postgres::pack_sqlstate("00001") == 1);
  CHECK(postgres::pack_sqlstate("ZZZZZ") == 36LL * 36 * 36 * 36 * 36 - 1);
  std::mt19937 random(1);
  constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int i = 0; i < 1000; ++i) {
    std::string state(5, '0');
    for (char& c : state) c = digits[random() % digits.size()];
    const error e(errc::internal, "", {"postgres", postgres::pack_sqlstate(state)});
    if (state != "00000") CHECK(postgres::sqlstate_of(e) == state);
  }
  for (const std::string_view bad : {"", "1234", "123456", "4000a", "40 01"}) {
    CHECK(postgres::pack_sqlstate(bad) == 0);
  }
  CHECK(postgres::sqlstate_of(error(errc::internal)).empty());
  CHECK(postgres::sqlstate_of(error(errc::busy, "", {"sqlite", 5})).empty());
}

TEST_CASE("whole states go before their class, and what is no error is internal") {
  CHECK(postgres::to_errc("40001") == errc::busy);
  CHECK(postgres::to_errc("40003") == errc::outcome_unknown);
  CHECK(postgres::to_errc("53100") == errc::limit_exceeded);
  CHECK(postgres::to_errc("53999") == errc::unavailable);
  CHECK(postgres::to_errc("57P01") == errc::unavailable);
  CHECK(postgres::to_errc("08P01") == errc::invalid_argument);
  for (const std::string_view none : {"00000", "01000", "02000", "", "4", "40", "999999"}) {
    CHECK(postgres::to_errc(none) == errc::internal);
  }
}

TEST_CASE("libpq's words on one line") {
  CHECK(
      postgres::one_line("connection to server at \"::1\", port 1 failed: Connection refused\n"
                         "\tIs the server running on that host and accepting TCP/IP connections?\n"
      ) == "Connection refused"
  );
  CHECK(postgres::one_line("FATAL:  too many clients\n") == "too many clients");
  CHECK(postgres::one_line("").empty());
  CHECK(postgres::one_line("   ").empty());
  CHECK(
      postgres::connect_error("x failed: FATAL:  password authentication failed for user \"u\"\n")
          .code() == errc::unauthenticated
  );
  CHECK(postgres::connect_error("FATAL:  database \"d\" does not exist").code() == errc::not_found);
  CHECK(postgres::connect_error("").code() == errc::unavailable);
  CHECK(postgres::connect_error("invalid sslmode value: \"x\"").code() == errc::invalid_argument);
}

TEST_CASE("an excerpt is one line, short, and whole characters") {
  CHECK(postgres::excerpt("SELECT\n1") == "\"SELECT 1\"");
  const std::string text = std::string(59, 'x') + "\xC3\xA4" + std::string(50, 'y');
  CHECK(postgres::excerpt(text) == "\"" + std::string(59, 'x') + "...\"");
}

TEST_CASE("what may commit, and what rolls back") {
  for (const std::string_view yes :
       {"COMMIT",
        " commit;",
        "End",
        "/* a */ COMMIT",
        "/* a /* b */ c */commit",
        "-- x\nEND",
        ";;COMMIT",
        "--\r\f\vcommit--x",
        "PREPARE TRANSACTION 'x'",
        "CALL p()",
        "DO 'x'",
        "",
        "/* open",
        "SELECTS",
        "unheard of"}) {
    CAPTURE(yes);
    CHECK(postgres::may_commit(yes));
    CHECK_FALSE(postgres::rolls_back(yes));
  }
  for (const std::string_view no :
       {"SELECT 'commit'",
        "select(1)",
        "(SELECT 1)",
        "/* COMMIT */ insert into t",
        "VALUES(1)",
        "-- COMMIT\nUPDATE t",
        "WITH a AS (SELECT 1) SELECT",
        "RELEASE a",
        "SELECT-1",
        "select*",
        "/**/DROP TABLE t",
        "copy t FROM STDIN"}) {
    CAPTURE(no);
    CHECK_FALSE(postgres::may_commit(no));
    CHECK_FALSE(postgres::rolls_back(no));
  }
  for (const std::string_view undo : {"ROLLBACK", "/* x */ abort;", "rollback to a"}) {
    CHECK(postgres::rolls_back(undo));
    CHECK_FALSE(postgres::may_commit(undo));
  }
}
