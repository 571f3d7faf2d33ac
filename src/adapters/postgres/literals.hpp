// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_LITERALS_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_LITERALS_HPP

#include <scalekit/result.hpp>

#include <libpq-fe.h>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

/// A parameter as it would be sent, spelled as a literal of that type: `'5'::int4`.
///
/// For sessions with standard_conforming_strings on. `value` null is NULL; `format` is 0 for text,
/// 1 for binary.
/// \par Errors `not_supported` for a timestamp outside the years 1 to 9999.
[[nodiscard]] result<std::string> to_literal(Oid type, const char* value, int length, int format);

/// `sql` with each `$n` outside quotes replaced by the n-th literal: for statements such as COPY
/// that take no parameters.
///
/// Reads '...' and "..." as PostgreSQL does (manual, section 4.1). What needs more than that to be
/// read right is not guessed at: E'...', dollar quotes, comments, several statements.
/// \par Errors `not_supported` for those, for `$n` without a literal, and a quote that does not
/// end.
[[nodiscard]] result<std::string> bind_literals(
    std::string_view sql, std::span<const std::string> literals
);

}  // namespace scalekit::inline v0::postgres

#endif
