// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_ERROR_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_ERROR_HPP

#include <scalekit/error.hpp>

#include <libpq-fe.h>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

struct result_freer {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result_handle = std::unique_ptr<PGresult, result_freer>;

/// A field of a server's message; empty where there is none.
[[nodiscard]] std::string_view field(const PGresult* r, int code) noexcept;
[[nodiscard]] inline std::string_view sqlstate(const PGresult* r) noexcept {
  return field(r, PG_DIAG_SQLSTATE);
}

/// What the server says in `r`: message, detail, hint, where, SQLSTATE and constraint.
[[nodiscard]] error server_error(const PGresult* r);

/// libpq's own words on one line, without its "connection to ... failed: " and line ends.
[[nodiscard]] std::string one_line(std::string_view libpq_message);

/// Up to 60 bytes of `sql` on one line, cut between characters, in quotes.
[[nodiscard]] std::string excerpt(std::string_view sql);

/// Why a connection could not be made, from libpq's words, which are all it gives.
[[nodiscard]] error connect_error(std::string_view libpq_message);

}  // namespace scalekit::inline v0::postgres

#endif
