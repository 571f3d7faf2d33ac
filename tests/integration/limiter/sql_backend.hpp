// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_LIMITER_SQL_BACKEND_HPP
#define SCALEKIT_TESTS_INTEGRATION_LIMITER_SQL_BACKEND_HPP

#include "backend.hpp"

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/sql_limiter_store.hpp>

#include <memory>
#include <string>
#include <utility>

namespace limiter_test {

/// Over a pool that holds one connection, or several.
class sql_backend final : public backend {
 public:
  explicit sql_backend(std::unique_ptr<scalekit::sql::pool> pool)
      : pool_(std::move(pool)),
        store_(scalekit::resilience::sql_limiter_store::open(*pool_).value()) {}

  scalekit::resilience::limiter_store& store() override { return *store_; }
  void pass(std::chrono::microseconds time) override {
    const std::string us = std::to_string(time.count());
    run("UPDATE scalekit_limiter SET full_us = full_us - " + us + ", paused_us = paused_us - " +
        us + ", at_us = at_us - " + us);
  }
  void forget() override { run("DELETE FROM scalekit_limiter"); }
  std::uint64_t round_trips() override {
    return pool_->acquire(scalekit::sql::access::write).value()->stats().statements;
  }
  std::uint64_t round_trips_of_take() override {
    const auto d = pool_->acquire(scalekit::sql::access::read).value()->dialect();
    if (d == scalekit::sql::dialect::sqlite) return 0;
    return d == scalekit::sql::dialect::mysql ? 2 : 1;
  }
  scalekit::resilience::sql_limiter_store& sql_store() { return *store_; }
  std::int64_t count() {
    auto db = pool_->acquire(scalekit::sql::access::write).value();
    auto rows = db->query("SELECT count(*) FROM scalekit_limiter").value();
    return rows->next().value() ? rows->row()[0].as_int64() : -1;
  }

 private:
  void run(const std::string& sql) {
    static_cast<void>(pool_->acquire(scalekit::sql::access::write).value()->execute(sql).value());
  }

  std::unique_ptr<scalekit::sql::pool> pool_;
  std::unique_ptr<scalekit::resilience::sql_limiter_store> store_;
};

/// A pool of connections to the program's database.
[[nodiscard]] std::unique_ptr<scalekit::sql::pool> open_pool();

}  // namespace limiter_test

#endif
