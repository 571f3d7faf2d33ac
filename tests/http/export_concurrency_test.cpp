// SPDX-License-Identifier: BSL-1.0
// Many clients of all kinds at once; made to run under a thread sanitizer.
#include "export_fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using test::export_fixture;

namespace {

/// Runs `each(i)` for every i below `n` on a few threads.
template <class F>
void in_parallel(int threads, int n, F each) {
  std::atomic<int> next{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = next++; i < n; i = next++) each(i);
    });
  }
  for (auto& t : all) t.join();
}

}  // namespace

TEST_CASE("200 clients at once: as many as there are slots are served, the rest are told") {
  constexpr std::size_t slots = 8;
  export_fixture f({.max_concurrent = slots}, {.io_threads = 2, .worker_threads = slots});
  f.plan->block_at = 1;
  std::vector<test::raw_client> clients;
  clients.reserve(200);
  for (int i = 0; i < 200; ++i) {
    clients.push_back(f.client());
    REQUIRE(clients.back().ask("GET", "/export"));
  }
  REQUIRE(f.plan->blocked.reaches(slots));
  REQUIRE(f.metrics["scalekit_http_export_rejected_total"].reaches(200 - slots));
  CHECK(f.endpoint.stats().running.size() == slots);
  CHECK(f.plan->alive.value() == slots);
  f.plan->release();
  std::size_t served = 0;
  std::size_t told = 0;
  for (auto& c : clients) {
    const auto r = c.read();
    CHECK(r.trouble.empty());
    CHECK(r.whole);
    if (r.status == 200 && r.body == f.plan->whole()) ++served;
    if (r.status == 503 && r.headers.contains("Retry-After")) ++told;
  }
  CHECK(served == slots);
  CHECK(told == 200 - slots);
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().completed == slots);
}

TEST_CASE("clients that read, leave, reset, pipeline and stall: every slot comes back") {
  export_fixture f(
      {.max_concurrent = 16, .stall_timeout = 200ms}, {.io_threads = 2, .worker_threads = 4}
  );
  f.plan->chunks = 40;
  f.plan->chunk_bytes = 64 * 1024;
  const auto whole = f.plan->whole();
  std::atomic<int> broken{0};
  std::atomic<int> good{0};
  in_parallel(6, 120, [&](int i) {
    std::mt19937 random(static_cast<unsigned>(i));
    auto c = f.client(i % 3 == 0 ? 4096 : 0);
    const bool gzip = i % 4 == 1;
    c.ask("GET", "/export", gzip ? "Accept-Encoding: gzip\r\n" : "");
    switch (random() % 5) {
      case 0:
        c.take(random() % 5000 + 1);
        break;
      case 1:
        c.take(1);
        c.abort();
        break;
      case 2:
        c.half_close();
        break;
      default: {
        const auto r = c.read();
        if (r.status == 503) break;
        const bool right = r.status == 200 && r.trouble.empty() && r.whole &&
                           (gzip || r.body == whole) &&
                           r.trailer("Repr-Digest") == test::sha256_field(r.body);
        ++(right ? good : broken);
      }
    }
  });
  CHECK(broken == 0);
  CHECK(good > 0);
  REQUIRE(f.settles());
  const auto s = f.endpoint.stats();
  CHECK(
      s.started ==
      s.completed + s.refused + s.aborted_by_client + s.aborted_by_stall + s.aborted_by_server
  );
  CHECK(s.aborted_by_server == 0);
  f.web.stop(0ms);
  CHECK(f.web.stats().connections == 0);
}

TEST_CASE("looking at, stopping and serving exports race without harm") {
  export_fixture f({.max_concurrent = 4}, {.worker_threads = 4});
  f.plan->chunks = 20;
  std::atomic<bool> over{false};
  std::thread operator_thread([&] {
    unsigned turn = 0;
    while (!over) {
      for (const auto& r : f.endpoint.stats().running) {
        if (++turn % 3 == 0) f.endpoint.cancel(r.id);
      }
      std::this_thread::yield();
    }
  });
  std::atomic<int> wrong{0};
  in_parallel(4, 100, [&](int) {
    auto c = f.client();
    const auto r = c.get("/export");
    if (r.whole && r.status == 200 && r.body != f.plan->whole()) ++wrong;
  });
  over = true;
  operator_thread.join();
  CHECK(wrong == 0);
  CHECK(f.settles());
}

TEST_CASE("stopping under load ends everything") {
  for (const auto grace : {0ms, 20ms}) {
    export_fixture f({.max_concurrent = 64}, {.io_threads = 2, .worker_threads = 4});
    f.plan->chunks = 200;
    f.plan->chunk_bytes = 64 * 1024;
    std::vector<test::raw_client> clients;
    for (int i = 0; i < 30; ++i) {
      clients.push_back(f.client(4096));
      clients.back().ask("GET", i % 3 == 0 ? "/other" : "/export");
    }
    REQUIRE(f.metrics["scalekit_http_export_started_total"].reaches(10));
    f.web.stop(grace);
    CHECK(f.web.stats().connections == 0);
    CHECK(f.settles());
    for (auto& c : clients) {
      const auto r = c.read();
      if (r.whole && r.chunked) CHECK(r.body == f.plan->whole());
    }
  }
}
