// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_ASIO_PIPELINE_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_ASIO_PIPELINE_SUPPORT_HPP

#include <scalekit/asio/pipeline.hpp>
#include <scalekit/resilience/pipeline.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace asio_test {

namespace net = boost::asio;
using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

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

inline auto into(std::optional<result<int>>& got) {
  return [&got](result<int> r) { got = std::move(r); };
}

}  // namespace asio_test

#endif
