// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_DATABASE_HPP
#define IMPORT_CSV_DATABASE_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace import_csv {

/// \brief A pool for so many writers: of an SQLite file, of `postgres://...`, or of
/// `mariadb://user:password@host:port/database` (with %XX for other characters).
/// \par Errors `invalid_argument` if `where` cannot be read; `not_supported` if this build lacks
/// the adapter; else what the database gives. No message holds a password.
[[nodiscard]] scalekit::result<std::unique_ptr<scalekit::sql::pool>> open_database(
    const std::string& where, std::size_t writers
);

}  // namespace import_csv

#endif
