// SPDX-License-Identifier: BSL-1.0
#include "crypto/openssl_error.hpp"

#include <scalekit/crypto/hmac.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

namespace scalekit::inline v0::crypto {

result<hmac_sha256_tag> hmac_sha256(bytes_view key, bytes_view data) {
  if (key.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return error(errc::invalid_argument, "hmac-sha256: the key is longer than 2 GiB");
  }
  hmac_sha256_tag tag;
  const bool done = HMAC(
                        EVP_sha256(),
                        detail::raw(key),
                        static_cast<int>(key.size()),
                        detail::raw(data),
                        data.size(),
                        reinterpret_cast<unsigned char*>(tag.data()),
                        nullptr
                    ) != nullptr;
  if (!done) return detail::openssl_error("hmac-sha256 failed");
  return tag;
}

}  // namespace scalekit::inline v0::crypto
