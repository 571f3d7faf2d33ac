// SPDX-License-Identifier: BSL-1.0
#include "samples.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/keyset/plain_codec.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using keyset::plain_codec;
using samples::binding;

namespace {

constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

/// A token with a right checksum over `payload`, as only a client that forges makes one.
std::string forged(std::string payload) {
  append_u64(payload, fnv1a(payload));
  return to_base64url(as_bytes(payload));
}

std::string payload_of(const std::string& token) {
  const bytes raw = from_base64url(token).value();
  return std::string(as_text(raw).substr(0, raw.size() - 8));
}

std::string message_of(const result<keyset::cursor>& r) {
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().code() == errc::invalid_argument);
  return r.error().message();
}

}  // namespace

TEST_CASE("every kind of value comes back exactly, and has one token") {
  const plain_codec codec;
  for (const auto& at : samples::edges()) {
    const std::string token = codec.encode(at, binding()).value();
    CHECK(token.find_first_not_of(url_alphabet) == std::string::npos);
    const auto back = codec.decode(token, binding());
    REQUIRE(back.has_value());
    CHECK(samples::same(*back, at));
    CHECK(codec.encode(*back, binding()).value() == token);
  }
}

TEST_CASE("random keys come back exactly") {
  std::mt19937_64 random(20240506);
  const plain_codec codec({.token_bytes = 4096});
  for (int round = 0; round < 2000; ++round) {
    keyset::cursor at;
    at.direction = (random() & 1U) != 0 ? keyset::travel::backward : keyset::travel::forward;
    at.issued_at = samples::micros(static_cast<std::int64_t>(random()));
    for (std::size_t n = random() % 6; n > 0; --n) {
      std::string text(random() % 64, '\0');
      for (char& c : text) c = static_cast<char>(random());
      switch (random() % 7) {
        case 0:
          at.key.emplace_back();
          break;
        case 1:
          at.key.emplace_back(static_cast<std::int64_t>(random()));
          break;
        case 2:
          at.key.emplace_back(sql::value_view::uint64(random()));
          break;
        case 3:
          at.key.emplace_back(std::bit_cast<double>(random()));
          break;
        case 4:
          at.key.emplace_back(text);
          break;
        case 5:
          at.key.emplace_back(as_bytes(text));
          break;
        default:
          at.key.emplace_back(samples::micros(static_cast<std::int64_t>(random())));
      }
    }
    const auto back = codec.decode(codec.encode(at, binding()).value(), binding());
    REQUIRE(back.has_value());
    REQUIRE(samples::same(*back, at));
  }
}

TEST_CASE("a token of another list is refused, and the message says which part differs") {
  const plain_codec codec;
  const std::string token = codec.encode(samples::usual(), binding()).value();
  const std::vector<std::string> named = {
      "endpoint",
      "tenant",
      "sort order",
      "filter",
      "schema version",
      "endpoint",
      "tenant",
      "sort order"};
  const auto foreign = samples::foreign_bindings();
  REQUIRE(foreign.size() == named.size());
  for (std::size_t i = 0; i < foreign.size(); ++i) {
    CHECK(message_of(codec.decode(token, foreign[i])).find(named[i]) != std::string::npos);
  }
}

TEST_CASE("a cut or changed token is refused") {
  const plain_codec codec;
  const std::string token = codec.encode(samples::usual(), binding()).value();
  for (std::size_t n = 0; n < token.size(); ++n) {
    CHECK_FALSE(codec.decode(token.substr(0, n), binding()).has_value());
    CHECK_FALSE(codec.decode(token.substr(n + 1), binding()).has_value());
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[n] = static_cast<char>(changed[n] ^ (1 << bit));
      CHECK_FALSE(codec.decode(changed, binding()).has_value());
    }
  }
  for (const char c : {'A', '=', ' ', '\n', '.', '\0'}) {
    CHECK_FALSE(codec.decode(token + c, binding()).has_value());
    CHECK_FALSE(codec.decode(c + token, binding()).has_value());
  }
  for (const std::string& text : samples::garbage()) {
    CHECK(message_of(codec.decode(text, binding())).find("cursor: malformed") == 0);
  }
}

TEST_CASE("a forged checksum does not get a malformed payload through") {
  const plain_codec codec;
  const std::string good = payload_of(codec.encode(samples::usual(), binding()).value());
  REQUIRE(codec.decode(forged(good), binding()).has_value());
  const auto with = [&](std::size_t at, char c) {
    std::string changed = good;
    changed.at(at) = c;
    return message_of(codec.decode(forged(changed), binding()));
  };
  CHECK(with(0, 2).find("no format 2") != std::string::npos);
  CHECK(with(1, 2).find("no direction") != std::string::npos);
  CHECK(with(10, 3).find("malformed") != std::string::npos);
  CHECK(with(10, 17).find("too many key values") != std::string::npos);
  CHECK(with(11, 8).find("no value kind 8") != std::string::npos);
  CHECK(
      message_of(codec.decode(forged(good + '\0'), binding())).find("wrong place") !=
      std::string::npos
  );
  for (std::size_t n = 0; n < good.size(); ++n) {
    CHECK_FALSE(codec.decode(forged(good.substr(0, n)), binding()).has_value());
  }
  // A text that claims 4 GiB.
  std::string huge = good.substr(0, 10) + std::string("\x01\x05\xff\xff\xff\xff", 6);
  CHECK(message_of(codec.decode(forged(huge), binding())).find("cut short") != std::string::npos);
}

TEST_CASE("a decimal must be a number, both ways") {
  const plain_codec codec;
  for (const char* text :
       {"",
        "-",
        ".",
        "1.2.3",
        "1e",
        "e5",
        "0x10",
        " 1",
        "1 ",
        "1;drop",
        "nan",
        "--1",
        "1e+",
        "Infinity1",
        "½"}) {
    CAPTURE(text);
    keyset::cursor at{.key = {sql::value_view::decimal(text)}};
    const auto refused = codec.encode(at, binding());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == errc::invalid_argument);
    CHECK(refused.error().message().find("key value 1") != std::string::npos);

    at.key = {sql::value(text)};
    std::string payload = payload_of(codec.encode(at, binding()).value());
    REQUIRE(payload[11] == static_cast<char>(sql::value_kind::text));
    payload[11] = static_cast<char>(sql::value_kind::decimal);
    CHECK(
        message_of(codec.decode(forged(payload), binding())).find("decimal") != std::string::npos
    );
  }
}

TEST_CASE("limits hold on both sides") {
  const plain_codec codec({.token_bytes = 128, .key_values = 2});
  const auto encode = [&](std::vector<sql::value> key) {
    return codec.encode({.key = std::move(key)}, binding());
  };
  std::size_t longest = 0;
  for (std::size_t n = 0; n < 128; ++n) {
    const auto token = encode({std::string(n, 'x')});
    if (!token) {
      CHECK(token.error().code() == errc::limit_exceeded);
      continue;
    }
    CHECK(token->size() <= 128);
    CHECK(longest + 1 >= n);
    longest = n;
    CHECK(codec.decode(*token, binding()).has_value());
  }
  CHECK(longest > 0);
  CHECK(encode({std::string(1 << 20, 'x')}).error().code() == errc::limit_exceeded);
  CHECK(encode({1, 2, 3}).error().code() == errc::limit_exceeded);
  CHECK(encode(std::vector<sql::value>(300)).error().code() == errc::limit_exceeded);

  const std::string wide = plain_codec().encode({.key = {1, 2, 3}}, binding()).value();
  REQUIRE(plain_codec().decode(wide, binding()).has_value());
  CHECK_FALSE(codec.decode(wide, binding()).has_value());
  CHECK_FALSE(plain_codec({.key_values = 2}).decode(wide, binding()).has_value());
}

TEST_CASE("ten megabytes are refused unread") {
  const plain_codec codec;
  const std::string huge(10 << 20, 'A');
  // A thousand times: reading it each time would take minutes.
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(message_of(codec.decode(huge, binding())).find("at most 1024") != std::string::npos);
  }
}

TEST_CASE("the token of a known cursor stays what it is") {
  const std::string token = plain_codec().encode(samples::usual(), binding()).value();
  const std::string payload = payload_of(token);
  REQUIRE(payload.size() == 65);
  CHECK(
      to_hex(as_bytes(payload).first(29)) ==
      "01"                  // format
      "00"                  // forward
      "00060dd710212000"    // issued_at
      "02"                  // two values
      "07000617c3bb534a80"  // timestamp
      "010020000000000001"  // int64
  );
  CHECK(to_hex(as_bytes(payload).last(4)) == "00000003");
}
