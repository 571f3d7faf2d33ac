// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_HEADER_MATCH_HPP
#define SCALEKIT_SRC_BULK_HEADER_MATCH_HPP

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Of a schema's column that the file does not have.
inline constexpr std::size_t not_in_file = static_cast<std::size_t>(-1);

/// \brief What two names have in common if they match.
[[nodiscard]] std::string header_key(std::string_view name, header_match how);

/// \brief What the file may call a column.
[[nodiscard]] std::vector<std::string> header_names(const import_column& column);

/// \brief Where in the file each column of the schema stands.
/// \par Errors as \ref row_checker::bind, about the header.
[[nodiscard]] result<std::vector<std::size_t>> match_header(
    const import_schema& schema, std::span<const std::string> header
);

/// \brief One error out of many problems.
[[nodiscard]] error all_of(std::string_view what, std::span<const std::string> problems);

}  // namespace scalekit::inline v0::bulk

#endif
