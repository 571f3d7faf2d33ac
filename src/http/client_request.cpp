// SPDX-License-Identifier: BSL-1.0
#include "http/client_request.hpp"

#include "ports/http_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace scalekit::inline v0::http {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t year_ms = 365 * 24 * hour_ms;

error refuse(const std::string& why) { return {errc::invalid_argument, "http client: " + why}; }

struct bounds {
  std::string_view option;
  std::int64_t value, least, most;
};

template <class List>
result<void> check_bounds(const List& all) {
  for (const bounds& b : all) {
    if (b.value >= b.least && b.value <= b.most) continue;
    return refuse(
        std::string(b.option) + " is " + std::to_string(b.value) +
        "; allowed: " + std::to_string(b.least) + " to " + std::to_string(b.most)
    );
  }
  return {};
}

std::int64_t small(std::size_t n) noexcept {
  return static_cast<std::int64_t>(std::min<std::size_t>(n, 1U << 30U));
}

bool is_any_of(std::string_view name, std::span<const std::string_view> list) noexcept {
  return std::ranges::any_of(list, [&](std::string_view one) {
    return equal_ignoring_case(name, one);
  });
}

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

result<void> check_options(const client_options& o) {
  if (o.tls.cert_file.empty() != o.tls.key_file.empty()) {
    return refuse("tls.cert_file and tls.key_file: give both or neither");
  }
  fields probe;
  if (!o.user_agent.empty() && !probe.set("User-Agent", o.user_agent)) {
    return refuse("user_agent is no value of a field");
  }
  const auto& t = o.timeouts;
  const auto& p = o.pool;
  return check_bounds(std::array{
      bounds{"timeouts.acquire (ms)", t.acquire.count(), 1, hour_ms},
      bounds{"timeouts.resolve (ms)", t.resolve.count(), 1, hour_ms},
      bounds{"timeouts.connect (ms)", t.connect.count(), 1, hour_ms},
      bounds{"timeouts.handshake (ms)", t.handshake.count(), 1, hour_ms},
      bounds{"timeouts.write (ms)", t.write.count(), 1, hour_ms},
      bounds{"timeouts.first_byte (ms)", t.first_byte.count(), 1, hour_ms},
      bounds{"timeouts.read (ms)", t.read.count(), 1, hour_ms},
      bounds{"pool.max_per_origin", small(p.max_per_origin), 1, 10'000},
      bounds{"pool.max_connections", small(p.max_connections), 1, 100'000},
      bounds{"pool.max_idle_per_origin", small(p.max_idle_per_origin), 0, 10'000},
      bounds{"pool.idle_timeout (ms)", p.idle_timeout.count(), 0, year_ms},
      bounds{"pool.max_lifetime (ms)", p.max_lifetime.count(), 0, year_ms},
      bounds{"max_redirects", o.max_redirects, 0, 20},
      bounds{"max_header_bytes", small(o.max_header_bytes), 1024, 16 * 1024 * 1024}});
}

std::string request_head(
    const outgoing_request& r, const url& to, const fields& headers, std::string_view user_agent
) {
  std::string out;
  out.reserve(256);
  out.append(r.method).append(" ").append(to.target()).append(" HTTP/1.1\r\nHost: ");
  out.append(to.authority()).append("\r\n");
  if (!user_agent.empty() && !headers.contains("User-Agent")) {
    out.append("User-Agent: ").append(user_agent).append("\r\n");
  }
  for (const field& f : headers) out.append(f.name).append(": ").append(f.value).append("\r\n");
  // A method that gives a body its meaning says how long it is even if it is empty (RFC 9110
  // section 8.6).
  constexpr std::array<std::string_view, 3> with_body{"POST", "PUT", "PATCH"};
  if (!r.body.empty() || std::ranges::find(with_body, r.method) != with_body.end()) {
    out.append("Content-Length: ").append(std::to_string(r.body.size())).append("\r\n");
  }
  return out.append("\r\n");
}

std::optional<url> next_hop(
    const outgoing_request& r, const url& from, const response& answer, redirects policy
) {
  const bool harmless = (r.method == "GET" || r.method == "HEAD") && r.body.empty();
  if (policy == redirects::none || !harmless || !is_redirect(answer.status)) return std::nullopt;
  if (answer.headers.count("Location") != 1) return std::nullopt;
  auto to = from.resolve(*answer.headers.find("Location"));
  if (!to) return std::nullopt;
  if (policy == redirects::same_origin && !to->same_origin(from)) return std::nullopt;
  if (from.scheme() == scheme::https && to->scheme() == scheme::http) return std::nullopt;
  return *std::move(to);
}

fields fields_for_strangers(const fields& headers) {
  constexpr std::array<std::string_view, 3> harmless{"Accept", "Accept-Language", "User-Agent"};
  fields out;
  for (const field& f : headers) {
    if (is_any_of(f.name, harmless)) static_cast<void>(out.add(f.name, f.value));
  }
  return out;
}

}  // namespace scalekit::inline v0::http
