// SPDX-License-Identifier: BSL-1.0
#include "pipeline_support.hpp"

#include <scalekit/asio/offload.hpp>
#include <scalekit/asio/pipeline.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <utility>
#include <vector>

using namespace asio_test;

TEST_CASE("a call goes through its layers, and failures are tried again without a thread waiting") {
  fixture f;
  const auto p = f.make();
  int calls = 0;
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      [&](const attempt& a, auto done) {
        CHECK(f.places->stats().in_flight == 1);
        CHECK(static_cast<int>(a.number) == ++calls);
        answer(
            f.loop, calls < 3 ? result<int>(errc::unavailable) : result<int>(7), std::move(done)
        );
      },
      {},
      into(got)
  );
  CHECK_FALSE(got);  // never before it returns
  f.loop.run();
  REQUIRE(got);
  CHECK(got->value() == 7);
  CHECK(calls == 3);
  CHECK(p->stats().retries == 2);
  f.no_trace_is_left();
}

TEST_CASE("a coroutine awaits it, over a pool that blocks") {
  fixture f;
  f.options.bulkhead = nullptr;
  const auto p = f.make();
  net::thread_pool pool(2);
  int got = 0;
  const auto body = [&]() -> net::awaitable<void> {
    const auto executor = co_await net::this_coro::executor;
    for (int i = 0; i < 20; ++i) {
      auto r = co_await asio::call<int>(
          *p,
          executor,
          [&, i](const attempt& a, auto done) {
            asio::offload(
                pool.get_executor(),
                [i, n = a.number]() -> result<int> {
                  if (n == 1 && i % 5 == 0) return errc::busy;
                  return 1;
                },
                std::move(done)
            );
          },
          call_options{},
          net::use_awaitable
      );
      got += r.value();
    }
  };
  net::co_spawn(f.loop, body, net::detached);
  f.loop.run();
  pool.join();
  CHECK(got == 20);
  CHECK(p->stats().retries == 4);
}

TEST_CASE("an open breaker refuses, and so does a full queue") {
  fixture f;
  const auto p = f.make();
  f.breaker.force_open({});
  std::optional<result<int>> got;
  asio::call<int>(
      *p, f.loop.get_executor(), [](const attempt&, auto) { FAIL("called"); }, {}, into(got)
  );
  f.loop.run();
  CHECK(got->error().message() == "breaker open");
  f.breaker.release({});
  const auto narrow = bulkhead::make({.max_concurrent = 1}).value();
  REQUIRE(narrow->try_acquire());
  f.options.bulkhead = narrow.get();
  const auto q = f.make();
  got.reset();
  asio::call<int>(
      *q, f.loop.get_executor(), [](const attempt&, auto) { FAIL("called"); }, {}, into(got)
  );
  f.loop.restart();
  f.loop.run();
  CHECK(got->error().code() == errc::busy);
}

TEST_CASE("an attempt that is late is cancelled, and its effect is unknown") {
  fixture f;
  f.retry = retry_policy::make({.max_attempts = 2,
                                .backoff = {.base = 1us, .cap = 1us},
                                .throttled_base = 1us,
                                .try_timeout = 1ms})
                .value();
  const auto p = f.make();
  hanging stuck{f.loop};
  std::optional<result<int>> got;
  asio::call<int>(*p, f.loop.get_executor(), std::ref(stuck), {}, into(got));
  f.loop.run();
  CHECK(got->error().outcome_unknown());
  CHECK(stuck.started == 1);
  got.reset();
  f.loop.restart();
  asio::call<int>(
      *p, f.loop.get_executor(), std::ref(stuck), {.repeat = repeatable::always}, into(got)
  );
  f.loop.run();
  CHECK(got->error().outcome_unknown());
  CHECK(stuck.started == 3);
  CHECK(stuck.cancelled == 3);
  CHECK(f.breaker.state(clock::system().steady_now()) == breaker_state::open);
  f.no_trace_is_left();
}

TEST_CASE("a classifier of one's own decides what an answer means") {
  fixture f;
  const auto p = f.make();
  int calls = 0;
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      [&](const attempt&, auto done) { answer(f.loop, ++calls, std::move(done)); },
      {},
      [](const result<int>& r) {
        return r && *r < 3 ? outcome{.kind = outcome_kind::transient} : outcome{};
      },
      into(got)
  );
  f.loop.run();
  CHECK(got->value() == 3);
  CHECK(calls == 3);
}

TEST_CASE("attempts start on the executor given, wherever the token's handler completes") {
  fixture f;
  const auto p = f.make();
  bool at_home = false;
  auto got = asio::call<int>(
      *p,
      f.loop.get_executor(),
      [&](const attempt&, auto done) {
        at_home = f.loop.get_executor().running_in_this_thread();
        answer(f.loop, 1, std::move(done));
      },
      call_options{},
      net::use_future
  );
  f.loop.run();
  CHECK(got.get().value() == 1);
  CHECK(at_home);
}

TEST_CASE("many calls on several threads: all complete, and nothing is left behind") {
  fixture f;
  f.places->set_limit(3);
  f.options.breaker = nullptr;
  const auto wide = bulkhead::make({.max_concurrent = 3, .max_queue = 10'000}).value();
  f.options.bulkhead = wide.get();
  const auto p = f.make();
  net::thread_pool pool(4);
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::future<result<int>>> all;
  for (int i = 0; i < 2'000; ++i) {
    all.push_back(asio::call<int>(
        *p,
        pool.get_executor(),
        [&, i](const attempt& a, auto done) {
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          net::post(pool, [&, i, n = a.number, d = std::move(done)]() mutable {
            --inside;
            std::move(d)(n == 1 && i % 3 == 0 ? result<int>(errc::busy) : result<int>(i));
          });
        },
        call_options{},
        net::use_future
    ));
  }
  int ok = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto r = all[static_cast<std::size_t>(i)].get();
    if (r) {
      CHECK(*r == i);
      ++ok;
    }
  }
  pool.join();
  CHECK(ok > 1'300);
  CHECK(most <= 3);
  CHECK(wide->stats().in_flight == 0);
  CHECK(wide->stats().waiting == 0);
}
