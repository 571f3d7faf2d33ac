// SPDX-License-Identifier: BSL-1.0
#include "sql_backend.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

namespace limiter_test {

std::unique_ptr<scalekit::sql::pool> open_pool() {
  static const scalekit_tests::temp_folder folder;
  scalekit::sqlite::pool_options options;
  options.connection.sync = scalekit::sqlite::synchronous::off;
  return scalekit::sqlite::pool::open(folder / "limits.db", options).value();
}

std::unique_ptr<backend> open_backend() { return std::make_unique<sql_backend>(open_pool()); }
void start_server() { open_backend()->forget(); }

}  // namespace limiter_test
