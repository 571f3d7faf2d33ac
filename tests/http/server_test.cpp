// SPDX-License-Identifier: BSL-1.0
#include "fakes.hpp"
#include "raw_client.hpp"

#include <scalekit/http/server.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace scalekit;
using test::raw_client;

namespace {

http::response echo(const http::request& r) {
  std::string body = r.method + " " + r.target + "\n";
  for (const auto& p : r.route) body += "path " + p.name + "=" + p.value + "\n";
  for (const auto& p : r.parsed.query) body += "query " + p.name + "=" + p.value + "\n";
  return http::response::text(200, body + r.body);
}

/// A server with a few routes; `more` may add others.
struct fixture {
  explicit fixture(http::server_options o = {}) : web(with_log(std::move(o))) {
    REQUIRE(web.route("GET", "/echo/{name}", echo));
    REQUIRE(web.route("POST", "/echo/{name}", echo));
    REQUIRE(web.route("GET", "/fixed/it", [](const http::request&) {
      return http::response::text(200, "fixed");
    }));
    REQUIRE(web.route("GET", "/fails", [](const http::request&) -> result<http::response> {
      return error(errc::invalid_argument, "say please");
    }));
    REQUIRE(web.route("GET", "/breaks", [](const http::request&) -> result<http::response> {
      return error(errc::internal, "secret text");
    }));
    REQUIRE(web.route("GET", "/throws", [](const http::request&) -> http::response {
      throw std::runtime_error("secret text");
    }));
    REQUIRE(web.start());
  }
  http::server_options with_log(http::server_options o) {
    o.log = [this](log_level, std::string_view) { logged.add(); };
    return o;
  }
  [[nodiscard]] raw_client client() const { return raw_client(web.port()); }

  test::tally logged;
  http::server web;
};

}  // namespace

TEST_CASE("a request reaches its handler, and its answer comes back") {
  testing::manual_clock clock;
  fixture f({.time = &clock});
  auto c = f.client();
  const auto r = c.get("/echo/a%2Fb?x=1&y=a+b");
  CHECK(r.trouble.empty());
  CHECK(r.status == 200);
  CHECK(r.body == "GET /echo/a%2Fb?x=1&y=a+b\npath name=a/b\nquery x=1\nquery y=a b\n");
  CHECK(r.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(r.header("Date").ends_with(" GMT"));
  CHECK(r.header("Connection").empty());
}

TEST_CASE("one connection serves many requests, pipelined too") {
  fixture f;
  auto c = f.client();
  CHECK(c.get("/fixed/it").body == "fixed");
  REQUIRE(c.ask("GET", "/echo/1"));
  REQUIRE(c.ask("GET", "/echo/2"));
  REQUIRE(c.ask("GET", "/fixed/it", "Connection: close\r\n"));
  CHECK(c.read().body == "GET /echo/1\npath name=1\n");
  CHECK(c.read().body == "GET /echo/2\npath name=2\n");
  const auto last = c.read();
  CHECK(last.header("Connection") == "close");
  c.half_close();
  CHECK(c.closed());
  CHECK(f.web.stats().requests == 4);
  CHECK(f.web.stats().accepted == 1);
}

TEST_CASE("bodies: by length, in chunks, after 100-continue") {
  fixture f;
  auto c = f.client();
  REQUIRE(c.ask("POST", "/echo/x", "Content-Length: 5\r\n"));
  REQUIRE(c.send("hello"));
  CHECK(c.read().body == "POST /echo/x\npath name=x\nhello");

  REQUIRE(c.ask("POST", "/echo/x", "Transfer-Encoding: chunked\r\n"));
  REQUIRE(c.send("3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailing: 1\r\n\r\n"));
  CHECK(c.read().body == "POST /echo/x\npath name=x\nhello");

  REQUIRE(c.ask("POST", "/echo/x", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  CHECK(c.read_head().status == 100);
  REQUIRE(c.send("ok"));
  CHECK(c.read().body == "POST /echo/x\npath name=x\nok");
}

TEST_CASE("a body of no chunks, byte by byte") {
  fixture f;
  auto c = f.client();
  REQUIRE(c.ask("POST", "/echo/x", "Transfer-Encoding: chunked\r\n"));
  for (const auto* piece : {"0", "\r", "\n", "\r", "\n"}) REQUIRE(c.send(piece));
  CHECK(c.read().body == "POST /echo/x\npath name=x\n");
}

TEST_CASE("HEAD is a GET without the body") {
  fixture f;
  auto c = f.client();
  REQUIRE(c.ask("HEAD", "/fixed/it"));
  const auto r = c.read(true);
  CHECK(r.status == 200);
  CHECK(r.header("Content-Length") == "5");
  CHECK(c.get("/fixed/it").body == "fixed");  // nothing of a body lay between
}

TEST_CASE("no route, another method") {
  fixture f;
  auto c = f.client();
  CHECK(c.get("/nothing").status == 404);
  CHECK(c.get("/echo").status == 404);
  CHECK(c.get("/echo/").status == 404);
  CHECK(c.get("/echo/a/b").status == 404);
  REQUIRE(c.ask("DELETE", "/echo/x"));
  const auto r = c.read();
  CHECK(r.status == 405);
  CHECK(r.header("Allow") == "GET, HEAD, POST");
  CHECK(r.header("Content-Type") == "application/problem+json");
}

TEST_CASE("errors and exceptions of a handler") {
  fixture f;
  auto c = f.client();
  const auto bad = c.get("/fails");
  CHECK(bad.status == 400);
  CHECK(bad.body.find("say please") != std::string::npos);
  CHECK(f.logged.value() == 0);
  for (const auto* path : {"/breaks", "/throws"}) {
    const auto r = c.get(path);
    CHECK(r.status == 500);
    CHECK(r.body.find("secret") == std::string::npos);
  }
  CHECK(f.logged.value() == 2);
  CHECK(c.get("/fixed/it").status == 200);
}

TEST_CASE("what cannot be read as a request is answered once, then the connection ends") {
  struct {
    std::string text;
    int status;
  } const cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01"
       "b\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      // Framing that a proxy in front may read otherwise: the body would be the next request.
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
       400},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // Nothing here ends, and none of it is body.
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=" +
           std::string(20'000, 'a'),
       431},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " +
           std::string(20'000, 'a'),
       431},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: miracle\r\n\r\n", 417},
  };
  fixture f;
  for (const auto& c : cases) {
    CAPTURE(c.text);
    auto client = f.client();
    REQUIRE(client.send(c.text));
    const auto r = client.read();
    CHECK(r.status == c.status);
    CHECK(r.trouble.empty());
    CHECK(r.header("Connection") == "close");
    client.half_close();
    CHECK(client.closed());
  }
}

TEST_CASE("a handler cannot break the framing, nor smuggle a field in") {
  http::server web;
  REQUIRE(web.route("GET", "/x", [](const http::request& r) -> result<http::response> {
    auto out = http::response::text(200, "body");
    if (auto ok = out.headers.set("Location", *r.query("to")); !ok) return ok.error();
    static_cast<void>(out.headers.set("Content-Length", "999"));
    static_cast<void>(out.headers.set("Transfer-Encoding", "chunked"));
    return out;
  }));
  REQUIRE(web.route("GET", "/status", [](const http::request&) {
    return http::response{.status = 42};
  }));
  REQUIRE(web.start());
  raw_client c(web.port());
  CHECK(c.get("/x?to=/there").body == "body");
  CHECK(c.get("/x?to=/there%0d%0aEvil:%201").status == 400);
  CHECK(c.get("/status").status == 500);
}

TEST_CASE("HTTP/1.0 closes unless asked not to") {
  fixture f;
  auto c = f.client();
  REQUIRE(c.send("GET /fixed/it HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(c.read().header("Connection") == "keep-alive");
  REQUIRE(c.send("GET /fixed/it HTTP/1.0\r\n\r\n"));
  CHECK(c.read().header("Connection") == "close");
  c.half_close();
  CHECK(c.closed());
}

TEST_CASE("routes and options are checked") {
  http::server web;
  const auto handler = [](const http::request&) { return http::response(); };
  for (const auto* pattern : {"", "x", "/a b", "/{", "/{}", "/a?b=1", "/%zz"}) {
    CAPTURE(pattern);
    CHECK(web.route("GET", pattern, handler).error().code() == errc::invalid_argument);
  }
  CHECK(web.route("G T", "/", handler).error().code() == errc::invalid_argument);
  CHECK(web.route("GET", "/", http::handler_fn()).error().code() == errc::invalid_argument);
  REQUIRE(web.route("GET", "/", handler));
  REQUIRE(web.start());
  CHECK(web.start().error().code() == errc::invalid_argument);
  CHECK(web.route("GET", "/late", handler).error().code() == errc::invalid_argument);

  http::server twin({.port = web.port()});
  const auto taken = twin.start();
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code() == errc::conflict);
  http::server lost({.address = "not an address"});
  CHECK(lost.start().error().code() == errc::invalid_argument);
  http::server bare({.tls = http::tls_files{"/nonexistent/a.pem", "/nonexistent/b.pem"}});
  CHECK(bare.start().error().code() == errc::invalid_argument);
  web.stop();
  web.stop();
  CHECK_FALSE(raw_client(web.port()).connected());
}
