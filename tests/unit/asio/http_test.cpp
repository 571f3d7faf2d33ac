// SPDX-License-Identifier: BSL-1.0
#include <scalekit/asio/http.hpp>
#include <scalekit/testing/fake_transport.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace net = boost::asio;
using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

http::outgoing_request request(std::string method = "GET") {
  return {.method = std::move(method), .to = *http::url::parse("http://partner.test/")};
}

struct fixture {
  net::io_context loop;
  net::thread_pool pool{2};
  retry_policy retry = retry_policy::make({.max_attempts = 3,
                                           .backoff = {.base = 1us, .cap = 1us},
                                           .throttled_base = 1us})
                           .value();
  std::unique_ptr<retry_budget> budget = ratio_budget::make({.minimum = 100}).value();
  pipeline_options options{.retry = &retry, .budget = budget.get(), .timeout = 10s};
  std::unique_ptr<pipeline> make() { return pipeline::make(options).value(); }
};

// [send]
/// Attempts block threads of the pool; every wait of the call itself is a timer.
net::awaitable<result<http::response>> fetch(
    resilience::pipeline& through,
    http::transport& web,
    http::outgoing_request request,
    net::thread_pool& pool
) {
  co_return co_await asio::send(
      through,
      web,
      pool.get_executor(),
      co_await net::this_coro::executor,
      std::move(request),
      resilience::call_options{},
      net::use_awaitable
  );
}
// [send]

/// Answers only when it is stopped.
struct hanging final : http::transport {
  std::atomic<int> begun = 0;
  result<http::response> send(const http::outgoing_request& r) override {
    ++begun;
    begun.notify_all();
    std::atomic<bool> stopped = false;
    const std::stop_callback wake(r.stop, [&] {
      stopped = true;
      stopped.notify_all();
    });
    stopped.wait(false);
    return error(errc::cancelled, "stopped");
  }
};

}  // namespace

TEST_CASE("a coroutine sends through a pipeline, over a pool that blocks") {
  fixture f;
  const auto p = f.make();
  testing::fake_transport web([](const http::outgoing_request& r) {
    return http::response::text(200, r.method);
  });
  web.then(http::response{.status = 503});
  web.inject({.what = errc::outcome_unknown, .skip = 1});
  std::optional<result<http::response>> got;
  std::string body;
  const auto run = [&]() -> net::awaitable<void> {
    auto r = request("PUT");
    r.on_body = [&](const http::response&, std::string_view piece) -> result<void> {
      body += piece;
      return {};
    };
    got = co_await fetch(*p, web, r, f.pool);
  };
  net::co_spawn(f.loop, run, net::detached);
  f.loop.run();
  REQUIRE(got.has_value());
  REQUIRE(got->has_value());
  CHECK((*got)->status == 200);
  CHECK(body == "PUT");
  const auto sent = web.requests();
  REQUIRE(sent.size() == 3);
  for (const auto& r : sent) CHECK(r.timeout <= 10s);
}

TEST_CASE("an attempt that is late is stopped; a POST is not sent again") {
  fixture f;
  f.retry = retry_policy::make({.backoff = {.base = 1us, .cap = 1us},
                                .throttled_base = 1us,
                                .try_timeout = 1ms})
                .value();
  const auto p = f.make();
  hanging web;
  std::optional<result<http::response>> got;
  const auto into = [&](result<http::response> r) { got = std::move(r); };
  asio::send(*p, web, f.pool.get_executor(), f.loop.get_executor(), request("POST"), {}, into);
  f.loop.run();
  REQUIRE(got.has_value());
  // On a busy machine the time may be over before it is sent.
  const bool unsent = got->error().code() == errc::timed_out && web.begun == 0;
  CHECK((got->error().outcome_unknown() || unsent));
  CHECK(web.begun <= 1);
}

TEST_CASE("cancelling the call stops the attempt, and so does the request's own stop") {
  fixture f;
  const auto p = f.make();
  hanging web;
  net::cancellation_signal cancel;
  std::stop_source source;
  auto r = request();
  r.stop = source.get_token();
  std::optional<result<http::response>> got;
  const auto start = [&] {
    got.reset();
    f.loop.restart();
    asio::send(
        *p,
        web,
        f.pool.get_executor(),
        f.loop.get_executor(),
        r,
        {},
        net::bind_cancellation_slot(
            cancel.slot(), [&](result<http::response> a) { got = std::move(a); }
        )
    );
  };
  start();
  while (web.begun == 0) f.loop.poll();
  cancel.emit(net::cancellation_type::all);
  f.loop.run();
  REQUIRE(got.has_value());
  CHECK(got->error().code() == errc::cancelled);

  start();
  while (web.begun == 1) f.loop.poll();
  source.request_stop();
  f.loop.run();
  REQUIRE(got.has_value());
  CHECK(got->error().code() == errc::cancelled);
  CHECK(p->stats().of(outcome_kind::cancelled) == 2);
}

TEST_CASE("an attempt that no thread came free for was not sent, and the callee is not blamed") {
  fixture f;
  circuit_breaker breaker = circuit_breaker::make().value();
  f.options.breaker = &breaker;
  f.options.timeout = 20ms;
  const auto p = f.make();
  testing::fake_transport web([](const http::outgoing_request&) {
    return http::response::text(200, "late");
  });
  std::optional<result<http::response>> got;
  {
    net::thread_pool busy(1);
    std::atomic<bool> over = false;
    net::post(busy, [&] { over.wait(false); });
    const auto run = [&]() -> net::awaitable<void> { got = co_await fetch(*p, web, request(), busy); };
    net::co_spawn(f.loop, run, net::detached);
    f.loop.run();
    over = true;
    over.notify_all();
    busy.join();
  }
  REQUIRE(got.has_value());
  CHECK(got->error().code() == errc::timed_out);
  CHECK(web.requests().empty());
  CHECK(breaker.stats(clock::system().steady_now()).calls == 0);
  CHECK(p->stats().retries == 0);
}
