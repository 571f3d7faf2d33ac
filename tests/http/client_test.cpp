// SPDX-License-Identifier: BSL-1.0
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::body_of;
using test::code_of;
using test::fetch;
using test::open_client;
using test::request_to;

namespace {

http::response echo(const http::request& r) {
  std::string body = r.method + " " + r.target + "\n";
  for (const auto& f : r.headers) body += f.name + ": " + f.value + "\n";
  return http::response::text(200, body + "\n" + r.body);
}

http::response redirect(int status, std::string_view to) {
  http::response r{.status = status, .body = "moved"};
  REQUIRE(r.headers.set("Location", to));
  return r;
}

/// scalekit's own server with a few routes.
struct fixture {
  fixture() {
    for (const auto* method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
      REQUIRE(web.route(method, "/echo", echo));
    }
    REQUIRE(web.route("GET", "/status/{code}", [](const http::request& r) {
      return http::response::text(std::stoi(std::string(r.path("code"))), "body");
    }));
    REQUIRE(web.route("GET", "/big", [](const http::request&) {
      return http::response::text(200, std::string(3'000'000, 'x'));
    }));
    REQUIRE(web.route("GET", "/loop/{n}", [](const http::request& r) {
      return redirect(302, std::to_string(std::stoi(std::string(r.path("n"))) + 1));
    }));
    REQUIRE(web.route("GET", "/to", [](const http::request& r) {
      return redirect(307, std::string(*r.query("url")));
    }));
    REQUIRE(web.route("POST", "/to", [](const http::request&) { return redirect(303, "/echo"); }));
    REQUIRE(web.start());
  }
  [[nodiscard]] std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(web.port()) + std::string(path);
  }
  http::server web{{.max_body_bytes = 8'000'000}};
};

}  // namespace

TEST_CASE("a request goes out as it was given, and the answer comes back whole") {
  const fixture f;
  const auto c = open_client();
  auto r = request_to(f.url("/echo?a=1"), "POST");
  r.body = std::string("bytes\0\r\n", 8);
  REQUIRE(r.headers.set("Content-Type", "text/x"));
  REQUIRE(r.headers.set("X-Empty", ""));
  const auto answer = c->send(r);
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(answer->headers.find("content-type") == "text/plain; charset=utf-8");
  CHECK(
      answer->body == "POST /echo?a=1\nHost: 127.0.0.1:" + std::to_string(f.web.port()) +
                          "\nUser-Agent: scalekit\nContent-Type: text/x\nX-Empty: \n"
                          "Content-Length: 8\n\n" +
                          r.body
  );
}

TEST_CASE("a length is sent where a body has a meaning, and a user agent as asked for") {
  const fixture f;
  const auto c = open_client({.user_agent = ""});
  for (const auto* method : {"POST", "PUT", "PATCH"}) {
    CHECK(
        body_of(fetch(*c, f.url("/echo"), method)).find("Content-Length: 0") != std::string::npos
    );
  }
  for (const auto* method : {"GET", "DELETE"}) {
    CHECK(body_of(fetch(*c, f.url("/echo"), method)).find("Content-Length") == std::string::npos);
  }
  CHECK(body_of(fetch(*c, f.url("/echo"))).find("User-Agent") == std::string::npos);
  auto r = request_to(f.url("/echo"));
  REQUIRE(r.headers.set("user-agent", "me"));
  const auto named = open_client();
  CHECK(body_of(named->send(r)).find("user-agent: me\n") != std::string::npos);
  CHECK(body_of(named->send(r)).find("scalekit") == std::string::npos);
}

TEST_CASE("connections are kept, and the statistics say so") {
  const fixture f;
  test::watched_metrics metrics;
  const auto c = open_client({.metrics = &metrics});
  for (int i = 0; i < 5; ++i) CHECK(fetch(*c, f.url("/status/404"))->status == 404);
  auto s = c->stats();
  CHECK(s.requests == 5);
  CHECK(s.answers == 5);
  CHECK(s.connects == 1);
  CHECK(s.reuses == 4);
  CHECK(s.open == 1);
  CHECK(s.idle == 1);
  CHECK(f.web.stats().accepted == 1);
  CHECK(code_of(c->send({})) == errc::invalid_argument);
  CHECK(c->stats().failed.request == 1);
  CHECK(metrics["scalekit_http_client_requests_total"].value() == 6);
  CHECK(metrics["scalekit_http_client_failures_total"].value() == 1);
  CHECK(metrics["scalekit_http_client_duration_seconds"].value() == 5);
  c->close_idle();
  CHECK(c->stats().open == 0);
  CHECK(fetch(*c, f.url("/status/200")).has_value());
  CHECK(c->stats().connects == 2);
}

TEST_CASE("answers without a body, whatever their fields say") {
  const fixture f;
  const auto c = open_client();
  const auto head = fetch(*c, f.url("/big"), "HEAD");
  REQUIRE(head.has_value());
  CHECK(head->body.empty());
  CHECK(head->headers.find("Content-Length") == "3000000");
  CHECK(fetch(*c, f.url("/status/204"))->body.empty());
  CHECK(fetch(*c, f.url("/status/304"))->body.empty());
  CHECK(body_of(fetch(*c, f.url("/status/200"))) == "body");
  CHECK(c->stats().connects == 1);
}

TEST_CASE("large bodies, both ways, and to a sink") {
  const fixture f;
  const auto c = open_client();
  CHECK(body_of(fetch(*c, f.url("/big"))).size() == 3'000'000);
  auto r = request_to(f.url("/echo"), "PUT");
  r.body = std::string(5'000'000, 'y');
  const auto answer = c->send(r);
  REQUIRE(answer.has_value());
  CHECK(answer->body.ends_with("\n\n" + r.body));

  std::string got;
  auto big = request_to(f.url("/big"));
  big.on_body = [&](const http::response& head, std::string_view piece) -> result<void> {
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK_FALSE(piece.empty());
    got += piece;
    return {};
  };
  const auto streamed = c->send(big);
  REQUIRE(streamed.has_value());
  CHECK(streamed->body.empty());
  CHECK(got == std::string(3'000'000, 'x'));
  CHECK(c->stats().connects == 1);
}

TEST_CASE("a sink that fails ends the call with its own error") {
  const fixture f;
  const auto c = open_client();
  auto big = request_to(f.url("/big"));
  int calls = 0;
  big.on_body = [&](const http::response&, std::string_view) -> result<void> {
    ++calls;
    return error(errc::limit_exceeded, "the disk is full");
  };
  const auto r = c->send(big);
  CHECK(code_of(r) == errc::limit_exceeded);
  CHECK(r.error().message() == "the disk is full");
  CHECK(calls == 1);
  CHECK(c->stats().open == 0);
  CHECK(c->stats().failed.answer == 1);
}

TEST_CASE("what may not be sent is refused before anything is") {
  const fixture f;
  const auto c = open_client();
  const auto refused = [&](const http::outgoing_request& r) { return code_of(c->send(r)); };
  for (const auto* method : {"", "GET ", "G\r\nET", "GET / HTTP/1.1", "(", "\xc3\xa9"}) {
    CHECK(refused(request_to(f.url("/"), method)) == errc::invalid_argument);
  }
  CHECK(refused(request_to(f.url("/"), "CONNECT")) == errc::not_supported);
  for (const auto* name :
       {"Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Expect",
        "Upgrade",
        "TE",
        "Trailer",
        "Proxy-Connection",
        "Proxy-Authorization",
        "HTTP2-Settings"}) {
    auto r = request_to(f.url("/"));
    REQUIRE(r.headers.set(name, "secret"));
    const auto answer = c->send(r);
    CHECK(code_of(answer) == errc::invalid_argument);
    CHECK(answer.error().message().find("secret") == std::string::npos);
  }
  auto r = request_to(f.url("/"));
  for (const auto bad : {0ms, -1ms, 3'600'001ms}) {
    r.timeout = bad;
    CHECK(refused(r) == errc::invalid_argument);
  }
  CHECK(f.web.stats().accepted == 0);
  CHECK(c->stats().failed.request == c->stats().requests);
}

TEST_CASE("options out of range are named") {
  const auto why = [](http::client_options o) {
    const auto made = http::client::open(std::move(o));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code() == errc::invalid_argument);
    return made.error().message();
  };
  const auto names = [](const std::string& message, std::string_view option) {
    return message.find(option) != std::string::npos;
  };
  CHECK(names(why({.timeouts = {.resolve = 0ms}}), "timeouts.resolve"));
  CHECK(names(why({.timeouts = {.first_byte = 3'600'001ms}}), "timeouts.first_byte"));
  CHECK(names(why({.pool = {.max_per_origin = 0}}), "pool.max_per_origin"));
  CHECK(names(why({.pool = {.max_connections = 0}}), "pool.max_connections"));
  CHECK(names(why({.pool = {.idle_timeout = -1ms}}), "pool.idle_timeout"));
  CHECK(names(why({.max_redirects = 21}), "max_redirects"));
  CHECK(names(why({.max_header_bytes = 1023}), "max_header_bytes"));
  CHECK(names(why({.user_agent = "a\r\nb"}), "user_agent"));
  CHECK(names(why({.tls = {.cert_file = "x"}}), "tls.cert_file"));
  CHECK(names(why({.tls = {.ca_file = "/nowhere"}}), "tls.ca_file"));
  CHECK(names(why({.tls = {.cert_file = "/nowhere", .key_file = "/nowhere"}}), "tls.cert_file"));
}

TEST_CASE("redirects are not followed unless that is asked for") {
  const fixture f;
  const auto c = open_client();
  const auto r = fetch(*c, f.url("/loop/1"));
  REQUIRE(r.has_value());
  CHECK(r->status == 302);
  CHECK(r->body == "moved");
}

TEST_CASE("redirects within an origin, up to a number") {
  const fixture f;
  const auto c = open_client({.redirects = http::redirects::same_origin, .max_redirects = 3});
  const auto last = fetch(*c, f.url("/loop/1"));
  REQUIRE(last.has_value());
  CHECK(last->headers.find("Location") == "5");
  CHECK(c->stats().redirects == 3);

  auto r = request_to(f.url("/to?url=/echo%3Fx%3D1"));
  REQUIRE(r.headers.set("Authorization", "Bearer t"));
  std::string seen;
  r.on_body = [&](const http::response& head, std::string_view piece) -> result<void> {
    CHECK(head.status == 200);
    seen += piece;
    return {};
  };
  REQUIRE(c->send(r).has_value());
  CHECK(seen.starts_with("GET /echo?x=1\n"));
  CHECK(seen.find("Authorization: Bearer t") != std::string::npos);

  CHECK(fetch(*c, f.url("/to"), "POST")->status == 303);
  const fixture other;
  CHECK(fetch(*c, f.url("/to?url=" + other.url("/echo")))->status == 307);
  for (const auto* bad : {"ftp://a/", "http://u:p@a/", "http://127.1/"}) {
    CHECK(fetch(*c, f.url("/to?url=" + std::string(bad)))->status == 307);
  }
}

TEST_CASE("a redirect to another origin takes no credentials along") {
  const fixture f;
  const fixture other;
  const auto c = open_client({.redirects = http::redirects::any});
  auto r = request_to(f.url("/to?url=" + other.url("/echo")));
  for (const auto* name : {"Authorization", "Cookie", "X-Api-Key", "Referer"}) {
    REQUIRE(r.headers.set(name, "secret"));
  }
  REQUIRE(r.headers.set("Accept", "text/plain"));
  const auto answer = c->send(r);
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(answer->body.find("secret") == std::string::npos);
  CHECK(answer->body.find("Accept: text/plain") != std::string::npos);
  r.body = "a body goes nowhere but where it was sent";
  CHECK(c->send(r)->status == 307);
}
