// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_FAULTY_POOL_HPP
#define SCALEKIT_TESTS_SUPPORT_FAULTY_POOL_HPP

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/testing/fault_injection.hpp>

#include <memory>
#include <string>

namespace scalekit_tests {

/// Lends one connection that fails when told to.
class faulty_pool final : public scalekit::sql::pool {
 public:
  explicit faulty_pool(const std::string& path)
      : real_(scalekit::sqlite::connection::open(path, {.sync = scalekit::sqlite::synchronous::off})
                  .value()),
        faulty(*real_) {}
  scalekit::result<scalekit::sql::pooled_connection> acquire(scalekit::sql::access kind) override {
    return scalekit::sql::pooled_connection(*this, &faulty, kind);
  }

 private:
  void give_back(scalekit::sql::connection* c, scalekit::sql::access) noexcept override {
    static_cast<void>(c->rollback());
  }
  std::unique_ptr<scalekit::sql::connection> real_;

 public:
  scalekit::testing::faulty_connection faulty;
};

/// Time passes only by waiting.
class waiting_clock final : public scalekit::clock, public scalekit::sleeper {
 public:
  [[nodiscard]] scalekit::steady_time steady_now() const noexcept override {
    return scalekit::steady_time(now_);
  }
  [[nodiscard]] scalekit::system_time system_now() const noexcept override {
    return scalekit::system_time();
  }
  void sleep_for(scalekit::duration wait) override {
    now_ += wait;
    ++waits;
  }
  int waits = 0;

 private:
  scalekit::duration now_{};
};

}  // namespace scalekit_tests

#endif
