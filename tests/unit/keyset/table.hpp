// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_KEYSET_TABLE_HPP
#define SCALEKIT_TESTS_KEYSET_TABLE_HPP

/// \file
/// A database in memory, filled with the model's rows.

#include "model.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keyset_test {

inline std::unique_ptr<sql::connection> open_memory(std::string_view script = {}) {
  auto db = scalekit::sqlite::connection::open(":memory:");
  REQUIRE(db);
  if (!script.empty()) {
    auto done = (*db)->execute_script(script);
    REQUIRE_MESSAGE(done, (done ? std::string() : done.error().describe()));
  }
  return std::move(*db);
}

inline void insert(
    sql::connection& db, std::string_view table, const std::vector<model_row>& rows
) {
  const std::string text =
      "INSERT INTO " + std::string(table) + "(id, a, b, c) VALUES (?1,?2,?3,?4)";
  for (const model_row& r : rows) REQUIRE(db.execute(text, {r.id, r.c[0], r.c[1], r.c[2]}));
}

}  // namespace keyset_test

#endif
