// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_SQLITE_CONNECTION_HPP
#define SCALEKIT_ADAPTERS_SQLITE_CONNECTION_HPP

/// \file
/// The SQL port on SQLite 3.40 or newer.
///
/// \code
/// auto db = scalekit::sqlite::connection::open("ledger.db");
/// if (!db) return db.error();
/// auto done = (*db)->execute("INSERT INTO account (id, name) VALUES (?1, ?2)", {42, "cash"});
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/log.hpp>
#include <scalekit/ports/sql.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;

namespace scalekit::inline v0::sqlite {

enum class open_mode {
  read_only,   ///< the file must exist; every write fails with `invalid_argument`
  read_write,  ///< the file must exist
  create       ///< the file is made if it is missing; its folder is not
};

enum class journal_mode {
  wal,       ///< readers and one writer at the same time; kept in the file
  rollback,  ///< SQLite's classic journal: a writer keeps readers out while it commits
  keep       ///< whatever the file is in
};

enum class synchronous {
  off,     ///< never waits for the disk: a power cut may corrupt the file
  normal,  ///< a power cut may undo the latest commits, never corrupts (in WAL mode)
  full     ///< a commit that returned survives a power cut
};

/// \brief How \ref connection::open opens a file; every value is checked before anything is done.
struct connection_options {
  open_mode mode = open_mode::create;
  /// How long a statement waits for another connection's lock before it fails with `busy`. 0: not
  /// at all. An interrupt ends the wait. At most 24 hours.
  std::chrono::milliseconds busy_timeout{5000};
  /// Not applied to a read-only or an in-memory database.
  journal_mode journal = journal_mode::wal;
  /// `full` by default, for marks and money must survive; `normal` is faster for what can be
  /// redone.
  synchronous sync = synchronous::full;
  /// Page cache of this connection in KiB. 0: SQLite's default (2,000), which serves scans and page
  /// reads; bulk writes with random keys want much more.
  std::int64_t cache_kib = 0;
  /// Bytes of the file to map into memory. 0: none; it rarely pays.
  std::int64_t mmap_bytes = 0;
  /// Pages the WAL may grow to before a commit copies them back. Larger ones make bulk writes with
  /// random keys faster and recovery longer. 0: never by itself.
  int wal_autocheckpoint = 1000;
  /// Prepared statements kept ready, by text, least recently used first out. 0: none.
  std::size_t statement_cache_capacity = 64;
  bool foreign_keys = true;  ///< enforce them (SQLite's own default is not to)
  log_fn log{};              ///< hears of a transaction that was still open at close
};

/// \brief What can be chosen for a handle the host opened; its settings stay the host's.
struct adopt_options {
  std::size_t statement_cache_capacity = 64;  ///< as in \ref connection_options
  log_fn log{};                               ///< as in \ref connection_options
};

/// \brief One SQLite connection.
///
/// Kinds: `int64`, `float64`, `text`, `blob` and `null` are stored as they are and come back as
/// what is stored. A `decimal` is stored as text and a `timestamp` as its int64 microseconds; they
/// come back as `text` and `int64`. Refused with `invalid_argument`, because SQLite would change
/// them in silence: a `uint64` above INT64_MAX, and NaN (which it stores as NULL). Declare columns
/// for decimals as TEXT: a DECIMAL or NUMERIC column turns them into doubles. -0.0 comes back as
/// 0.0.
///
/// A query runs to its first row inside \ref query, so that its errors appear there and an
/// `INSERT ... RETURNING` has done its work when it returns; outside a transaction read its rows to
/// the end, for there it commits.
///
/// In a transaction with read-only access every statement that could write is refused with
/// `invalid_argument` before it runs. All isolation levels are accepted: SQLite has only
/// `serializable`, and in WAL mode a transaction reads one snapshot, taken at its first read.
///
/// An interrupt stops everything that is running: each query whose rows are alive, a wait for a
/// lock, and any statement begun while those rows live. It cannot tell which statement its sender
/// had in mind: sent just as one ends and the next begins, it may hit the next.
///
/// `last_insert_id` is SQLite's `last_insert_rowid()`, given where rows were affected; it means
/// something after an INSERT only.
///
/// \par Thread-safety  One thread at a time (opened without SQLite's mutexes); only the interrupt
/// handle is shared. Rows must be destroyed before their connection.
/// \par Errors  As the port says; `cause()` is `{"sqlite", extended result code}`.
class SCALEKIT_EXPORT connection final : public sql::connection {
 public:
  /// \brief Opens a file; `":memory:"` makes a private database in memory. URIs are not read.
  ///
  /// \par Errors
  /// - `invalid_argument`: an option (named in the message) is out of range; the file is
  ///   write-protected
  /// - `not_found`: the file, or its folder, does not exist
  /// - `unavailable`: it cannot be opened for another reason
  /// - `busy`: somebody else holds it locked, past the busy timeout
  /// - `data_corrupted`: it is not an SQLite database
  /// - `not_supported`: the file system cannot do WAL
  [[nodiscard]] static result<std::unique_ptr<connection>> open(
      std::string path, connection_options options = {}
  );

  /// \brief Runs on a handle the host opened, and never closes it. No setting of it is changed.
  ///
  /// The handle must outlive this object, be used by the same thread, and belong to the SQLite
  /// that scalekit is linked with; where it was built with SCALEKIT_SQLITE_SOURCE, no host has one.
  /// \par Errors `invalid_argument` for a null handle.
  [[nodiscard]] static result<std::unique_ptr<connection>> adopt(
      sqlite3* db, adopt_options options = {}
  );

  /// Rolls an open transaction back, unless the handle is the host's.
  ~connection() override;

  [[nodiscard]] sql::dialect dialect() const noexcept override { return sql::dialect::sqlite; }
  [[nodiscard]] result<std::unique_ptr<sql::rows>> query(
      std::string_view sql, sql::parameters params = {}
  ) override;
  [[nodiscard]] result<sql::execution> execute(std::string_view sql, sql::parameters params = {})
      override;
  /// \brief The statement is looked up once; inside it `last_insert_rowid()` means nothing.
  [[nodiscard]] result<sql::executions> execute_many(
      std::string_view sql,
      sql::parameters values,
      std::size_t width,
      std::size_t* failed_row = nullptr
  ) override;
  [[nodiscard]] result<void> execute_script(std::string_view sql) override;
  [[nodiscard]] result<void> check_deferred() override;
  [[nodiscard]] result<void> begin(const sql::transaction_options& options) override;
  [[nodiscard]] result<void> commit() override;
  [[nodiscard]] result<void> rollback() override;
  [[nodiscard]] bool in_transaction() const noexcept override;
  [[nodiscard]] std::shared_ptr<sql::interrupt_handle> interrupt_handle() override;
  [[nodiscard]] sql::connection_stats stats() const noexcept override;

  /// \brief The handle beneath, for what the port does not offer (backup, functions, authorizer).
  [[nodiscard]] sqlite3* native_handle() const noexcept;

  struct state;  // private to the implementation

 private:
  explicit connection(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

/// \brief The version of the SQLite that is linked, e.g. `"3.40.1"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view library_version() noexcept;

/// \brief What a primary or extended result code of SQLite means to a caller.
///
/// For hosts that use \ref connection::native_handle. Success codes (`OK`, `ROW`, `DONE`) are no
/// errors; they yield `internal`.
[[nodiscard]] SCALEKIT_EXPORT errc to_errc(int result_code) noexcept;

}  // namespace scalekit::inline v0::sqlite

#endif
