// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_PAGER_HPP
#define SCALEKIT_KEYSET_PAGER_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace scalekit::inline v0::keyset {

/// Which page, in relation to a key.
enum class place : std::uint8_t {
  first,        ///< from the beginning; no key
  after,        ///< the rows behind the key
  before,       ///< the last rows in front of the key
  at_or_after,  ///< the same page again: from its first row's key, or what is there now
  last          ///< the final rows; no key
};

/// \brief One page as an API client asks for it.
struct page_request {
  /// Rows per page. Zero, a negative number and more than \ref page_limits::max_page_size are
  /// refused, never adjusted.
  std::int64_t limit = 50;
  place from = place::first;
  /// The key `after`, `before` and `at_or_after` speak of; empty with `first` and `last`.
  std::vector<sql::value> key = {};
};

struct page_limits {
  std::int64_t max_page_size = 1000;
};

struct page_row {
  std::vector<sql::value> values;  ///< the source's columns
  std::vector<sql::value> key;     ///< where this row stands in the order: a Relay edge's cursor
};

/// \brief Rows in the order asked for, whichever way they were read, and what lies beside them.
struct page {
  std::vector<std::string> columns;  ///< names of `values`
  std::vector<page_row> rows;
  bool has_previous = false;  ///< exact at the moment of reading
  bool has_next = false;      ///< exact at the moment of reading
};

/// \brief Reads one page.
///
/// A page is placed by values, not by a row number, so it costs the same at any depth, and the row
/// it was placed by may be gone. On the side of travel one row more than asked for is looked at; on
/// the other, one row is probed for.
///
/// All of it is one snapshot. PostgreSQL, MariaDB and MySQL read the page and what lies beside it
/// by one statement, in one round trip. SQLite, where a page may take several statements, does so
/// inside the caller's transaction, or a read transaction of its own if none is open.
///
/// \par Thread-safety  As the connection.
/// \par Errors `invalid_argument`: a limit out of range, a key that does not fit the order or the
/// place, a source that does not compile, a NULL where the order declares none; else the backend's.
/// \par Complexity  Two to `2 * columns` index seeks and `limit + 2` rows; see \ref compiler.
[[nodiscard]] SCALEKIT_EXPORT result<page> fetch(
    sql::connection& db,
    const source& what,
    const order& by,
    const page_request& request,
    const page_limits& limits = {}
);

}  // namespace scalekit::inline v0::keyset

#endif
