// SPDX-License-Identifier: BSL-1.0
#include "export_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

using namespace scalekit;
using namespace std::chrono_literals;
using test::export_fixture;

namespace {

/// Enough that no socket buffer takes it in whole.
void make_long(test::script& s) {
  s.chunks = 2000;
  s.chunk_bytes = 256 * 1024;
}

}  // namespace

TEST_CASE("a scan that fails half-way ends in a reset, never in a file that looks whole") {
  export_fixture f;
  f.plan->fail_at = 2;
  auto c = f.client();
  const auto r = c.get("/export");
  CHECK(r.status == 200);
  CHECK(r.chunked);
  CHECK_FALSE(r.whole);
  CHECK(r.trailers.size() == 0);
  CHECK(c.was_reset());
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().aborted_by_server == 1);
  CHECK(f.endpoint.stats().completed == 0);
  CHECK(f.logged.value() == 1);
}

TEST_CASE("so does an exception half-way") {
  export_fixture f;
  f.plan->throw_at = 1;
  auto c = f.client();
  CHECK_FALSE(c.get("/export").whole);
  CHECK(c.was_reset());
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().aborted_by_server == 1);
}

TEST_CASE("a client that goes away stops a scan that is deep inside a statement") {
  for (const std::size_t at : {0U, 1U, 2U}) {    // before, at, and after the first byte
    for (const bool politely : {true, false}) {  // FIN or RST
      CAPTURE(at);
      CAPTURE(politely);
      export_fixture f;
      f.plan->block_at = at;
      auto c = f.client();
      REQUIRE(c.ask("GET", "/export"));
      REQUIRE(f.plan->blocked.reaches(1));
      const auto left = scalekit::clock::system().steady_now();
      politely ? c.close() : c.abort();
      REQUIRE(f.plan->cancelled.reaches(1));
      const std::chrono::duration<double, std::milli> took =
          scalekit::clock::system().steady_now() - left;
      MESSAGE("cancelled after ", took.count(), " ms");
      CHECK(took < 2s);
      REQUIRE(f.settles());
      CHECK(f.endpoint.stats().aborted_by_client == 1);
    }
  }
}

TEST_CASE("a half-closed client counts as gone; pipelined bytes do not, nor hide a later end") {
  export_fixture f;
  f.plan->block_at = 1;
  {
    auto c = f.client();
    REQUIRE(c.ask("GET", "/export"));
    REQUIRE(f.plan->blocked.reaches(1));
    c.half_close();
    REQUIRE(f.plan->cancelled.reaches(1));
  }
  REQUIRE(f.settles());
  {
    auto c = f.client();
    REQUIRE(c.ask("GET", "/export"));
    REQUIRE(c.ask("GET", "/other"));
    REQUIRE(f.plan->blocked.reaches(2));
    c.close();
    REQUIRE(f.plan->cancelled.reaches(2));
  }
  REQUIRE(f.settles());
  auto c = f.client();
  REQUIRE(c.ask("GET", "/export"));
  REQUIRE(f.plan->blocked.reaches(3));
  REQUIRE(c.ask("GET", "/other"));
  f.plan->release();
  CHECK(c.read().body == f.plan->whole());
  CHECK(c.read().body == "other");
  CHECK(f.plan->cancelled.value() == 2);
}

TEST_CASE("a client that reads one byte and stalls is cut off, and the scan has stood still") {
  export_fixture f({.stall_timeout = 50ms});
  make_long(*f.plan);
  auto c = f.client(4096);
  REQUIRE(c.ask("GET", "/export"));
  CHECK(c.take(1) == "H");
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().aborted_by_stall == 1);
  CHECK(f.plan->made.value() < 200);  // what the kernel's buffers took, of 2000
  while (!c.take(1 << 20).empty()) {
  }
  CHECK(c.was_reset());
}

TEST_CASE("the first chunk leaves while the second is still being made") {
  export_fixture f;
  f.plan->block_at = 1;
  auto c = f.client();
  REQUIRE(c.ask("GET", "/export"));
  REQUIRE(f.plan->blocked.reaches(1));
  CHECK(c.read_head().status == 200);
  CHECK(c.take(5) == "3e8\r\n");
  CHECK(c.take(999).starts_with("aaa"));
  CHECK(f.metrics["scalekit_http_export_bytes_total"].reaches(1000));
  CHECK(f.plan->made.value() == 2);
  f.plan->release();
}

TEST_CASE("a slow client gets everything, at its pace") {
  export_fixture f;
  f.plan->chunks = 60;
  f.plan->chunk_bytes = 100000;
  auto c = f.client(4096);
  const auto r = c.get("/export");
  CHECK(r.whole);
  CHECK(r.body == f.plan->whole());
}

TEST_CASE("an operator sees a run, and stops it") {
  export_fixture f;
  f.plan->block_at = 2;
  auto c = f.client();
  REQUIRE(c.ask("GET", "/export"));
  REQUIRE(f.plan->blocked.reaches(1));
  const auto running = f.endpoint.stats().running;
  REQUIRE(running.size() == 1);
  CHECK(running[0].name == "fake");
  CHECK(running[0].progress.rows == 2);
  CHECK(running[0].progress.bytes == 2000);
  CHECK(running[0].remote_address == "127.0.0.1");
  CHECK_FALSE(f.endpoint.cancel("another"));
  CHECK_FALSE(f.endpoint.cancel(""));
  CHECK(f.endpoint.cancel(running[0].id));
  const auto r = c.read();
  CHECK(r.status == 200);
  CHECK_FALSE(r.whole);
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().aborted_by_server == 1);
  CHECK_FALSE(f.endpoint.cancel(running[0].id));
}

TEST_CASE("no slot: 503 with Retry-After, and none is lost") {
  export_fixture f({.max_concurrent = 1, .retry_after = 7s});
  f.plan->block_at = 1;
  auto first = f.client();
  REQUIRE(first.ask("GET", "/export"));
  REQUIRE(f.plan->blocked.reaches(1));
  auto second = f.client();
  const auto r = second.get("/export");
  CHECK(r.status == 503);
  CHECK(r.header("Retry-After") == "7");
  CHECK(second.get("/other").status == 200);
  REQUIRE(second.ask("HEAD", "/export"));
  CHECK(second.read(true).status == 200);
  f.plan->release();
  CHECK(first.read().whole);
  REQUIRE(f.settles());
  CHECK(second.get("/export").whole);
  CHECK(f.endpoint.stats().rejected == 1);
}

TEST_CASE("stopping the server: a run may end, or is cut off when the time is up") {
  {
    export_fixture f;
    f.plan->block_at = 1;
    auto c = f.client();
    REQUIRE(c.ask("GET", "/export"));
    REQUIRE(f.plan->blocked.reaches(1));
    auto idle = f.client();
    CHECK(idle.get("/other").status == 200);
    std::thread stopper([&] { f.web.stop(60s); });
    CHECK(idle.closed());
    f.plan->release();
    const auto r = c.read();
    CHECK(r.whole);
    c.close();
    stopper.join();
    CHECK(f.settles());
  }
  export_fixture f;
  f.plan->block_at = 1;
  auto c = f.client();
  REQUIRE(c.ask("GET", "/export"));
  REQUIRE(f.plan->blocked.reaches(1));
  f.web.stop(1ms);
  CHECK_FALSE(c.read().whole);
  CHECK(c.was_reset());
  CHECK(f.settles());
  CHECK(f.endpoint.stats().aborted_by_server == 1);
}
