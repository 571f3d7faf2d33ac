// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_SOURCE_HPP
#define SCALEKIT_KEYSET_SOURCE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/sql/fragment.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit::inline v0::keyset {

/// \brief One column of the result: a name quoted by the library, or a name for a trusted
/// expression.
struct select_column {
  std::string name;
  std::string expression;  ///< trusted SQL; empty: the quoted name

  select_column(const char* column) : name(column) {}
  select_column(std::string_view column) : name(column) {}
  select_column(std::string column) : name(std::move(column)) {}
  select_column(std::string column, std::string trusted_expression)
      : name(std::move(column)), expression(std::move(trusted_expression)) {}
};

/// \brief A column held to one value: a tenant prefix.
struct fixed_column {
  std::string name;
  sql::value value;
};

/// \brief Shows only rows whose `column` is before an instant that is safely past.
///
/// Rows become visible when they commit, not when their timestamp was taken. A reader that follows
/// `ORDER BY created_at, id` to the newest row moves past a transaction still open and never sees
/// its rows. Kept `max_skew` behind the clock, where `max_skew` is longer than any transaction
/// lives plus the difference between the writers' clocks, it cannot. Rows with a NULL there are
/// not shown. The instant is no part of the fingerprint: it moves from page to page.
struct horizon {
  std::string column;
  sql::value before;
};

/// \brief The horizon for a timestamp column: `clock.system_now() - max_skew`.
[[nodiscard]] SCALEKIT_EXPORT horizon
horizon_behind(std::string column, const clock& now, duration max_skew);

/// \brief What is read: a table or join, the columns wanted, and which rows.
///
/// \code
/// keyset::source payments{
///     .table = "payment",
///     .columns = {"id", "amount", {"label", "upper(label)"}},
///     .fixed = {{"tenant_id", tenant}},
///     .where = {sql::fragment("status = ").param("settled")},
/// };
/// \endcode
///
/// \par Thread-safety  A value.
struct SCALEKIT_EXPORT source {
  /// The table, quoted by the library; a dot separates schema and name.
  std::string table = {};
  /// Trusted SQL in place of `table`: a join, a subquery with its alias.
  sql::fragment from = {};
  /// What \ref scan::row and pages show, in this order. Order columns that are not among them are
  /// fetched as well but never shown.
  std::vector<select_column> columns = {};
  /// Equalities that lead every statement, and should lead the index. NULL is refused.
  std::vector<fixed_column> fixed = {};
  /// Further conditions, each put in parentheses, all must hold.
  std::vector<sql::fragment> where = {};
  std::optional<horizon> until = {};

  /// \brief An unambiguous text of everything that decides which rows are read: for fingerprints.
  [[nodiscard]] std::string canonical_filters() const;
};

}  // namespace scalekit::inline v0::keyset

#endif
