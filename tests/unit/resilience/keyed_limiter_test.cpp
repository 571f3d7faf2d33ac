// SPDX-License-Identifier: BSL-1.0
#include "limiter_support.hpp"

#include <scalekit/resilience/keyed_limiter.hpp>
#include <scalekit/resilience/limit_gate.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::at;
using limiter_test::rate_of;
using resilience::keyed_limiter;
using resilience::keyed_limiter_options;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t second = 1'000'000;

struct fixture {
  scalekit::testing::fixed_random random{42};
  std::unique_ptr<keyed_limiter> limiter;

  explicit fixture(keyed_limiter_options o) {
    o.random = &random;
    limiter = keyed_limiter::open(o, at(0)).value();
  }
  int takes(std::int64_t us, std::string_view tenant, std::string_view key, int tries) const {
    int n = 0;
    for (int i = 0; i < tries; ++i) n += limiter->take(at(us), tenant, key).allowed ? 1 : 0;
    return n;
  }
};

}  // namespace

TEST_CASE("each key of each tenant has a bucket of its own") {
  const fixture f({.per_key = rate_of(10, 1s, 3)});
  CHECK(f.takes(0, "a", "x", 9) == 3);
  CHECK(f.takes(0, "a", "y", 9) == 3);
  CHECK(f.takes(0, "b", "x", 9) == 3);
  // Not one text run together.
  CHECK(f.takes(0, "ax", "", 9) == 3);
  CHECK(f.takes(0, "", "ax", 9) == 3);
  CHECK(f.takes(100'000, "a", "x", 9) == 1);
  const auto d = f.limiter->take(at(100'000), "a", "x");
  CHECK(d.retry_after == 100ms);
  CHECK(f.limiter->take(at(0), "a", "x", 4).retry_after == resilience::never);
  CHECK(f.limiter->take(at(0), "a", "x", -1).retry_after == resilience::never);
}

TEST_CASE("texts that run into each other, or differ in length alone, are different keys") {
  fixture f({.per_key = rate_of(1, 1s), .max_keys = 65'536, .tenant_share = 100});
  std::vector<std::string> texts{""};
  for (const char filler : {'\0', 'a', '\xFF'}) {
    for (std::size_t n = 1; n <= 17; ++n) texts.emplace_back(n, filler);
    for (const std::size_t n : {std::size_t{7}, std::size_t{8}, std::size_t{15}}) {
      texts.push_back(std::string(n, filler) + '\x06');
    }
  }
  int admitted = 0;
  for (const auto& tenant : texts) {
    for (const auto& key : texts) admitted += f.takes(0, tenant, key, 1);
  }
  CHECK(admitted == static_cast<int>(texts.size() * texts.size()));
  CHECK(f.limiter->stats(at(0)).shared == 0);
}

TEST_CASE("a tenant in flood is held to its share of the table, and another is not touched") {
  const fixture f({.per_key = rate_of(1, 1h, 5), .max_keys = 256, .tenant_share = 25});
  REQUIRE(f.takes(0, "quiet", "its key", 3) == 3);
  for (int i = 0; i < 20'000; ++i) {
    static_cast<void>(f.limiter->take(at(i), "flood", std::to_string(i)));
  }
  CHECK(f.limiter->stats(at(20'000)).in_use <= 256 / 4 + 1);
  // What the quiet one took is remembered, and a new key of its own finds room.
  CHECK(f.takes(20'000, "quiet", "its key", 9) == 2);
  CHECK(f.takes(20'000, "quiet", "another", 9) == 5);
  CHECK(f.limiter->stats(at(20'000)).shared > 10'000);
}

TEST_CASE("buckets that are full again make room") {
  const fixture f({.per_key = rate_of(10, 1s, 1), .max_keys = 64, .tenant_share = 100});
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 16; ++i) {
      const std::string key = std::to_string(round) + "/" + std::to_string(i);
      static_cast<void>(f.limiter->take(at(round * second), "t", key));
    }
    CHECK(f.limiter->stats(at(round * second)).in_use <= 16);
  }
  CHECK(f.limiter->stats(at(20 * second)).in_use == 0);
  CHECK(f.limiter->stats(at(20 * second)).capacity == 64);
}

TEST_CASE("however little room, and whatever comes back, no key gets more than its limit") {
  const auto r = rate_of(5, 1s, 4);
  const fixture f({.per_key = r, .max_keys = 64, .tenant_share = 13});
  std::mt19937_64 random(3);
  struct use {
    std::int64_t us, cost;
  };
  std::map<std::string, std::vector<use>> log;
  std::int64_t us = 0;
  int allowed = 0;
  for (int i = 0; i < 200'000; ++i) {
    us += static_cast<std::int64_t>(random() % 4000);
    // Now and then a clock that is behind.
    const std::int64_t seen = random() % 50 == 0 ? us - 300'000 : us;
    const std::string tenant = std::to_string(random() % 12);
    const std::string key = std::to_string(random() % 40);
    const auto cost = static_cast<std::int64_t>(1 + random() % 3);
    const auto d = f.limiter->take(at(seen), tenant, key, cost);
    if (!d.allowed) continue;
    if (random() % 4 == 0) {  // it did not act
      us += static_cast<std::int64_t>(random() % 4000);
      f.limiter->refund(at(us), tenant, key, d, cost);
      continue;
    }
    log[tenant + "/" + key].push_back({us, cost});
    ++allowed;
  }
  CHECK(allowed > 1000);
  CHECK(f.limiter->stats(at(us)).shared > 1000);
  for (const auto& [key, uses] : log) {
    for (std::size_t i = 0; i < uses.size(); ++i) {
      std::int64_t sum = 0;
      for (std::size_t k = i; k < uses.size() && k < i + 60; ++k) {
        sum += uses[k].cost;
        const std::int64_t window = uses[k].us - uses[i].us;
        REQUIRE(sum * r.step() <= r.burst() * r.step() + window * r.parts());
      }
    }
  }
}

TEST_CASE("a tenant takes its share of the common limit, and no more") {
  const fixture f(
      {.per_key = rate_of(1000, 1s), .common = rate_of(100, 1s, 100), .tenant_share = 25}
  );
  CHECK(f.takes(0, "flood", "k", 500) == 25);
  CHECK(f.takes(0, "flood", "another key", 500) == 0);
  CHECK(f.takes(0, "a", "k", 500) == 25);
  CHECK(f.takes(0, "b", "k", 500) == 25);
  CHECK(f.takes(0, "c", "k", 500) == 25);
  const auto d = f.limiter->take(at(0), "d", "k");
  CHECK_FALSE(d.allowed);
  CHECK(d.retry_after == 10ms);
  // What the common limit refused cost neither the key nor the tenant anything.
  CHECK(f.takes(250'000, "d", "k", 500) == 25);
}

TEST_CASE("what was not used comes back to the key, its tenant and all") {
  const fixture f(
      {.per_key = rate_of(10, 1s, 10), .common = rate_of(20, 1s, 20), .tenant_share = 50}
  );
  const auto tokens = [&](std::int64_t us) {
    int n = 0;
    for (const char* tenant : {"a", "b", "c"}) n += f.takes(us, tenant, "k", 20);
    return n;
  };
  const auto three = f.limiter->take(at(0), "a", "k", 3);
  const auto refused = f.limiter->take(at(0), "a", "k", 8);
  CHECK_FALSE(refused.allowed);
  f.limiter->refund(at(0), "a", "k", three, 3);
  f.limiter->refund(at(0), "a", "k", refused, 8);
  CHECK(tokens(0) == 20);
  // A token in 100 ms: what time has given back since is not given again.
  const auto late = f.limiter->take(at(second), "b", "k", 2);
  f.limiter->refund(at(second + 150'000), "b", "k", late, 2);
  CHECK(f.limiter->take(at(second + 150'000), "b", "k", 10).allowed);
  CHECK_FALSE(f.limiter->take(at(second + 150'000), "b", "k").allowed);
}

TEST_CASE("nothing comes back of another limit") {
  const fixture f({.per_key = rate_of(10, 1s, 10)});
  const auto d = f.limiter->take(at(0), "t", "k", 5);
  f.limiter->set_limit(rate_of(5, 1s, 10));
  f.limiter->refund(at(0), "t", "k", d, 5);
  CHECK(f.takes(0, "t", "k", 20) == 7);  // still full in half a second, which is 2.5 tokens now
}

TEST_CASE("one key of many behind a gate") {
  const fixture f({.per_key = rate_of(1, 1s, 1)});
  const auto key = f.limiter->bind("t", "k");
  const resilience::limit_gate gate(key);
  resilience::limit_gate::receipt taken;
  CHECK(gate.take(at(0), 1, taken).allowed);
  CHECK_FALSE(gate.take(at(0), 1, taken).allowed);
  gate.give_back(at(0), 1, taken);
  CHECK_FALSE(gate.take(at(0), 1, taken).allowed);  // that of the refused call gave nothing
  resilience::limit_gate::receipt used;
  CHECK(gate.take(at(second), 1, used).allowed);
  gate.give_back(at(second), 1, used);
  CHECK(gate.take(at(second), 1, used).allowed);
}

TEST_CASE("another limit does not fill the buckets") {
  const fixture f({.per_key = rate_of(3, 1s, 3)});
  CHECK(f.takes(0, "t", "k", 9) == 3);
  f.limiter->set_limit(rate_of(100, 1s, 100));
  CHECK(f.takes(0, "t", "k", 9) == 0);
  CHECK(f.takes(0, "t", "new", 999) == 100);
  CHECK(f.takes(510'000, "t", "k", 999) == 51);
}

TEST_CASE("options out of range are refused by name") {
  const auto refusal = [](const keyed_limiter_options& o) {
    const auto r = keyed_limiter::open(o, at(0));
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::invalid_argument);
    return r.error().message();
  };
  CHECK(refusal({.max_keys = 63}).starts_with("keyed_limiter: max_keys"));
  CHECK(refusal({.max_keys = (std::size_t{1} << 24) + 1}).starts_with("keyed_limiter: max_keys"));
  CHECK(refusal({.tenant_share = 11}).starts_with("keyed_limiter: tenant_share"));
  CHECK(refusal({.tenant_share = 101}).starts_with("keyed_limiter: tenant_share"));
  CHECK(refusal({.common = rate_of(1, 24h * 366), .tenant_share = 12})
            .starts_with("keyed_limiter: common"));
}
