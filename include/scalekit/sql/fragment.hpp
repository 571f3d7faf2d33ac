// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_FRAGMENT_HPP
#define SCALEKIT_SQL_FRAGMENT_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/sql/canonical.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit::inline v0::sql {

/// \brief A piece of SQL with its parameters beside it, free of any dialect's placeholder.
///
/// Nothing is ever parsed: SQL and values are told apart by how they were given, so a value can
/// never become SQL, and a `?` inside the SQL stays what it is.
///
/// \code
/// auto f = sql::fragment("status = ").param("settled").sql(" AND amount > ").param(100);
/// \endcode
///
/// \warning The text given to the constructor and to \ref sql is trusted: never build it from
/// outside input; use \ref param for values and `quote_identifier` for names.
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT fragment {
 public:
  fragment() = default;
  explicit fragment(std::string_view trusted_sql) { sql(trusted_sql); }

  fragment& sql(std::string_view trusted_sql) &;
  fragment&& sql(std::string_view trusted_sql) && { return std::move(sql(trusted_sql)); }
  fragment& param(value v) &;
  fragment&& param(value v) && { return std::move(param(std::move(v))); }
  fragment& append(const fragment& other) &;
  fragment&& append(const fragment& other) && { return std::move(append(other)); }

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] const std::vector<value>& params() const noexcept { return params_; }

  /// \brief Appends the text with placeholders numbered from `first`; returns the next number.
  /// A blank is put where a placeholder would run together with a word next to it.
  std::size_t render(std::string& out, dialect d, std::size_t first) const;

  /// \brief An unambiguous text of SQL and values, for fingerprints.
  [[nodiscard]] std::string canonical() const;

 private:
  struct piece {
    std::string text;
    bool is_param = false;
  };
  std::vector<piece> pieces_;
  std::vector<value> params_;
};

}  // namespace scalekit::inline v0::sql

#endif
