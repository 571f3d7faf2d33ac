// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/http.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace scalekit::inline v0::http {

bool is_repeatable(const outgoing_request& r) noexcept {
  constexpr std::array<std::string_view, 6> idempotent{
      "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  if (r.repeat != repeatable::by_method) return r.repeat == repeatable::yes;
  return std::ranges::find(idempotent, r.method) != idempotent.end() ||
         r.headers.contains("Idempotency-Key");
}

transport::~transport() = default;

}  // namespace scalekit::inline v0::http
