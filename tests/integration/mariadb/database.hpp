// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_MARIADB_DATABASE_HPP
#define SCALEKIT_TESTS_INTEGRATION_MARIADB_DATABASE_HPP

#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mariadb_test {

using namespace scalekit;

/// For what one of the two has alone.
inline bool on_mysql() { return scalekit_tests::mariadb_server::is_mysql(); }

/// One for the whole program.
inline scalekit_tests::mariadb_server& server() {
  scalekit_tests::skip_unless(scalekit_tests::mariadb_server::is_installed(), "mariadbd");
  static scalekit_tests::mariadb_server one;
  return one;
}

inline mariadb::connection_options options() {
  mariadb::connection_options o;
  o.port = server().port();
  o.user = scalekit_tests::server_user;
  o.password = scalekit_tests::server_password;
  o.database = scalekit_tests::server_database;
  o.lock_wait_timeout = std::chrono::seconds(1);
  return o;
}

inline std::unique_ptr<mariadb::connection> connect(
    const mariadb::connection_options& o = options()
) {
  return mariadb::connection::open(o).value();
}

/// The table `t` made anew.
inline std::unique_ptr<mariadb::connection> with_table(
    std::string_view columns, const mariadb::connection_options& o = options()
) {
  auto db = connect(o);
  db->execute("DROP TABLE IF EXISTS t").value();
  db->execute("CREATE TABLE t (" + std::string(columns) + ")").value();
  return db;
}

inline std::vector<sql::value> one_row(
    sql::connection& db, std::string_view sql, sql::parameters params = {}
) {
  auto rows = db.query(sql, params).value();
  REQUIRE(rows->next().value());
  return {rows->row().begin(), rows->row().end()};
}

inline sql::value one(sql::connection& db, std::string_view sql, sql::parameters params = {}) {
  return one_row(db, sql, params).at(0);
}

inline std::int64_t number(sql::connection& db, std::string_view sql) {
  const sql::value v = one(db, sql);
  REQUIRE((v.kind() == sql::value_kind::int64 || v.kind() == sql::value_kind::uint64));
  return v.view().as_int64();
}

inline std::int64_t status(sql::connection& db, const std::string& name) {
  const auto row = one_row(db, "SHOW SESSION STATUS LIKE '" + name + "'");
  return std::stoll(std::string(row.at(1).view().as_text()));
}

}  // namespace mariadb_test

#endif
