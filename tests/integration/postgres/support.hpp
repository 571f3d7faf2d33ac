// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_POSTGRES_SUPPORT_HPP
#define SCALEKIT_TESTS_INTEGRATION_POSTGRES_SUPPORT_HPP

#include "servers.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/adapters/postgres/error.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postgres_test {

namespace sql = scalekit::sql;
namespace postgres = scalekit::postgres;
using scalekit::errc;
using scalekit::result;
using row = std::vector<sql::value>;

/// One server for the whole program.
inline scalekit_tests::postgres_server& server() {
  using scalekit_tests::postgres_server;
  scalekit_tests::skip_unless(postgres_server::is_installed(), "PostgreSQL");
  static postgres_server one({"deadlock_timeout=50ms"});
  return one;
}

inline std::unique_ptr<postgres::connection> open(postgres::connection_options options = {}) {
  if (options.conninfo.empty()) options.conninfo = server().conninfo();
  return postgres::connection::open(std::move(options)).value();
}

inline std::vector<row> all(sql::connection& db, std::string_view text, sql::parameters p = {}) {
  auto rows = db.query(text, p).value();
  std::vector<row> out;
  while (rows->next().value()) out.emplace_back(rows->row().begin(), rows->row().end());
  return out;
}

inline sql::value one(sql::connection& db, std::string_view text, sql::parameters p = {}) {
  auto rows = all(db, text, p);
  REQUIRE(rows.size() == 1);
  REQUIRE(rows[0].size() == 1);
  return rows[0][0];
}

inline std::int64_t number(sql::connection& db, std::string_view text, sql::parameters p = {}) {
  const sql::value v = one(db, text, p);
  REQUIRE(v.kind() == sql::value_kind::int64);
  return v.view().as_int64();
}

/// A table of its own for one test, `t` in a temporary schema of the session.
inline void temp_table(sql::connection& db, const std::string& columns) {
  db.execute("CREATE TEMPORARY TABLE t (" + columns + ")").value();
}

}  // namespace postgres_test

#endif
