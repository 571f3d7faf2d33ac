// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CRYPTO_HMAC_HPP
#define SCALEKIT_CRYPTO_HMAC_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <cstddef>

namespace scalekit::inline v0::crypto {

using hmac_sha256_tag = std::array<std::byte, 32>;

/// \brief HMAC-SHA-256 (RFC 2104) of `data`; compare tags with \ref constant_time_equal only.
///
/// \par Thread-safety  A function of its arguments.
/// \par Errors `internal` if OpenSSL refuses (a key its FIPS provider finds too short);
/// `invalid_argument` for a key of 2 GiB and more.
[[nodiscard]] SCALEKIT_EXPORT result<hmac_sha256_tag> hmac_sha256(bytes_view key, bytes_view data);

}  // namespace scalekit::inline v0::crypto

#endif
