// SPDX-License-Identifier: BSL-1.0
#include "samples.hpp"

#include <scalekit/keyset/key_ring.hpp>
#include <scalekit/keyset/sealed_codec.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

using namespace scalekit;
using keyset::key_entry;
using keyset::key_holder;
using keyset::key_ring;

namespace {

bytes secret(int fill, std::size_t size = 32) { return bytes(size, static_cast<std::byte>(fill)); }

std::string refusal(std::vector<key_entry> entries, std::string_view current = "a") {
  const auto ring = key_ring::make(std::move(entries), current);
  REQUIRE_FALSE(ring.has_value());
  CHECK(ring.error().code() == errc::invalid_argument);
  return ring.error().message();
}

bool names(const std::string& message, std::string_view part) {
  CAPTURE(message);
  CAPTURE(part);
  return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a ring finds its keys") {
  const auto ring =
      key_ring::make(
          {{.id = "a", .secret = secret(1)}, {.id = "b_-9", .secret = secret(2)}}, "b_-9"
      )
          .value();
  CHECK(ring->current().id == "b_-9");
  REQUIRE(ring->find("a") != nullptr);
  CHECK(ring->find("a")->secret[31] == std::byte{1});
  CHECK(ring->find("c") == nullptr);
  CHECK(ring->find("") == nullptr);
  CHECK(ring->find("A") == nullptr);
}

TEST_CASE("a key is valid from not_before up to not_after") {
  const auto ring = key_ring::make(
                        {{.id = "a",
                          .secret = secret(1),
                          .not_before = samples::micros(10),
                          .not_after = samples::micros(20)}},
                        "a"
  )
                        .value();
  const auto valid = [&](std::int64_t t) { return ring->current().valid_at(samples::micros(t)); };
  CHECK_FALSE(valid(9));
  CHECK(valid(10));
  CHECK(valid(19));
  CHECK_FALSE(valid(20));
}

TEST_CASE("a bad ring is refused, and the message names the entry") {
  const key_entry good{.id = "a", .secret = secret(1)};
  CHECK(names(refusal({}), "current key 'a' is not among"));
  CHECK(names(refusal({good}, "b"), "current key 'b'"));
  CHECK(names(
      refusal({good, {.id = "b", .secret = secret(1, 31)}}), "entry 2 ('b'): the secret has 31"
  ));
  CHECK(names(refusal({good, {.id = "b", .secret = secret(1, 33)}}), "has 33 bytes"));
  CHECK(names(refusal({good, {.id = "b", .secret = {}}}), "has 0 bytes"));
  CHECK(names(refusal({good, {.id = "b", .secret = secret(0)}}), "all zero"));
  CHECK(names(refusal({good, good}), "entry 2 ('a'): the id is taken"));
  CHECK(names(
      refusal(
          {{.id = "a",
            .secret = secret(1),
            .not_before = samples::micros(5),
            .not_after = samples::micros(5)}}
      ),
      "not_before"
  ));
  for (const std::string& id :
       {std::string(),
        std::string("a.b"),
        std::string("a b"),
        std::string("ä"),
        std::string("a\0b", 3),
        std::string(33, 'a'),
        std::string("a/b")}) {
    CHECK(names(refusal({good, {.id = id, .secret = secret(2)}}), "entry 2: the id must be"));
  }
  CHECK(key_ring::make({{.id = std::string(32, 'a'), .secret = secret(2)}}, std::string(32, 'a'))
            .has_value());
}

TEST_CASE("no message holds a secret") {
  const bytes short_secret = secret('S', 31);
  const std::string message = refusal({{.id = "a", .secret = short_secret}});
  CHECK(message.find("SSSS") == std::string::npos);
  CHECK(message.find("5353") == std::string::npos);
}

TEST_CASE("keys rotate without a token going bad") {
  testing::manual_clock clock;
  testing::fixed_random random;
  const bytes secret_1 = secret(1);
  const bytes secret_2 = secret(2);
  const auto at = samples::usual();
  const auto list = samples::binding();

  //! [rotation]
  // Day 0: one key.
  key_holder keys(key_ring::make({{.id = "k1", .secret = secret_1}}, "k1").value());
  const keyset::sealed_codec codec(keys, {}, clock, random);
  const std::string old_token = codec.encode(at, list).value();

  // Step 1, on every machine: know k2, still seal with k1.
  keys.replace(
      key_ring::make({{.id = "k1", .secret = secret_1}, {.id = "k2", .secret = secret_2}}, "k1")
          .value()
  );
  // Step 2, when all of them know it: seal with k2, still open k1.
  keys.replace(
      key_ring::make({{.id = "k1", .secret = secret_1}, {.id = "k2", .secret = secret_2}}, "k2")
          .value()
  );
  const std::string new_token = codec.encode(at, list).value();
  // Step 3, once max_age has passed since step 2: forget k1.
  //! [rotation]

  CHECK(old_token.starts_with("v1.k1."));
  CHECK(new_token.starts_with("v1.k2."));
  CHECK(codec.decode(old_token, list).has_value());
  CHECK(codec.decode(new_token, list).has_value());
  keys.replace(key_ring::make({{.id = "k2", .secret = secret_2}}, "k2").value());
  CHECK(codec.decode(old_token, list).error().code() == errc::unauthenticated);
  CHECK(codec.decode(new_token, list).has_value());
  // The same id over another secret is not the same key.
  keys.replace(key_ring::make({{.id = "k2", .secret = secret_1}}, "k2").value());
  CHECK(codec.decode(new_token, list).error().code() == errc::unauthenticated);
}

TEST_CASE("a ring is wiped when the last call that uses it is done, not before") {
  key_holder keys(key_ring::make({{.id = "a", .secret = secret(7)}}, "a").value());
  std::weak_ptr<const key_ring> old;
  {
    const auto in_use = keys.snapshot();
    old = in_use;
    keys.replace(key_ring::make({{.id = "b", .secret = secret(8)}}, "b").value());
    CHECK(keys.snapshot()->current().id == "b");
    CHECK(in_use->current().secret[0] == std::byte{7});
  }
  CHECK(old.expired());
}

TEST_CASE("rings change while other threads seal and open") {
  testing::manual_clock clock;
  testing::fixed_random random;
  const auto ring = [](int n) {
    return key_ring::make(
               {{.id = "k1", .secret = secret(1)}, {.id = "k2", .secret = secret(2)}},
               n % 2 == 0 ? "k1" : "k2"
    )
        .value();
  };
  key_holder keys(ring(0));
  const keyset::sealed_codec codec(keys, {}, clock, random);
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) {
      const auto token = codec.encode(samples::usual(), samples::binding());
      if (!token || !codec.decode(*token, samples::binding())) ++wrong;
    }
  };
  std::thread first(work);
  std::thread second(work);
  for (int i = 0; i < 500; ++i) keys.replace(ring(i));
  first.join();
  second.join();
  CHECK(wrong == 0);
}
