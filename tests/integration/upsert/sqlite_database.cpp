// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

namespace upsert_test {

std::unique_ptr<scalekit::sql::connection> connect() {
  static const scalekit_tests::temp_folder folder;
  return scalekit::sqlite::connection::open(
             folder / "upsert.db", {.sync = scalekit::sqlite::synchronous::off}
  )
      .value();
}

type_names types() {
  return {"INTEGER", "TEXT", "TEXT", "INTEGER", "BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT"};
}

}  // namespace upsert_test
