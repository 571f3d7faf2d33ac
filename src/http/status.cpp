// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/http/message.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

constexpr std::array<std::pair<int, std::string_view>, 40> reasons{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

}  // namespace

std::string_view reason(int status) noexcept {
  const auto* at = std::lower_bound(
      reasons.begin(), reasons.end(), status, [](const auto& r, int s) { return r.first < s; }
  );
  return at != reasons.end() && at->first == status ? at->second : "Unknown";
}

int status_of(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument:
      return 400;
    case errc::unauthenticated:
      return 401;
    case errc::not_found:
      return 404;
    case errc::conflict:
    case errc::stale_token:
      return 409;
    case errc::limit_exceeded:
      return 429;
    case errc::not_supported:
      return 501;
    case errc::busy:
    case errc::unavailable:
    case errc::timed_out:
    case errc::cancelled:
      return 503;
    case errc::outcome_unknown:
    case errc::data_corrupted:
    case errc::internal:
      return 500;
  }
  return 500;
}

response problem(int status, std::string_view detail, std::optional<duration> retry_after) {
  boost::json::object body{{"type", "about:blank"}, {"title", reason(status)}, {"status", status}};
  if (!detail.empty()) body["detail"] = detail;
  auto r = response::of(status, "application/problem+json", boost::json::serialize(body));
  if (status == 401) static_cast<void>(r.headers.set("WWW-Authenticate", "Bearer"));
  if (retry_after) {
    const auto wait = resilience::retry_after_seconds(*retry_after);
    static_cast<void>(r.headers.set("Retry-After", wait));
  }
  return r;
}

response problem(const error& e) {
  const int status = status_of(e.code());
  const auto detail = status < 500 ? std::string_view(e.message()) : std::string_view();
  if (status != 429 && status != 503) return problem(status, detail);
  const auto asked = e.retry_after().value_or(std::chrono::milliseconds(0));
  const std::chrono::milliseconds at_least = std::chrono::seconds(1);
  return problem(status, detail, resilience::in_ticks(std::max(asked, at_least)));
}

}  // namespace scalekit::inline v0::http
