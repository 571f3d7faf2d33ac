// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/error.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace scalekit;
using mariadb::statement_kind;
using mariadb::to_errc;

TEST_CASE("each number has its meaning") {
  const std::pair<errc, std::vector<unsigned>> meanings[] = {
      {errc::busy, {1213, 1205, 1020, 3572}},
      {errc::conflict, {1062, 1451, 1452, 1048, 1557, 3819, 4025, 1364, 1586}},
      {errc::unauthenticated, {1045, 1044, 1698}},
      {errc::not_found, {1049}},
      {errc::unavailable, {2002, 2003, 2005, 1040, 1053, 2006, 2013, 1927, 4031}},
      {errc::cancelled, {1317}},
      {errc::timed_out, {1969, 3024}},
      {errc::limit_exceeded, {1114, 1021, 1153, 1041, 2020, 1390}},
      {errc::invalid_argument, {1366, 1264, 1265, 1406, 1292, 1792, 1065}},
      {errc::not_supported, {1235, 4166}},
      {errc::internal, {0, 1, 9999}},
  };
  for (const auto& [code, numbers] : meanings) {
    for (const unsigned n : numbers) {
      CAPTURE(n);
      CHECK(to_errc(n) == code);
    }
  }
}

TEST_CASE("an unknown number is told by its SQLSTATE") {
  CHECK(to_errc(1064, "42000") == errc::invalid_argument);
  CHECK(to_errc(1054, "42S22") == errc::invalid_argument);
  CHECK(to_errc(1146, "42S02") == errc::invalid_argument);
  CHECK(to_errc(9999, "22001") == errc::invalid_argument);
  CHECK(to_errc(9999, "23000") == errc::conflict);
  CHECK(to_errc(9999, "HY000") == errc::internal);
  CHECK(to_errc(1213, "40001") == errc::busy);
}

TEST_CASE("an error names its SQLSTATE and its number") {
  const error e = mariadb::to_error({1062, "23000", "Duplicate entry '1' for key 'PRIMARY'"});
  CHECK(e.code() == errc::conflict);
  CHECK(e.message() == "Duplicate entry '1' for key 'PRIMARY' (SQLSTATE 23000)");
  CHECK(e.cause().system == "mariadb");
  CHECK(e.cause().code == 1062);
  CHECK(mariadb::to_error({2003, "HY000", "x"}).message() == "x");
}

TEST_CASE("what a lost connection means") {
  using mariadb::lost_errc;
  for (const auto kind :
       {statement_kind::reads, statement_kind::writes, statement_kind::ends_transaction}) {
    for (const bool inside : {false, true})
      CHECK(lost_errc(kind, false, inside) == errc::unavailable);
  }
  CHECK(lost_errc(statement_kind::writes, true, false) == errc::outcome_unknown);
  CHECK(lost_errc(statement_kind::writes, true, true) == errc::unavailable);
  CHECK(lost_errc(statement_kind::ends_transaction, true, true) == errc::outcome_unknown);
  CHECK(lost_errc(statement_kind::ends_transaction, true, false) == errc::outcome_unknown);
  CHECK(lost_errc(statement_kind::reads, true, false) == errc::unavailable);
  CHECK(lost_errc(statement_kind::begins, true, false) == errc::unavailable);
  CHECK(lost_errc(statement_kind::selects, true, true) == errc::unavailable);
  CHECK(lost_errc(statement_kind::selects, true, false) == errc::outcome_unknown);
  for (const unsigned n : {2006U, 2013U, 1053U, 1927U, 1153U}) CHECK(mariadb::is_lost(n));
  for (const unsigned n : {0U, 1062U, 1213U, 1317U, 2014U}) CHECK_FALSE(mariadb::is_lost(n));
}

TEST_CASE("an excerpt is short, on one line, and whole characters") {
  CHECK(mariadb::excerpt("SELECT 1") == "\"SELECT 1\"");
  CHECK(mariadb::excerpt("a\nb\tc") == "\"a b c\"");
  CHECK(mariadb::excerpt(std::string(61, 'x')) == "\"" + std::string(60, 'x') + "...\"");
  CHECK(
      mariadb::excerpt(std::string(59, 'x') + "\xC3\xA4") == "\"" + std::string(59, 'x') + "...\""
  );
}
