// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_BREAKER_BACKEND_HPP
#define SCALEKIT_TESTS_INTEGRATION_BREAKER_BACKEND_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/breaker_store.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace breaker_test {

/// What the shared tests run on.
struct backend {
  /// One node's way to the server: a connection or a pool of its own, and the store over it.
  std::function<std::unique_ptr<scalekit::resilience::breaker_store>()> open;
  /// The server is gone, and back; null where it cannot go.
  std::function<void()> stop = {}, start = {};
  /// Connections alone, where they are a database's.
  std::function<std::shared_ptr<scalekit::sql::pool>()> pool = {};
};

/// The program's, one of the `*_backend.cpp`; its server has been started.
[[nodiscard]] backend& the_backend();

/// A store together with the connections that it borrows.
[[nodiscard]] std::unique_ptr<scalekit::resilience::breaker_store> keep(
    std::shared_ptr<void> connections, std::unique_ptr<scalekit::resilience::breaker_store> store
);
[[nodiscard]] std::unique_ptr<scalekit::resilience::breaker_store> over_pool(
    std::shared_ptr<scalekit::sql::pool> pool
);

/// The backend that a server is; `open` gives a store over it.
template <class Server, class Open>
[[nodiscard]] backend on_server(Server& server, Open open) {
  return {
      .open = [&server, open = std::move(open)] { return open(server); },
      .stop = [&server] { server.stop(); },
      .start = [&server] { server.start(); }};
}

/// The same where `open` gives a pool.
template <class Server, class Open>
[[nodiscard]] backend on_database(Server& server, Open open) {
  backend b = on_server(server, [open](const Server& s) { return over_pool(open(s)); });
  b.pool = [&server, open = std::move(open)] { return open(server); };
  return b;
}

}  // namespace breaker_test

#endif
