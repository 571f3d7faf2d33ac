// SPDX-License-Identifier: BSL-1.0
// The bucket against exact rational arithmetic, over random limits and random calls.
#include "limiter_support.hpp"

#include <scalekit/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::exact_bucket;
using resilience::rate;
using resilience::token_bucket;
using namespace std::chrono_literals;

namespace {

using engine = std::mt19937_64;

std::int64_t between(engine& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

// Of all sizes, as likely small as large.
std::int64_t of_any_size(engine& random, std::int64_t most) {
  const double bits =
      std::uniform_real_distribution<>(0, std::log2(static_cast<double>(most)))(random);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::exp2(bits)), 1, most);
}

rate random_rate(engine& random, std::int64_t most_parts, std::int64_t least_parts = 1) {
  for (;;) {
    const auto r = rate::make(
        {.tokens = of_any_size(random, 2'000'000),
         .period = std::chrono::microseconds(of_any_size(random, 90'000'000'000)),
         .burst = of_any_size(random, 100'000)}
    );
    if (r && r->parts() <= most_parts && r->parts() >= least_parts) return *r;
  }
}

// Mostly about as far as a token takes; seldom backwards, seldom far.
std::int64_t next_time(engine& random, std::int64_t us, const rate& r) {
  const std::int64_t interval = std::max<std::int64_t>(r.step() / r.parts(), 1);
  const std::int64_t dice = between(random, 0, 99);
  if (dice < 5) return std::max<std::int64_t>(us - between(random, 0, 3 * interval), 0);
  // Not so far that the bucket's nine years run out.
  const std::int64_t refill = r.time_for(r.burst()).count();
  if (dice < 7 && us + refill < (std::int64_t{1} << 47)) return us + between(random, 0, 1 + refill);
  if (dice < 40) return us;
  return us + between(random, 0, 2 * interval);
}

}  // namespace

TEST_CASE("decisions are those of exact arithmetic, for every limit of up to 4,096 parts") {
  engine random(20240101);
  std::int64_t refused = 0;
  std::int64_t allowed = 0;
  for (int limits = 0; limits < 300; ++limits) {
    const rate r = random_rate(random, 4096);
    CAPTURE(r.step());
    CAPTURE(r.parts());
    CAPTURE(r.burst());
    token_bucket bucket(r, at(0));
    exact_bucket model(r);
    std::int64_t us = 0;
    for (int calls = 0; calls < 1000; ++calls) {
      us = next_time(random, us, r);
      const std::int64_t cost = std::min(of_any_size(random, r.burst()), r.burst());
      const bool expected = model.would_take(us, cost);
      if (calls % 2 == 0) {
        REQUIRE(bucket.try_take(at(us), cost) == expected);
        if (expected) model.take(us, cost);
        continue;
      }
      const auto d = bucket.take(at(us), cost);
      REQUIRE(d.allowed == expected);
      REQUIRE(d.retry_after == std::chrono::microseconds(expected ? 0 : model.wait(us, cost)));
      if (expected) model.take(us, cost);
      REQUIRE(d.remaining == model.remaining(us));
      REQUIRE(d.reset_after == std::chrono::microseconds(model.reset(us)));
      ++(expected ? allowed : refused);
    }
  }
  // The traces are worth something.
  CHECK(allowed > 20'000);
  CHECK(refused > 20'000);
}

TEST_CASE("finer limits keep to exact arithmetic within a nanosecond, for ever") {
  engine random(7);
  int decided = 0;
  for (int limits = 0; limits < 60; ++limits) {
    const rate r = random_rate(random, std::int64_t{1} << 51, 4097);
    CAPTURE(r.step());
    CAPTURE(r.parts());
    CAPTURE(r.burst());
    token_bucket bucket(r, at(0));
    exact_bucket model(r);
    const limiter_test::wide nanosecond = r.parts() / 1000 + 1;
    std::int64_t us = 0;
    for (int calls = 0; calls < 20'000; ++calls) {
      us = next_time(random, us, r);
      const std::int64_t cost = std::min(of_any_size(random, r.burst()), r.burst());
      const bool done = bucket.try_take(at(us), cost);
      // Not later, not earlier. The model knows what was taken, so nothing can add up unseen.
      if (done) REQUIRE(model.would_take(us, cost, nanosecond));
      if (!done) REQUIRE_FALSE(model.would_take(us, cost, -nanosecond));
      if (done) model.take(us, cost);
      decided += done ? 1 : 0;
    }
  }
  CHECK(decided > 100'000);
}

TEST_CASE(
    "in no window is more admitted than the limit, whatever is given back, and by lagging clocks"
) {
  engine random(99);
  // Few calls each, for a refund that comes late loses a little, which would hide one that gains.
  for (int limits = 0; limits < 5000; ++limits) {
    const rate r = random_rate(random, 4096);
    token_bucket bucket(r, at(0));
    struct taken {
      std::int64_t us;
      std::int64_t cost;
      resilience::decision d;
      bool used;
    };
    std::deque<taken> log;
    std::int64_t latest = 0;
    const std::int64_t lag = r.time_for(r.burst()).count() / 2;
    for (int calls = 0; calls < 30; ++calls) {
      latest = std::max(latest, next_time(random, latest, r));
      // Some threads have read the clock a while ago.
      const std::int64_t us =
          std::max<std::int64_t>(latest - std::max<std::int64_t>(between(random, -lag, lag), 0), 0);
      const std::int64_t cost = std::min(of_any_size(random, r.burst()), r.burst());
      const auto d = bucket.take(at(us), cost);
      if (d.allowed) log.push_back({us, cost, d, true});
      // Any call that was not used may be given back, at any time, once.
      if (!log.empty() && between(random, 0, 2) == 0) {
        const auto size = static_cast<std::int64_t>(log.size());
        const std::int64_t back = of_any_size(random, size);
        taken& old = log[static_cast<std::size_t>(size - back)];
        if (old.used) bucket.refund(at(us), old.d, old.cost);
        old.used = false;
      }
    }
    std::ranges::stable_sort(log, {}, &taken::us);
    // burst + rate * window, for each window that begins and ends with a call that was used.
    for (std::size_t i = 0; i < log.size(); ++i) {
      limiter_test::wide sum = 0;
      for (std::size_t k = i; k < log.size(); ++k) {
        if (!log[k].used) continue;
        sum += log[k].cost;
        const limiter_test::wide window = log[k].us - log[i].us;
        REQUIRE(sum * r.step() <= limiter_test::wide{r.burst()} * r.step() + window * r.parts());
      }
    }
  }
}
