// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_SQL_HPP
#define SCALEKIT_PORTS_SQL_HPP

/// \file
/// The SQL port: what every module needs of a database, and no more. A host that already has a
/// driver implements \ref scalekit::sql::connection once and every module works on it;
/// `testing/sql_conformance.hpp` proves the implementation.
///
/// \code
/// auto rows = db.query("SELECT id, name FROM account WHERE tenant = ?1", {tenant});
/// if (!rows) return rows.error();
/// for (;;) {
///   auto more = (*rows)->next();
///   if (!more) return more.error();
///   if (!*more) break;
///   use((*rows)->row()[0].as_int64(), (*rows)->row()[1].as_text());
/// }
/// \endcode

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::sql {

/// Whose SQL a connection speaks. MariaDB and MySQL differ enough to be told apart.
enum class dialect { sqlite, postgres, mariadb, mysql };

/// \brief The spelling of a dialect, e.g. `"sqlite"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(dialect d) noexcept;

/// \brief A result column: its name as the backend reports it, and its declared type (may be
/// empty).
struct column_info {
  std::string name;
  std::string declared_type;
};

/// \brief The rows of one running query, one at a time, without copying.
///
/// Destroying it ends the query early; that is the way to stop a scan. A connection has at most one
/// live `rows` in portable code; any other call on the connection while it lives is allowed on
/// SQLite only.
///
/// \par Thread-safety  One thread at a time, the one that uses the connection.
class SCALEKIT_EXPORT rows {
 public:
  rows() = default;
  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;
  virtual ~rows();

  /// \brief Moves to the next row; false at the end (and ever after).
  /// \par Errors `cancelled` after an interrupt, `timed_out` after a statement timeout, `busy`,
  /// `unavailable`, `data_corrupted`. After an error the query is over.
  [[nodiscard]] virtual result<bool> next() = 0;

  /// \brief The current row; views are valid until the next call of \ref next or destruction.
  [[nodiscard]] std::span<const value_view> row() const noexcept { return row_; }

  [[nodiscard]] virtual std::span<const column_info> columns() const noexcept = 0;

 protected:
  std::span<const value_view> row_;
};

/// \brief How \ref connection::query_csv spells a line: RFC 4180 with these characters, fields in
/// quotes only where they must be, NULL as nothing and an empty text as two quotes.
struct csv_style {
  char delimiter = ',';
  char quote = '"';
};

/// \brief The rows of one running query as lines of CSV that the database has made.
/// Destroying it ends the query early.
/// \par Thread-safety  One thread at a time, the one that uses the connection.
class SCALEKIT_EXPORT csv_lines {
 public:
  csv_lines() = default;
  csv_lines(const csv_lines&) = delete;
  csv_lines& operator=(const csv_lines&) = delete;
  virtual ~csv_lines();

  /// \brief The next row, its line feed included; empty at the end (and ever after). Valid until
  /// the next call or destruction.
  /// \par Errors as \ref rows::next.
  [[nodiscard]] virtual result<std::string_view> next() = 0;
};

/// \brief What a statement that returns no rows did.
struct execution {
  /// Rows inserted, deleted, or matched by an UPDATE. Of MariaDB's ON DUPLICATE KEY UPDATE a row
  /// that it changed counts 2, one that it left as it was 1.
  std::int64_t affected_rows = 0;
  std::int64_t last_insert_id = 0;  ///< where the backend has one, else 0
};

/// \brief What all executions of one \ref connection::execute_many did together.
struct executions {
  std::int64_t affected_rows = 0;
  /// How many of them gave a new row its `last_insert_id`. None: the connection cannot tell.
  std::optional<std::int64_t> new_ids = std::nullopt;
};

/// How a transaction starts. Backends without the distinction treat all alike.
enum class transaction_mode {
  deferred,  ///< takes locks when it first needs them
  immediate  ///< takes the write lock now, so it cannot fail half-way on an upgrade (SQLite)
};

/// `standard` is the backend's default. SQLite is always serializable; in WAL mode every read
/// transaction is one snapshot, which satisfies `repeatable_read`.
enum class isolation { standard, read_committed, repeatable_read, serializable };

struct transaction_options {
  transaction_mode mode = transaction_mode::immediate;
  isolation level = isolation::standard;
  /// \brief Refuse writes inside; also lets a backend take no locks.
  enum class access { read_write, read_only } access = access::read_write;
};

/// \brief Stops a statement that another thread is running.
/// Outlives the connection safely: once that is gone, `interrupt` does nothing.
///
/// \par Thread-safety  `interrupt` may be called from any thread at any time.
class SCALEKIT_EXPORT interrupt_handle {
 public:
  interrupt_handle() = default;
  interrupt_handle(const interrupt_handle&) = delete;
  interrupt_handle& operator=(const interrupt_handle&) = delete;
  virtual ~interrupt_handle();

  /// \brief The running statement, if any, fails with `cancelled`; an idle connection is
  /// unaffected.
  virtual void interrupt() noexcept = 0;
};

/// \brief Counters since the connection was opened; for tests and metrics.
struct connection_stats {
  std::uint64_t statements = 0;  ///< statements run = round trips on a networked backend
  std::uint64_t prepared = 0;    ///< statements parsed and planned
  std::uint64_t cache_hits = 0;  ///< statements that were ready in the cache
  std::uint64_t rows = 0;        ///< rows handed out
  std::uint64_t work = 0;        ///< the backend's own measure of effort: SQLite's VM steps, else 0
};

/// \brief One database connection.
///
/// Placeholders are spelled as the dialect does: `?1` on SQLite, `$1` on PostgreSQL, `?` on
/// MariaDB/MySQL; `sql::fragment` spells them for you. Prepared statements are cached by text.
///
/// Exactness: int64, text with NULs, blobs, decimals as text and microsecond timestamps survive a
/// round trip; a value the backend cannot hold exactly is refused with `invalid_argument`, never
/// rounded in silence.
///
/// \par Thread-safety  One thread at a time; only the interrupt handle is shared.
/// \par Errors
/// - `invalid_argument`: the SQL does not parse, or parameters do not match it
/// - `conflict`: a constraint (unique, foreign key, check, not null)
/// - `busy`: lock contention, deadlock, serialization failure; the transaction must be rolled back
/// - `unavailable`: the backend cannot be reached or its storage fails
/// - `outcome_unknown`: the connection broke after the statement was sent
/// - `timed_out`, `cancelled`, `data_corrupted`, `limit_exceeded` (disk full, value too big)
class SCALEKIT_EXPORT connection {
 public:
  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  virtual ~connection();

  [[nodiscard]] virtual sql::dialect dialect() const noexcept = 0;

  /// \brief Starts a query; rows come as they are asked for, not all at once.
  [[nodiscard]] virtual result<std::unique_ptr<rows>> query(
      std::string_view sql, parameters params = {}
  ) = 0;

  /// \brief Starts a query whose rows the database itself spells as CSV, each value in the
  /// database's own text form: cheaper for the client where nothing is to be done with them.
  /// \par Errors `not_supported` where the backend cannot (the default), else as \ref query.
  [[nodiscard]] virtual result<std::unique_ptr<csv_lines>> query_csv(
      std::string_view sql, parameters params, const csv_style& style
  );

  /// \brief Runs one statement to its end, discarding any rows.
  [[nodiscard]] virtual result<execution> execute(std::string_view sql, parameters params = {}) = 0;

  /// \brief Runs one statement for each row of `values`, row after row of `width` parameters.
  /// The default calls \ref execute in a loop.
  /// The first row that fails ends it and leaves its index in `failed_row`, if given; which of the
  /// rows before it stay done outside a transaction depends on the backend. Given no rows it does
  /// nothing, but tells whether it knows `new_ids`.
  /// \par Errors as \ref execute; `invalid_argument` if `values` is not whole rows.
  [[nodiscard]] virtual result<executions> execute_many(
      std::string_view sql, parameters values, std::size_t width, std::size_t* failed_row = nullptr
  );

  /// \brief Appends rows to a table in the fastest way the backend has, and counts them. `table`
  /// and `columns` (with commas between) are quoted already. Given no rows it does nothing. \par
  /// Errors `not_supported` where there is no faster way than INSERT (the default); else as \ref
  /// execute_many, and no row was added.
  [[nodiscard]] virtual result<std::int64_t> insert_rows(
      std::string_view table, std::string_view columns, parameters values, std::size_t width
  );

  /// \brief Runs several statements separated by `;`, without parameters: for schema and set-up.
  /// Stops at the first that fails; those before it stay done unless a transaction is open.
  [[nodiscard]] virtual result<void> execute_script(std::string_view sql) = 0;

  /// \brief Checks now what a commit would: deferred constraints, where the backend has any. On
  /// PostgreSQL they are immediate then until the transaction, or the savepoint, ends.
  /// \par Errors `conflict`; then roll back, to a savepoint or wholly.
  [[nodiscard]] virtual result<void> check_deferred();

  /// \brief Starts a transaction; use \ref sql::transaction rather than this.
  /// \par Errors `invalid_argument` if one is open already; `busy` if the lock cannot be had.
  [[nodiscard]] virtual result<void> begin(const transaction_options& options) = 0;
  /// \par Errors `outcome_unknown` if the answer was lost; after `busy` it may be tried again.
  [[nodiscard]] virtual result<void> commit() = 0;
  /// \brief Undoes everything since \ref begin; succeeds where none is open.
  [[nodiscard]] virtual result<void> rollback() = 0;
  [[nodiscard]] virtual bool in_transaction() const noexcept = 0;

  /// \brief Whether it is lost for good, so that every further call fails; a pool drops it then.
  [[nodiscard]] virtual bool is_broken() const noexcept { return false; }

  /// \brief A handle with which any other thread can stop a running statement.
  [[nodiscard]] virtual std::shared_ptr<sql::interrupt_handle> interrupt_handle() = 0;

  [[nodiscard]] virtual connection_stats stats() const noexcept = 0;
};

/// What a borrowed connection will be used for; a pool may keep the two apart.
enum class access { read, write };

class pool;

/// \brief A connection on loan; gives itself back when destroyed.
///
/// It goes back clean: an open transaction is rolled back, a broken connection is dropped.
///
/// \par Thread-safety  Movable between threads; used by one at a time. Must not outlive its pool.
class SCALEKIT_EXPORT pooled_connection {
 public:
  pooled_connection() = default;
  pooled_connection(pool& owner, connection* c, access kind) noexcept
      : owner_(&owner), connection_(c), kind_(kind) {}
  pooled_connection(pooled_connection&& other) noexcept;
  pooled_connection& operator=(pooled_connection&& other) noexcept;
  ~pooled_connection() { release(); }

  explicit operator bool() const noexcept { return connection_ != nullptr; }
  [[nodiscard]] connection& operator*() const noexcept { return *connection_; }
  [[nodiscard]] connection* operator->() const noexcept { return connection_; }
  /// \brief Gives it back now.
  void release() noexcept;

 private:
  pool* owner_ = nullptr;
  connection* connection_ = nullptr;
  access kind_ = access::read;
};

/// \brief Lends connections.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT pool {
 public:
  pool() = default;
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  virtual ~pool();

  /// \brief A connection, waiting up to the pool's own acquire timeout for one to come free.
  /// \par Errors `busy` if none came free in time (the message says how many are out);
  /// `unavailable` if a new one could not be opened.
  [[nodiscard]] virtual result<pooled_connection> acquire(access kind) = 0;

  /// \brief The same without waiting: for callers whose waiting would keep others from giving back.
  /// A pool that cannot tell waits as \ref acquire does.
  [[nodiscard]] virtual result<pooled_connection> try_acquire(access kind) { return acquire(kind); }

 protected:
  friend class pooled_connection;
  virtual void give_back(connection* c, access kind) noexcept = 0;
};

}  // namespace scalekit::inline v0::sql

#endif
