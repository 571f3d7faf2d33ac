// SPDX-License-Identifier: BSL-1.0
// Servers that break off, lie, babble, or flood.
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::always;
using test::body_of;
using test::code_of;
using test::fetch;
using test::once;
using test::open_client;
using test::raw_server;
using test::request_to;
using test::says;

namespace {

constexpr std::string_view sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr std::string_view chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2;ext=\"1\"\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: t\r\n\r\n";

std::string ok(std::string_view body, std::string_view lines = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(lines) + "\r\n" + std::string(body);
}

/// What one answer, sent whole and followed by the end of the connection, comes to.
result<http::response> read_answer(std::string text, std::size_t max_body_bytes = 1'000'000) {
  static const auto c = open_client();  // reading the system's authorities takes a while
  const raw_server s(once(std::move(text)));
  auto r = request_to(s.url());
  r.max_body_bytes = max_body_bytes;
  return c->send(r);
}

}  // namespace

TEST_CASE("an answer that is cut at any byte is never given as whole") {
  for (const std::string_view whole : {sized, chunked}) {
    // One server cuts at another byte each time.
    const raw_server s([whole](raw_server::peer& p) {
      if (!p.request().empty()) p.send(whole.substr(0, static_cast<std::size_t>(p.number())));
    });
    const auto c = open_client({.pool = {.max_idle_per_origin = 0}});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      CAPTURE(cut);
      const auto r = fetch(*c, s.url("/pay"), "POST");
      CHECK(code_of(r) == errc::outcome_unknown);
    }
    CHECK(body_of(fetch(*c, s.url())) == "hello");
    CHECK(c->stats().failed.answer == whole.size());
    CHECK(c->stats().retries == 0);
  }
}

TEST_CASE("an answer that comes byte by byte is the same") {
  constexpr std::string_view empty =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const std::string_view whole : {sized, chunked, empty}) {
    const raw_server s([whole](raw_server::peer& p) {
      if (p.request().empty()) return;
      for (const char b : whole) p.send({&b, 1});
    });
    const auto r = fetch(*open_client(), s.url());
    CHECK(body_of(r) == (whole == empty ? "" : "hello"));
    CHECK_FALSE(r->headers.contains("Trailer"));  // no field of the head comes from behind it
  }
}

TEST_CASE("a reset after the request: the outcome is unknown, and nothing is sent twice") {
  const raw_server s([](raw_server::peer& p) {
    if (!p.request().empty()) p.reset();
  });
  const auto c = open_client();
  CHECK(code_of(fetch(*c, s.url(), "POST")) == errc::outcome_unknown);
  CHECK(code_of(fetch(*c, s.url(), "GET")) == errc::outcome_unknown);
  CHECK(s.connections() == 2);
  CHECK(c->stats().retries == 0);
  CHECK(c->stats().open == 0);
}

TEST_CASE("a body that ends with the connection is whole only if that ends in good order") {
  CHECK(body_of(read_answer("HTTP/1.1 200 OK\r\n\r\nto the end")) == "to the end");
  CHECK(body_of(read_answer("HTTP/1.0 200 OK\r\n\r\nold")) == "old");
  CHECK(body_of(read_answer("HTTP/1.1 200 OK\r\n\r\n")).empty());
  const raw_server s([](raw_server::peer& p) {
    if (p.request().empty()) return;
    p.send("HTTP/1.1 200 OK\r\n\r\npart");
    p.request();  // waits, so that the part is read before the reset
    p.reset();
  });
  const auto c = open_client();
  auto r = request_to(s.url());
  int connection = -1;
  r.on_body = [&](const http::response&, std::string_view) -> result<void> {
    connection = s.connections();
    return {};
  };
  r.timeout = 200ms;
  CHECK(code_of(c->send(r)) == errc::outcome_unknown);
  CHECK(connection == 1);
}

TEST_CASE("what is not HTTP is no answer") {
  for (const auto* bad :
       {"hello\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 No\r\n\r\n",
        "HTTP/1.1 600 No\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "ICY 200 OK\r\n\r\n",
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        // framings that two readers could take for different ones
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // chunks
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\na",
        // an upgrade nobody asked for
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}) {
    CAPTURE(bad);
    const auto r = read_answer(bad);
    CHECK(code_of(r) == errc::outcome_unknown);
  }
}

TEST_CASE("1xx answers are passed over, and not for ever") {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const auto r = read_answer("HTTP/1.1 100 Continue\r\n\r\n" + hint + ok("done", "A: b\r\n"));
  CHECK(body_of(r) == "done");
  CHECK_FALSE(r->headers.contains("Link"));
  std::string endless;
  while (endless.size() < 70'000) endless += hint;
  CHECK(code_of(read_answer(endless)) == errc::data_corrupted);
  CHECK(code_of(read_answer(hint)) == errc::outcome_unknown);
}

TEST_CASE("headers and bodies that are too large end the call") {
  const std::string line = "X: " + std::string(100, 'x') + "\r\n";
  std::string bomb;
  while (bomb.size() < 70'000) bomb += line;
  CHECK(says(read_answer(ok("", bomb)), "header is larger than 65536 bytes"));
  CHECK(says(read_answer("HTTP/1.1 200 " + std::string(70'000, 'x')), "header is larger"));
  CHECK(says(read_answer("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')), "header"));
  CHECK(
      body_of(read_answer(ok("fits", bomb.substr(0, 60'000 / line.size() * line.size())))) == "fits"
  );

  CHECK(body_of(read_answer(ok("12345"), 5)) == "12345");
  CHECK(body_of(read_answer(ok(""), 0)).empty());
  for (const auto& text :
       {ok("12345"), std::string(chunked), std::string("HTTP/1.1 200 OK\r\n\r\n12345")}) {
    const auto r = read_answer(text, 4);
    CHECK(code_of(r) == errc::data_corrupted);
    CHECK(says(r, "body is larger than 4 bytes"));
  }
}

TEST_CASE("a field that is longer than any may be is an error, in a trailer too") {
  const std::string line = "X: " + std::string(70'000, 'x') + "\r\n";
  CHECK_FALSE(read_answer(ok("", line)).has_value());
  CHECK_FALSE(read_answer("HTTP/1.1 200 OK\r\n" + std::string(70'000, 'x') + ": a\r\n\r\n"));
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK_FALSE(read_answer(head + "1\r\na\r\n0\r\n" + line + "\r\n").has_value());

  const raw_server s(always(ok("", line)));
  const auto c = open_client({.max_header_bytes = std::size_t{1} << 20U});
  CHECK_FALSE(fetch(*c, s.url()).has_value());
  CHECK(c->stats().open == 0);
}

TEST_CASE("framing that outgrows the body it frames ends the call") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string padded = head;
  while (padded.size() < 200'000) padded += "1;a=" + std::string(500, 'x') + "\r\nb\r\n";
  CHECK(code_of(read_answer(padded + "0\r\n\r\n")) == errc::data_corrupted);
  CHECK(code_of(read_answer(head + "1;a=" + std::string(200'000, 'x'))) == errc::data_corrupted);
  CHECK(
      code_of(read_answer(head + "0\r\nA: " + std::string(200'000, 'x'))) == errc::data_corrupted
  );
  std::string tiny = head;
  for (int i = 0; i < 100'000; ++i) tiny += "1\r\nb\r\n";
  CHECK(body_of(read_answer(tiny + "0\r\n\r\n")) == std::string(100'000, 'b'));
}

TEST_CASE("bytes behind an answer are never taken for another's") {
  const raw_server s(always(ok("first") + ok("smuggled")));
  const auto c = open_client();
  for (int i = 0; i < 3; ++i) CHECK(body_of(fetch(*c, s.url())) == "first");
  CHECK(s.connections() == 3);
}

TEST_CASE("a connection that the server will close is not kept") {
  for (const auto* lines : {"Connection: close\r\n", "Connection: x, Close\r\n"}) {
    const raw_server s(always(ok("a", lines)));
    const auto c = open_client();
    CHECK(body_of(fetch(*c, s.url())) == "a");
    CHECK(c->stats().open == 0);
  }
  const raw_server old(always("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"));
  const auto c = open_client();
  CHECK(body_of(fetch(*c, old.url())) == "a");
  CHECK(c->stats().open == 0);
}

TEST_CASE("an answer that comes before the request is complete is taken, and the rest not sent") {
  test::tally answered;
  const raw_server s(
      [&](raw_server::peer& p) {
        p.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nbig!");
        p.half_close();
        static_cast<void>(answered.reaches(1));  // and reads nothing: it cannot all be sent
      },
      4096
  );
  const auto c = open_client();
  auto r = request_to(s.url(), "POST");
  r.body = std::string(std::size_t{16} << 20U, 'x');
  const auto answer = c->send(r);
  answered.add();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 413);
  CHECK(answer->body == "big!");
  CHECK(c->stats().open == 0);
}

TEST_CASE("a server that answers well while it still reads gets the whole request") {
  const std::string body(4'000'000, 'x');
  const raw_server s(
      [&](raw_server::peer& p) {
        p.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
        if (p.request().ends_with(body)) p.send("all");
      },
      4096
  );
  const auto c = open_client();
  auto r = request_to(s.url(), "POST");
  r.body = body;
  r.timeout = 10s;
  CHECK(body_of(c->send(r)) == "all");
}

TEST_CASE("a connection that breaks before the request is complete has carried nothing out") {
  const raw_server s(
      [](raw_server::peer& p) {
        char some[1024];
        if (::recv(p.fd(), some, sizeof some, 0) > 0) p.reset();
      },
      4096
  );
  const auto c = open_client();
  auto r = request_to(s.url(), "POST");
  r.body = std::string(std::size_t{16} << 20U, 'x');
  const auto answer = c->send(r);
  CHECK(code_of(answer) == errc::unavailable);
  CHECK(says(answer, "not sent to its end"));
  CHECK(c->stats().failed.write == 1);
}

TEST_CASE("a kept connection that was closed meanwhile is replaced in silence") {
  test::tally closed;
  const raw_server s([&](raw_server::peer& p) {
    if (p.request().empty()) return;
    p.send(ok("a"));
    p.close();
    closed.add();
  });
  const auto c = open_client();
  for (int i = 1; i <= 3; ++i) {
    CHECK(body_of(fetch(*c, s.url(), "POST")) == "a");
    REQUIRE(closed.reaches(i));
  }
  CHECK(c->stats().retries == 0);
  CHECK(c->stats().connects == 3);
}

TEST_CASE("the race: closed when the next request arrives; what may be repeated is") {
  const raw_server s([](raw_server::peer& p) {
    if (p.request().empty()) return;
    p.send(ok("a"));
    if (p.number() % 2 == 0) {
      p.request();  // the second on this connection is seen, and not answered
    } else {
      while (!p.request().empty()) p.send(ok("b"));
    }
  });
  const auto c = open_client();
  CHECK(body_of(fetch(*c, s.url())) == "a");
  CHECK(body_of(fetch(*c, s.url(), "PUT")) == "a");  // on the next connection
  CHECK(c->stats().retries == 1);
  CHECK(body_of(fetch(*c, s.url(), "POST")) == "b");
  c->close_idle();

  CHECK(body_of(fetch(*c, s.url())) == "a");
  CHECK(code_of(fetch(*c, s.url(), "POST")) == errc::outcome_unknown);
  CHECK(c->stats().retries == 1);
  CHECK(body_of(fetch(*c, s.url())) == "a");
  c->close_idle();

  CHECK(body_of(fetch(*c, s.url())) == "a");
  auto keyed = request_to(s.url(), "POST");
  REQUIRE(keyed.headers.set("Idempotency-Key", "1"));
  CHECK(body_of(c->send(keyed)) == "a");
  CHECK(c->stats().retries == 2);
}

TEST_CASE("what was sent once stays in doubt when sending it again cannot connect") {
  auto s = std::make_unique<raw_server>([](raw_server::peer& p) {
    p.request();
    p.send(ok("a"));
    p.request();
  });
  // The name leads nowhere the second time, for a reason of the resolver's own.
  for (const errc why : {errc::unavailable, errc::not_found}) {
    auto lookups = std::make_shared<std::atomic<int>>(0);
    const auto c = open_client(
        {.resolver = [lookups, why](const std::string&) -> result<std::vector<http::ip_address>> {
          if ((*lookups)++ > 0) return error(why, "gone");
          return std::vector{*http::ip_address::parse("127.0.0.1")};
        }}
    );
    const auto url = "http://name.test:" + std::to_string(s->port()) + "/";
    CHECK(body_of(fetch(*c, url)) == "a");
    const auto r = fetch(*c, url, "DELETE");
    CHECK(code_of(r) == errc::outcome_unknown);
    CHECK(says(r, "it was sent and the connection lost"));
    CHECK(says(r, "gone"));
  }
}

TEST_CASE("errors name method, scheme, host and port, and nothing that could be secret") {
  const raw_server s([](raw_server::peer& p) {
    if (!p.request().empty()) p.send("HTTP/1.1 200 OK\r\nX: secret \x01\r\n\r\n");
  });
  const auto c = open_client();
  auto r = request_to(s.url("/secret?token=secret"), "POST");
  REQUIRE(r.headers.set("Authorization", "Bearer secret"));
  r.body = "secret";
  const auto answer = c->send(r);
  CHECK(code_of(answer) == errc::outcome_unknown);
  CHECK(says(answer, "POST " + s.url("") + ": "));
  CHECK(answer.error().describe().find("secret") == std::string::npos);
  r.to = *http::url::parse("http://127.0.0.1:1/secret");
  const auto refused = c->send(r);
  CHECK(code_of(refused) == errc::unavailable);
  CHECK(says(refused, "POST http://127.0.0.1:1: cannot connect: 127.0.0.1: Connection refused"));
  CHECK(c->stats().failed.connect == 1);
}
