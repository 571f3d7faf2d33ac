// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_ERROR_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_ERROR_HPP

#include "adapters/mariadb/statement_kind.hpp"

#include <scalekit/error.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::mariadb {

/// What libmariadb reports of a failure, as views into its handle.
struct failure {
  unsigned number = 0;
  std::string_view sqlstate;
  std::string_view message;
};

/// Whether the connection is gone for good after this error.
[[nodiscard]] bool is_lost(unsigned number) noexcept;

/// An error of a statement that did not lose the connection.
[[nodiscard]] error to_error(const failure& f);

/// What a lost connection means for a statement of this kind; `sent`: the whole of it was handed to
/// the network, so that the server may have run it.
[[nodiscard]] errc lost_errc(statement_kind kind, bool sent, bool in_transaction) noexcept;

/// `message` and the SQLSTATE, if there is one.
[[nodiscard]] std::string text_of(const failure& f);

/// Up to 60 bytes of `sql`, on one line, cut between characters, in quotes.
[[nodiscard]] std::string excerpt(std::string_view sql);

}  // namespace scalekit::inline v0::mariadb

#endif
