// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_EXPORT_HPP
#define LEDGER_EXPORT_HPP

#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/http/message.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

namespace ledger {

/// \brief What `GET /exports/transactions.csv` sends.
///
/// `tenant` (absent: all of them, in the order of ids), `status`, `columns` (names and commas), and
/// the format: `header`, `delimiter`, `quoting`, `line_ending`, `timestamps`, `bom`,
/// `formula_guard`. Without any of these the bytes are those that `sqlite3 -csv -header` prints for
/// the same rows.
///
/// \par Errors `invalid_argument` naming the parameter.
scalekit::result<scalekit::http::export_definition> define_transactions_export(
    const scalekit::http::request& r,
    scalekit::sql::pool& connections,
    scalekit::metrics::registry& metrics
);

}  // namespace ledger

#endif
