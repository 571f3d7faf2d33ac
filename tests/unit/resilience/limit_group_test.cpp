// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <scalekit/resilience/limit_group.hpp>

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::rate_of;
using resilience::limit_group;
using resilience::token_bucket;
using scalekit::errc;
using namespace std::chrono_literals;

TEST_CASE("several limits are taken from together, or none is") {
  token_bucket tenant(rate_of(10, 1s, 3), at(0));
  token_bucket partner(rate_of(100, 1s, 5), at(0));
  token_bucket everybody(rate_of(1, 1s, 4), at(0));
  const auto group = limit_group::make(std::array{&tenant, &partner, &everybody}).value();

  auto d = group.take(at(0));
  CHECK(d.allowed);
  CHECK(d.remaining == 2);
  CHECK(d.tightest == 0);
  CHECK(d.reset_after == 1s);
  CHECK(group.take(at(0), 2).allowed);
  d = group.take(at(0));
  CHECK_FALSE(d.allowed);
  CHECK(d.tightest == 0);
  CHECK(d.retry_after == 100ms);
  CHECK(partner.peek(at(0), 0).remaining == 2);
  CHECK(everybody.peek(at(0), 0).remaining == 1);

  // The longest wait is the one that counts.
  CHECK(everybody.try_take(at(0)));
  d = group.take(at(0));
  CHECK(d.tightest == 2);
  CHECK(d.retry_after == 1s);
  CHECK(group.take(at(1'000'000)).allowed);
}

TEST_CASE("a cost that one of them can never meet is never met") {
  token_bucket small(rate_of(10, 1s, 2), at(0));
  token_bucket large(rate_of(10, 1s, 20), at(0));
  const auto group = limit_group::make(std::array{&large, &small}).value();
  const auto d = group.take(at(0), 3);
  CHECK_FALSE(d.allowed);
  CHECK(d.retry_after == resilience::never);
  CHECK(d.tightest == 1);
  CHECK(large.peek(at(0), 0).remaining == 20);
}

TEST_CASE("a call that did not act gives back to all") {
  token_bucket a(rate_of(10, 1s, 2), at(0));
  token_bucket b(rate_of(10, 1s, 3), at(0));
  const auto group = limit_group::make(std::array{&a, &b}).value();
  const auto d = group.take(at(0), 2);
  group.refund(at(0), d, 2);
  CHECK(a.peek(at(0), 0).remaining == 2);
  CHECK(b.peek(at(0), 0).remaining == 3);
  group.refund(at(0), group.take(at(0), 9), 9);
  CHECK(b.peek(at(0), 0).remaining == 3);
}

TEST_CASE("what is no group is refused") {
  token_bucket a(rate_of(10, 1s), at(0));
  std::vector<token_bucket*> buckets;
  CHECK(limit_group::make(buckets).error().code() == errc::invalid_argument);
  buckets.assign(2, &a);
  CHECK(limit_group::make(buckets).error().code() == errc::invalid_argument);
  buckets[1] = nullptr;
  CHECK(limit_group::make(buckets).error().code() == errc::invalid_argument);
  buckets.assign(9, &a);
  CHECK(limit_group::make(buckets).error().code() == errc::invalid_argument);
}
