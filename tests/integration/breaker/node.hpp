// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_BREAKER_NODE_HPP
#define SCALEKIT_TESTS_INTEGRATION_BREAKER_NODE_HPP

#include "backend.hpp"

#include <scalekit/resilience/cluster_breaker.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace breaker_test {

[[nodiscard]] inline scalekit::steady_time now() { return scalekit::clock::system().steady_now(); }

/// A node of a cluster, with a store of its own.
struct node {
  node(const std::string& key, const std::string& name)
      : store(the_backend().open()),
        own(scalekit::resilience::circuit_breaker::make(
                {.minimum_calls = 2,
                 .open_for = std::chrono::milliseconds(300),
                 .probes = 1,
                 .probe_timeout = std::chrono::seconds(1),
                 .ramp = scalekit::duration::zero()}
        ).value()),
        shared(scalekit::resilience::cluster_breaker::make(
                   own,
                   *store,
                   {.key = key,
                    .node = name,
                    .refresh = std::chrono::milliseconds(20),
                    .vote_ttl = std::chrono::seconds(2),
                    .lost_for = std::chrono::milliseconds(200),
                    .probes = 1}
        ).value()) {}
  bool call(scalekit::resilience::outcome_kind kind) {
    const auto a = shared->before(now());
    if (a) shared->after(a.permit, kind, now());
    return a.admitted;
  }
  [[nodiscard]] scalekit::resilience::breaker_state state() const { return own.state(now()); }
  std::unique_ptr<scalekit::resilience::breaker_store> store;
  scalekit::resilience::circuit_breaker own;
  std::unique_ptr<scalekit::resilience::cluster_breaker> shared;
};

}  // namespace breaker_test

#endif
