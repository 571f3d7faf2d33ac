// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_COMPILER_HPP
#define SCALEKIT_KEYSET_COMPILER_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/ports/sql.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::keyset {

namespace detail {
struct plan;
}

/// \brief One statement, ready to run.
struct statement {
  std::string sql;
  std::vector<sql::value> params;
  bool has_limit = false;        ///< the last parameter is the LIMIT
  std::size_t seek_columns = 0;  ///< leading index columns it must be able to seek by

  /// \brief Replaces the LIMIT. \pre `has_limit`
  void set_limit(std::int64_t n) { params.back() = sql::value(n); }
};

/// \brief A part of the order: from just behind (or at) one key, up to and including another.
///
/// An empty span is an open end. Both keys must pass \ref order::check_key.
struct key_range {
  std::span<const sql::value> after = {};
  /// Whether the row with the key `after` itself belongs to it.
  enum class start : std::uint8_t { exclusive, inclusive } from = start::exclusive;
  std::span<const sql::value> up_to = {};
  /// Rows per statement; absent: no LIMIT.
  std::optional<std::int64_t> limit = {};
};

/// \brief Spells a source in an order as statements, each one range of one index.
///
/// No single spelling of "the rows behind this key" is fast everywhere: a row-value comparison
/// reads the whole table on MariaDB and loses rows that hold NULLs; a flat OR reads it on
/// PostgreSQL; on SQLite a row-value that ends in the rowid reads a whole tie. So:
/// - PostgreSQL, NOT NULL columns in one direction: one row-value comparison
/// - SQLite, the same, and the tie-breaker is not the rowid: one row-value comparison
/// - everything else: *segments*. Behind the key (a, b, id) come the rows with the same a and b and
///   a later id, then those with the same a and a later b, then those with a later a; each is one
///   index seek. A NULL block is a segment of its own, so its placement needs no sorting.
///   On MariaDB and MySQL "the same" is spelled as a range from a to a, fixed columns included, for
///   an equality invites them to look up that column alone and to read the whole tie.
///
/// Segments come in output order: run them one by one until there are enough rows. A NULL placement
/// other than the database's own on a column *behind the first free one* cannot be split this way
/// and is spelled in ORDER BY; no plain index serves it (\ref check_plans says so).
///
/// `up_to` is compared by the database, not here, so collations count; at the page that passes it
/// the statement may read on to the end of the tie it lies in.
///
/// \par Thread-safety  Immutable; concurrent calls are safe.
/// \par Complexity  O(columns) segments, O(columns^2) text.
class SCALEKIT_EXPORT compiler {
 public:
  /// \par Errors `invalid_argument`: a name that cannot be quoted, neither table nor `from` (or
  /// both), or a NULL among the fixed values.
  [[nodiscard]] static result<compiler> make(sql::dialect d, const source& what, const order& by);

  /// \brief The statements of a range, in output order; none where the keys show it to be empty.
  /// \par Errors `invalid_argument` from \ref order::check_key, or a limit below 1.
  [[nodiscard]] result<std::vector<statement>> statements(const key_range& range) const;

  /// \brief The same rows by one statement: one round trip, one snapshot. For the network dialects.
  ///
  /// A UNION ALL of the segments, each with its own LIMIT; the outer ORDER BY sorts no more than
  /// columns times limit rows, for SQL promises no order of a UNION. Absent if the keys show the
  /// range to be empty.
  /// \par Errors as \ref statements; `invalid_argument` without a limit; `not_supported` on SQLite,
  /// which cannot put LIMIT inside a compound and has no round trip to save.
  [[nodiscard]] result<std::optional<statement>> single_statement(const key_range& range) const;

  /// \brief A page behind (or at) a key and whether any row lies in front of it, by one statement
  /// and so in one round trip and one snapshot. For the network dialects.
  ///
  /// As \ref single_statement, with one more column, the last: 0 in the range's rows, 1 in rows in
  /// front of `after`. Those, if there are any, come first; how many is of no meaning.
  /// \par Errors as \ref single_statement; `invalid_argument` without `after`.
  [[nodiscard]] result<statement> page_statement(const key_range& range) const;

  /// \brief How many leading columns of a result row are the source's own.
  [[nodiscard]] std::size_t visible_columns() const noexcept;
  /// \brief For each order column, its place in a result row.
  [[nodiscard]] std::span<const std::size_t> key_positions() const noexcept;
  [[nodiscard]] const order& ordering() const noexcept;
  [[nodiscard]] sql::dialect dialect() const noexcept;
  /// \brief The complete `CREATE INDEX` statement that serves this source in this order: fixed
  /// columns first, then the order's. On MariaDB and MySQL those before must have the direction of
  /// the first of these; so there it is the index read from its other end that serves DESC. Only
  /// where directions are mixed MySQL needs this one as it is, and another one for the other way.
  [[nodiscard]] const std::string& index_statement() const noexcept;

  /// \brief Copies the key out of a result row.
  /// \par Errors `invalid_argument` if it holds a NULL where the order was told there is none.
  [[nodiscard]] result<void> read_key(
      std::span<const sql::value_view> row, std::vector<sql::value>& out
  ) const;

 private:
  explicit compiler(std::shared_ptr<const detail::plan> p) : plan_(std::move(p)) {}

  std::shared_ptr<const detail::plan> plan_;
};

}  // namespace scalekit::inline v0::keyset

#endif
