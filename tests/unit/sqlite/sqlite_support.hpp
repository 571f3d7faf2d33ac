// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_SQLITE_SQLITE_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_SQLITE_SQLITE_SUPPORT_HPP

#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sqlite_test {

using scalekit_tests::temp_folder;
using connection_ptr = std::unique_ptr<scalekit::sqlite::connection>;

inline connection_ptr memory(scalekit::sqlite::connection_options options = {}) {
  return scalekit::sqlite::connection::open(":memory:", std::move(options)).value();
}

/// Never waits for a lock.
inline connection_ptr open_file(const std::string& path) {
  return scalekit::sqlite::connection::open(path, {.busy_timeout = std::chrono::milliseconds(0)})
      .value();
}

/// The first value of the first row.
inline scalekit::sql::value first(
    scalekit::sql::connection& db, std::string_view sql, scalekit::sql::parameters params = {}
) {
  auto rows = db.query(sql, params).value();
  REQUIRE(rows->next().value());
  return rows->row()[0];
}

inline std::int64_t first_int(
    scalekit::sql::connection& db, std::string_view sql, scalekit::sql::parameters params = {}
) {
  return first(db, sql, params).view().as_int64();
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace sqlite_test

#endif
