// SPDX-License-Identifier: BSL-1.0
#include <scalekit/crypto/sha256.hpp>
#include <scalekit/encoding.hpp>

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <random>
#include <string>

using namespace scalekit;
using crypto::sha256;

namespace {

std::string hex_of(std::string_view text) {
  sha256 hash;
  hash.update(as_bytes(text));
  return to_hex(hash.value());
}

std::string evp(std::string_view text) {
  bytes out(32);
  unsigned size = 0;
  REQUIRE(
      EVP_Digest(
          text.data(),
          text.size(),
          reinterpret_cast<unsigned char*>(out.data()),
          &size,
          EVP_sha256(),
          nullptr
      ) == 1
  );
  return to_hex(out);
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

errc refusal(std::string_view state) {
  sha256 hash;
  hash.update(as_bytes("kept"));
  const auto restored = hash.restore(state);
  REQUIRE_FALSE(restored.has_value());
  CHECK(to_hex(hash.value()) == evp("kept"));  // unchanged
  return restored.error().code();
}

}  // namespace

TEST_CASE("sha-256 gives the values of FIPS 180-4") {
  CHECK(hex_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(
      hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
  );
  CHECK(
      hex_of(
          "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrstnopqrstu"
      ) == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
  );
  CHECK(
      hex_of(std::string(1000000, 'a')) ==
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
  );
  CHECK(sha256().algorithm() == "sha-256");
}

TEST_CASE("a hash may be split anywhere, and saved and restored there") {
  std::mt19937_64 random(7);
  for (const std::size_t size : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 119U, 128U, 129U, 200U}) {
    const std::string text = random_text(random, size);
    const std::string expected = evp(text);
    for (std::size_t cut = 0; cut <= size; ++cut) {
      sha256 first;
      first.update(as_bytes(std::string_view(text).substr(0, cut)));
      CHECK(to_hex(first.value()) == evp(text.substr(0, cut)));  // asking does not disturb
      const std::string saved = first.save();
      CHECK(saved.size() == 56 + cut % 64);

      first.update(as_bytes(std::string_view(text).substr(cut)));
      CHECK(to_hex(first.value()) == expected);

      sha256 second;
      second.update(as_bytes("of another file"));
      REQUIRE(second.restore(saved).has_value());
      CHECK(second.save() == saved);
      second.update(as_bytes(std::string_view(text).substr(cut)));
      CHECK(to_hex(second.value()) == expected);
    }
  }
}

TEST_CASE("random data in random pieces, each passed on through a saved state") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    const std::string text = random_text(random, random() % 20000);
    auto hash = crypto::sha256_factory()();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = std::min<std::size_t>(random() % 700, text.size() - at);
      hash->update(as_bytes(std::string_view(text).substr(at, n)));
      at += n;
      auto next = crypto::sha256_factory()();
      REQUIRE(next->restore(hash->save()).has_value());
      hash = std::move(next);
    }
    REQUIRE(to_hex(hash->value()) == evp(text));
  }
}

TEST_CASE("the length goes on past 2^32 bits") {
  // 640 MiB: the counter's upper word is in use.
  const std::string megabyte(1 << 20, 'x');
  sha256 straight;
  sha256 passed_on;
  for (int i = 0; i < 640; ++i) {
    straight.update(as_bytes(megabyte));
    if (i == 600) REQUIRE(passed_on.restore(straight.save()).has_value());
    if (i > 600) passed_on.update(as_bytes(megabyte));
  }
  CHECK(
      to_hex(straight.value()) == "1206b3863fd56bedb29a1aab9db1738c0b4fc960bfada16e04f9a48fabd0a8da"
  );
  CHECK(passed_on.value() == straight.value());
}

TEST_CASE("a saved state is the same on every machine") {
  sha256 hash;
  hash.update(as_bytes("abc"));
  CHECK(
      to_hex(as_bytes(hash.save())) ==
      "7368613235360001"
      "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19"  // FIPS 180-4 5.3.3
      "0000000000000003"
      "616263" +
          evp(std::string(
                  "sha256\0\1"
                  "\x6a\x09\xe6\x67\xbb\x67\xae\x85\x3c\x6e\xf3\x72\xa5\x4f\xf5\x3a"
                  "\x51\x0e\x52\x7f\x9b\x05\x68\x8c\x1f\x83\xd9\xab\x5b\xe0\xcd\x19"
                  "\0\0\0\0\0\0\0\3abc",
                  51
              ))
              .substr(0, 16)
  );
}

TEST_CASE("what is not a state is refused and changes nothing") {
  sha256 hash;
  hash.update(as_bytes(std::string(100, 'x')));
  const std::string good = hash.save();
  CHECK(refusal("") == errc::data_corrupted);
  CHECK(refusal("hello, this is no state at all") == errc::data_corrupted);
  CHECK(refusal(good + "x") == errc::data_corrupted);
  for (std::size_t n = 0; n < good.size(); ++n) {
    REQUIRE(refusal(good.substr(0, n)) == errc::data_corrupted);
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[n] = static_cast<char>(changed[n] ^ (1 << bit));
      REQUIRE(refusal(changed) == errc::data_corrupted);
    }
  }
}

TEST_CASE("a state whose length and bytes disagree is refused, its checksum being right") {
  const auto state = [](std::uint64_t length, std::size_t partial) {
    std::string body("sha256\0\1", 8);
    for (std::uint32_t i = 0; i < 8; ++i) append_u32(body, i);
    append_u64(body, length);
    body.append(partial, 'x');
    const bytes checksum = from_hex(evp(body)).value();
    return body + std::string(as_text(checksum).substr(0, 8));
  };
  sha256 hash;
  REQUIRE(hash.restore(state(130, 2)).has_value());
  CHECK(refusal(state(130, 1)) == errc::data_corrupted);
  CHECK(refusal(state(130, 3)) == errc::data_corrupted);
  CHECK(refusal(state(130, 66)) == errc::data_corrupted);
  CHECK(refusal(state(std::uint64_t{1} << 61, 0)) == errc::data_corrupted);
}
