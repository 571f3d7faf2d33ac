// SPDX-License-Identifier: BSL-1.0
// A Redis that loses its data, goes away and comes back.
#include "../../unit/resilience/limiter_support.hpp"
#include "backend.hpp"
#include "redis_backend.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/redis_limiter_store.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace resilience = scalekit::resilience;
using limiter_test::open_backend;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::clock;
using scalekit::errc;
using namespace std::chrono_literals;

namespace {

int takes(resilience::leased_limiter& l, int tries) {
  int n = 0;
  for (int i = 0; i < tries; ++i) n += l.take(clock::system().steady_now()).allowed ? 1 : 0;
  return n;
}

// Polls with the real time until one is admitted.
bool admitted_within(resilience::leased_limiter& l, scalekit::duration time) {
  const auto end = clock::system().steady_now() + time;
  while (clock::system().steady_now() < end) {
    if (takes(l, 1) == 1) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("FLUSHALL and a restart without persistence cost one burst each, and are counted") {
  const auto b = open_backend();
  b->forget();
  const auto r = rate_of(1, 1000s, 100);
  const auto l =
      resilience::leased_limiter::open(b->store(), {.name = "k", .rate = r, .probe_base = 1ms})
          .value();
  int used = takes(*l, 1000);
  CHECK(used <= 100);
  CHECK(used >= 99);
  b->forget();
  // Its refusal is remembered for a second at most.
  CHECK(admitted_within(*l, 5s));
  used += 1 + takes(*l, 1000);
  CHECK(used <= 200);
  CHECK(l->stats().state_losses == 1);
  limiter_test::redis().restart();
  CHECK(admitted_within(*l, 20s));
  used += 1 + takes(*l, 1000);
  CHECK(used <= 301);  // and a token of its own share, if it met the server down
  CHECK(l->stats().state_losses == 2);
}

TEST_CASE("while Redis is gone a node keeps to its share, and comes back") {
  const auto b = open_backend();
  b->forget();
  const auto r = rate_of(1, 1000s, 100);
  const auto l = resilience::leased_limiter::open(
                     b->store(), {.name = "gone", .rate = r, .nodes = 4, .probe_base = 1ms}
  )
                     .value();
  limiter_test::redis().crash();
  CHECK(takes(*l, 1000) == 25);
  CHECK(l->stats().degraded);
  CHECK(l->stats().store_failures >= 1);
  limiter_test::redis().start();
  CHECK(admitted_within(*l, 20s));
  CHECK_FALSE(l->stats().degraded);
}

TEST_CASE("keys live until they are full, and a while longer") {
  const auto client = scalekit::redis::client::open({.port = limiter_test::redis().port()}).value();
  const auto store =
      resilience::redis_limiter_store::open(*client, {.prefix = "p:", .keep = 5000ms}).value();
  const auto ttl = [&](std::string_view key) {
    return client->command({"PTTL", key})->as_integer().value();
  };
  const limit_claim soon_full{.name = "a", .rate = rate_of(1000, 1s)};
  CHECK(store->take({&soon_full, 1})->allowed);
  CHECK(ttl("p:a") > 3000);
  CHECK(ttl("p:a") <= 5000);
  const limit_claim late_full{.name = "b", .rate = rate_of(1, 1000s)};
  CHECK(store->take({&late_full, 1})->allowed);
  CHECK(ttl("p:b") > 990'000);
  CHECK(ttl("p:b") <= 1'000'002);
  const limit_claim look{.name = "c", .rate = rate_of(1, 1s), .cost = 0};
  CHECK(store->take({&look, 1})->allowed);
  CHECK(ttl("p:c") == -2);  // a look leaves nothing behind
}

TEST_CASE("a value is text, and one that only begins like it is reported") {
  const auto client = scalekit::redis::client::open({.port = limiter_test::redis().port()}).value();
  const auto store = resilience::redis_limiter_store::open(*client, {.prefix = "t:"}).value();
  const limit_claim c{.name = "a", .rate = rate_of(7, 1000s, 5), .version = 3};
  const auto a = store->take({&c, 1}).value();
  const auto full = a.at.time_since_epoch().count() + 1'000'000'000 / 7;
  CHECK(
      client->command({"GET", "t:a"})->as_text().value() ==
      std::to_string(full) + " 6 0 3 7 1000000000 5"  // 1,000,000,000 = 142,857,142 * 7 + 6
  );
  REQUIRE(client->command({"SET", "t:a", "1 2 3 no rate"}));
  CHECK(store->take({&c, 1}).error().code() == errc::invalid_argument);
}

TEST_CASE("keys in different slots are refused") {
  const auto client = scalekit::redis::client::open({.port = limiter_test::redis().port()}).value();
  const auto store = resilience::redis_limiter_store::open(*client, {.prefix = ""}).value();
  const auto r = rate_of(1, 1s);
  const std::array apart{limit_claim{.name = "a", .rate = r}, limit_claim{.name = "b", .rate = r}};
  CHECK(store->take(apart).error().code() == errc::invalid_argument);
  const std::array tagged{
      limit_claim{.name = "{t}a", .rate = r}, limit_claim{.name = "{t}b", .rate = r}};
  CHECK(store->take(tagged)->allowed);
}

TEST_CASE("options out of range are refused by name") {
  const auto client = scalekit::redis::client::open({.port = limiter_test::redis().port()}).value();
  const auto refusal = [&](resilience::redis_limiter_options o) {
    return resilience::redis_limiter_store::open(*client, std::move(o)).error().message();
  };
  CHECK(refusal({.prefix = std::string(201, 'p')}).find("prefix") != std::string::npos);
  CHECK(refusal({.keep = 0ms}).find("keep") != std::string::npos);
  CHECK(refusal({.keep = std::chrono::hours(24 * 367)}).find("keep") != std::string::npos);
}
