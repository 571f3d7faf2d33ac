// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_CLIENT_FIXTURE_HPP
#define SCALEKIT_TESTS_HTTP_CLIENT_FIXTURE_HPP

#include "raw_server.hpp"

#include <scalekit/http/client.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::test {

inline std::unique_ptr<http::client> open_client(http::client_options o = {}) {
  auto made = http::client::open(std::move(o));
  REQUIRE(made.has_value());
  return *std::move(made);
}

inline http::outgoing_request request_to(std::string_view url, std::string_view method = "GET") {
  auto to = http::url::parse(url);
  REQUIRE(to.has_value());
  return {.method = std::string(method), .to = *std::move(to)};
}

inline result<http::response> fetch(
    http::client& c, std::string_view url, std::string_view method = "GET"
) {
  return c.send(request_to(url, method));
}

/// Whole, or what was wrong.
inline std::string body_of(const result<http::response>& r) {
  return r ? r->body : r.error().describe();
}

inline errc code_of(const result<http::response>& r) {
  REQUIRE_FALSE(r.has_value());
  return r.error().code();
}

inline bool says(const result<http::response>& r, std::string_view part) {
  const bool found = !r && r.error().message().find(part) != std::string::npos;
  if (!found) MESSAGE(body_of(r));
  return found;
}

/// Answers every request of every connection with this text.
inline raw_server::handler always(std::string text) {
  return [text = std::move(text)](raw_server::peer& p) {
    while (!p.request().empty() && p.send(text)) {
    }
  };
}

/// Answers one request with this text and closes.
inline raw_server::handler once(std::string text) {
  return [text = std::move(text)](raw_server::peer& p) {
    if (!p.request().empty()) p.send(text);
  };
}

}  // namespace scalekit::test

#endif
