// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_CURSOR_PAYLOAD_HPP
#define SCALEKIT_SRC_KEYSET_CURSOR_PAYLOAD_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/keyset/cursor.hpp>

#include <string>

namespace scalekit::inline v0::keyset::detail {

/// \brief Appends the one canonical form of a cursor, the same for every codec:
/// `format u8 | direction u8 | issued_at i64 | count u8 | (kind u8, value)*`, where a number is 8
/// big-endian bytes (a double its bits), text and blob have a u32 length, null has nothing.
/// \par Errors `limit_exceeded`; `invalid_argument` for a decimal that is none.
[[nodiscard]] SCALEKIT_EXPORT result<void> append_payload(
    std::string& out, const cursor& at, system_time issued_at, const cursor_limits& limits
);

/// \brief Reads what \ref append_payload wrote and nothing else; the caller checks the end.
/// \par Errors `invalid_argument`.
[[nodiscard]] SCALEKIT_EXPORT result<cursor> read_payload(
    byte_reader& in, const cursor_limits& limits
);

/// \par Errors `limit_exceeded` if the finished token is longer than its decoder takes.
[[nodiscard]] SCALEKIT_EXPORT result<std::string> within_limit(
    std::string token, const cursor_limits& limits
);

/// \par Errors `invalid_argument` for a token too long to be worth decoding.
[[nodiscard]] SCALEKIT_EXPORT result<void> check_length(
    std::string_view token, const cursor_limits& limits
);

}  // namespace scalekit::inline v0::keyset::detail

#endif
