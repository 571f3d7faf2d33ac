// SPDX-License-Identifier: BSL-1.0
// The synchronous client from an event loop.
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/asio/offload.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>

using namespace scalekit;
using namespace std::chrono_literals;
using test::open_client;
using test::raw_server;
using test::request_to;

namespace {

namespace net = boost::asio;

// [offload]
/// The call runs on the pool; cancelling the coroutine stops it there.
net::awaitable<result<http::response>> send(
    http::transport& web, http::outgoing_request request, net::thread_pool& pool
) {
  co_return co_await asio::offload(
      pool.get_executor(),
      [&](std::stop_token stop) {
        request.stop = std::move(stop);
        return web.send(request);
      },
      net::use_awaitable
  );
}
// [offload]

}  // namespace

TEST_CASE("a call from a coroutine") {
  const raw_server s(test::always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"));
  const auto c = open_client();
  net::thread_pool pool(2);
  net::io_context loop;
  std::string got;
  net::co_spawn(
      loop,
      [&]() -> net::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          const auto r = co_await send(*c, request_to(s.url()), pool);
          got += test::body_of(r);
        }
      },
      net::detached
  );
  loop.run();
  CHECK(got == "aaa");
}

TEST_CASE("a coroutine that gives up stops its call") {
  test::tally gone;
  const raw_server never([&](raw_server::peer& p) {
    p.wait_until_gone();
    gone.add();
  });
  const auto c = open_client();
  net::thread_pool pool(1);
  net::io_context loop;
  std::size_t first = 0;
  net::co_spawn(
      loop,
      [&]() -> net::awaitable<void> {
        using namespace net::experimental::awaitable_operators;
        net::steady_timer timer(loop, 50ms);
        const auto which = co_await (
            send(*c, request_to(never.url()), pool) || timer.async_wait(net::use_awaitable)
        );
        first = which.index();
      },
      net::detached
  );
  loop.run();
  CHECK(first == 1);
  CHECK(gone.reaches(1));
  pool.join();
  CHECK(c->stats().open == 0);
}
