// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/asio/offload.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace net = boost::asio;
using namespace scalekit;

namespace {

result<int> answer() { return 42; }

// A pool whose only thread is held until `release`.
struct held_pool {
  net::thread_pool pool{1};
  std::latch held{1};
  std::latch let_go{1};
  held_pool() {
    net::post(pool, [this] {
      held.count_down();
      let_go.wait();
    });
    held.wait();
  }
  void release() {
    let_go.count_down();
    pool.join();
  }
};

}  // namespace

TEST_CASE("a callback gets the result on the executor it is bound to") {
  net::thread_pool pool(1);
  net::io_context loop;
  std::optional<result<int>> got;
  std::thread::id worked, completed;
  asio::offload(
      pool.get_executor(),
      [&] {
        worked = std::this_thread::get_id();
        return answer();
      },
      net::bind_executor(
          loop,
          [&](result<int> r) {
            completed = std::this_thread::get_id();
            got = std::move(r);
          }
      )
  );
  CHECK_FALSE(got.has_value());
  // The loop has nothing else to do, and yet it waits for the pool: its work is counted.
  loop.run();
  REQUIRE(got.has_value());
  CHECK(got->value() == 42);
  CHECK(completed == std::this_thread::get_id());
  CHECK(worked != completed);
}

TEST_CASE("use_future and deferred work too, and errors are results") {
  net::thread_pool pool(2);
  auto future = asio::offload(pool.get_executor(), answer, net::use_future);
  CHECK(future.get().value() == 42);
  auto failing = asio::offload(
      pool.get_executor(), [] { return result<void>(error(errc::busy, "later")); }, net::deferred
  );
  auto failed = std::move(failing)(net::use_future);
  CHECK(failed.get().error().code() == errc::busy);
}

TEST_CASE("a coroutine comes back to its own strand") {
  net::thread_pool pool(2);
  net::io_context loop;
  auto strand = net::make_strand(loop);
  bool on_strand = false;
  int got = 0;
  net::co_spawn(
      strand,
      [&]() -> net::awaitable<void> {
        auto first = co_await asio::offload(pool.get_executor(), answer, net::use_awaitable);
        on_strand = strand.running_in_this_thread();
        got = first.value();
      },
      net::detached
  );
  loop.run();
  CHECK(on_strand);
  CHECK(got == 42);
}

TEST_CASE("work that has not begun is cancelled at once and never runs") {
  held_pool busy;
  net::io_context loop;
  net::cancellation_signal signal;
  bool ran = false;
  std::optional<result<int>> got;
  auto owned = std::make_shared<int>(1);
  asio::offload(
      busy.pool.get_executor(),
      [&ran, owned] {
        ran = true;
        return answer();
      },
      net::bind_cancellation_slot(
          signal.slot(), net::bind_executor(loop, [&](result<int> r) { got = std::move(r); })
      )
  );
  signal.emit(net::cancellation_type::terminal);
  CHECK_FALSE(got.has_value());
  loop.run();
  REQUIRE(got.has_value());
  CHECK(got->error().code() == errc::cancelled);
  busy.release();
  CHECK_FALSE(ran);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("work that runs is asked to stop") {
  net::thread_pool pool(1);
  net::io_context loop;
  net::cancellation_signal signal;
  std::latch running(1);
  std::optional<result<int>> got;
  asio::offload(
      pool.get_executor(),
      [&](const std::stop_token& stop) -> result<int> {
        running.count_down();
        while (!stop.stop_requested()) std::this_thread::yield();
        return error(errc::cancelled, "as asked");
      },
      net::bind_cancellation_slot(
          signal.slot(), net::bind_executor(loop, [&](result<int> r) { got = std::move(r); })
      )
  );
  running.wait();
  signal.emit(net::cancellation_type::total);
  loop.run();
  REQUIRE(got.has_value());
  CHECK(got->error().message() == "as asked");
  // Once it is over there is nothing to cancel.
  signal.emit(net::cancellation_type::terminal);
}

TEST_CASE("a running query is interrupted through its handle") {
  net::thread_pool pool(1);
  net::io_context loop;
  net::cancellation_signal signal;
  auto db = sqlite::connection::open(":memory:").value();
  std::latch running(1);
  std::optional<result<void>> got;
  asio::offload(
      pool.get_executor(),
      [&](const std::stop_token& stop) -> result<void> {
        const std::stop_callback hand_on(stop, [h = db->interrupt_handle()] { h->interrupt(); });
        auto endless = db->query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        );
        if (!endless) return endless.error();
        running.count_down();
        for (;;) {
          auto more = (*endless)->next();
          if (!more) return more.error();
          if (!*more) return {};
        }
      },
      net::bind_cancellation_slot(
          signal.slot(), net::bind_executor(loop, [&](result<void> r) { got = std::move(r); })
      )
  );
  running.wait();
  signal.emit(net::cancellation_type::terminal);
  loop.run();
  REQUIRE(got.has_value());
  CHECK(got->error().code() == errc::cancelled);
}

TEST_CASE("an exception of the work is an error, not the end of the pool") {
  net::thread_pool pool(1);
  auto future = asio::offload(
      pool.get_executor(),
      []() -> result<int> { throw std::runtime_error("what it said"); },
      net::use_future
  );
  const auto got = future.get();
  CHECK(got.error().code() == errc::internal);
  CHECK(got.error().message().find("what it said") != std::string::npos);
  CHECK(asio::offload(pool.get_executor(), answer, net::use_future).get().value() == 42);
}

TEST_CASE("move-only work and results") {
  net::thread_pool pool(1);
  auto owned = std::make_unique<int>(7);
  auto future = asio::offload(
      pool.get_executor(),
      [owned = std::move(owned)]() mutable {
        return result<std::unique_ptr<int>>(std::move(owned));
      },
      net::use_future
  );
  CHECK(*future.get().value() == 7);
}

TEST_CASE("many at once, cancelled or not, each complete once") {
  net::thread_pool pool(3);
  net::io_context loop;
  constexpr int n = 2000;
  std::vector<net::cancellation_signal> signals(n);
  std::vector<int> completions(n, 0);
  int cancelled = 0;
  for (std::size_t i = 0; i < n; ++i) {
    asio::offload(
        pool.get_executor(),
        answer,
        net::bind_cancellation_slot(
            signals[i].slot(),
            net::bind_executor(
                loop,
                [&, i](result<int> r) {
                  ++completions[i];
                  if (!r) ++cancelled;
                }
            )
        )
    );
    if (i % 3 == 0) signals[i].emit(net::cancellation_type::terminal);
  }
  loop.run();
  for (const int c : completions) CHECK(c == 1);
  CHECK(cancelled <= n / 3 + 1);
}
