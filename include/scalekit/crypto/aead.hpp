// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CRYPTO_AEAD_HPP
#define SCALEKIT_CRYPTO_AEAD_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// \file
/// Authenticated encryption: XAES-256-GCM (https://c2sp.org/XAES-256-GCM), that is AES-256-GCM
/// (NIST SP 800-38D) under a key derived by NIST SP 800-108r1 from the first half of a random
/// 192-bit nonce.
///
/// Plain AES-GCM with a random 96-bit nonce must stop after 2^32 messages under one key, and one
/// repeated nonce gives its authentication key away. Many processes that seal tokens under one key
/// cannot count together, so the nonce here is long enough that nobody has to: after 2^80 messages
/// the odds of one repetition are 2^-32. It is *not* key-committing, and it does depend on a sound
/// \ref scalekit::random_source.

namespace scalekit::inline v0::crypto {

inline constexpr std::size_t aead_key_size = 32;
inline constexpr std::size_t aead_nonce_size = 24;
inline constexpr std::size_t aead_tag_size = 16;
/// How much longer the sealed form is than the plain one.
inline constexpr std::size_t aead_overhead = aead_nonce_size + aead_tag_size;

using aead_key = std::span<const std::byte, aead_key_size>;

/// \brief `nonce | ciphertext | tag`, where `associated` is authenticated but not contained.
///
/// \par Thread-safety  A function of its arguments.
/// \par Errors `limit_exceeded` above 1 GiB; `internal` if OpenSSL refuses.
[[nodiscard]] SCALEKIT_EXPORT result<std::string> aead_seal(
    aead_key key, std::string_view plain, std::string_view associated, random_source& random
);

/// \brief What \ref aead_seal was given, if neither it nor `associated` has changed.
///
/// \par Thread-safety  A function of its arguments.
/// \par Errors `unauthenticated`, with one message for every reason; `internal` if OpenSSL refuses.
[[nodiscard]] SCALEKIT_EXPORT result<std::string> aead_open(
    aead_key key, std::string_view sealed, std::string_view associated
);

}  // namespace scalekit::inline v0::crypto

#endif
