// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_CANONICAL_HPP
#define SCALEKIT_SQL_CANONICAL_HPP

/// \file
/// One unambiguous byte text for each typed value, at full precision: for fingerprints, seals,
/// cursors and checkpoints. A kind byte, then 8 big-endian bytes for numbers (doubles by bits) or
/// a 4-byte length and the content.

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <string>

namespace scalekit::inline v0::sql {

SCALEKIT_EXPORT void append_canonical(std::string& out, value_view v);

/// \brief Reads one value that \ref append_canonical wrote.
/// \par Errors `data_corrupted` for an unknown kind or a short text.
[[nodiscard]] SCALEKIT_EXPORT result<value> read_canonical(byte_reader& in);

}  // namespace scalekit::inline v0::sql

#endif
