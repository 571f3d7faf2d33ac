// SPDX-License-Identifier: BSL-1.0
#include "export_fixture.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <stdexcept>
#include <string>

using namespace scalekit;
using test::export_fixture;
using test::sha256_field;

namespace {

std::string gunzip(const std::string& text) {
  z_stream z{};
  REQUIRE(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK);
  std::string out;
  std::string some(65536, '\0');
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  int state = Z_OK;
  while (state == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(some.data());
    z.avail_out = static_cast<uInt>(some.size());
    state = inflate(&z, Z_NO_FLUSH);
    out.append(some, 0, some.size() - z.avail_out);
  }
  CHECK(z.avail_in == 0);
  inflateEnd(&z);
  CHECK(state == Z_STREAM_END);
  return out;
}

}  // namespace

TEST_CASE("an export comes in chunks, with its digest and rows behind it") {
  export_fixture f;
  f.file_name = "J\xc3\xa4nner.csv";
  auto c = f.client();
  const auto r = c.get("/export");
  CHECK(r.trouble.empty());
  CHECK(r.status == 200);
  CHECK(r.chunked);
  CHECK(r.whole);
  CHECK(r.body == f.plan->whole());
  CHECK(r.header("Content-Type") == "text/csv; charset=utf-8; header=present");
  CHECK(
      r.header("Content-Disposition") ==
      "attachment; filename=\"J_nner.csv\"; filename*=UTF-8''J%C3%A4nner.csv"
  );
  CHECK(r.header("Cache-Control") == "no-store");
  CHECK(r.header("X-Content-Type-Options") == "nosniff");
  CHECK(r.header("X-Accel-Buffering") == "no");
  CHECK(r.header("Vary") == "Accept-Encoding");
  CHECK(r.header("Accept-Ranges") == "none");
  CHECK(r.header("X-Export-Id").size() == 32);
  CHECK(r.header("Trailer") == "Repr-Digest, X-Export-Rows");
  CHECK(r.header("Date").ends_with(" GMT"));
  CHECK_FALSE(r.headers.contains("ETag"));
  CHECK_FALSE(r.headers.contains("Repr-Digest"));
  CHECK(r.trailer("Repr-Digest") == sha256_field(f.plan->whole()));
  CHECK(r.trailer("X-Export-Rows") == "3");

  CHECK(c.get("/other").body == "other");  // the connection goes on
  REQUIRE(f.settles());
  const auto s = f.endpoint.stats();
  CHECK(s.started == 1);
  CHECK(s.completed == 1);
  CHECK(s.bytes == 3000);
  CHECK(f.metrics["scalekit_http_export_first_byte_seconds"].value() == 1);
  CHECK(f.logged.value() == 0);
}

TEST_CASE("an end that comes by itself, or as an empty chunk, makes the same body") {
  export_fixture f;
  for (const std::size_t chunks : {0U, 1U, 2U, 7U}) {
    for (const bool says_at_end : {false, true}) {
      CAPTURE(chunks);
      CAPTURE(says_at_end);
      f.plan = std::make_shared<test::script>();
      f.plan->chunks = chunks;
      f.plan->says_at_end = says_at_end;
      auto c = f.client();
      const auto r = c.get("/export");
      CHECK(r.trouble.empty());
      CHECK(r.whole);
      CHECK(r.body == f.plan->whole());
      const auto digest = r.chunked ? r.trailer("Repr-Digest") : r.header("Repr-Digest");
      CHECK(digest == sha256_field(f.plan->whole()));
      CHECK(c.get("/other").status == 200);
      REQUIRE(f.settles());
    }
  }
}

TEST_CASE("an export that is one chunk has a length, and its digest as a header") {
  export_fixture f;
  f.plan->chunks = 1;
  auto c = f.client();
  const auto r = c.get("/export");
  CHECK_FALSE(r.chunked);
  CHECK(r.header("Content-Length") == "1000");
  CHECK(r.header("X-Export-Rows") == "1");
  CHECK_FALSE(r.headers.contains("Trailer"));
  CHECK(r.body == f.plan->whole());
}

TEST_CASE("gzip where the client prefers it") {
  export_fixture f;
  f.plan->chunks = 40;
  f.plan->chunk_bytes = 100000;
  auto c = f.client();
  const auto r = c.get("/export", "Accept-Encoding: gzip, br\r\n");
  CHECK(r.header("Content-Encoding") == "gzip");
  CHECK(r.header("Accept-Ranges") == "none");
  CHECK(r.whole);
  CHECK(r.body.size() < f.plan->whole().size() / 10);
  CHECK(gunzip(r.body) == f.plan->whole());
  CHECK(r.trailer("Repr-Digest") == sha256_field(r.body));  // of the representation as coded
  CHECK(r.trailer("X-Export-Rows") == "40");

  f.plan->chunks = 1;
  const auto small = c.get("/export", "Accept-Encoding: gzip\r\n");
  CHECK_FALSE(small.chunked);
  CHECK(gunzip(small.body) == f.plan->whole());
}

TEST_CASE("codings are negotiated") {
  export_fixture f;
  auto c = f.client();
  const auto coding = [&](const char* accept) {
    const auto r = c.get("/export", std::string("Accept-Encoding: ") + accept + "\r\n");
    return r.status == 200 ? r.header("Content-Encoding") : std::to_string(r.status);
  };
  CHECK(coding("identity").empty());
  CHECK(coding("gzip;q=0.5, identity").empty());
  CHECK(coding("gzip;q=0").empty());
  CHECK(coding("br").empty());
  CHECK(coding("identity;q=0, gzip;q=0.1") == "gzip");
  CHECK(coding("*;q=0") == "406");
  CHECK(coding("br, identity;q=0") == "406");

  export_fixture plain({.compress = http::export_endpoint_options::compression::off});
  auto d = plain.client();
  CHECK(d.get("/export", "Accept-Encoding: gzip\r\n").header("Content-Encoding").empty());
  CHECK(d.get("/export", "Accept-Encoding: gzip, identity;q=0\r\n").status == 406);
}

TEST_CASE("HEAD says how it would begin and scans nothing") {
  export_fixture f;
  auto c = f.client();
  REQUIRE(c.ask("HEAD", "/export"));
  const auto r = c.read(true);
  CHECK(r.status == 200);
  CHECK(r.header("Content-Disposition") == "attachment; filename=\"export.csv\"");
  CHECK(f.plan->made.value() == 0);
  CHECK(f.pool.lent.value() == 0);
  CHECK(c.get("/export").whole);
}

TEST_CASE("other methods") {
  export_fixture f;
  auto c = f.client();
  REQUIRE(c.ask("POST", "/export", "Content-Length: 0\r\n"));
  const auto r = c.read();
  CHECK(r.status == 405);
  CHECK(r.header("Allow") == "GET, HEAD");
}

TEST_CASE("what the host refuses, the client is told") {
  export_fixture f;
  auto c = f.client();
  const auto r = c.get("/export?deny");
  CHECK(r.status == 404);
  CHECK(r.body.find("no such report") != std::string::npos);
  CHECK(r.header("Content-Type") == "application/problem+json");
  CHECK_FALSE(r.headers.contains("Content-Disposition"));

  struct {
    errc code;
    int status;
  } const cases[] = {
      {errc::invalid_argument, 400},
      {errc::unauthenticated, 401},
      {errc::limit_exceeded, 429},
      {errc::busy, 503},
      {errc::unavailable, 503},
      {errc::internal, 500}};
  for (const auto& k : cases) {
    export_fixture g({.define = [&](const http::request&) -> result<http::export_definition> {
      return error(k.code, "why");
    }});
    auto d = g.client();
    const auto s = d.get("/export");
    CHECK(s.status == k.status);
    CHECK(s.headers.contains("Retry-After") == (k.status == 503 || k.status == 429));
    CHECK((s.body.find("why") != std::string::npos) == (k.status < 500));
    CHECK(d.get("/other").status == 200);
    REQUIRE(g.settles());
    CHECK(g.endpoint.stats().refused == 1);
  }
}

TEST_CASE("a failure before the first byte is an error response, not a broken file") {
  export_fixture f;
  const auto fails = [&](int status) {
    auto c = f.client();
    const auto r = c.get("/export");
    CHECK(r.status == status);
    CHECK(r.whole);
    CHECK(r.body.find("secret") == std::string::npos);
    CHECK(c.get("/other").status == 200);
    REQUIRE(f.settles());
  };
  f.plan->fail_at = 0;
  fails(500);
  f.plan->failure = errc::busy;
  fails(503);
  f.plan->fail_at.reset();
  f.plan->throw_at = 0;
  fails(500);
  f.plan->throw_at.reset();
  f.pool.refuse = true;
  fails(503);
  CHECK(f.endpoint.stats().refused == 4);
  CHECK(f.logged.value() == 4);
}

TEST_CASE("a definition that throws or cannot be sent is a 500") {
  export_fixture thrower({.define = [](const http::request&) -> result<http::export_definition> {
    throw std::runtime_error("secret text");
  }});
  auto c = thrower.client();
  CHECK(c.get("/export").status == 500);
  export_fixture empty_source({.define = [](const http::request&) {
    return http::export_definition{
        .what = http::custom_export{
            "none", [](sql::connection&) -> result<std::unique_ptr<bulk::chunk_source>> {
              return std::unique_ptr<bulk::chunk_source>();
            }}};
  }});
  auto e = empty_source.client();
  CHECK(e.get("/export").status == 500);
  CHECK(empty_source.settles());
}

TEST_CASE("HTTP/1.0 gets a whole file with its length, or none") {
  export_fixture f;
  {
    auto c = f.client();
    REQUIRE(c.send("GET /export HTTP/1.0\r\n\r\n"));
    CHECK(c.read().status == 505);
  }
  f.plan = std::make_shared<test::script>();
  f.plan->chunks = 1;
  auto c = f.client();
  REQUIRE(c.send("GET /export HTTP/1.0\r\n\r\n"));
  const auto r = c.read();
  CHECK(r.status == 200);
  CHECK(r.header("Content-Length") == "1000");
  CHECK(f.settles());
}

TEST_CASE("ranges mean nothing where nothing can go on") {
  export_fixture f;
  auto c = f.client();
  const auto r = c.get("/export?export=abc", "Range: bytes=5-\r\nIf-Range: \"abc\"\r\n");
  CHECK(r.status == 200);
  CHECK(r.body == f.plan->whole());
}
