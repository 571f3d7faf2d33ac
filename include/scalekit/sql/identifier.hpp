// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_IDENTIFIER_HPP
#define SCALEKIT_SQL_IDENTIFIER_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::sql {

/// \brief Quotes one identifier (`"a""b"`, or `` `a``b` `` on MariaDB/MySQL).
///
/// A dot is part of the name, not a separator: quote each part of `schema.table` by itself, or use
/// \ref quote_qualified.
///
/// \par Errors `invalid_argument` if the name is empty, holds a NUL, or is longer than the dialect
/// allows (63 bytes on PostgreSQL, where a longer one would silently be cut; 64 on MariaDB/MySQL).
[[nodiscard]] SCALEKIT_EXPORT result<std::string> quote_identifier(
    dialect d, std::string_view name
);

/// \brief Quotes `schema.table` part by part; a name without a dot is one part.
/// \par Errors as \ref quote_identifier.
[[nodiscard]] SCALEKIT_EXPORT result<std::string> quote_qualified(dialect d, std::string_view name);

/// \brief Appends the placeholder of the 1-based parameter: `?7`, `$7` or `?`.
SCALEKIT_EXPORT void append_placeholder(std::string& sql, dialect d, std::size_t number);

/// \brief True if the dialect can name a parameter twice (`?1 ... ?1`); MariaDB/MySQL cannot.
[[nodiscard]] constexpr bool has_numbered_parameters(dialect d) noexcept {
  return d == dialect::sqlite || d == dialect::postgres;
}

}  // namespace scalekit::inline v0::sql

#endif
