// SPDX-License-Identifier: BSL-1.0
#include "samples.hpp"

#include <scalekit/crypto/aead.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/keyset/sealed_codec.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scalekit;
using keyset::key_holder;
using keyset::key_ring;
using keyset::sealed_codec;
using samples::binding;
using namespace std::chrono_literals;

namespace {

bytes secret(int fill) { return bytes(32, static_cast<std::byte>(fill)); }

/// A codec on a clock and a random source that stand still until told otherwise.
struct bench {
  explicit bench(keyset::sealed_options options = {}) : codec(keys, options, clock, random) {}

  testing::manual_clock clock;
  testing::fixed_random random;
  key_holder keys{
      key_ring::make({{.id = "k1", .secret = secret(1)}, {.id = "k2", .secret = secret(2)}}, "k1")
          .value()};
  sealed_codec codec;

  std::string token() const { return codec.encode(samples::usual(), binding()).value(); }
};

void check_refused(const result<keyset::cursor>& r) {
  REQUIRE_FALSE(r.has_value());
  REQUIRE(r.error().code() == errc::unauthenticated);
  REQUIRE(r.error().message() == "cursor: the token does not verify; start from the first page");
}

}  // namespace

TEST_CASE("every kind of value comes back exactly") {
  const bench b;
  for (const auto& at : samples::edges()) {
    const std::string token = b.codec.encode(at, binding()).value();
    CHECK(token.starts_with("v1.k1."));
    CHECK(
        token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        ) == std::string::npos
    );
    const auto back = b.codec.decode(token, binding());
    REQUIRE(back.has_value());
    CHECK(samples::same(*back, at));
  }
}

TEST_CASE("a token shows nothing of the key, and no two are alike") {
  const bench b;
  const keyset::cursor at{.key = {"a very secret account number"}};
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = b.codec.encode(at, binding()).value();
    CHECK(seen.insert(token).second);
    const bytes raw = from_base64url(token.substr(6)).value();
    CHECK(as_text(raw).find("secret") == std::string_view::npos);
    CHECK(as_text(raw).find("acme") == std::string_view::npos);
  }
}

TEST_CASE("any one bit changed and any part cut is refused") {
  const bench b;
  const std::string token = b.token();
  for (std::size_t n = 0; n < token.size(); ++n) {
    check_refused(b.codec.decode(token.substr(0, n), binding()));
    check_refused(b.codec.decode(token.substr(n + 1), binding()));
    check_refused(b.codec.decode(token.substr(0, n) + token.substr(n + 1), binding()));
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[n] = static_cast<char>(changed[n] ^ (1 << bit));
      check_refused(b.codec.decode(changed, binding()));
    }
  }
  // And below the text: every bit of nonce, ciphertext and tag.
  const bytes raw = from_base64url(token.substr(6)).value();
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    bytes changed = raw;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    check_refused(b.codec.decode("v1.k1." + to_base64url(changed), binding()));
  }
  for (const char c : {'A', '=', ' ', '\n', '.', '\0'}) {
    check_refused(b.codec.decode(token + c, binding()));
    check_refused(b.codec.decode(c + token, binding()));
  }
  CHECK(b.codec.decode(token, binding()).has_value());
}

TEST_CASE("garbage is refused like any other forgery") {
  const bench b;
  for (const std::string& text : samples::garbage()) check_refused(b.codec.decode(text, binding()));
}

TEST_CASE("a token is good for its own list only") {
  const bench b;
  const std::string token = b.token();
  for (const auto& foreign : samples::foreign_bindings()) {
    check_refused(b.codec.decode(token, foreign));
  }
  // And not the other way round either: the binding is no prefix match.
  const std::string unbound = b.codec.encode(samples::usual(), {}).value();
  check_refused(b.codec.decode(unbound, binding()));
  check_refused(b.codec.decode(token, {}));
}

TEST_CASE("a token is good under its own key id only") {
  const bench b;
  const std::string body = b.token().substr(6);
  check_refused(b.codec.decode("v1.k2." + body, binding()));
  check_refused(b.codec.decode("v1.k3." + body, binding()));
  check_refused(b.codec.decode("v1.." + body, binding()));
  check_refused(b.codec.decode("v2.k1." + body, binding()));

  // The same secret under another id: the id is authenticated too.
  bench renamed;
  renamed.keys.replace(key_ring::make({{.id = "k9", .secret = secret(1)}}, "k9").value());
  check_refused(renamed.codec.decode("v1.k9." + body, binding()));
}

TEST_CASE("a cursor without a time is stamped, one with a time keeps it") {
  const bench b;
  const auto stamped =
      b.codec.decode(b.codec.encode({.key = {1}}, binding()).value(), binding()).value();
  CHECK(stamped.issued_at == b.clock.system_now());
  const auto kept = b.codec.decode(b.token(), binding()).value();
  CHECK(kept.issued_at == samples::usual().issued_at);
}

TEST_CASE("a token expires at max_age, and says so only to who has an authentic one") {
  bench b({.max_age = 1h});
  const std::string token = b.codec.encode({.key = {1}}, binding()).value();
  b.clock.advance(1h - 1us);
  CHECK(b.codec.decode(token, binding()).has_value());
  b.clock.advance(1us);
  const auto late = b.codec.decode(token, binding());
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code() == errc::invalid_argument);
  CHECK(late.error().message().find("expired") != std::string::npos);

  std::string changed = token;
  changed.back() = changed.back() == 'A' ? 'Q' : 'A';
  check_refused(b.codec.decode(changed, binding()));
  auto other = binding();
  other.tenant = "other";
  check_refused(b.codec.decode(token, other));
}

TEST_CASE("a max_age of zero never expires; the default is a day") {
  bench endless({.max_age = 0s});
  const std::string token = endless.codec.encode({.key = {1}}, binding()).value();
  endless.clock.advance(24h * 365 * 50);
  CHECK(endless.codec.decode(token, binding()).has_value());
  const keyset::cursor ancient{.key = {1}, .issued_at = system_time::min()};
  CHECK(
      endless.codec.decode(endless.codec.encode(ancient, binding()).value(), binding()).has_value()
  );

  bench daily;
  const std::string short_lived = daily.codec.encode({.key = {1}}, binding()).value();
  daily.clock.advance(24h - 1us);
  CHECK(daily.codec.decode(short_lived, binding()).has_value());
  daily.clock.advance(1us);
  CHECK_FALSE(daily.codec.decode(short_lived, binding()).has_value());
  CHECK_FALSE(
      daily.codec.decode(daily.codec.encode(ancient, binding()).value(), binding()).has_value()
  );
}

TEST_CASE("a token from the future is refused beyond the skew") {
  bench b({.max_skew = 60s});
  const auto issued = [&](std::chrono::microseconds ahead) {
    const keyset::cursor at{.key = {1}, .issued_at = b.clock.system_now() + ahead};
    return b.codec.decode(b.codec.encode(at, binding()).value(), binding());
  };
  CHECK(issued(60s).has_value());
  const auto early = issued(60s + 1us);
  REQUIRE_FALSE(early.has_value());
  CHECK(early.error().code() == errc::invalid_argument);
  CHECK(early.error().message().find("future") != std::string::npos);
  const keyset::cursor never{.key = {1}, .issued_at = system_time::max()};
  CHECK_FALSE(b.codec.decode(b.codec.encode(never, binding()).value(), binding()).has_value());
}

TEST_CASE("a key outside its time neither seals nor opens") {
  bench b;
  const std::string token = b.codec.encode({.key = {1}}, binding()).value();
  const system_time now = b.clock.system_now();
  b.keys.replace(
      key_ring::make({{.id = "k1", .secret = secret(1), .not_after = now + 1h}}, "k1").value()
  );
  CHECK(b.codec.decode(token, binding()).has_value());
  b.clock.advance(1h);
  check_refused(b.codec.decode(token, binding()));
  const auto sealed = b.codec.encode({.key = {1}}, binding());
  REQUIRE_FALSE(sealed.has_value());
  CHECK(sealed.error().code() == errc::unavailable);
  CHECK(sealed.error().message().find("'k1'") != std::string::npos);
}

TEST_CASE("limits hold on both sides") {
  const bench b({.limits = {.token_bytes = 160, .key_values = 2}});
  bool refused = false;
  for (std::size_t n = 0; n < 160; ++n) {
    const auto token = b.codec.encode({.key = {std::string(n, 'x')}}, binding());
    if (token) {
      CHECK_FALSE(refused);
      CHECK(token->size() <= 160);
      CHECK(b.codec.decode(*token, binding()).has_value());
    } else {
      refused = true;
      CHECK(token.error().code() == errc::limit_exceeded);
    }
  }
  CHECK(refused);
  CHECK(b.codec.encode({.key = {1, 2, 3}}, binding()).error().code() == errc::limit_exceeded);
}

TEST_CASE("ten megabytes are refused unread") {
  const bench b;
  const std::string huge = "v1.k1." + std::string(10 << 20, 'A');
  for (int i = 0; i < 1000; ++i) {
    const auto refused = b.codec.decode(huge, binding());
    REQUIRE_FALSE(refused.has_value());
    REQUIRE(refused.error().code() == errc::invalid_argument);
    REQUIRE(refused.error().message().find("at most 1024") != std::string::npos);
  }
}

TEST_CASE("what the key sealed for something else is no cursor") {
  bench b;
  const auto list = binding();
  std::string associated;
  append_framed(associated, "scalekit cursor v1");
  append_framed(associated, "k1");
  append_framed(associated, list.endpoint);
  append_framed(associated, list.tenant);
  append_framed(associated, list.order);
  append_framed(associated, list.filters);
  append_u32(associated, list.schema_version);
  const auto decode = [&](std::string_view payload) {
    const bytes key = secret(1);
    const std::string sealed =
        crypto::aead_seal(crypto::aead_key(key), payload, associated, b.random).value();
    return b.codec.decode("v1.k1." + to_base64url(as_bytes(sealed)), list);
  };
  std::string good("\x01\x00", 2);
  append_u64(good, static_cast<std::uint64_t>(b.clock.system_now().time_since_epoch().count()));
  good.push_back('\0');
  CHECK(decode(good).has_value());  // so the refusals below are for what they say
  check_refused(decode(""));
  check_refused(decode("hello"));
  check_refused(decode(good + "x"));
  check_refused(decode(good.substr(1)));
}
