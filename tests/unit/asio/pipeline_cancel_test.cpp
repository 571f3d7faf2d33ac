// SPDX-License-Identifier: BSL-1.0
#include "pipeline_support.hpp"

#include <scalekit/asio/pipeline.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace asio_test;

TEST_CASE("calls wait for a place in turn, and a deadline or a cancellation ends the wait") {
  fixture f;
  const auto p = f.make();
  REQUIRE(f.places->try_acquire());
  std::vector<int> order;
  std::optional<result<int>> first, second, late, given_up;
  const auto run = [&](int n, call_options o, auto token) {
    asio::call<int>(
        *p,
        f.loop.get_executor(),
        [&, n](const attempt&, auto done) {
          order.push_back(n);
          answer(f.loop, n, std::move(done));
        },
        o,
        std::move(token)
    );
  };
  net::cancellation_signal give_up;
  run(1, {}, into(first));
  run(3, {}, net::bind_cancellation_slot(give_up.slot(), into(given_up)));
  run(4, {}, into(second));
  while (f.places->stats().waiting != 3) f.loop.poll();
  // Last, for on a busy machine it may be late before it is in the queue.
  run(2, {.deadline = clock::system().steady_now() + 1ms}, into(late));
  give_up.emit(net::cancellation_type::all);
  while (!late || !given_up) f.loop.run_one();
  CHECK(late->error().code() == errc::timed_out);
  CHECK(given_up->error().code() == errc::cancelled);
  CHECK(order.empty());
  f.places->release();
  f.loop.run();
  CHECK(order == std::vector<int>{1, 4});
  CHECK(first->value() == 1);
  CHECK(second->value() == 4);
  f.no_trace_is_left();
}

TEST_CASE("a place that is granted to a cancelled call is used for nothing") {
  fixture f;
  token_bucket limiter(
      rate::make({.tokens = 1, .period = 24h, .burst = 10}).value(), clock::system().steady_now()
  );
  f.options.limiter = limiter;
  const auto p = f.make();
  REQUIRE(f.places->try_acquire());
  net::cancellation_signal stop;
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      [](const attempt&, auto&&) { FAIL("called"); },
      {.cost = 2},
      net::bind_cancellation_slot(stop.slot(), into(got))
  );
  f.loop.poll();
  REQUIRE(f.places->stats().waiting == 1);
  f.places->release();
  stop.emit(net::cancellation_type::all);
  f.loop.restart();
  f.loop.run();
  CHECK(got->error().code() == errc::cancelled);
  CHECK(limiter.peek(clock::system().steady_now(), 0).remaining >= 9);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  CHECK(f.budget->stats().granted == 0);
  f.no_trace_is_left();
}

TEST_CASE("a cancelled call cancels its attempt, and counts for nothing") {
  fixture f;
  const auto p = f.make();
  hanging stuck{f.loop};
  net::cancellation_signal stop;
  stuck.on_start = [&] { net::post(f.loop, [&] { stop.emit(net::cancellation_type::all); }); };
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      std::ref(stuck),
      {},
      net::bind_cancellation_slot(stop.slot(), into(got))
  );
  f.loop.run();
  CHECK(got->error().code() == errc::cancelled);
  CHECK(stuck.cancelled == 1);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  CHECK(f.breaker.stats(clock::system().steady_now()).calls == 0);
  f.no_trace_is_left();
}

TEST_CASE("a cancelled call does not finish its pause") {
  fixture f;
  f.retry =
      retry_policy::make({.backoff = {.base = 1h, .cap = 24h, .jitter = jitter::none}}).value();
  const auto p = f.make();
  net::cancellation_signal stop;
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      [&](const attempt&, auto done) { answer(f.loop, errc::unavailable, std::move(done)); },
      {},
      net::bind_cancellation_slot(stop.slot(), into(got))
  );
  while (p->stats().retries == 0) f.loop.run_one();
  stop.emit(net::cancellation_type::all);
  f.loop.run();
  CHECK(got->error().code() == errc::cancelled);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  CHECK(p->stats().retries == 0);
  CHECK(f.budget->stats().granted == 0);
  f.no_trace_is_left();
}

TEST_CASE("a call waits for the limiter by a timer, and a cancelled one gives its permits back") {
  fixture f;
  const auto start = clock::system().steady_now();
  token_bucket limiter(rate::make({.tokens = 1'000, .burst = 1}).value(), start);
  f.options.limiter = limiter;
  f.options.limiter_wait = 1h;
  const auto p = f.make();
  net::cancellation_signal stop;
  std::optional<result<int>> got;
  const auto call = [&] {
    got.reset();
    f.loop.restart();
    asio::call<int>(
        *p,
        f.loop.get_executor(),
        [&](const attempt&, auto done) { answer(f.loop, 1, std::move(done)); },
        {},
        net::bind_cancellation_slot(stop.slot(), into(got))
    );
  };
  REQUIRE(limiter.try_take(clock::system().steady_now()));
  call();
  f.loop.run();
  CHECK(got->value() == 1);

  const auto slow = rate::make({.tokens = 1, .period = 10min, .burst = 1}).value();
  limiter.set_limit(clock::system().steady_now(), slow);
  limiter.debit(clock::system().steady_now(), 1);
  call();
  f.loop.poll();
  CHECK(limiter.peek(clock::system().steady_now(), 0).reset_after > 15min);
  stop.emit(net::cancellation_type::all);
  f.loop.run();
  CHECK(got->error().code() == errc::cancelled);
  CHECK(limiter.peek(clock::system().steady_now(), 0).reset_after < 15min);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  f.no_trace_is_left();
}

TEST_CASE("a retry that a cancelled attempt asks for is neither made nor paid") {
  fixture f;
  const auto p = f.make();
  net::cancellation_signal stop;
  std::optional<result<int>> got;
  asio::call<int>(
      *p,
      f.loop.get_executor(),
      [&](const attempt&, auto done) {
        net::post(f.loop, [&, d = std::move(done)]() mutable {
          stop.emit(net::cancellation_type::all);
          net::post(f.loop, [d = std::move(d)]() mutable { std::move(d)(errc::unavailable); });
        });
      },
      {},
      net::bind_cancellation_slot(stop.slot(), into(got))
  );
  f.loop.run();
  CHECK(got->error().code() == errc::unavailable);
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  CHECK(p->stats().retries == 0);
  CHECK(f.budget->stats().granted == 0);
  f.no_trace_is_left();
}

TEST_CASE("a loop that is destroyed with calls in it leaks nothing") {
  fixture f;
  const auto p = f.make();
  {
    net::io_context loop;
    hanging stuck{loop};
    std::optional<result<int>> got;
    asio::call<int>(
        *p,
        loop.get_executor(),
        [&](const attempt&, auto done) { answer(loop, 1, std::move(done)); },
        {},
        into(got)
    );
    loop.poll_one();
    CHECK_FALSE(got);
  }
  f.no_trace_is_left();
}

TEST_CASE("nor does one that is destroyed with calls in the queue, or just out of it") {
  fixture f;
  const auto p = f.make();
  const auto held = std::make_shared<int>(7);
  REQUIRE(f.places->try_acquire());
  {
    net::io_context loop;
    for (int i = 0; i < 3; ++i) {
      asio::call<int>(
          *p,
          loop.get_executor(),
          [](const attempt&, auto) { FAIL("called"); },
          {.deadline = clock::system().steady_now() + 1h},
          [held](result<int>) { FAIL("completed"); }
      );
    }
    while (f.places->stats().waiting != 3) loop.poll_one();
    f.places->release();  // to the first, which never hears of it
    CHECK(f.places->stats().in_flight == 1);
    CHECK(held.use_count() == 4);
  }
  CHECK(held.use_count() == 1);
  f.no_trace_is_left();
}

TEST_CASE("a pause that its loop does not outlive is not paid for") {
  fixture f;
  f.retry =
      retry_policy::make({.backoff = {.base = 1h, .cap = 24h, .jitter = jitter::none}}).value();
  const auto p = f.make();
  {
    net::io_context loop;
    asio::call<int>(
        *p,
        loop.get_executor(),
        [&](const attempt&, auto done) { answer(loop, errc::unavailable, std::move(done)); },
        {},
        [](result<int>) { FAIL("completed"); }
    );
    while (p->stats().retries == 0) loop.run_one();
  }
  CHECK(p->stats().of(outcome_kind::cancelled) == 1);
  CHECK(f.budget->stats().granted == 0);
}
