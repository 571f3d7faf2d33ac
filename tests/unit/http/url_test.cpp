// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/http.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace std::string_literals;
using http::url;

namespace {

url must(std::string_view text) {
  CAPTURE(text);
  auto parsed = url::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("a URL is taken apart") {
  const url u = must("HTTPS://Api.Example.COM:8443/v1/a%20b?x=1&y=/?#frag");
  CHECK(u.scheme() == http::scheme::https);
  CHECK(u.host() == "api.example.com");
  CHECK(u.port() == 8443);
  CHECK(u.target() == "/v1/a%20b?x=1&y=/?");
  CHECK(u.authority() == "api.example.com:8443");
  CHECK(u.origin() == "https://api.example.com:8443");
  CHECK(u.text() == "https://api.example.com:8443/v1/a%20b?x=1&y=/?");
  CHECK(url().empty());
  CHECK_FALSE(u.empty());
}

TEST_CASE("what is left out has its default, and a default port is not spelled") {
  CHECK(must("http://a").text() == "http://a/");
  CHECK(must("http://a").port() == 80);
  CHECK(must("https://a").port() == 443);
  CHECK(must("https://a:443/x").text() == "https://a/x");
  CHECK(must("http://a:443").authority() == "a:443");
  CHECK(must("http://a?q").target() == "/?q");
  CHECK(must("http://a#f").target() == "/");
  CHECK(must("http://a_b.xn--mnchen-3ya.example/").host() == "a_b.xn--mnchen-3ya.example");
}

TEST_CASE("addresses are hosts in one spelling") {
  CHECK(must("http://192.0.2.1:8/").host() == "192.0.2.1");
  const url u = must("http://[2001:DB8:0:0::0:1]:8/");
  CHECK(u.host() == "2001:db8::1");
  CHECK(u.authority() == "[2001:db8::1]:8");
  CHECK(must("https://[::1]").text() == "https://[::1]/");
  CHECK(must("http://[::ffff:127.0.0.1]/").host() == "::ffff:127.0.0.1");
}

TEST_CASE("what could be read in two ways is refused, and no error shows the text") {
  const std::vector<std::string> bad{
      "",
      "http",
      "http:",
      "http:/a",
      "http:a",
      "//a",
      "ftp://a/",
      "https//a",
      "a/b",
      " http://a",
      "http://a ",
      "http://",
      "http:///x",
      "http://:80/",
      "http://?x",
      // user and password
      "http://secret@a/",
      "http://user:secret@a/",
      "http://secret@",
      "http://a@b@c/",
      // ports
      "http://a:/",
      "http://a:0/",
      "http://a:65536/",
      "http://a:+80/",
      "http://a:8 0/",
      "http://a:000080/",
      "http://a:80:80/",
      "http://a:0x50/",
      // addresses that resolvers would take
      "http://127.1/",
      "http://2130706433/",
      "http://0x7f000001/",
      "http://0x7f.0.0.1/",
      "http://0177.0.0.1/",
      "http://127.0.0.01/",
      "http://1.2.3.4.5/",
      "http://256.1.1.1/",
      "http://1.2.3/",
      "http://a.1/",
      "http://a.0x1/",
      "http://a.0x/",
      "http://1.2.3.4./",
      // IPv6
      "http://::1/",
      "http://[::1/",
      "http://[]/",
      "http://[::1]x/",
      "http://[::1]x:80/",
      "http://[::1%25eth0]/",
      "http://[::1%eth0]/",
      "http://[v1.x]/",
      "http://[1.2.3.4]/",
      "http://[:::]/",
      "http://[::1\0]/"s,
      "http://x[::1]/",
      "http://[::1]:/",
      // names
      "http://a..b/",
      "http://.a/",
      "http://a./",
      "http://-a/",
      "http://a-/",
      "http://a%41/",
      "http://m\xc3\xbcnchen/",
      "http://a,b/",
      "http://a\\b/",
      "http://a\0b/"s,
      "http://a\tb/",
      "http://" + std::string(64, 'a') + "/",
      // paths and queries
      "http://a/b c",
      "http://a/\\b",
      "http://a/%",
      "http://a/%4",
      "http://a/%4g",
      "http://a/%zz",
      "http://a/\r\nEvil:1",
      "http://a/?\n",
      "http://a/\x7f",
      "http://a/\xc3\xa9",
      "http://a/\"",
      "http://a/<",
      "http://a/[",
      "http://a/|",
      "http://a/\0"s,
      "http://a\\@b/",
      "http://a/^",
      "http://a/" + std::string(8192, 'a')};
  for (const auto& text : bad) {
    CAPTURE(text);
    const auto refused = url::parse(text);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == errc::invalid_argument);
    CHECK(refused.error().message().find("secret") == std::string::npos);
    CHECK(refused.error().message().size() < 120);
  }
}

TEST_CASE("another target keeps the place") {
  const url u = must("https://a:8443/x?y");
  CHECK(u.with_target("/z?w")->text() == "https://a:8443/z?w");
  CHECK(u.with_target("/z#f")->text() == "https://a:8443/z");
  for (const auto* bad : {"", "z", "?z", "/z y", "//b\\", "#/z"}) {
    CHECK(u.with_target(bad).error().code() == errc::invalid_argument);
  }
}

TEST_CASE("the examples of RFC 3986 section 5.4, as far as a path may hold them") {
  const url base = must("http://a/b/c/d;p?q");
  const std::vector<std::pair<std::string, std::string>> examples{
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {"g?y#s", "/b/c/g?y"},
      {";x", "/b/c/;x"},
      {"g;x", "/b/c/g;x"},
      {"g;x?y#s", "/b/c/g;x?y"},
      {"", "/b/c/d;p?q"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"../../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {".g", "/b/c/.g"},
      {"g..", "/b/c/g.."},
      {"..g", "/b/c/..g"},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g;x=1/./y", "/b/c/g;x=1/y"},
      {"g;x=1/../y", "/b/c/y"},
      {"g?y/./x", "/b/c/g?y/./x"},
      {"g?y/../x", "/b/c/g?y/../x"}};
  for (const auto& [reference, target] : examples) {
    CAPTURE(reference);
    const auto to = base.resolve(reference);
    REQUIRE(to.has_value());
    CHECK(to->text() == "http://a" + target);
  }
  CHECK(base.resolve("//g")->text() == "http://g/");
  CHECK(base.resolve("https://g:8/x")->text() == "https://g:8/x");
  CHECK(must("https://a/").resolve("//g/y")->text() == "https://g/y");
  for (const auto* bad :
       {"g:h", "http:g", "ftp://g/", "javascript:1", "//u@g/", "a b", "\r\nX:1"}) {
    CHECK(base.resolve(bad).error().code() == errc::invalid_argument);
  }
}

TEST_CASE("one origin: scheme, host and port") {
  const url u = must("https://a/x");
  CHECK(u.same_origin(must("https://A:443/y?z")));
  CHECK_FALSE(u.same_origin(must("http://a:443/x")));
  CHECK_FALSE(u.same_origin(must("https://a:444/x")));
  CHECK_FALSE(u.same_origin(must("https://b/x")));
}

TEST_CASE("what may be sent twice") {
  http::outgoing_request r{.to = must("http://a/")};
  for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    r.method = method;
    CHECK(http::is_repeatable(r));
  }
  for (const auto* method : {"POST", "PATCH", "get", "PROPFIND", ""}) {
    r.method = method;
    CHECK_FALSE(http::is_repeatable(r));
  }
  r.repeat = http::repeatable::yes;
  CHECK(http::is_repeatable(r));
  r.repeat = http::repeatable::by_method;
  REQUIRE(r.headers.set("idempotency-key", "k1"));
  CHECK(http::is_repeatable(r));
  r.method = "GET";
  r.repeat = http::repeatable::no;
  CHECK_FALSE(http::is_repeatable(r));
}

TEST_CASE("what no transport sends") {
  const auto refused = [](const http::outgoing_request& r) {
    const auto checked = http::check_request(r);
    return checked ? std::string() : checked.error().message();
  };
  http::outgoing_request fine{.to = must("http://a/")};
  REQUIRE(fine.headers.set("X-Any", "secret"));
  CHECK(refused(fine).empty());
  CHECK(refused({}).find("no URL") != std::string::npos);
  for (const auto* method : {"", "GET ", "G\r\nET", "(", "\xc3\xa9"}) {
    auto r = fine;
    r.method = method;
    CHECK(refused(r).find("method") != std::string::npos);
  }
  for (const auto* name : {"Host", "content-length", "Transfer-Encoding", "TE", "Upgrade"}) {
    auto r = fine;
    REQUIRE(r.headers.set(name, "secret"));
    CHECK(refused(r).find(std::string("the field ") + name) != std::string::npos);
    CHECK(refused(r).find("secret") == std::string::npos);
  }
  using std::chrono::milliseconds;
  for (const milliseconds bad : {milliseconds(0), milliseconds(-1), milliseconds(3'600'001)}) {
    auto r = fine;
    r.timeout = bad;
    CHECK(refused(r).find("timeout is " + std::to_string(bad.count())) != std::string::npos);
  }
  fine.timeout = milliseconds(3'600'000);
  CHECK(refused(fine).empty());
  fine.method = "CONNECT";
  CHECK(http::check_request(fine).error().code() == errc::not_supported);
}
