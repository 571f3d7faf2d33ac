// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_BREAKER_STORE_SUITE_HPP
#define SCALEKIT_TESTS_INTEGRATION_BREAKER_STORE_SUITE_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/breaker_store.hpp>

#include <functional>
#include <memory>

namespace scalekit_tests {

/// One node's way to the server: a connection or a pool of its own, and the store over it.
class breaker_server {
 public:
  virtual ~breaker_server() = default;
  [[nodiscard]] virtual std::unique_ptr<scalekit::resilience::breaker_store> open() = 0;
  /// The server is gone, and back; null where it cannot go.
  std::function<void()> stop = {}, start = {};
};

/// The store's own rules, and what a cluster of nodes makes of them.
void test_votes(breaker_server& server);
void test_expiry(breaker_server& server);
void test_probe_leases(breaker_server& server);
void test_concurrent_leases(breaker_server& server);
void test_cluster(breaker_server& server);
void test_lost_store(breaker_server& server);

/// A store over a pool that it keeps.
[[nodiscard]] std::unique_ptr<scalekit::resilience::breaker_store> over_pool(
    std::unique_ptr<scalekit::sql::pool> pool
);

}  // namespace scalekit_tests

#endif
