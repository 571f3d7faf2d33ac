// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/message.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>

using namespace scalekit;
using namespace std::string_view_literals;
using http::fields;

TEST_CASE("a field that could split a message is refused and changes nothing") {
  fields f;
  REQUIRE(f.add("X-A", "1"));
  using namespace std::string_literals;
  for (const auto& value :
       {"a\r\nEvil: 1"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x7f"s, "\x01"s, " a"s, "a\t"s}) {
    CHECK(f.add("X-B", value).error().code() == errc::invalid_argument);
    CHECK(f.set("X-A", value).error().code() == errc::invalid_argument);
  }
  for (const auto& name : {""s, "X A"s, "X:"s, "X\r\n"s, "X\0"s, "\xc3\xa4"s, "(x)"s}) {
    CHECK(f.add(name, "1").error().code() == errc::invalid_argument);
  }
  CHECK(f.size() == 1);
  CHECK(f.find("x-a") == "1");
  CHECK(http::header_block(200, f) == "HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n");
}

TEST_CASE("a field value may hold TAB inside, and bytes beyond ASCII") {
  fields f;
  CHECK(f.add("X", "a\tb"));
  CHECK(f.add("Y", "caf\xc3\xa9"));
  CHECK(f.add("Z", ""));
}

TEST_CASE("fields repeat, join, and compare names without case") {
  fields f;
  REQUIRE(f.add("Accept", "a, b"));
  REQUIRE(f.add("Other", "x"));
  REQUIRE(f.add("ACCEPT", "c"));
  CHECK(f.count("accept") == 2);
  CHECK(f.joined("accept") == "a, b, c");
  CHECK(f.has_token("accept", "C"));
  CHECK_FALSE(f.has_token("accept", "d"));
  CHECK(f.find("none") == std::nullopt);
  REQUIRE(f.set("accept", *f.find("Accept")));  // the new value is a view into what is replaced
  CHECK(f.joined("Accept") == "a, b");
  f.remove("ACCEPT");
  CHECK_FALSE(f.contains("accept"));
  CHECK(f.size() == 1);
}

TEST_CASE("a target is taken apart") {
  const auto t = http::parse_target("/a%2Fb/c%20d//?x=1&y=a%26b+c&x=2&&flag");
  REQUIRE(t);
  CHECK(t->path == "/a%2Fb/c%20d//");
  REQUIRE(t->segments.size() == 4);
  CHECK(t->segments[0] == "a/b");
  CHECK(t->segments[1] == "c d");
  CHECK(t->segments[2].empty());
  REQUIRE(t->query.size() == 4);
  CHECK(t->query[1].value == "a&b c");
  CHECK(t->query[3].name == "flag");

  http::request r;
  r.parsed = *t;
  CHECK(r.query("x") == "1");
  CHECK(r.query("flag") == "");
  CHECK(r.query("z") == std::nullopt);
}

TEST_CASE("the other forms of a target") {
  CHECK(http::parse_target("http://host:80/p?q=1")->path == "/p");
  CHECK(http::parse_target("HTTPS://host")->path == "/");
  CHECK(http::parse_target("https://host?q=1").error().code() == errc::invalid_argument);
  CHECK(http::parse_target("*")->path == "*");
  CHECK(http::parse_target("/")->segments.size() == 1);
}

TEST_CASE("a malformed target is refused") {
  for (const auto* text :
       {"",
        "a",
        "host:443",
        "/%",
        "/%4",
        "/%zz",
        "/%00",
        "/a#b",
        "/a b",
        "/?%1",
        "/?a=%00",
        "/\x01",
        "ftp://h/"}) {
    CAPTURE(text);
    const auto t = http::parse_target(text);
    REQUIRE_FALSE(t);
    CHECK(t.error().code() == errc::invalid_argument);
    CHECK_FALSE(t.error().message().empty());
  }
}

TEST_CASE("whatever the bytes: a target is refused, or its parts hold nothing forbidden") {
  std::mt19937 random(42);
  constexpr auto alphabet = "ab/%0041f?&=+#* \r\n\xc3"sv;
  int good = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = "/";
    for (auto n = random() % 12; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    const auto t = http::parse_target(text);
    if (!t) continue;
    ++good;
    REQUIRE(text.find_first_of("\r\n #") == std::string::npos);
    REQUIRE(text.starts_with(t->path));
    for (const auto& s : t->segments) REQUIRE(s.find('\0') == std::string::npos);
    for (const auto& q : t->query) REQUIRE((q.name + q.value).find('\0') == std::string::npos);
  }
  CHECK(good > 1000);
}

TEST_CASE("percent decoding") {
  CHECK(*http::percent_decode("a%41%c3%A9+") == "aA\xc3\xa9+");
  CHECK(*http::percent_decode("a+b", http::plus::blank) == "a b");
  CHECK(*http::percent_decode("%2B", http::plus::blank) == "+");
  CHECK(*http::percent_decode("ends%2e") == "ends.");
  CHECK(http::percent_decode("ab%4").error().message().find("offset 2") != std::string::npos);
}

TEST_CASE("keep-alive by version and Connection") {
  http::request r;
  CHECK(r.keep_alive());
  r.minor_version = 0;
  CHECK_FALSE(r.keep_alive());
  REQUIRE(r.headers.set("Connection", "x, Keep-Alive"));
  CHECK(r.keep_alive());
  r.minor_version = 1;
  REQUIRE(r.headers.set("Connection", "Close"));
  CHECK_FALSE(r.keep_alive());
}

TEST_CASE("problems: status, body, and what stays inside") {
  const auto r = http::problem(error(errc::invalid_argument, "no \"such\"\ncolumn"));
  CHECK(r.status == 400);
  CHECK(r.headers.find("Content-Type") == "application/problem+json");
  CHECK(
      r.body ==
      R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"no \"such\"\ncolumn"})"
  );

  const auto inside = http::problem(error(errc::internal, "password is hunter2"));
  CHECK(inside.status == 500);
  CHECK(inside.body.find("hunter2") == std::string::npos);

  const auto busy =
      http::problem(error(errc::busy).with_retry_after(std::chrono::milliseconds(1500)));
  CHECK(busy.status == 503);
  CHECK(busy.headers.find("Retry-After") == "2");
  CHECK(http::problem(error(errc::limit_exceeded)).headers.find("Retry-After") == "1");
  const auto far_off = error(errc::busy).with_retry_after(std::chrono::milliseconds::max());
  CHECK(http::problem(far_off).headers.find("Retry-After")->size() >= 10);
  CHECK_FALSE(http::problem(error(errc::internal)).headers.contains("Retry-After"));
  CHECK(http::problem(error(errc::unauthenticated)).headers.contains("WWW-Authenticate"));
}

TEST_CASE("a status without an error can ask for a wait too") {
  using namespace std::chrono_literals;
  const auto full = http::problem(503, "the queue is full", 1500ms);
  CHECK(full.status == 503);
  CHECK(full.headers.find("Retry-After") == "2");
  CHECK(full.body.find("the queue is full") != std::string::npos);
  CHECK(http::problem(429, {}, 0s).headers.find("Retry-After") == "0");
  CHECK_FALSE(http::problem(503).headers.contains("Retry-After"));
}

TEST_CASE("every code has a status, every common status a reason") {
  CHECK(http::status_of(errc::not_found) == 404);
  CHECK(http::status_of(errc::conflict) == 409);
  CHECK(http::status_of(errc::stale_token) == 409);
  CHECK(http::status_of(errc::not_supported) == 501);
  CHECK(http::status_of(errc::data_corrupted) == 500);
  CHECK(http::reason(206) == "Partial Content");
  CHECK(http::reason(505) == "HTTP Version Not Supported");
  CHECK(http::reason(100) == "Continue");
  CHECK(http::reason(299) == "Unknown");
  CHECK(http::response::of(200, "a\r\nb", "x").status == 500);
}
