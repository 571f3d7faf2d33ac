// SPDX-License-Identifier: BSL-1.0
#include "testing/http_site.hpp"

#include "ports/http_text.hpp"

#include <scalekit/testing/http_conformance.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

namespace scalekit::inline v0::testing {

namespace {

void set(http::fields& f, std::string_view name, std::string_view value) {
  static_cast<void>(f.add(name, value));
}

std::size_t number(std::string_view text) {
  std::size_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

http::response echo(const site_request& r) {
  std::string text = r.method + " " + r.target + "\n";
  for (const auto& f : r.headers) text.append(f.name).append(": ").append(f.value).append("\n");
  return {.body = text + "\n" + r.body};
}

http::response fields_of_all_kinds() {
  http::response r{.body = "fields"};
  set(r.headers, "Set-Cookie", "a=1");
  set(r.headers, "X-MiXeD", "Value");
  set(r.headers, "Set-Cookie", "b=2");
  set(r.headers, "X-Empty", "");
  return r;
}

http::response with_field(int status, std::string_view name, std::string_view value) {
  http::response r{.status = status, .body = "body"};
  set(r.headers, name, value);
  return r;
}

}  // namespace

std::string site_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

std::string_view gzipped() noexcept {
  // "as it came" by gzip -n9
  static constexpr char bytes[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x2c\x56\xc8\x2c\x51\x48\x4e\xcc\x4d\x05\x00"
      "\x5c\x8a\xa6\x2f\x0a\x00\x00\x00";
  return {bytes, sizeof bytes - 1};
}

std::size_t http_site::count(std::string_view key, std::size_t by) {
  const std::lock_guard lock(mutex_);
  return counts_[std::string(key)] += by;
}

site_answer http_site::answer(const site_request& r) {
  const auto [what, rest] = http::cut(std::string_view(r.target).substr(1), '/');
  if (what.starts_with("echo")) return {echo(r)};
  if (what == "count") return {{.body = std::to_string(count(rest, 1))}};
  if (what == "counted") return {{.body = std::to_string(count(rest, 0))}};
  if (what == "status") {
    return {{.status = static_cast<int>(number(rest)), .body = "status " + std::string(rest)}};
  }
  if (what == "fields") return {fields_of_all_kinds()};
  if (what == "sized") return {{.body = site_bytes(number(rest))}};
  if (what == "chunked") return {{.body = site_bytes(number(rest))}, site_framing::chunks};
  if (what == "unsized") return {{.body = site_bytes(number(rest))}, site_framing::to_the_end};
  if (what == "gzip") {
    auto answer = with_field(200, "Content-Encoding", "gzip");
    answer.body = gzipped();
    return {std::move(answer)};
  }
  if (what == "hints") {
    return {
        {.body = "after hints"},
        site_framing::length,
        site_fate::whole,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"};
  }
  if (what == "closing") return {with_field(200, "Connection", "close")};
  if (what == "moved") return {with_field(302, "Location", "/count/" + std::string(rest))};

  struct ending {
    std::string_view path;
    site_framing framing;
    site_fate fate;
  };
  constexpr std::array<ending, 6> endings{{
      {"lost", site_framing::length, site_fate::lost},
      {"cut", site_framing::length, site_fate::cut},
      {"torn", site_framing::chunks, site_fate::cut},
      {"stuck", site_framing::length, site_fate::stuck},
      {"half", site_framing::length, site_fate::half},
      {"endless", site_framing::to_the_end, site_fate::endless},
  }};
  const auto* end = std::ranges::find(endings, what, &ending::path);
  if (end == endings.end()) return {http::response::text(404, "no such path")};
  count(rest, 1);
  return {{.body = "two halves"}, end->framing, end->fate};
}

namespace {

site_request seen_by_server(const http::outgoing_request& r) {
  site_request seen{r.method, r.to.target(), {}, r.body};
  set(seen.headers, "Host", r.to.authority());
  for (const auto& f : r.headers) set(seen.headers, f.name, f.value);
  if (!r.body.empty() || r.method == "POST" || r.method == "PUT" || r.method == "PATCH") {
    set(seen.headers, "Content-Length", std::to_string(r.body.size()));
  }
  return seen;
}

fake_answer fake_site_answer(http_site& site, const http::outgoing_request& r) {
  if (r.to.host() == "refusing.test") return error(errc::unavailable, "connection refused");
  if (r.to.host() != "site.test") return {error(errc::timed_out, "in time"), duration::max()};
  site_answer made = site.answer(seen_by_server(r));
  switch (made.fate) {
    case site_fate::whole:
      break;
    case site_fate::lost:
    case site_fate::cut:
      return error(errc::outcome_unknown, "the connection broke");
    case site_fate::stuck:
    case site_fate::half:
    case site_fate::endless:
      return {http::response(), duration::max()};
  }
  const std::string length = std::to_string(made.answer.body.size());
  if (r.method == "HEAD") set(made.answer.headers, "Content-Length", length);
  return std::move(made.answer);
}

}  // namespace

fake_transport::answer_fn fake_http_site() {
  return [site = std::make_shared<http_site>()](const http::outgoing_request& r) {
    return fake_site_answer(*site, r);
  };
}

http_places fake_http_places() {
  return {
      .site = "http://site.test",
      .refusing = "http://refusing.test",
      .hanging = "http://hanging.test",
      .silent = "https://silent.test",
      .deaf = "http://deaf.test"};
}

}  // namespace scalekit::inline v0::testing
