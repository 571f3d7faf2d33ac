// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_SCHEMA_FILE_HPP
#define IMPORT_CSV_SCHEMA_FILE_HPP

#include "json_members.hpp"

#include <scalekit/bulk/import_options.hpp>
#include <scalekit/result.hpp>

#include <string>

namespace import_csv {

/// \brief Schema, target, duplicates and format of an import, as a JSON file has them;
/// docs/import.md describes it. \par Errors `invalid_argument` with everything that is wrong, by
/// JSON path; `not_found`.
[[nodiscard]] scalekit::result<scalekit::bulk::import_options> read_schema(const std::string& path);

/// One element of `columns`.
[[nodiscard]] scalekit::bulk::import_column read_column(json_members& from);

}  // namespace import_csv

#endif
