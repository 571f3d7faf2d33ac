// SPDX-License-Identifier: BSL-1.0

// OpenSSL's EVP interface can copy a running hash but not write it down, so a hash could not go on
// in another process. The low-level context can: it is public, plain data. OpenSSL 3 marks those
// functions deprecated in favour of EVP but keeps them, assembly included; that warning, and no
// other, is silenced for this file.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/openssl_error.hpp"

#include <scalekit/crypto/sha256.hpp>

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace scalekit::inline v0::crypto {

namespace {

constexpr std::uint64_t state_magic = 0x7368613235360001;  // "sha256", format 1
constexpr std::size_t checksum_size = 8;
// FIPS 180-4 counts bits in 64 bits.
constexpr std::uint64_t length_limit = std::uint64_t{1} << 61;

SHA256_CTX initial() noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  return context;
}

SHA256_CTX context_of(
    const std::array<std::uint32_t, 8>& chain, bytes_view partial, std::uint64_t length
) noexcept {
  SHA256_CTX context = initial();
  std::ranges::copy(chain, context.h);
  const std::uint64_t bits = length * 8;
  context.Nl = static_cast<SHA_LONG>(bits);
  context.Nh = static_cast<SHA_LONG>(bits >> 32);
  context.num = static_cast<unsigned>(partial.size());
  if (!partial.empty()) std::memcpy(context.data, partial.data(), partial.size());
  return context;
}

std::string checksum(std::string_view state) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> whole;
  SHA256_CTX context = initial();
  SHA256_Update(&context, state.data(), state.size());
  SHA256_Final(whole.data(), &context);
  return {reinterpret_cast<const char*>(whole.data()), checksum_size};
}

error not_a_state(std::string_view why) {
  return {
      errc::data_corrupted,
      "sha-256: this is not a saved state (" + std::string(why) + "); hash the data anew"};
}

}  // namespace

static_assert(sha256::size == SHA256_DIGEST_LENGTH);

sha256::sha256() noexcept : chain_(), partial_() { std::ranges::copy(initial().h, chain_.begin()); }

std::string_view sha256::algorithm() const noexcept { return "sha-256"; }

bytes_view sha256::pending() const noexcept {
  return bytes_view(partial_).first(length_ % block_size);
}

void sha256::update(bytes_view data) noexcept {
  if (data.empty()) return;
  SHA256_CTX context = context_of(chain_, pending(), length_);
  SHA256_Update(&context, data.data(), data.size());
  std::ranges::copy(context.h, chain_.begin());
  std::memcpy(partial_.data(), context.data, context.num);
  length_ += data.size();
}

bytes sha256::value() const {
  SHA256_CTX context = context_of(chain_, pending(), length_);
  bytes out(size);
  SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context);
  return out;
}

std::string sha256::save() const {
  std::string state;
  append_u64(state, state_magic);
  for (const std::uint32_t word : chain_) append_u32(state, word);
  append_u64(state, length_);
  state.append(as_text(pending()));
  return state.append(checksum(state));
}

result<void> sha256::restore(std::string_view state) {
  if (state.size() < checksum_size) return not_a_state("too short");
  const std::string_view body = state.substr(0, state.size() - checksum_size);
  byte_reader in(body);
  if (in.u64() != state_magic) return not_a_state("another format");
  if (state.substr(body.size()) != checksum(body)) return not_a_state("its checksum is wrong");
  std::array<std::uint32_t, 8> chain;
  for (std::uint32_t& word : chain) word = in.u32();
  const std::uint64_t length = in.u64();
  const std::string_view partial = in.take(length % block_size);
  if (!in.finished() || length >= length_limit) return not_a_state("its length is wrong");

  chain_ = chain;
  length_ = length;
  std::ranges::copy(as_bytes(partial), partial_.begin());
  return {};
}

digest_factory sha256_factory() {
  return [] { return std::make_unique<sha256>(); };
}

}  // namespace scalekit::inline v0::crypto
