// SPDX-License-Identifier: BSL-1.0
#include "store_suite.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

class one_file final : public breaker_server {
 public:
  std::unique_ptr<resilience::breaker_store> open() override {
    return over_pool(sqlite::pool::open(folder_ / "votes.db").value());
  }

 private:
  temp_folder folder_;
};

breaker_server& the_server() {
  static one_file instance;
  return instance;
}

}  // namespace

TEST_CASE("votes are counted, and void after a recovery") { test_votes(the_server()); }
TEST_CASE("whoever says nothing is forgotten") { test_expiry(the_server()); }
TEST_CASE("probes are leased, a bounded number of them") { test_probe_leases(the_server()); }
TEST_CASE("nodes that ask at once get no lease too many") { test_concurrent_leases(the_server()); }
TEST_CASE("nodes open and close together") { test_cluster(the_server()); }
