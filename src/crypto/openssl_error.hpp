// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CRYPTO_OPENSSL_ERROR_HPP
#define SCALEKIT_SRC_CRYPTO_OPENSSL_ERROR_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/error.hpp>

#include <openssl/err.h>

namespace scalekit::inline v0::crypto::detail {

/// \brief An `internal` error with OpenSSL's own code; leaves this thread's error queue empty, so
/// that a host's next look at it does not find our failure.
inline error openssl_error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return {errc::internal, std::string(what), {"openssl", static_cast<std::int64_t>(code)}};
}

inline const unsigned char* raw(bytes_view data) noexcept {
  return reinterpret_cast<const unsigned char*>(data.data());
}

}  // namespace scalekit::inline v0::crypto::detail

#endif
