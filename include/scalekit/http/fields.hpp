// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_FIELDS_HPP
#define SCALEKIT_HTTP_FIELDS_HPP

/// \file
/// The field syntax a download needs: content negotiation, ranges, file names. Pure functions; what
/// they are given comes from the network, so none of them can fail: what is malformed is ignored,
/// as RFC 9110 asks.

#include <scalekit/export.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// How a body is coded.
enum class content_coding { identity, gzip };

/// \brief What an `Accept-Encoding` allows (RFC 9110 section 12.5.3), with its q-values.
struct accepted_codings {
  bool identity = true;
  bool gzip = false;
  bool prefers_gzip = false;  ///< gzip is allowed, and weighs no less than identity

  friend bool operator==(const accepted_codings&, const accepted_codings&) = default;
};

/// \brief Reads the field's lines joined by commas; without the field identity alone is assumed,
/// which every client can read.
[[nodiscard]] SCALEKIT_EXPORT accepted_codings accept_encoding(std::optional<std::string_view> value
) noexcept;

/// \brief One range of `bytes=`: `5-10`, `5-` (no last) or `-10` (no first: the last ten).
struct byte_range {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// \brief The range of a `Range` field; nothing if it is malformed, of another unit, or names
/// several: then the whole is sent (RFC 9110 section 14.2).
[[nodiscard]] SCALEKIT_EXPORT std::optional<byte_range> parse_range(std::string_view value
) noexcept;

/// \brief The opaque text of a strong entity tag; nothing for a weak tag, a date, or a bad one.
[[nodiscard]] SCALEKIT_EXPORT std::optional<std::string_view> strong_tag(std::string_view value
) noexcept;

/// \brief `attachment; filename="..."; filename*=UTF-8''...` (RFC 6266, RFC 8187).
///
/// The plain name is reduced to safe ASCII; the extended one, added only where they differ, holds
/// the UTF-8 name. Path separators and control characters become `_` in both, and bytes that are
/// not UTF-8 do too.
[[nodiscard]] SCALEKIT_EXPORT std::string attachment(std::string_view file_name);

/// \brief `sha-256=:base64:` (RFC 9530).
[[nodiscard]] SCALEKIT_EXPORT std::string digest_field(
    std::string_view algorithm, std::string_view raw_digest
);

}  // namespace scalekit::inline v0::http

#endif
