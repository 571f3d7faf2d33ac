// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <scalekit/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::rate_of;
using resilience::never;
using resilience::token_bucket;
using scalekit::duration;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

int takes(token_bucket& b, std::int64_t us, int tries) {
  int allowed = 0;
  for (int i = 0; i < tries; ++i) allowed += b.try_take(at(us)) ? 1 : 0;
  return allowed;
}

constexpr std::int64_t second = 1'000'000;

}  // namespace

TEST_CASE("a full bucket gives its burst, and then one token an interval") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  CHECK(takes(b, 0, 20) == 5);
  CHECK(takes(b, 99'999, 1) == 0);
  CHECK(takes(b, 100'000, 2) == 1);
  CHECK(takes(b, 500'000, 9) == 4);
  CHECK(takes(b, 60 * second, 9) == 5);
}

TEST_CASE("a decision says what is left and when to come again") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  auto d = b.take(at(0), 3);
  CHECK(d.allowed);
  CHECK(d.remaining == 2);
  CHECK(d.retry_after == 0s);
  CHECK(d.reset_after == 300ms);
  d = b.take(at(50'000), 3);
  CHECK_FALSE(d.allowed);
  CHECK(d.remaining == 2);
  CHECK(d.retry_after == 50ms);
  CHECK(d.reset_after == 250ms);
  CHECK(b.take(at(99'999), 3).allowed == false);
  CHECK(b.take(at(100'000), 3).allowed);
}

TEST_CASE("a cost that can never be met says so, and takes nothing") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  for (const std::int64_t cost : {std::int64_t{6}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    CAPTURE(cost);
    const auto d = b.take(at(0), cost);
    CHECK_FALSE(d.allowed);
    CHECK(d.retry_after == never);
    CHECK_FALSE(b.try_take(at(0), cost));
    CHECK_FALSE(b.reserve(at(0), cost, 1h).allowed);
  }
  CHECK(b.take(at(0), 0).allowed);
  CHECK(b.peek(at(0), 0).remaining == 5);
}

TEST_CASE("a look takes nothing, and says what a take would") {
  token_bucket b(rate_of(3, 1s, 2), at(0));
  for (int i = 0; i < 3; ++i) {
    const auto seen = b.peek(at(i));
    auto done = b.take(at(i));
    CHECK(done.taken == resilience::decision::receipt{done.taken});
    done.taken = {};
    CHECK(seen == done);
  }
}

TEST_CASE("reservations are served in order, up to the longest wait") {
  token_bucket b(rate_of(10, 1s, 1), at(0));
  CHECK(b.reserve(at(0), 1, 250ms).retry_after == 0s);
  CHECK(b.reserve(at(0), 1, 250ms).retry_after == 100ms);
  CHECK(b.reserve(at(0), 1, 250ms).retry_after == 200ms);
  const auto late = b.reserve(at(0), 1, 250ms);
  CHECK_FALSE(late.allowed);
  CHECK(late.retry_after == 300ms);
  CHECK_FALSE(b.try_take(at(299'999)));
  CHECK(b.try_take(at(300'000)));
  CHECK_FALSE(b.reserve(at(300'000), 1, -1h).allowed);
  CHECK(b.reserve(at(300'000), 1, duration::max()).allowed);
}

TEST_CASE("time that goes backwards does no harm") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  CHECK(takes(b, 10 * second, 9) == 5);
  CHECK(takes(b, 0, 9) == 0);
  CHECK(takes(b, -3600 * second, 9) == 0);
  CHECK(takes(b, 10 * second, 9) == 0);
  CHECK(takes(b, 10 * second + 100'000, 9) == 1);
}

TEST_CASE("a refund gives back what time has not") {
  const auto r = rate_of(10, 1s, 5);
  SUBCASE("at once: all") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 5);
    b.refund(at(0), d, 5);
    CHECK(takes(b, 0, 9) == 5);
  }
  SUBCASE("a part") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 5);
    b.refund(at(0), d, 2);
    CHECK(takes(b, 0, 9) == 2);
  }
  SUBCASE("when the tokens have come again anyway: nothing") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 1);
    CHECK(takes(b, 100'000, 1) == 1);
    b.refund(at(100'000), d, 1);
    CHECK(takes(b, 100'000, 9) == 4);
  }
  SUBCASE("half way: half") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 4);
    CHECK(takes(b, 0, 9) == 1);
    b.refund(at(200'000), d, 4);
    CHECK(takes(b, 200'000, 9) == 4);
  }
  SUBCASE("by a clock that lags behind another call: what that one's time leaves") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 5);
    CHECK(takes(b, 300'000, 9) == 3);
    b.refund(at(0), d, 5);
    CHECK(takes(b, 300'000, 9) == 2);
  }
  SUBCASE("of a refusal: nothing") {
    token_bucket b(r, at(0));
    CHECK(takes(b, 0, 9) == 5);
    const auto d = b.take(at(0));
    b.refund(at(0), d, 5);
    CHECK(takes(b, 0, 9) == 0);
  }
  SUBCASE("with a cool-down since: nothing") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 5);
    b.cool_down(at(0), 100ms);
    b.refund(at(0), d, 2);
    b.refund(at(100'000), d, 3);
    CHECK(takes(b, 100'000, 9) == 1);
  }
  SUBCASE("with another limit since: nothing") {
    token_bucket b(r, at(0));
    const auto d = b.take(at(0), 5);
    b.set_limit(at(0), rate_of(1, 1s, 5));
    b.refund(at(0), d, 5);
    CHECK(takes(b, 0, 9) == 4);
  }
}

TEST_CASE("work that is done already is debited, up to one more burst") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  for (int i = 0; i < 100; ++i) b.debit(at(0), 3);
  CHECK_FALSE(b.try_take(at(599'999)));
  CHECK(b.try_take(at(600'000)));
  b.debit(at(600'000), -7);
  b.debit(at(600'000), 0);
  CHECK(b.try_take(at(700'000)));
}

TEST_CASE("a cool-down admits nothing, and then begins without a burst") {
  token_bucket b(rate_of(10, 1s, 5), at(0));
  b.cool_down(at(0), 2s);
  CHECK(b.take(at(0)).retry_after == 2s);
  CHECK_FALSE(b.take(at(0), 0).allowed);
  b.cool_down(at(0), 1s);  // a shorter one does not end it
  b.cool_down(at(0), -1s);
  CHECK(takes(b, 2 * second - 1, 9) == 0);
  CHECK(takes(b, 2 * second, 9) == 1);
  CHECK(takes(b, 2 * second + 100'000, 9) == 1);
  b.cool_down(at(3 * second), 1ns);
  CHECK(takes(b, 3 * second, 1) == 0);
  CHECK(takes(b, 3 * second + 1, 1) == 1);
}

TEST_CASE("a cold bucket warms up in a straight line") {
  const resilience::warm_up w{.over = 10s, .factor = 3, .cold_after = 5s};
  REQUIRE(token_bucket::check(w));
  token_bucket b(rate_of(1000, 1s, 30), at(0), w);
  CHECK(takes(b, 0, 99) == 10);  // a third of the burst
  const auto in_a_second = [&](std::int64_t from) {
    int n = 0;
    for (int ms = 0; ms < 1000; ++ms) n += takes(b, from + ms * 1000, 5);
    return n;
  };
  std::vector<int> speed;
  for (int s = 0; s < 12; ++s) speed.push_back(in_a_second(s * second));
  CHECK(speed[0] > 330);
  CHECK(speed[0] < 400);
  CHECK(speed[5] > 480);
  CHECK(speed[5] < 620);
  CHECK(speed[11] == 1000);
  // Idle for less than cold_after: still warm; for longer: cold again.
  CHECK(takes(b, 16 * second, 99) == 30);
  CHECK(takes(b, 22 * second, 99) == 10);
}

TEST_CASE("a warm-up out of range is refused by name") {
  CHECK(token_bucket::check({.over = -1ns}).error().message().starts_with("warm_up: over"));
  CHECK(token_bucket::check({.over = 24h * 367}).error().code() == errc::invalid_argument);
  CHECK(token_bucket::check({.over = 1s, .factor = 0})
            .error()
            .message()
            .starts_with("warm_up: factor"));
  CHECK(token_bucket::check({.over = 1s, .factor = 65}).error().code() == errc::invalid_argument);
  CHECK(token_bucket::check({.over = 1s, .cold_after = -1s})
            .error()
            .message()
            .starts_with("warm_up: cold_after"));
}

TEST_CASE("another limit does not fill the bucket") {
  token_bucket b(rate_of(10, 1s, 10), at(0));
  CHECK(takes(b, 0, 99) == 10);
  b.set_limit(at(0), rate_of(1000, 1s, 1000));
  CHECK(b.limit() == rate_of(1000, 1s, 1000));
  CHECK(takes(b, 0, 9) == 0);  // full in a second, as before
  CHECK(takes(b, 500'000, 9999) == 500);
  b.set_limit(at(500'000), rate_of(7, 1s, 7));
  CHECK(takes(b, 500'000, 9) == 0);
  for (int i = 0; i < 50; ++i)
    b.set_limit(at(500'000), i % 2 == 0 ? rate_of(3, 1s) : rate_of(7, 1s));
  CHECK(takes(b, 1'500'000 - 1, 99) == 6);  // 1 us short of full, as it would have been
}

TEST_CASE("the ends of time") {
  constexpr std::int64_t nine_years = std::int64_t{1} << 48;
  token_bucket b(rate_of(1000, 1s, 1000), scalekit::steady_time(0ns));
  const auto us = [](std::int64_t n) {
    return scalekit::steady_time(std::chrono::microseconds(n));
  };
  CHECK(b.take(us(nine_years - second), 1000).allowed);
  CHECK(b.take(us(nine_years), 1000).allowed);
  CHECK_FALSE(b.take(scalekit::steady_time(duration::max()), 1).allowed);  // the clock has stopped
  CHECK_FALSE(b.take(scalekit::steady_time(duration::min()), 1).allowed);
  b.cool_down(us(nine_years), duration::max());
  CHECK_FALSE(b.try_take(us(nine_years)));

  token_bucket slow(rate_of(1, 24h * 366, 2), scalekit::steady_time(duration::min()));
  CHECK(slow.take(scalekit::steady_time(duration::min()), 2).allowed);
  CHECK(slow.take(scalekit::steady_time(duration::min())).retry_after == 24h * 366);
}
