// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_ORDER_HPP
#define SCALEKIT_KEYSET_ORDER_HPP

/// \file
/// A total order over the rows of a source: what a page boundary is measured in.
///
/// \code
/// auto newest_first = keyset::order::make(
///     {{.name = "created_at", .direction = keyset::direction::descending,
///       .nullability = keyset::nullability::not_null}},
///     {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
/// );
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::keyset {

enum class direction : std::uint8_t { ascending, descending };

/// Where NULLs stand. Only `database_default` can be served by a plain index on every column:
/// SQLite, MariaDB and MySQL hold NULL to be smaller than any value, PostgreSQL greater.
enum class nulls : std::uint8_t { database_default, first, last };

enum class nullability : std::uint8_t { not_null, nullable };

/// How the unique key is stored, where that decides which spelling is fast.
enum class key_storage : std::uint8_t {
  ordinary,     ///< a column with an index of its own, or a WITHOUT ROWID primary key
  sqlite_rowid  ///< `INTEGER PRIMARY KEY`: SQLite then uses one column only of a row-value
};

/// \brief One column to order by.
struct order_column {
  /// The column, quoted by the library; a dot separates parts (`"p.created_at"`).
  std::string name;
  keyset::direction direction = keyset::direction::ascending;
  keyset::nulls nulls = keyset::nulls::database_default;
  /// `nullable` is always right. `not_null` allows the faster spellings and is a promise that the
  /// schema must keep (NOT NULL): a NULL met in a page boundary is an error, but one inside a page
  /// cannot be seen, and its row may be missing from the next. Ignored for the unique key.
  keyset::nullability nullability = keyset::nullability::nullable;
  /// What keys of this column are made of; absent: anything. int64, uint64 and timestamp are
  /// taken for one another, as SQLite stores them alike.
  std::optional<sql::value_kind> kind = {};
  /// Trusted SQL to order by instead of the quoted name, e.g. `lower(name)`; never from outside.
  std::string expression = {};
};

/// \brief The column or columns that no two rows share: what breaks ties.
struct unique_key {
  std::vector<std::string> columns;
  key_storage storage = key_storage::ordinary;
  /// A nullable unique key is refused: SQL lets NULLs repeat in it.
  keyset::nullability nullability = keyset::nullability::not_null;
  /// As \ref order_column::kind, for each of them.
  std::optional<sql::value_kind> kind = {};
};

/// \brief A checked total order: any columns in any directions, ending in a unique key.
///
/// Without the unique key at its end a page boundary inside equal values loses or repeats rows, so
/// it is appended (in the direction of the last column) when absent. Columns behind a complete
/// unique key cannot change the order and are dropped.
///
/// \par Thread-safety  An immutable value.
class SCALEKIT_EXPORT order {
 public:
  /// \par Errors `invalid_argument`: no unique key, a nullable one, a name twice, an empty name, or
  /// `sqlite_rowid` with more than one column.
  [[nodiscard]] static result<order> make(std::vector<order_column> columns, const unique_key& key);

  /// \brief The columns, the unique key included: the shape of a key.
  [[nodiscard]] std::span<const order_column> columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
  /// \brief The tie-breaker is SQLite's rowid.
  [[nodiscard]] bool ends_in_rowid() const noexcept {
    return storage_ == key_storage::sqlite_rowid;
  }
  /// \brief The unique key is the last column alone.
  [[nodiscard]] bool has_single_column_key() const noexcept { return key_columns_ == 1; }
  /// \brief All columns NOT NULL and in one direction: where a row-value comparison is exact.
  [[nodiscard]] bool uniform_not_null() const noexcept;

  /// \brief The same rows from the other end: every direction and NULL placement turned round.
  [[nodiscard]] order reversed() const;

  /// \brief That `key` could be a key of this order: one value per column, NULL only where allowed,
  /// no NaN, the declared kinds.
  /// \par Errors `invalid_argument` naming the column.
  [[nodiscard]] result<void> check_key(std::span<const sql::value> key) const;

  /// \brief An unambiguous text, equal only for equal orders: for fingerprints.
  [[nodiscard]] std::string canonical() const;

 private:
  order() = default;

  std::vector<order_column> columns_;
  std::size_t key_columns_ = 1;
  key_storage storage_ = key_storage::ordinary;
};

}  // namespace scalekit::inline v0::keyset

#endif
