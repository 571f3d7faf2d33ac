// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_LIMITER_BACKEND_HPP
#define SCALEKIT_TESTS_INTEGRATION_LIMITER_BACKEND_HPP

#include <scalekit/resilience/limiter_store.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace limiter_test {

/// What the shared tests run on: one of the `*_backend.cpp`.
class backend {
 public:
  backend() = default;
  backend(const backend&) = delete;
  backend& operator=(const backend&) = delete;
  virtual ~backend() = default;

  [[nodiscard]] virtual scalekit::resilience::limiter_store& store() = 0;
  /// As if so much time had passed: moves what is stored into the past, or the clock.
  virtual void pass(std::chrono::microseconds time) = 0;
  /// As a server does that loses its data.
  virtual void forget() = 0;
  /// Statements, commands or calls so far.
  [[nodiscard]] virtual std::uint64_t round_trips() = 0;
  /// How many of them a take is; 0: no network lies between, and they do not count.
  [[nodiscard]] virtual std::uint64_t round_trips_of_take() { return 0; }
  /// Stores something under a name that is no limiter's state; false if nothing can be.
  virtual bool spoil(std::string_view) { return false; }
};

/// A store of its own, with connections of its own, over the one server of the program.
[[nodiscard]] std::unique_ptr<backend> open_backend();

/// Starts the server, before a test forks; nothing where there is none.
void start_server();

}  // namespace limiter_test

#endif
