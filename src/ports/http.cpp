// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/ports/http.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

namespace {

/// Of one connection, or of the framing: the transport's business alone (RFC 9110 section 7.6.1).
constexpr std::array<std::string_view, 12> own_fields{
    "Connection",
    "Content-Length",
    "Expect",
    "Host",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings"};

error refuse(const std::string& why) { return {errc::invalid_argument, "http request: " + why}; }

}  // namespace

bool is_repeatable(const outgoing_request& r) noexcept {
  constexpr std::array<std::string_view, 6> idempotent{
      "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  if (r.repeat != repeatable::by_method) return r.repeat == repeatable::yes;
  return std::ranges::find(idempotent, r.method) != idempotent.end() ||
         r.headers.contains("Idempotency-Key");
}

result<void> check_request(const outgoing_request& r) {
  if (r.method.empty() || !std::ranges::all_of(r.method, is_token_char)) {
    return refuse("the method is not a token");
  }
  if (r.method == "CONNECT") return error(errc::not_supported, "http request: no CONNECT");
  if (r.to.empty()) return refuse("it has no URL");
  for (const field& f : r.headers) {
    const auto same = [&](std::string_view own) { return equal_ignoring_case(f.name, own); };
    if (std::ranges::any_of(own_fields, same)) {
      return refuse("the field " + f.name + " is the transport's own business; leave it out");
    }
  }
  if (r.timeout < shortest_timeout || r.timeout > longest_timeout) {
    return refuse(
        "timeout is " + std::to_string(r.timeout.count()) + " ms; allowed: 1 to 3600000"
    );
  }
  return {};
}

transport::~transport() = default;

}  // namespace scalekit::inline v0::http
