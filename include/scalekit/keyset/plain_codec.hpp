// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_PLAIN_CODEC_HPP
#define SCALEKIT_KEYSET_PLAIN_CODEC_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/cursor.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::keyset {

/// \brief Cursor tokens that anybody can read and make: base64url of the key, the hashes of the
/// binding and a checksum.
///
/// For trusted callers and internal tools. The checksum finds a token that was cut or mistyped (a
/// change of any one byte always, anything else with odds of 2^-64 against); it is **not
/// security**: a client can read the key values and write a token that says what it likes. The
/// hashes of the binding likewise stop mistakes, not intent. Where the key is private, or rows
/// below a forged key would be, use \ref sealed_codec.
///
/// Every cursor has exactly one token. Tokens never expire; `issued_at` is carried as given.
///
/// \par Thread-safety  Immutable; safe for concurrent calls.
/// \par Errors  As \ref cursor_codec; the message says which part of the binding is foreign.
class SCALEKIT_EXPORT plain_codec final : public cursor_codec {
 public:
  explicit plain_codec(cursor_limits limits = {}) noexcept : limits_(limits) {}

  [[nodiscard]] result<std::string> encode(const cursor& at, const cursor_binding& binding)
      const override;
  [[nodiscard]] result<cursor> decode(std::string_view token, const cursor_binding& binding)
      const override;

 private:
  cursor_limits limits_;
};

}  // namespace scalekit::inline v0::keyset

#endif
