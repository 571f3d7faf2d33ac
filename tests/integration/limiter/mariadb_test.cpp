// SPDX-License-Identifier: BSL-1.0
#include "mariadb_backend.hpp"
#include "sql_backend.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/resilience/sql_limiter_store.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace resilience = scalekit::resilience;
using scalekit::errc;
using scalekit_tests::direction;

// On MySQL a take is two statements, and the first one takes.
TEST_CASE("wherever the connection is cut, what was taken is never said not to have been") {
  limiter_test::sql_backend here(limiter_test::open_pool());
  here.forget();
  scalekit_tests::tcp_proxy proxy(limiter_test::server_port());
  int in_doubt = 0;
  bool cut = true;
  for (std::size_t bytes = 0; cut; bytes += 5) {
    CAPTURE(bytes);
    here.forget();
    const auto pool = limiter_test::open_pool(proxy.port());
    const auto there = resilience::sql_limiter_store::open(*pool).value();
    proxy.cut_after(direction::reply, bytes);
    const std::array claims{resilience::limit_claim{.name = "cut", .rate = {}, .cost = 1}};
    const auto taken = there->take(claims);
    cut = !taken;
    if (taken) {
      CHECK(taken->allowed);
    } else if (taken.error().code() == errc::outcome_unknown) {
      ++in_doubt;
    } else {
      CHECK(here.count() == 0);
    }
  }
  CHECK(in_doubt > 0);
}
