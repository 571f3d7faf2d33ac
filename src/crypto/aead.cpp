// SPDX-License-Identifier: BSL-1.0
#include "crypto/openssl_error.hpp"

#include <scalekit/crypto/aead.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace scalekit::inline v0::crypto {

namespace {

using detail::openssl_error;
using detail::raw;

// Well under what an `int` length of EVP and the 64 GiB of one GCM message allow.
constexpr std::size_t message_limit = std::size_t{1} << 30;
constexpr std::size_t block_size = 16;
constexpr std::size_t derivation_size = 12;

struct context_deleter {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, context_deleter>;

unsigned char* raw_out(std::span<std::byte> data) noexcept {
  return reinterpret_cast<unsigned char*>(data.data());
}

/// Key material that does not outlive its use.
template <std::size_t N>
struct secret {
  secret() = default;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { OPENSSL_cleanse(data.data(), N); }
  std::array<std::byte, N> data{};
};

/// CMAC's first subkey (NIST SP 800-38B section 6.1): doubling in GF(2^128), with no branch on the
/// secret bit.
void double_block(std::array<std::byte, block_size>& block) noexcept {
  unsigned carry = 0;
  for (std::size_t i = block_size; i-- > 0;) {
    const unsigned value = std::to_integer<unsigned>(block[i]);
    block[i] = static_cast<std::byte>(((value << 1) | carry) & 255U);
    carry = value >> 7;
  }
  block[block_size - 1] ^= static_cast<std::byte>(0x87U & (0U - carry));
}

/// The message key: CMAC(key, counter | 'X' | 0 | nonce[0..12)) for counters 1 and 2.
bool derive(aead_key key, bytes_view nonce, secret<aead_key_size>& derived) {
  const cipher_context context(EVP_CIPHER_CTX_new());
  secret<block_size> subkey;
  secret<2 * block_size> messages;
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_ecb(), nullptr, raw(key), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_EncryptUpdate(
          context.get(), raw_out(subkey.data), &written, raw(subkey.data), block_size
      ) != 1) {
    return false;
  }
  double_block(subkey.data);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::span block = std::span(messages.data).subspan(i * block_size, block_size);
    block[1] = static_cast<std::byte>(i + 1);
    block[2] = std::byte{'X'};
    std::ranges::copy(nonce.first(derivation_size), block.begin() + 4);
    for (std::size_t k = 0; k < block_size; ++k) block[k] ^= subkey.data[k];
  }
  return EVP_EncryptUpdate(
             context.get(), raw_out(derived.data), &written, raw(messages.data), 2 * block_size
         ) == 1;
}

}  // namespace

result<std::string> aead_seal(
    aead_key key, std::string_view plain, std::string_view associated, random_source& random
) {
  if (plain.size() > message_limit || associated.size() > message_limit) {
    return error(errc::limit_exceeded, "aead: more than 1 GiB in one message");
  }
  std::string sealed(plain.size() + aead_overhead, '\0');
  const std::span out = std::as_writable_bytes(std::span(sealed));
  const std::span nonce = out.first(aead_nonce_size);
  random.fill(nonce);

  secret<aead_key_size> message_key;
  const cipher_context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      context && derive(key, nonce, message_key) &&
      EVP_EncryptInit_ex(
          context.get(),
          EVP_aes_256_gcm(),
          nullptr,
          raw(message_key.data),
          raw(nonce.subspan(derivation_size))
      ) == 1 &&
      EVP_EncryptUpdate(
          context.get(),
          nullptr,
          &written,
          raw(as_bytes(associated)),
          static_cast<int>(associated.size())
      ) == 1 &&
      EVP_EncryptUpdate(
          context.get(),
          raw_out(out.subspan(aead_nonce_size)),
          &written,
          raw(as_bytes(plain)),
          static_cast<int>(plain.size())
      ) == 1 &&
      EVP_EncryptFinal_ex(context.get(), raw_out(out.last(aead_tag_size)), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(
          context.get(), EVP_CTRL_GCM_GET_TAG, aead_tag_size, raw_out(out.last(aead_tag_size))
      ) == 1;
  if (!done) return openssl_error("aead: sealing failed");
  return sealed;
}

result<std::string> aead_open(aead_key key, std::string_view sealed, std::string_view associated) {
  const error refused(errc::unauthenticated, "aead: it does not verify");
  if (sealed.size() < aead_overhead || sealed.size() > message_limit + aead_overhead ||
      associated.size() > message_limit) {
    return refused;
  }
  const bytes_view in = as_bytes(sealed);
  const bytes_view nonce = in.first(aead_nonce_size);
  const bytes_view body = in.subspan(aead_nonce_size, in.size() - aead_overhead);
  std::array<std::byte, aead_tag_size> tag;
  std::ranges::copy(in.last(aead_tag_size), tag.begin());

  secret<aead_key_size> message_key;
  const cipher_context context(EVP_CIPHER_CTX_new());
  std::string plain(body.size(), '\0');
  const std::span out = std::as_writable_bytes(std::span(plain));
  int written = 0;
  const bool ready =
      context && derive(key, nonce, message_key) &&
      EVP_DecryptInit_ex(
          context.get(),
          EVP_aes_256_gcm(),
          nullptr,
          raw(message_key.data),
          raw(nonce.subspan(derivation_size))
      ) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, aead_tag_size, tag.data()) == 1 &&
      EVP_DecryptUpdate(
          context.get(),
          nullptr,
          &written,
          raw(as_bytes(associated)),
          static_cast<int>(associated.size())
      ) == 1 &&
      EVP_DecryptUpdate(
          context.get(), raw_out(out), &written, raw(body), static_cast<int>(body.size())
      ) == 1;
  if (!ready) return openssl_error("aead: opening failed");
  // The one check of the tag, in constant time; what was decrypted is not looked at before it.
  std::array<unsigned char, block_size> rest;
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &written) == 1) return plain;
  OPENSSL_cleanse(plain.data(), plain.size());
  ERR_clear_error();
  return refused;
}

}  // namespace scalekit::inline v0::crypto
