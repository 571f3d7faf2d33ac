// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_UPSERT_HPP
#define SCALEKIT_SQL_UPSERT_HPP

/// \file
/// Inserts rows, or updates those whose natural key is there already, many at a time, in whatever
/// way the database does it fastest; and says exactly what came of each batch.
///
/// \code
/// auto accounts = sql::upsert::make(db.dialect(), {.table = "account",
///     .columns = {{"tenant", sql::upsert_role::key}, {"number", sql::upsert_role::key},
///     {"name"}}});
/// if (!accounts) return accounts.error();
/// auto done = accounts->run(db, {1, "A-1", "cash",
///                                1, "A-2", "bank"});          // row after row
/// if (!done) return done.error();
/// use(done->inserted, done->updated, done->unchanged);
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::sql {

enum class upsert_role {
  update,      ///< written on insert, and on update
  key,         ///< part of the natural key, which a unique index or primary key must cover exactly
  insert_only  ///< written on insert, left alone on update: `created_at`
};

struct upsert_column {
  std::string name = {};
  upsert_role role = upsert_role::update;
};

/// What happens to a row that is there already. Without a column to update all three keep it.
enum class on_conflict {
  /// Updated if a column differs, to the byte (a NULL equals a NULL); else nothing is written and
  /// it is `unchanged`.
  update_distinct,
  /// Updated always. MariaDB and MySQL write nothing where nothing differs, but count it the same.
  update,
  do_nothing  ///< kept as it is: `unchanged`
};

/// What happens to rows of one batch with the same key, bytewise, of the values given. Keys that
/// only the database holds for equal (its collation ignores case, say) are all written, in an order
/// that lets the same row win; PostgreSQL refuses them.
enum class duplicate_policy {
  last_wins,
  first_wins,
  reject  ///< `invalid_argument`, naming two such rows; nothing is written
};

struct upsert_options {
  std::string table = {};  ///< `name` or `schema.name`; quoted by us
  /// In the order of the values. Columns the database makes itself (generated, identity ALWAYS)
  /// cannot be among them.
  std::vector<upsert_column> columns = {};
  sql::on_conflict on_conflict = sql::on_conflict::update_distinct;
  duplicate_policy duplicates = duplicate_policy::last_wins;
};

/// \brief What became of a batch; the four add up to its rows.
struct upsert_counts {
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;  ///< also what a trigger of the table skipped
  std::uint64_t folded = 0;     ///< rows of the batch that another of the same key stood in for
  friend bool operator==(const upsert_counts&, const upsert_counts&) = default;
};

/// \brief A compiled upsert.
///
/// Only a conflict on the key makes a row an update; one with another unique index, a foreign key,
/// a check or a NOT NULL fails the batch, whatever \ref upsert_options::on_conflict says.
///
/// \par Thread-safety  Immutable: share it; each call uses its own connection.
class SCALEKIT_EXPORT upsert {
 public:
  /// \par Errors `invalid_argument`, naming what is wrong: no table, no column, no key, a column
  /// twice, a name that cannot be quoted, more columns than the database has room for.
  [[nodiscard]] static result<upsert> make(sql::dialect d, upsert_options options);

  /// \brief Writes a batch of any size, all of it or nothing.
  ///
  /// `values` has row after row, each as wide as \ref width. Rows are written in the order of their
  /// keys, so that concurrent batches lock in one order and seldom deadlock; retry what still does
  /// with `run_transaction`.
  ///
  /// Outside a transaction it makes and commits its own. In an open one it becomes part of that,
  /// and a run that fails leaves it to its owner: on PostgreSQL it has failed as a whole, on SQLite
  /// and MariaDB it is open with some of the rows written, and after a deadlock MariaDB has rolled
  /// it back. Roll back, to a savepoint or wholly.
  ///
  /// \par Errors
  /// - `invalid_argument`: not whole rows, a NULL in a key (it would be inserted each time), a
  ///   connection of another dialect, no unique index over exactly the key, a value its column
  ///   cannot hold
  /// - `conflict`: a constraint other than the key's forbids a row
  /// - else as \ref connection::execute and \ref connection::commit
  ///
  /// Where the database says which row it was, the message has its index, counted from 0.
  /// \par Complexity  Round trips: on SQLite none, on PostgreSQL a handful for any batch, on
  /// MariaDB and MySQL one for each 512 KiB or 1,024 rows and a handful. Memory: an index for each
  /// row.
  [[nodiscard]] result<upsert_counts> run(connection& db, parameters values) const;

  /// \brief The number of columns.
  [[nodiscard]] std::size_t width() const noexcept;

  struct plan;  // private to the implementation

 private:
  explicit upsert(std::shared_ptr<const plan> p) noexcept : plan_(std::move(p)) {}
  std::shared_ptr<const plan> plan_;
};

}  // namespace scalekit::inline v0::sql

#endif
