// SPDX-License-Identifier: BSL-1.0
#include <scalekit/asio/hedging.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace net = boost::asio;
using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr retry_terms idempotent{.repeat = repeatable::always};

// Attempts answer as their number says; those with no answer wait to be cancelled.
struct callee {
  net::io_context& loop;
  std::map<std::uint32_t, result<int>> answers;
  int started = 0, cancelled = 0;
  template <class Token>
  void operator()(const attempt& a, Token&& token) {
    net::async_initiate<Token, void(result<int>)>(
        [this, n = a.number](auto handler) {
          ++started;
          if (const auto known = answers.find(n); known != answers.end()) {
            net::post(loop, [h = std::move(handler), r = known->second]() mutable {
              std::move(h)(std::move(r));
            });
            return;
          }
          auto slot = net::get_associated_cancellation_slot(handler);
          auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          slot.assign([this, kept](net::cancellation_type) {
            ++cancelled;
            net::post(loop, [kept] { std::move (*kept)(result<int>(errc::cancelled)); });
          });
        },
        token
    );
  }
};

struct fixture {
  net::io_context loop;
  hedge_policy policy = hedge_policy::make({.delay = 1ms, .max_hedges = 2}).value();
  callee partner{loop, {}};
  std::optional<result<int>> got;
  void run(const retry_terms& terms = idempotent, retry_budget* budget = nullptr) {
    asio::hedge<int>(
        policy,
        budget,
        loop.get_executor(),
        std::ref(partner),
        terms,
        [this](result<int> r) { got = std::move(r); }
    );
    CHECK_FALSE(got);
    loop.run();
    REQUIRE(got);
  }
};

}  // namespace

TEST_CASE("an answer in time is not hedged") {
  fixture f;
  f.policy = hedge_policy::make({.delay = 1h}).value();
  f.partner.answers = {{1, 7}};
  f.run();
  CHECK(f.got->value() == 7);
  CHECK(f.partner.started == 1);
}

TEST_CASE("a late one is; the first answer counts, and the others are cancelled") {
  fixture f;
  f.partner.answers = {{3, 9}};
  f.run();
  CHECK(f.got->value() == 9);
  CHECK(f.partner.started == 3);
  CHECK(f.partner.cancelled == 2);
}

TEST_CASE("a failure is followed at once, and is the answer if nothing better comes") {
  fixture f;
  f.policy = hedge_policy::make({.delay = 1h, .max_hedges = 1}).value();
  f.partner.answers = {{1, errc::unavailable}, {2, errc::busy}};
  f.run();
  CHECK(f.got->error().code() == errc::busy);
  CHECK(f.partner.started == 2);
}

TEST_CASE("what is not idempotent, or not paid for, is sent once") {
  fixture f;
  f.partner.answers = {{1, errc::unavailable}};
  SUBCASE("idempotent is it not") { f.run({}); }
  SUBCASE("nobody pays") {
    const auto budget = ratio_budget::make({.ratio = 0, .minimum = 0}).value();
    f.run(idempotent, budget.get());
  }
  CHECK(f.got->error().code() == errc::unavailable);
  CHECK(f.partner.started == 1);
}

TEST_CASE("cancelling the call cancels every attempt") {
  fixture f;
  f.policy = hedge_policy::make({.delay = 1us, .max_hedges = 2}).value();
  net::cancellation_signal stop;
  auto work = net::make_work_guard(f.loop);
  asio::hedge<int>(
      f.policy,
      nullptr,
      f.loop.get_executor(),
      std::ref(f.partner),
      idempotent,
      net::bind_cancellation_slot(stop.slot(), [&](result<int> r) { f.got = std::move(r); })
  );
  while (f.partner.started < 3) f.loop.run_one();
  stop.emit(net::cancellation_type::all);
  work.reset();
  f.loop.run();
  CHECK(f.partner.cancelled == 3);
  CHECK(f.got->error().code() == errc::cancelled);
}

TEST_CASE("what is late is so by the clock that was given") {
  fixture f;
  testing::manual_clock time;
  f.policy = hedge_policy::make({.delay = 1us, .max_hedges = 2, .clock = &time}).value();
  f.partner.answers = {{2, 9}};
  asio::hedge<int>(
      f.policy,
      nullptr,
      f.loop.get_executor(),
      std::ref(f.partner),
      idempotent,
      [&](result<int> r) { f.got = std::move(r); }
  );
  for (int i = 0; i < 100; ++i) f.loop.run_one();  // its timer, again and again
  CHECK(f.partner.started == 1);
  time.advance(1us);
  f.loop.run();
  CHECK(f.partner.started == 2);
  CHECK(f.got->value() == 9);
}
