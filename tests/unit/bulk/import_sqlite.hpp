// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_BULK_IMPORT_SQLITE_HPP
#define SCALEKIT_TESTS_UNIT_BULK_IMPORT_SQLITE_HPP

#include "import_fixture.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

#include <memory>
#include <string>
#include <utility>

namespace scalekit_tests {

/// A database in a temporary file with an empty table of payments.
class payment_database {
 public:
  payment_database() : path_(folder_ / "payments.db") {
    pool_ = open(path_);
    write()->execute_script(payment_table(sk::sql::dialect::sqlite)).value();
  }
  [[nodiscard]] static std::unique_ptr<sk::sqlite::pool> open(const std::string& path) {
    sk::sqlite::pool_options options;
    options.connection.sync = sk::sqlite::synchronous::off;
    return std::move(sk::sqlite::pool::open(path, options)).value();
  }
  [[nodiscard]] sk::sqlite::pool& pool() { return *pool_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sk::sql::pooled_connection write() {
    return std::move(pool_->acquire(sk::sql::access::write)).value();
  }
  [[nodiscard]] std::string table() { return dump(*write()); }

 private:
  temp_folder folder_;
  std::string path_;
  std::unique_ptr<sk::sqlite::pool> pool_;
};

}  // namespace scalekit_tests

#endif
