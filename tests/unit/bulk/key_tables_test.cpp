// SPDX-License-Identifier: BSL-1.0
#include "bulk/key_tables.hpp"

#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using bulk::hash128;
using bulk::key_holder;

TEST_CASE("a key's hash fits the tables, and depends on every byte and on the seed") {
  testing::fixed_random random(1);
  const bulk::key_hash hash(random);
  const bulk::key_hash other(random);
  const hash128 of = hash("key of eleven");
  CHECK(of.low == hash("key of eleven").low);
  CHECK(of.high == hash("key of eleven").high);
  CHECK(of.low != other("key of eleven").low);
  for (const char* text : {"", "a", "key of elevem", "kez of eleven", "key of eleven\1"}) {
    CAPTURE(text);
    CHECK(hash(text).low != of.low);
    CHECK(hash(text).high != of.high);
    CHECK(hash(text).low % 2 == 0);
    CHECK(hash(text).low != 0);
  }
}

TEST_CASE("keys that come again are named once, in order") {
  std::mt19937_64 random(3);
  std::map<std::uint64_t, int> times;
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    // Many of the same front, so that searches are long; the last of them goes round the end.
    const std::uint64_t front = (i % 2 == 0 ? 0 : UINT64_MAX) << 48U;
    all.push_back(((random() % 12'000) << 1U | 2U) ^ front);
    ++times[all.back()];
  }
  bulk::repeated_keys keys(times.size());
  for (const std::uint64_t low : all) keys.add(low);
  std::vector<std::uint64_t> expected;
  for (const auto& [low, n] : times) {
    if (n > 1) expected.push_back(low);
  }
  CHECK(keys.take() == expected);
  CHECK_FALSE(keys.overflowed());
}

TEST_CASE("a table that is too small says so and comes to an end") {
  bulk::repeated_keys keys(12);
  for (std::uint64_t low = 2; low < 200; low += 2) keys.add(low);
  static_cast<void>(keys.take());
  CHECK(keys.overflowed());
}

TEST_CASE("a table takes what its memory is said to hold, and no more memory") {
  constexpr std::size_t bytes = 1U << 12U;
  constexpr std::size_t most = bulk::repeated_keys::capacity(bytes);
  static_assert(most == bytes / 8 / 4 * 3);
  static_assert(bulk::repeated_keys::capacity(bytes + 100) == most);
  bulk::repeated_keys keys(most);
  // One slot stays free.
  for (std::uint64_t low = 2; low <= 2 * (bytes / 8 - 1); low += 2) keys.add(low);
  CHECK(keys.take().empty());
  CHECK_FALSE(keys.overflowed());
}

TEST_CASE("only given keys have a holder, each its own, though half of their hashes be the same") {
  const std::vector<std::uint64_t> given{2, 6, UINT64_MAX - 1};
  bulk::key_holders holders(given);
  CHECK(holders.find({4, 1}) == nullptr);
  CHECK(holders.find({8, 1}) == nullptr);
  std::map<std::string, key_holder*> found;
  for (const std::uint64_t low : given) {
    for (const std::uint64_t high : {1U, 2U, 3U}) {
      key_holder* const held = holders.find({low, high});
      REQUIRE(held != nullptr);
      CHECK(held->line == 0);
      held->line = low % 100 + high;
      held->offset = high;
      found[std::to_string(low) + "." + std::to_string(high)] = held;
      CHECK(&holders.at(holders.index_of(*held)) == held);
    }
  }
  for (const std::uint64_t low : given) {
    for (const std::uint64_t high : {1U, 2U, 3U}) {
      key_holder* const held = holders.find({low, high});
      CHECK(held == found[std::to_string(low) + "." + std::to_string(high)]);
      CHECK(held->line == low % 100 + high);
    }
  }
}

TEST_CASE("a key that was looked for in vain leaves its slot to another") {
  const std::vector<std::uint64_t> given{2};
  bulk::key_holders holders(given);
  key_holder* const first = holders.find({2, 1});  // a bad row's: nobody holds it
  key_holder* const second = holders.find({2, 2});
  CHECK(first == second);
  second->line = 7;
  key_holder* const again = holders.find({2, 1});
  REQUIRE(again != nullptr);
  CHECK(again != second);
  CHECK(again->line == 0);
}
