// SPDX-License-Identifier: BSL-1.0
// Resuming over real tables: every answer of the range matrix, byte for byte.
#include "export_fixture.hpp"
#include "table_fixture.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace scalekit;
using namespace std::chrono_literals;
using test::sha256_field;
using test::table_fixture;

namespace {

std::string from(std::uint64_t n) { return "Range: bytes=" + std::to_string(n) + "-\r\n"; }

std::string span(std::uint64_t first, std::uint64_t last, const std::string& total) {
  return "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + total;
}

}  // namespace

TEST_CASE("a first download says how it can go on") {
  table_fixture f(2000);
  auto c = f.client();
  const auto g = c.get("/export?filter=a%20b&export=&x", from(5));  // an empty id is none
  CHECK(g.status == 200);
  CHECK(g.body == f.whole());
  const auto id = g.header("X-Export-Id");
  CHECK(id.size() == 32);
  CHECK(g.header("ETag") == "\"" + id + "\"");
  CHECK(g.header("Content-Location") == "/export?filter=a%20b&x&export=" + id);
  CHECK(g.header("Accept-Ranges") == "bytes");
  CHECK(g.trailer("Repr-Digest") == sha256_field(f.whole()));
  CHECK(g.trailer("X-Export-Rows") == "2000");
}

TEST_CASE("a finished export goes on at any byte, with exact lengths") {
  table_fixture f(3000);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto& all = first.body;
  REQUIRE(all == f.whole());
  const auto total = std::to_string(all.size());
  std::mt19937 random(7);
  for (int i = 0; i < 25; ++i) {
    const std::uint64_t n = i == 0 ? 0 : i == 1 ? all.size() - 1 : random() % all.size();
    CAPTURE(n);
    const auto r = c.get("/export", from(n) + "If-Range: " + first.header("ETag") + "\r\n");
    CHECK(r.status == 206);
    CHECK(r.header("Content-Range") == span(n, all.size() - 1, total));
    CHECK(r.header("Content-Length") == std::to_string(all.size() - n));
    CHECK(r.header("ETag") == first.header("ETag"));
    CHECK(r.header("Repr-Digest") == sha256_field(all));
    CHECK(r.header("X-Export-Rows") == "3000");
    CHECK(r.body == all.substr(n));
  }
}

TEST_CASE("a download that was cut goes on where it was cut") {
  table_fixture f(100000);
  const auto all = f.whole();
  std::string have;
  std::string tag;
  {
    auto c = f.client(4096);
    REQUIRE(c.ask("GET", "/export"));
    const auto head = c.read_head();
    tag = head.header("ETag");
    // Whole chunks are framed; what is inside the first is all that is needed here.
    const auto some = c.take(1000);
    have = some.substr(some.find("\r\n") + 2);
    REQUIRE(all.starts_with(have));
    c.close();
  }
  REQUIRE(f.settles());
  REQUIRE(f.endpoint.stats().aborted_by_client == 1);
  auto c = f.client();
  const auto r = c.get("/export", from(have.size()) + "If-Range: " + tag + "\r\n");
  CHECK(r.status == 206);
  CHECK(r.chunked);
  CHECK(r.header("Content-Range") == span(have.size(), 9007199254740991, "*"));
  CHECK(r.whole);
  CHECK((have + r.body) == all);
  CHECK(r.trailer("Repr-Digest") == sha256_field(all));
  CHECK(r.trailer("X-Export-Rows") == "100000");
}

TEST_CASE("beyond the end: 416") {
  table_fixture f(500);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto condition = "If-Range: " + first.header("ETag") + "\r\n";
  for (const std::uint64_t n : {first.body.size(), first.body.size() + 1, SIZE_MAX}) {
    const auto r = c.get("/export", from(n) + condition);
    CHECK(r.status == 416);
    CHECK(r.header("Content-Range") == "bytes */" + std::to_string(first.body.size()));
  }
  CHECK(c.get("/export", "Range: bytes=-0\r\n" + condition).status == 416);
}

TEST_CASE("beyond what was ever made, of an export that never ended: 416 without a length") {
  table_fixture f(100000);
  std::string tag;
  {
    auto c = f.client(4096);
    REQUIRE(c.ask("GET", "/export"));
    tag = c.read_head().header("ETag");
    c.close();
  }
  REQUIRE(f.settles());
  auto c = f.client();
  const auto r = c.get("/export", from(1ULL << 40) + "If-Range: " + tag + "\r\n");
  CHECK(r.status == 416);
  CHECK_FALSE(r.headers.contains("Content-Range"));
  // Neither a bounded range nor the last bytes can be promised yet.
  CHECK(c.get("/export", "Range: bytes=5-10\r\nIf-Range: " + tag + "\r\n").status == 200);
}

TEST_CASE("bounded ranges and last bytes, once the length is known") {
  table_fixture f(3000);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto& all = first.body;
  const auto total = std::to_string(all.size());
  const auto ask = [&](const std::string& range) {
    return c.get(
        "/export", "Range: bytes=" + range + "\r\nIf-Range: " + first.header("ETag") + "\r\n"
    );
  };
  auto r = ask("5-10");
  CHECK(r.status == 206);
  CHECK(r.body == all.substr(5, 6));
  CHECK(r.header("Content-Range") == span(5, 10, total));
  r = ask("70000-140000");
  CHECK(r.body == all.substr(70000, 70001));
  CHECK(r.header("Repr-Digest") == sha256_field(all));
  r = ask("-500");
  CHECK(r.body == all.substr(all.size() - 500));
  CHECK(r.header("Content-Range") == span(all.size() - 500, all.size() - 1, total));
  r = ask("10-99999999");
  CHECK(r.body == all.substr(10));
  r = ask("-99999999");
  CHECK(r.status == 206);
  CHECK(r.body == all);
  CHECK(ask("0-1,5-6").status == 200);
  CHECK(ask("x").status == 200);
}

TEST_CASE("If-Range that does not hold: a new export") {
  table_fixture f(500);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  for (const auto& condition :
       {"\"unknown\"", "W/\"x\"", "Mon, 06 May 2024 07:08:09 GMT", "garbage", "\"\""}) {
    CAPTURE(condition);
    const auto r = c.get("/export", from(10) + "If-Range: " + condition + "\r\n");
    CHECK(r.status == 200);
    CHECK(r.body == first.body);
    CHECK(r.header("X-Export-Id") != id);
  }
  // A range alone names no export, so nothing could be part of it.
  CHECK(c.get("/export", from(10)).status == 200);
}

TEST_CASE("by the id in the query") {
  table_fixture f(500);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  const auto again = c.get("/export?export=" + id);
  CHECK(again.status == 200);
  CHECK(again.body == first.body);
  CHECK(again.header("X-Export-Id") == id);
  CHECK(again.header("Content-Length") == std::to_string(first.body.size()));
  const auto part = c.get("/export?export=" + id, from(100));
  CHECK(part.status == 206);
  CHECK(part.body == first.body.substr(100));
  CHECK(c.get("/export?export=unknown").status == 410);
  CHECK(c.get("/export?export=unknown", from(10)).status == 410);
  // The condition fails, so the range is void; what the target names is sent whole.
  const auto whole = c.get("/export?export=" + id, from(10) + "If-Range: \"other\"\r\n");
  CHECK(whole.status == 200);
  CHECK(whole.header("X-Export-Id") == id);
}

TEST_CASE("an id is good for its own definition only") {
  table_fixture f(500);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  CHECK(c.get("/export?name=other&export=" + id).status == 410);
  CHECK(c.get("/export?even&export=" + id).status == 409);
  const auto r = c.get("/export?even", from(10) + "If-Range: \"" + id + "\"\r\n");
  CHECK(r.status == 200);
  CHECK(r.header("X-Export-Id") != id);
}

TEST_CASE("rows that changed behind the client: refused, or a new export") {
  table_fixture f(3000);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  f.run("UPDATE t SET name = 'changed' WHERE id = 1");
  CHECK(c.get("/export?export=" + id, from(100)).status == 409);
  const auto r = c.get("/export", from(100) + "If-Range: \"" + id + "\"\r\n");
  CHECK(r.status == 200);
  CHECK(r.body == f.whole());
}

TEST_CASE("rows that changed ahead of it: never a file of the promised length that is another") {
  table_fixture f(3000);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  f.run("UPDATE t SET name = upper(name) WHERE id = 3000");  // as long as before
  const auto r = c.get("/export?export=" + id, from(100));
  CHECK(r.status == 206);
  CHECK_FALSE(r.whole);
  CHECK(c.was_reset());
  f.run("DELETE FROM t WHERE id = 3000");
  auto d = f.client();
  CHECK_FALSE(d.get("/export?export=" + id, from(100)).whole);
}

TEST_CASE("gzip and going on") {
  table_fixture f(3000);
  auto c = f.client();
  const auto coded = c.get("/export", "Accept-Encoding: gzip\r\n");
  const auto id = coded.header("X-Export-Id");
  CHECK(coded.header("ETag") == "\"" + id + "-gzip\"");
  CHECK(coded.header("Accept-Ranges") == "none");
  // The tag of the gzip representation holds for no range.
  const auto tagged = coded.header("ETag");
  CHECK(c.get("/export", from(10) + "If-Range: " + tagged + "\r\n").status == 200);
  // A client that goes on gets identity, unless it cannot read that.
  auto r = c.get("/export?export=" + id, from(10) + "Accept-Encoding: gzip, deflate\r\n");
  CHECK(r.status == 206);
  CHECK(r.body == f.whole().substr(10));
  r = c.get("/export?export=" + id, from(10) + "Accept-Encoding: gzip, identity;q=0\r\n");
  CHECK(r.status == 200);
  CHECK(r.header("Content-Encoding") == "gzip");
  CHECK(r.header("X-Export-Id") == id);
}

TEST_CASE("an export expires") {
  table_fixture f(500, 1h);
  auto c = f.client();
  const auto id = c.get("/export").header("X-Export-Id");
  CHECK(c.get("/export?export=" + id).status == 200);
  f.clock.advance(2h);
  CHECK(c.get("/export?export=" + id).status == 410);
}

TEST_CASE("HEAD of an export that exists") {
  table_fixture f(500);
  auto c = f.client();
  const auto first = c.get("/export");
  const auto id = first.header("X-Export-Id");
  REQUIRE(c.ask("HEAD", "/export?export=" + id));
  auto r = c.read(true);
  CHECK(r.status == 200);
  CHECK(r.header("Content-Length") == std::to_string(first.body.size()));
  CHECK(r.header("ETag") == first.header("ETag"));
  REQUIRE(c.ask("HEAD", "/export?export=nothing"));
  CHECK(c.read(true).status == 410);
  REQUIRE(c.ask("HEAD", "/export"));
  r = c.read(true);
  CHECK(r.header("Accept-Ranges") == "bytes");
  CHECK_FALSE(r.headers.contains("Content-Length"));
}
