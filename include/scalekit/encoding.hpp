// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ENCODING_HPP
#define SCALEKIT_ENCODING_HPP

/// \file
/// Base64 (RFC 4648 section 4, padded), base64url (section 5, unpadded) and lower-case hex.
/// Decoders are strict: no white space, no foreign characters, no missing or extra padding, and
/// the unused low bits of the last character must be zero, so each value has exactly one text.

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0 {

[[nodiscard]] SCALEKIT_EXPORT std::string to_hex(bytes_view data);
[[nodiscard]] SCALEKIT_EXPORT std::string to_base64(bytes_view data);
[[nodiscard]] SCALEKIT_EXPORT std::string to_base64url(bytes_view data);

/// \par Errors `invalid_argument` with the offset of the first character that does not belong.
/// Hex is accepted in either case.
[[nodiscard]] SCALEKIT_EXPORT result<bytes> from_hex(std::string_view text);
/// \par Errors `invalid_argument`, as \ref from_hex.
[[nodiscard]] SCALEKIT_EXPORT result<bytes> from_base64(std::string_view text);
/// \par Errors `invalid_argument`, as \ref from_hex.
[[nodiscard]] SCALEKIT_EXPORT result<bytes> from_base64url(std::string_view text);

}  // namespace scalekit::inline v0

#endif
