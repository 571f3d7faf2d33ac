// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_STATEMENT_KIND_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_STATEMENT_KIND_HPP

#include <string_view>

namespace scalekit::inline v0::mariadb {

enum class statement_kind {
  empty,            ///< blank space and comments only
  reads,            ///< no effect, whatever becomes of it
  selects,          ///< none either, unless a function that it calls writes
  writes,           ///< its effect is part of the open transaction
  begins,           ///< opens a transaction where none is; told by who sends it, not by its words
  ends_transaction  ///< COMMIT, what commits implicitly, and all that is not known
};

/// By its first word. A doubt counts as `ends_transaction`, about which least is assumed.
[[nodiscard]] statement_kind kind_of(std::string_view sql) noexcept;

}  // namespace scalekit::inline v0::mariadb

#endif
