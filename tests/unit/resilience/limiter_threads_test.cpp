// SPDX-License-Identifier: BSL-1.0
// Many threads on one limit: what they are admitted together.
#include "limiter_support.hpp"

#include <scalekit/resilience/keyed_limiter.hpp>
#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/limit_group.hpp>
#include <scalekit/resilience/memory_limiter_store.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::rate_of;
using namespace std::chrono_literals;

namespace {

constexpr int workers = 16;

// Runs `work` on all threads at once; the sum of what they return.
std::int64_t together(const std::function<std::int64_t(int)>& work) {
  std::atomic<std::int64_t> sum{0};
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] {
      ++ready;
      while (ready < workers) std::this_thread::yield();
      sum += work(i);
    });
  }
  for (std::thread& t : threads) t.join();
  return sum;
}

}  // namespace

TEST_CASE("threads on one bucket get its burst and what came, to the token") {
  resilience::token_bucket bucket(rate_of(1'000'000, 1s, 1000), at(0));
  // Each thread walks the same 10 ms, so in the end all 10,000 tokens of it have come.
  const std::int64_t admitted = together([&](int) {
    std::int64_t n = 0;
    for (int us = 0; us <= 10'000; ++us) n += bucket.try_take(at(us)) ? 1 : 0;
    return n;
  });
  CHECK(admitted <= 11'000);
  CHECK(admitted >= 10'000);
}

TEST_CASE("takes, refunds, cool-downs and changes of the limit at once") {
  resilience::token_bucket bucket(rate_of(1000, 1s, 1000), at(0));
  std::atomic<std::int64_t> refunded{0};
  const std::int64_t admitted = together([&](int i) {
    std::int64_t n = 0;
    for (int k = 0; k < 2000; ++k) {
      if (i == 0 && k % 100 == 0) bucket.set_limit(at(0), rate_of(1000, 1s, 1000));
      const auto d = bucket.take(at(0));
      if (!d.allowed) continue;
      if (k % 3 == 0) {
        bucket.refund(at(0), d);
        ++refunded;
      }
      ++n;
    }
    return n;
  });
  // Time stands still: what was used is the burst, less what a refund after a change left behind.
  CHECK(admitted - refunded <= 1000);
  CHECK(admitted >= 1000);
  bucket.cool_down(at(0), 1s);
  CHECK_FALSE(bucket.try_take(at(0)));
}

TEST_CASE("a look at a limit that changes over and over comes to an end") {
  const std::array rates{
      rate_of(1, 24h * 366, 1),
      rate_of(2048, 1us, 1'000'000),
      rate_of(4096, 3us),
      rate_of(1, 1s, 9)};
  resilience::token_bucket bucket(rates[0], at(0));
  std::atomic<bool> done{false};
  static_cast<void>(together([&](int i) {
    if (i == 0) {
      for (int k = 0; k < 1'000'000; ++k) static_cast<void>(bucket.take(at(3'600'000'000)));
      done = true;
    }
    for (std::size_t k = 0; i == 1 && !done; ++k) bucket.set_limit(at(0), rates[k % rates.size()]);
    return std::int64_t{0};
  }));
  CHECK(bucket.limit().burst() >= 1);
}

TEST_CASE("groups that share a bucket never admit more than it has") {
  resilience::token_bucket global(rate_of(1, 1h, 500), at(0));
  std::vector<std::unique_ptr<resilience::token_bucket>> own;
  std::vector<resilience::limit_group> groups;
  for (int i = 0; i < workers; ++i) {
    own.push_back(std::make_unique<resilience::token_bucket>(rate_of(1, 1h, 100), at(0)));
    groups.push_back(resilience::limit_group::make(std::array{own.back().get(), &global}).value());
  }
  const std::int64_t admitted = together([&](int i) {
    std::int64_t n = 0;
    for (int k = 0; k < 2000; ++k)
      n += groups[static_cast<std::size_t>(i)].take(at(0)).allowed ? 1 : 0;
    return n;
  });
  CHECK(admitted == 500);
  // Whoever was refused holds nothing.
  std::int64_t left = 0;
  for (const auto& b : own) left += b->peek(at(0), 0).remaining;
  CHECK(left == workers * 100 - 500);
}

TEST_CASE("threads on keys that share sets, tenants and the common limit") {
  const auto limiter = resilience::keyed_limiter::open(
                           {.per_key = rate_of(1, 1h, 10),
                            .common = rate_of(1, 1h, 2000),
                            .max_keys = 64,
                            .tenant_share = 50},
                           at(0)
  )
                           .value();
  const std::int64_t admitted = together([&](int i) {
    std::int64_t n = 0;
    for (int k = 0; k < 500; ++k) {
      n += limiter->take(at(k), std::to_string(k % 5), std::to_string(i + k % 7)).allowed ? 1 : 0;
      if (k % 100 == 0) limiter->set_limit(rate_of(1, 1h, 10));
      if (k % 100 == 50) static_cast<void>(limiter->stats(at(k)));
    }
    return n;
  });
  CHECK(admitted > 0);
  CHECK(admitted <= 1100);  // 5 tenants with up to 22 keys of 10
}

TEST_CASE("threads on leased limiters over one store") {
  scalekit::testing::manual_clock clock;
  resilience::memory_limiter_store store(clock);
  const auto r = rate_of(100'000, 1s, 1000);
  std::vector<std::unique_ptr<resilience::leased_limiter>> nodes;
  for (int i = 0; i < 4; ++i) {
    nodes.push_back(resilience::leased_limiter::open(
                        store, {.name = "n", .rate = r, .nodes = 4, .clock = &clock}
    )
                        .value());
  }
  const auto start = clock.steady_now();
  const std::int64_t admitted = together([&](int i) {
    resilience::leased_limiter& node = *nodes[static_cast<std::size_t>(i) % nodes.size()];
    std::int64_t n = 0;
    for (int k = 0; k < 3000; ++k) {
      n += node.take(clock.steady_now()).allowed ? 1 : 0;
      if (k % 16 == 0) clock.advance(3us);
      if (k % 500 == 499) static_cast<void>(node.close());
    }
    return n;
  });
  const auto passed = (clock.steady_now() - start) / 1us;
  CHECK(admitted > 500);
  CHECK(admitted * r.step() <= r.burst() * r.step() + passed * r.parts());
}
