// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_RAW_SERVER_HPP
#define SCALEKIT_TESTS_HTTP_RAW_SERVER_HPP

#include <scalekit/testing/loopback_server.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::test {

/// A loopback server that is there, or the test fails.
class raw_server {
 public:
  using peer = testing::loopback_server::peer;
  using handler = testing::loopback_server::handler;
  explicit raw_server(handler h, int receive_buffer = 0)
      : server_(testing::loopback_server::start(std::move(h), receive_buffer).value()) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }
  [[nodiscard]] int connections() const { return server_->connections(); }
  [[nodiscard]] std::string url(std::string_view path = "/") const { return server_->url(path); }

 private:
  std::unique_ptr<testing::loopback_server> server_;
};

}  // namespace scalekit::test

#endif
