// SPDX-License-Identifier: BSL-1.0
// A place that comes free where there is no memory left. Whoever gives it back may be anybody, and
// has no part in the call that gets it.
#include "failing_allocator.hpp"

#include <scalekit/asio/pipeline.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

namespace net = boost::asio;
using namespace scalekit;
using namespace scalekit::resilience;

TEST_CASE("a place is handed on without memory") {
  const auto places = bulkhead::make({.max_concurrent = 1, .max_queue = 4}).value();
  const auto p = pipeline::make({.bulkhead = places.get()}).value();
  net::io_context loop;
  std::optional<result<int>> got;
  REQUIRE(places->try_acquire());
  asio::call<int>(
      *p,
      loop.get_executor(),
      [&](const attempt&, auto done) {
        net::post(loop, [d = std::move(done)]() mutable { std::move(d)(7); });
      },
      {},
      [&](result<int> r) { got = std::move(r); }
  );
  while (places->stats().waiting != 1) loop.poll_one();
  scalekit_tests::memory_is_left = false;
  places->release();
  scalekit_tests::memory_is_left = true;
  loop.run();
  REQUIRE(got.has_value());
  CHECK(got->value() == 7);
  CHECK(places->stats().in_flight == 0);
}
