// SPDX-License-Identifier: BSL-1.0
#include <scalekit/asio/offload.hpp>
#include <scalekit/asio/pipeline.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace net = boost::asio;
using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

// Completes an attempt by way of the loop, as an operation does.
template <class Token>
void answer(net::io_context& loop, result<int> with, Token&& token) {
  net::async_initiate<Token, void(result<int>)>(
      [&loop, w = std::move(with)](auto handler) mutable {
        net::post(loop, [h = std::move(handler), w = std::move(w)]() mutable {
          std::move(h)(std::move(w));
        });
      },
      token
  );
}

// An attempt that ends only by being cancelled; it says how often it was.
struct hanging {
  net::io_context& loop;
  int cancelled = 0;
  int started = 0;
  std::function<void()> on_start = [] {};
  template <class Token>
  void operator()(const attempt&, Token&& token) {
    net::async_initiate<Token, void(result<int>)>(
        [this](auto handler) {
          ++started;
          auto slot = net::get_associated_cancellation_slot(handler);
          auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          auto work = net::prefer(loop.get_executor(), net::execution::outstanding_work.tracked);
          slot.assign([this, kept, work](net::cancellation_type) {
            ++cancelled;
            net::post(loop, [kept] { std::move (*kept)(result<int>(errc::cancelled)); });
          });
          on_start();
        },
        token
    );
  }
};

struct fixture {
  net::io_context loop;
  circuit_breaker breaker = circuit_breaker::make({.minimum_calls = 3, .ramp = 0s}).value();
  retry_policy retry = retry_policy::make({.max_attempts = 3,
                                           .backoff = {.base = 1us, .cap = 1us},
                                           .throttled_base = 1us})
                           .value();
  std::unique_ptr<retry_budget> budget = ratio_budget::make({.minimum = 100}).value();
  std::unique_ptr<bulkhead> places = bulkhead::make({.max_concurrent = 1, .max_queue = 4}).value();
  pipeline_options options{
      .breaker = &breaker, .retry = &retry, .budget = budget.get(), .bulkhead = places.get()};
  std::unique_ptr<pipeline> make() { return pipeline::make(options).value(); }
  void no_trace_is_left() const {
    CHECK(places->stats().in_flight == 0);
    CHECK(places->stats().waiting == 0);
  }
};

auto into(std::optional<result<int>>& got) {
  return [&got](result<int> r) { got = std::move(r); };
}

}  // namespace

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
