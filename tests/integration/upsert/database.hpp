// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_UPSERT_DATABASE_HPP
#define SCALEKIT_TESTS_INTEGRATION_UPSERT_DATABASE_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/sql/upsert.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace upsert_test {

/// What the shared tests run on: one of the `*_database.cpp`. Connections see one database.
[[nodiscard]] std::unique_ptr<scalekit::sql::connection> connect();

/// How it spells the types of columns that may be keys.
struct type_names {
  std::string integer, text, decimal, timestamp, blob;
  std::string identity;  ///< a primary key that the database numbers
};
[[nodiscard]] type_names types();

using row = std::vector<scalekit::sql::value>;

inline std::vector<row> all_rows(scalekit::sql::connection& db, std::string_view sql) {
  auto rows = db.query(sql).value();
  std::vector<row> all;
  while (rows->next().value()) all.emplace_back(rows->row().begin(), rows->row().end());
  return all;
}

inline std::int64_t one_int(scalekit::sql::connection& db, std::string_view sql) {
  return all_rows(db, sql).at(0).at(0).view().as_int64();
}

/// A table made anew.
inline void make_table(
    scalekit::sql::connection& db, const std::string& name, const std::string& columns
) {
  db.execute("DROP TABLE IF EXISTS " + name).value();
  db.execute("CREATE TABLE " + name + " (" + columns + ")").value();
}

}  // namespace upsert_test

#endif
