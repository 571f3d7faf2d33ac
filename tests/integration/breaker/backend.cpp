// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"

#include <scalekit/resilience/sql_breaker_store.hpp>

namespace breaker_test {

using namespace scalekit;
using namespace scalekit::resilience;

namespace {

class owning_store final : public breaker_store {
 public:
  owning_store(std::shared_ptr<void> connections, std::unique_ptr<breaker_store> store)
      : connections_(std::move(connections)), store_(std::move(store)) {}
  result<breaker_poll> exchange(const breaker_report& r) override { return store_->exchange(r); }
  result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override {
    return store_->lease_probe(key, holder, most, ttl);
  }
  result<void> return_probe(std::string_view key, std::string_view holder) override {
    return store_->return_probe(key, holder);
  }

 private:
  std::shared_ptr<void> connections_;
  std::unique_ptr<breaker_store> store_;
};

}  // namespace

std::unique_ptr<breaker_store> keep(
    std::shared_ptr<void> connections, std::unique_ptr<breaker_store> store
) {
  return std::make_unique<owning_store>(std::move(connections), std::move(store));
}

std::unique_ptr<breaker_store> over_pool(std::shared_ptr<sql::pool> pool) {
  auto store = sql_breaker_store::open(*pool).value();
  return keep(std::move(pool), std::move(store));
}

}  // namespace breaker_test
