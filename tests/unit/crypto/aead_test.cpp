// SPDX-License-Identifier: BSL-1.0
#include <scalekit/crypto/aead.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <memory>
#include <string>

using namespace scalekit;
using crypto::aead_key;
using crypto::aead_open;
using crypto::aead_seal;

namespace {

/// Gives out the bytes it was made with.
class scripted_random final : public random_source {
 public:
  explicit scripted_random(std::string_view script) : rest_(script) {}
  void fill(std::span<std::byte> out) noexcept override {
    for (std::byte& b : out) {
      b = static_cast<std::byte>(rest_.front());
      rest_.remove_prefix(1);
    }
  }

 private:
  std::string_view rest_;
};

struct context_deleter {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};

/// SHAKE-128 with all its output taken at once.
std::string shake128(std::string_view input, std::size_t size) {
  const std::unique_ptr<EVP_MD_CTX, context_deleter> context(EVP_MD_CTX_new());
  std::string out(size, '\0');
  REQUIRE(EVP_DigestInit_ex(context.get(), EVP_shake128(), nullptr) == 1);
  REQUIRE(EVP_DigestUpdate(context.get(), input.data(), input.size()) == 1);
  REQUIRE(
      EVP_DigestFinalXOF(context.get(), reinterpret_cast<unsigned char*>(out.data()), size) == 1
  );
  return out;
}

}  // namespace

TEST_CASE("xaes-256-gcm gives the published values") {
  const std::string nonce = "ABCDEFGHIJKLMNOPQRSTUVWX";
  const auto ciphertext = [&](std::byte fill, std::string_view associated) {
    const bytes key(32, fill);
    scripted_random random(nonce);
    const std::string sealed = aead_seal(aead_key(key), "XAES-256-GCM", associated, random).value();
    CHECK(sealed.substr(0, 24) == nonce);
    CHECK(aead_open(aead_key(key), sealed, associated).value() == "XAES-256-GCM");
    return to_hex(as_bytes(sealed).subspan(24));
  };
  // The subkey's top bit is clear in the first and set in the second.
  CHECK(ciphertext(std::byte{1}, "") == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  CHECK(
      ciphertext(std::byte{3}, "c2sp.org/XAES-256-GCM") ==
      "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
  );
}

TEST_CASE("xaes-256-gcm gives the published hash of 10,000 random messages") {
  // At most 32 + 24 + 256 + 256 bytes for each, from SHAKE-128 of nothing.
  const std::string stream = shake128("", 10000 * 568);
  REQUIRE(to_hex(as_bytes(stream).first(16)) == "7f9c2ba4e88f827d616045507605853e");
  byte_reader in(stream);
  std::string ciphertexts;
  for (int i = 0; i < 10000; ++i) {
    const bytes_view key = as_bytes(in.take(32));
    const std::string_view nonce = in.take(24);
    const std::string_view plain = in.take(in.u8());
    const std::string_view associated = in.take(in.u8());
    scripted_random random(nonce);
    const std::string sealed = aead_seal(aead_key(key), plain, associated, random).value();
    ciphertexts += sealed.substr(24);
    REQUIRE(aead_open(aead_key(key), sealed, associated).value() == plain);
  }
  CHECK(
      to_hex(as_bytes(shake128(ciphertexts, 32))) ==
      "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
  );
}

TEST_CASE("whatever is changed, it does not open") {
  const bytes key(32, std::byte{7});
  bytes other_key = key;
  other_key[31] ^= std::byte{1};
  testing::fixed_random random;
  const std::string sealed = aead_seal(aead_key(key), "the text", "the context", random).value();
  const auto refused = [&](const bytes& k, std::string_view s, std::string_view a) {
    const auto opened = aead_open(aead_key(k), s, a);
    return !opened && opened.error().code() == errc::unauthenticated &&
           opened.error().message() == "aead: it does not verify";
  };
  REQUIRE(aead_open(aead_key(key), sealed, "the context").value() == "the text");
  CHECK(refused(other_key, sealed, "the context"));
  CHECK(refused(key, sealed, "the contexT"));
  CHECK(refused(key, sealed, ""));
  CHECK(refused(key, sealed + "x", "the context"));
  for (std::size_t n = 0; n < sealed.size(); ++n) {
    CHECK(refused(key, std::string_view(sealed).substr(0, n), "the context"));
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[n] = static_cast<char>(static_cast<unsigned char>(changed[n]) ^ (1U << bit));
      CHECK(refused(key, changed, "the context"));
    }
  }
}

TEST_CASE("an empty message has a seal of its own") {
  const bytes key(32, std::byte{7});
  testing::fixed_random random;
  const std::string sealed = aead_seal(aead_key(key), {}, {}, random).value();
  CHECK(sealed.size() == crypto::aead_overhead);
  CHECK(aead_open(aead_key(key), sealed, {}).value().empty());
  CHECK_FALSE(aead_open(aead_key(key), sealed, "x").has_value());
}
