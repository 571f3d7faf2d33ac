// SPDX-License-Identifier: BSL-1.0
#include "testing/http_conformance_support.hpp"
#include "testing/http_site.hpp"

#include <stop_token>
#include <vector>

namespace scalekit::inline v0::testing {

namespace {

/// What `/echo` says, taken apart.
struct echoed {
  std::string line;
  http::fields headers;
  std::string body;
};

result<echoed> echo(const site_visit& site, const http::outgoing_request& r) {
  auto answer = site.send(r);
  if (!answer) return answer.error();
  const std::string& text = answer->body;
  const auto end = text.find("\n\n");
  if (end == std::string::npos) return error(errc::data_corrupted, "no echo: " + text);
  echoed out{{}, {}, text.substr(end + 2)};
  std::size_t at = text.find('\n');
  out.line = text.substr(0, at);
  while (at < end) {
    const auto next = text.find('\n', at + 1);
    const std::string line = text.substr(at + 1, next - at - 1);
    const auto colon = line.find(": ");
    if (auto ok = out.headers.add(line.substr(0, colon), line.substr(colon + 2)); !ok) {
      return ok.error();
    }
    at = next;
  }
  return out;
}

conformance_outcome methods(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* method :
       {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X-own", "get"}) {
    SCALEKIT_TRY(seen, echo(site, site.request("/echo", method)));
    SCALEKIT_EXPECT(seen.line == method + std::string(" /echo"));
  }
  return {};
}

conformance_outcome targets(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* target :
       {"/echo/a%2Fb", "/echo/%C3%A9;p=1", "/echo/..%2f", "/echo?a=1&b=%20&c", "/echo/?"}) {
    const auto r = site.request(target);
    SCALEKIT_TRY(seen, echo(site, r));
    SCALEKIT_EXPECT(seen.line == std::string("GET ") + target);
    SCALEKIT_EXPECT(seen.headers.joined("Host") == r.to.authority());
  }
  return {};
}

conformance_outcome fields_sent(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  auto r = site.request("/echo");
  SCALEKIT_EXPECT_OK(r.headers.add("X-Twice", "one"));
  SCALEKIT_EXPECT_OK(r.headers.add("X-MiXeD", "Value, with \"quotes\"; and=signs"));
  SCALEKIT_EXPECT_OK(r.headers.add("x-twice", "two"));
  SCALEKIT_EXPECT_OK(r.headers.add("X-Empty", ""));
  SCALEKIT_EXPECT_OK(r.headers.add("X-Long", std::string(8'000, 'x')));
  SCALEKIT_EXPECT_OK(r.headers.set("User-Agent", "conformance/1"));
  SCALEKIT_TRY(seen, echo(site, r));
  SCALEKIT_EXPECT(seen.headers.joined("X-Twice") == "one, two");
  SCALEKIT_EXPECT(seen.headers.find("X-Mixed") == "Value, with \"quotes\"; and=signs");
  SCALEKIT_EXPECT(seen.headers.find("X-Empty") == "");
  SCALEKIT_EXPECT(seen.headers.joined("X-Long") == std::string(8'000, 'x'));
  SCALEKIT_EXPECT(seen.headers.joined("User-Agent") == "conformance/1");
  return {};
}

// A length of 0 and no body at all are two things (RFC 9110 section 8.6).
conformance_outcome no_body_and_none_to_speak_of(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* method : {"POST", "PUT", "PATCH"}) {
    SCALEKIT_TRY(seen, echo(site, site.request("/echo", method)));
    SCALEKIT_EXPECT(seen.headers.joined("Content-Length") == "0");
    SCALEKIT_EXPECT(seen.body.empty());
  }
  for (const auto* method : {"GET", "OPTIONS"}) {
    SCALEKIT_TRY(seen, echo(site, site.request("/echo", method)));
    SCALEKIT_EXPECT(!seen.headers.contains("Content-Length"));
    SCALEKIT_EXPECT(!seen.headers.contains("Transfer-Encoding"));
    SCALEKIT_EXPECT(seen.body.empty());
  }
  return {};
}

conformance_outcome bodies_sent(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* method : {"POST", "PUT", "DELETE"}) {
    for (const std::string& body :
         {std::string("x"),
          std::string("a\0b\r\n\r\n0\r\n\r\n", 12),
          site_bytes(251),
          site_bytes(4'000'000)}) {
      auto r = site.request("/echo", method);
      r.body = body;
      SCALEKIT_TRY(seen, echo(site, r));
      SCALEKIT_EXPECT(seen.headers.joined("Content-Length") == std::to_string(body.size()));
      SCALEKIT_EXPECT(seen.body == body);
    }
  }
  return {};
}

conformance_outcome refused_as_it_is(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  const auto fine = site.request("/count/" + site.key(), "POST");
  for (const auto* method : {"", "GET ", "G\r\nET", "GET / HTTP/1.1", "(", "\xc3\xa9"}) {
    auto r = fine;
    r.method = method;
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, site.send(r));
  }
  for (const auto* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "Keep-Alive", "Expect",
        "Upgrade", "TE", "Trailer", "Proxy-Connection"}) {
    auto r = fine;
    SCALEKIT_EXPECT_OK(r.headers.set(name, "secret"));
    const auto answer = site.send(r);
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, answer);
    SCALEKIT_EXPECT(answer.error().describe().find("secret") == std::string::npos);
  }
  // No time, or none left.
  for (const int ms : {0, -1, 3'600'001}) {
    auto r = fine;
    r.timeout = std::chrono::milliseconds(ms);
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, site.send(r));
  }
  auto r = fine;
  r.method = "CONNECT";
  SCALEKIT_EXPECT_ERROR(errc::not_supported, site.send(r));
  r = fine;
  r.to = {};
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, site.send(r));
  SCALEKIT_TRY(counted, site.counted());
  SCALEKIT_EXPECT(counted == 0);
  return {};
}

// The port's own types keep it out; a transport that takes its URL or fields otherwise would not.
conformance_outcome nothing_to_split_a_message_with(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  http::fields headers;
  for (const auto* value : {"a\r\nX-More: b", "a\nb", "a\rb", " a", "a "}) {
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, headers.set("X", value));
  }
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, headers.set("X", std::string_view("a\0b", 3)));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, headers.set("X: y\r\nZ", "a"));
  for (const auto* target : {"/echo\r\nX: y", "/echo HTTP/1.1\r\n\r\nGET /", "/a b", "/\x01"}) {
    const auto r = site.request(target);
    SCALEKIT_EXPECT(r.to.empty());
    SCALEKIT_EXPECT_ERROR(errc::invalid_argument, site.send(r));
  }
  return {};
}

conformance_outcome stopped_before(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  std::stop_source source;
  source.request_stop();
  auto r = site.request("/count/" + site.key());
  r.stop = source.get_token();
  SCALEKIT_EXPECT_ERROR(errc::cancelled, site.send(r));
  SCALEKIT_TRY(counted, site.counted());
  SCALEKIT_EXPECT(counted == 0);
  return {};
}

constexpr http_conformance_case cases[] = {
    {"requests/methods, as they are written", methods},
    {"requests/paths and queries, as they are written", targets},
    {"requests/fields, repeated ones in order", fields_sent},
    {"requests/an empty body, and none", no_body_and_none_to_speak_of},
    {"requests/bodies of all kinds", bodies_sent},
    {"requests/refused before anything is sent", refused_as_it_is},
    {"requests/nothing can split a message", nothing_to_split_a_message_with},
    {"requests/stopped before it begins", stopped_before},
};

}  // namespace

std::span<const http_conformance_case> http_request_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
