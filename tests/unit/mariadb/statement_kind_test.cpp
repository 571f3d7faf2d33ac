// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/statement_kind.hpp"

#include <doctest/doctest.h>

using scalekit::mariadb::kind_of;
using kind = scalekit::mariadb::statement_kind;

TEST_CASE("the first word tells what a statement does") {
  for (const auto* sql :
       {"SELECT 1", "select(1)", "(SELECT 1) UNION (SELECT 2)", "VALUES (1)", "TABLE t"}) {
    CAPTURE(sql);
    CHECK(kind_of(sql) == kind::selects);
  }
  for (const auto* sql : {"show tables", "Explain SELECT 1", "DESC t", "describe t"}) {
    CAPTURE(sql);
    CHECK(kind_of(sql) == kind::reads);
  }
  for (const auto* sql :
       {"INSERT INTO t VALUES (1)",
        "update t set v=1",
        "DELETE FROM t",
        "REPLACE t VALUES (1)",
        "WITH c AS (SELECT 1) SELECT * FROM c",
        "SAVEPOINT s",
        "RELEASE SAVEPOINT s",
        "ROLLBACK",
        "LOAD DATA ..."}) {
    CAPTURE(sql);
    CHECK(kind_of(sql) == kind::writes);
  }
  for (const auto* sql :
       {"COMMIT",
        "CREATE TABLE t (v INT)",
        "DROP TABLE t",
        "CALL p()",
        "SET autocommit = 1",
        "BEGIN",
        "SELECTED",
        "INSERTS",
        "?",
        "1",
        "'x'"}) {
    CAPTURE(sql);
    CHECK(kind_of(sql) == kind::ends_transaction);
  }
}

TEST_CASE("blank space and comments say nothing") {
  for (const auto* sql :
       {"",
        " \t\r\n\f\v",
        "-- a",
        "--",
        "#",
        "# a\n  # b",
        "/* a */",
        "/**/ ",
        "/* not closed",
        "-- a\n/* b */ # c"}) {
    CAPTURE(sql);
    CHECK(kind_of(sql) == kind::empty);
  }
  CHECK(kind_of("/* UPDATE */ SELECT 1") == kind::selects);
  CHECK(kind_of("-- UPDATE\n# x\n SELECT 1") == kind::selects);
  CHECK(kind_of("( /* a */ ( -- b\n SELECT 1") == kind::selects);
}

TEST_CASE("what the server executes although it looks like a comment is not known") {
  CHECK(kind_of("/*! DROP TABLE t */") == kind::ends_transaction);
  CHECK(kind_of("/*M! SELECT 1 */") == kind::ends_transaction);
  CHECK(kind_of("/*!50000 SELECT */ 1") == kind::ends_transaction);
  CHECK(kind_of("--1") == kind::ends_transaction);
}
