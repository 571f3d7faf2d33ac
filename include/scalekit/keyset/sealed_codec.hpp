// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_SEALED_CODEC_HPP
#define SCALEKIT_KEYSET_SEALED_CODEC_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/keyset/cursor.hpp>
#include <scalekit/keyset/key_ring.hpp>
#include <scalekit/random.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace scalekit::inline v0::keyset {

struct sealed_options {
  cursor_limits limits{};
  /// How long a token is taken after it was issued. A day outlasts any person paging and keeps a
  /// leaked token from being good for ever. Zero or less: never expires.
  std::chrono::microseconds max_age = std::chrono::hours(24);
  /// How far ahead of this machine's clock an issuing machine's may be.
  std::chrono::microseconds max_skew = std::chrono::minutes(1);
};

/// \brief Cursor tokens that a client can neither read nor make:
/// `v1.<key id>.<base64url(nonce | ciphertext | tag)>`.
///
/// The key values are encrypted and the whole is authenticated by XAES-256-GCM
/// (\ref crypto/aead.hpp), together with the key id and each part of the binding, length-framed: a
/// token works for the endpoint, tenant, order, filters and schema version it was made for, and
/// for nothing else. Nonces are random and 192 bits long, so there is no practical bound on tokens
/// per key; rotate keys for hygiene, not for arithmetic.
///
/// It hides the values, not the length of the token. It does not stop the *same* client from
/// sending the same token twice.
///
/// \par Thread-safety  Safe for concurrent calls, also with `key_holder::replace`.
/// \par Errors
/// - encode: `limit_exceeded`; `unavailable` if the current key is not valid at this time.
/// - decode: `unauthenticated` with one and the same message whether the token was cut, changed,
///   made under an unknown, wrong or outdated key, or made for another binding. Only an authentic
///   token learns more: `invalid_argument` for expired, or issued in the future. A token over the
///   length limit is refused (`invalid_argument`) unread.
class SCALEKIT_EXPORT sealed_codec final : public cursor_codec {
 public:
  explicit sealed_codec(
      const key_holder& keys,
      sealed_options options = {},
      const clock& time = clock::system(),
      random_source& random = random_source::system()
  ) noexcept
      : keys_(keys), options_(options), clock_(time), random_(random) {}

  /// A cursor whose `issued_at` is 1970 is stamped with the time; any other is kept, so that a
  /// walk over pages can be bound to the age of its first token.
  [[nodiscard]] result<std::string> encode(const cursor& at, const cursor_binding& binding)
      const override;
  [[nodiscard]] result<cursor> decode(std::string_view token, const cursor_binding& binding)
      const override;

 private:
  const key_holder& keys_;
  sealed_options options_;
  const clock& clock_;
  random_source& random_;
};

}  // namespace scalekit::inline v0::keyset

#endif
