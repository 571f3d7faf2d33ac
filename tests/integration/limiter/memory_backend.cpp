// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"

#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/testing/manual_clock.hpp>

namespace limiter_test {

namespace {

class memory_backend final : public backend {
 public:
  scalekit::resilience::limiter_store& store() override { return store_; }
  void pass(std::chrono::microseconds time) override { clock_.advance(time); }
  void forget() override { store_.clear(); }
  std::uint64_t round_trips() override { return 0; }

 private:
  scalekit::testing::manual_clock clock_;
  scalekit::resilience::memory_limiter_store store_{clock_};
};

}  // namespace

std::unique_ptr<backend> open_backend() { return std::make_unique<memory_backend>(); }
void start_server() {}

}  // namespace limiter_test
