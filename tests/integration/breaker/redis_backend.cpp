// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"
#include "servers.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/resilience/redis_breaker_store.hpp>

using namespace scalekit;
using namespace scalekit_tests;

breaker_test::backend& breaker_test::the_backend() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static redis_server server;
  static backend b = on_server(server, [](const redis_server& s) {
    const std::shared_ptr<redis::client> client = redis::client::open({.port = s.port()}).value();
    return keep(client, std::make_unique<resilience::redis_breaker_store>(*client));
  });
  return b;
}
