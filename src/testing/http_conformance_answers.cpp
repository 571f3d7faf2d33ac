// SPDX-License-Identifier: BSL-1.0
#include "testing/http_conformance_support.hpp"
#include "testing/http_site.hpp"

#include <vector>

namespace scalekit::inline v0::testing {

namespace {

constexpr std::string_view framings[] = {"/sized/", "/chunked/", "/unsized/"};

conformance_outcome statuses(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const int status :
       {200, 201, 202, 203, 206, 299, 300, 301, 303, 308, 400, 401, 404, 408, 409, 418, 425, 429,
        451, 499, 500, 501, 502, 503, 504, 599}) {
    const auto n = std::to_string(status);
    SCALEKIT_TRY(answer, site.send("/status/" + n, "POST"));
    SCALEKIT_EXPECT(answer.status == status);
    SCALEKIT_EXPECT(answer.body == "status " + n);
  }
  return {};
}

conformance_outcome without_a_body(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* path : {"/status/204", "/status/304"}) {
    SCALEKIT_TRY(answer, site.send(path));
    SCALEKIT_EXPECT(answer.body.empty());
  }
  SCALEKIT_TRY(head, site.send("/sized/1000", "HEAD"));
  SCALEKIT_EXPECT(head.status == 200);
  SCALEKIT_EXPECT(head.headers.joined("Content-Length") == "1000");
  SCALEKIT_EXPECT(head.body.empty());
  SCALEKIT_TRY(chunked, site.send("/chunked/1000", "HEAD"));
  SCALEKIT_EXPECT(chunked.body.empty());
  SCALEKIT_TRY(refused, site.send("/status/500", "HEAD"));
  SCALEKIT_EXPECT(refused.status == 500);
  // What comes next is not taken for their body.
  SCALEKIT_TRY(next, site.send("/sized/10"));
  SCALEKIT_EXPECT(next.body == site_bytes(10));
  return {};
}

conformance_outcome fields_received(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  SCALEKIT_TRY(answer, site.send("/fields"));
  SCALEKIT_EXPECT(answer.headers.find("x-mixed") == "Value");
  SCALEKIT_EXPECT(answer.headers.find("X-EMPTY") == "");
  SCALEKIT_EXPECT(!answer.headers.contains("X-Mix"));
  // They are never one line: a cookie may hold a comma.
  std::vector<std::string> cookies;
  for (const auto& f : answer.headers) {
    if (f.value.find('=') != std::string::npos) cookies.push_back(f.value);
  }
  SCALEKIT_EXPECT(answer.headers.count("Set-Cookie") == 2);
  SCALEKIT_EXPECT((cookies == std::vector<std::string>{"a=1", "b=2"}));
  return {};
}

conformance_outcome bodies_received(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto framing : framings) {
    for (const std::size_t size : {0U, 1U, 251U, 65'536U, 4'000'000U}) {
      SCALEKIT_TRY(answer, site.send(std::string(framing) + std::to_string(size)));
      SCALEKIT_EXPECT(answer.body == site_bytes(size));
    }
  }
  return {};
}

conformance_outcome compressed(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  auto r = site.request("/gzip");
  SCALEKIT_EXPECT_OK(r.headers.set("Accept-Encoding", "gzip"));
  SCALEKIT_TRY(answer, site.send(r));
  SCALEKIT_EXPECT(answer.headers.joined("Content-Encoding") == "gzip");
  SCALEKIT_EXPECT(answer.body == gzipped());
  return {};
}

conformance_outcome hints(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* method : {"GET", "POST", "HEAD"}) {
    SCALEKIT_TRY(answer, site.send("/hints", method));
    SCALEKIT_EXPECT(answer.status == 200);
    SCALEKIT_EXPECT(answer.body == (method == std::string("HEAD") ? "" : "after hints"));
    SCALEKIT_EXPECT(!answer.headers.contains("Link"));
  }
  return {};
}

conformance_outcome redirects(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto* method : {"GET", "HEAD", "POST"}) {
    SCALEKIT_TRY(answer, site.send("/moved/" + site.key(), method));
    SCALEKIT_EXPECT(answer.status == 302);
    SCALEKIT_EXPECT(answer.headers.joined("Location") == "/count/" + site.key());
  }
  SCALEKIT_TRY(counted, site.counted());
  SCALEKIT_EXPECT(counted == 0);
  return {};
}

conformance_outcome limits(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto framing : framings) {
    auto r = site.request(std::string(framing) + "100000");
    r.max_body_bytes = 100'000;
    SCALEKIT_TRY(whole, site.send(r));
    SCALEKIT_EXPECT(whole.body.size() == 100'000);
    r.max_body_bytes = 99'999;
    const auto larger = site.send(r);
    SCALEKIT_EXPECT_ERROR(errc::data_corrupted, larger);
    std::size_t taken = 0;
    r.on_body = [&](const http::response&, std::string_view piece) -> result<void> {
      taken += piece.size();
      return {};
    };
    SCALEKIT_EXPECT_ERROR(errc::data_corrupted, site.send(r));
    SCALEKIT_EXPECT(taken <= 99'999);
    auto empty = site.request(std::string(framing) + "0");
    empty.max_body_bytes = 0;
    SCALEKIT_EXPECT_OK(site.send(empty));
  }
  auto head = site.request("/sized/1000", "HEAD");
  head.max_body_bytes = 0;
  SCALEKIT_EXPECT_OK(site.send(head));
  return {};
}

conformance_outcome sinks(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (const auto framing : framings) {
    for (const std::size_t size : {0U, 1U, 4'000'000U}) {
      auto r = site.request(std::string(framing) + std::to_string(size));
      std::string got;
      bool well = true;
      r.on_body = [&](const http::response& head, std::string_view piece) -> result<void> {
        well = well && head.status == 200 && head.body.empty() && !piece.empty();
        got += piece;
        return {};
      };
      SCALEKIT_TRY(answer, site.send(r));
      SCALEKIT_EXPECT(answer.body.empty());
      SCALEKIT_EXPECT(got == site_bytes(size));
      SCALEKIT_EXPECT(well);
    }
  }
  return {};
}

conformance_outcome failing_sink(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  auto r = site.request("/sized/1000000");
  int calls = 0;
  r.on_body = [&](const http::response&, std::string_view) -> result<void> {
    ++calls;
    return error(errc::limit_exceeded, "the disk is full");
  };
  const auto answer = site.send(r);
  SCALEKIT_EXPECT_ERROR(errc::limit_exceeded, answer);
  SCALEKIT_EXPECT(answer.error().message() == "the disk is full");
  SCALEKIT_EXPECT(calls == 1);
  SCALEKIT_TRY(next, site.send("/sized/10"));
  SCALEKIT_EXPECT(next.body == site_bytes(10));
  return {};
}

conformance_outcome closing(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (int i = 0; i < 20; ++i) {
    SCALEKIT_TRY(last, site.send("/closing", i % 2 == 0 ? "GET" : "POST"));
    SCALEKIT_EXPECT(last.status == 200);
    SCALEKIT_EXPECT(last.body == "body");
  }
  return {};
}

constexpr http_conformance_case cases[] = {
    {"answers/any status is a value", statuses},
    {"answers/204, 304 and those to HEAD have no body", without_a_body},
    {"answers/fields, whatever their case, repeated ones apart", fields_received},
    {"answers/bodies of all sizes and framings", bodies_received},
    {"answers/compressed bodies are left as they came", compressed},
    {"answers/1xx are passed over", hints},
    {"answers/redirects are not followed", redirects},
    {"answers/bodies up to a limit", limits},
    {"answers/bodies to a sink", sinks},
    {"answers/a sink that fails", failing_sink},
    {"answers/the connection is closed behind them", closing},
};

}  // namespace

std::span<const http_conformance_case> http_answer_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
