// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "store_suite.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/resilience/redis_breaker_store.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

// A store over a client that it keeps.
class store_with_client final : public resilience::breaker_store {
 public:
  explicit store_with_client(int port)
      : client_(redis::client::open({.port = port}).value()), store_(*client_) {}
  result<resilience::breaker_poll> exchange(const resilience::breaker_report& r) override {
    return store_.exchange(r);
  }
  result<resilience::probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override {
    return store_.lease_probe(key, holder, most, ttl);
  }
  result<void> return_probe(std::string_view key, std::string_view holder) override {
    return store_.return_probe(key, holder);
  }

 private:
  std::unique_ptr<redis::client> client_;
  resilience::redis_breaker_store store_;
};

class one_server final : public breaker_server {
 public:
  one_server() {
    stop = [this] { server_.stop(); };
    start = [this] { server_.start(); };
  }
  std::unique_ptr<resilience::breaker_store> open() override {
    return std::make_unique<store_with_client>(server_.port());
  }

 private:
  redis_server server_;
};

breaker_server& the_server() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static one_server instance;
  return instance;
}

}  // namespace

TEST_CASE("votes are counted, and void after a recovery") { test_votes(the_server()); }
TEST_CASE("whoever says nothing is forgotten") { test_expiry(the_server()); }
TEST_CASE("probes are leased, a bounded number of them") { test_probe_leases(the_server()); }
TEST_CASE("nodes that ask at once get no lease too many") { test_concurrent_leases(the_server()); }
TEST_CASE("nodes open and close together") { test_cluster(the_server()); }
TEST_CASE("a lost server leaves a node to itself, and it comes back") {
  test_lost_store(the_server());
}
