// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_TRANSACTIONS_HPP
#define LEDGER_TRANSACTIONS_HPP

#include <scalekit/http/message.hpp>
#include <scalekit/keyset/cursor.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

namespace ledger {

/// \brief `GET /api/transactions?tenant=&status=&limit=&cursor=`: one tenant's entries as JSON,
/// newest first, with links to the pages beside.
///
/// A cursor that was changed, or made for another tenant, filter or endpoint, is answered with 400.
///
/// \par Thread-safety  Safe for concurrent calls. What it is given must outlive it.
class transactions_api {
 public:
  transactions_api(
      scalekit::sql::pool& connections,
      const scalekit::keyset::cursor_codec& cursors,
      scalekit::metrics::registry& metrics
  );

  [[nodiscard]] scalekit::result<scalekit::http::response> list(const scalekit::http::request& r);

  /// \brief That the database has the indexes the pages need: better told at the start than by a
  /// slow page a year later.
  [[nodiscard]] scalekit::result<void> check_schema();

 private:
  scalekit::sql::pool& connections_;
  const scalekit::keyset::cursor_codec& cursors_;
  scalekit::metrics::histogram page_seconds_;
};

}  // namespace ledger

#endif
