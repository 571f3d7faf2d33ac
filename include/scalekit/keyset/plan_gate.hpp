// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_PLAN_GATE_HPP
#define SCALEKIT_KEYSET_PLAN_GATE_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <string>
#include <vector>

namespace scalekit::inline v0::keyset {

/// \brief One statement and how the database means to run it.
struct planned_statement {
  std::string purpose;  ///< e.g. `"forward, behind a key, statement 2"`
  std::string sql;
  std::vector<std::string> lines;  ///< the plan, as the database words it
};

/// \brief Asks the database how it would run every statement of an order, both ways, and fails if
/// any would read more than its page.
///
/// Run it in a test or at start-up, against the real schema: a missing index costs nothing on a
/// small table and everything on a big one. Failing are: a sort, a temporary table, a scan where a
/// seek is possible, an index gathered whole before the first row (bitmap scan, index merge, rowid
/// filter), and a seek by fewer columns than the statement fixes, which reads a whole tie. The
/// first page may scan an index from its end; that is what it is for.
///
/// - SQLite: `EXPLAIN QUERY PLAN`; its plans do not depend on the rows.
/// - PostgreSQL: `EXPLAIN (VERBOSE, COSTS OFF)`, where `enable_seqscan`, `enable_sort`,
///   `enable_incremental_sort` and `enable_bitmapscan` are off, in a transaction (or a savepoint of
///   the open one) that is rolled back. Only leading columns of the index count.
/// - MariaDB, MySQL: `EXPLAIN FORMAT=JSON`, in MySQL's version 1, which is set meanwhile.
///
/// These two choose between indexes by cost, and by chance where all cost alike. So a statement
/// that fails there passes after all if one index, when it is the only one, serves it (tried on
/// PostgreSQL in an empty temporary copy of the table, for which the role needs TEMPORARY, on
/// MariaDB by FORCE INDEX) and the table is under 1 MiB, or the server itself expects to read about
/// a page. Hence a small table shows that the index exists, and only a big one with statistics that
/// the server picks it. Keys are taken from a row of the table, or made up by type.
///
/// Limits: a `from` is judged by its plan as it stands.
///
/// \par Thread-safety  As the connection.
/// \par Errors `invalid_argument` naming the statement, the plan line and the index to create (or
/// that the server does not pick it); `not_supported` if no value is known of an order column of an
/// unusual type: declare its kind, or put a row into the table; else the backend's.
[[nodiscard]] SCALEKIT_EXPORT result<std::vector<planned_statement>> check_plans(
    sql::connection& db, const source& what, const order& by
);

}  // namespace scalekit::inline v0::keyset

#endif
