// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_MARIADB_CONNECTION_HPP
#define SCALEKIT_ADAPTERS_MARIADB_CONNECTION_HPP

/// \file
/// The SQL port on MariaDB 10.4 or newer and MySQL 8.0.19 or newer, over libmariadb 3.3 or newer.
///
/// \code
/// auto db = scalekit::mariadb::connection::open(
///     {.host = "db1", .user = "ledger", .password = secret, .database = "ledger"});
/// if (!db) return db.error();
/// auto done = (*db)->execute("INSERT INTO account (id, name) VALUES (?, ?)", {42, "cash"});
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/log.hpp>
#include <scalekit/ports/sql.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct st_mysql;

namespace scalekit::inline v0::mariadb {

/// A MySQL without TLS needs `disabled`: asked for `caching_sha2_password`, libmariadb sends it the
/// password as it is in the two modes that do not authenticate the server.
enum class tls_mode {
  disabled,   ///< never encrypted
  preferred,  ///< encrypted if the server can; the server is not authenticated
  required,   ///< encrypted, or the connection fails; the server is not authenticated
  verified    ///< encrypted, and the certificate must be valid for the host name
};

struct tls_options {
  tls_mode mode = tls_mode::preferred;
  std::string ca{};    ///< PEM file of trusted certificates. Empty: the system's.
  std::string cert{};  ///< PEM file of this client's certificate, where the server asks for one
  std::string key{};   ///< PEM file of its key
};

/// \brief How \ref connection::open connects; every value is checked before anything is done.
struct connection_options {
  std::string host = "127.0.0.1";
  int port = 3306;
  std::string unix_socket{};  ///< path of the server's socket; if given, host and port are not used
  std::string user{};
  std::string password{};  ///< any characters but NUL; appears in no message
  std::string database{};  ///< empty: none is chosen
  tls_options tls{};
  /// For each address of the host. 0: the system's patience.
  std::chrono::seconds connect_timeout{10};
  /// How long to wait for the network in the midst of an answer or a request. The connection is
  /// lost when it passes, so it should exceed every statement's time. 0: for ever; TCP keep-alive
  /// is on.
  std::chrono::seconds read_timeout{0};
  std::chrono::seconds write_timeout{0};
  /// The server ends a statement that takes longer with `timed_out`. 0: the server's setting. On
  /// MySQL it applies to SELECT only.
  std::chrono::milliseconds statement_timeout{0};
  /// How long a statement waits for another transaction's row or table lock before it fails with
  /// `busy`. 0: not at all (MySQL: 1 s). None: the server's setting (InnoDB's default is 50 s).
  std::optional<std::chrono::seconds> lock_wait_timeout = std::chrono::seconds(5);
  /// Prepared statements kept ready, by text, least recently used first out. 0: none. The server
  /// counts them against its `max_prepared_stmt_count`, over all connections.
  std::size_t statement_cache_capacity = 64;
  /// Let \ref connection::load_data send bytes. Even then no file of this machine is ever read at
  /// the server's request.
  bool allow_local_infile = false;
  log_fn log{};  ///< hears of a transaction that was still open at close
};

/// \brief What can be chosen for a handle the host opened; its settings stay the host's.
struct adopt_options {
  std::size_t statement_cache_capacity = 64;  ///< as in \ref connection_options
  /// How an interrupt reaches the server: it needs a connection of its own. None: interrupts do
  /// nothing.
  std::optional<connection_options> interrupt_via{};
  log_fn log{};  ///< as in \ref connection_options
};

/// \brief One connection to MariaDB or MySQL.
///
/// The session \ref open sets up: `utf8mb4`, `time_zone = '+00:00'`, `autocommit = 1`, and a strict
/// `sql_mode` (`STRICT_ALL_TABLES`, no zero dates, `NO_AUTO_VALUE_ON_ZERO`,
/// `ERROR_FOR_DIVISION_BY_ZERO`, `NO_ENGINE_SUBSTITUTION`), so that what a column cannot hold is
/// refused. What no mode prevents, for the server converts a parameter to the type of its column,
/// which this side does not know, and tells of it with a note at most:
/// - a `decimal` is rounded to its column's scale, so that 1.5 becomes 2 in an INT;
/// - a `float64` or a number in `text` is rounded to a whole number in an integer column;
/// - an integer beyond 2^53 is rounded in a DOUBLE, one beyond 2^24 and any `float64` in a FLOAT;
/// - microseconds are cut to the precision of their column.
/// Declare columns that hold what is written.
///
/// Kinds: signed integers, smaller unsigned ones, YEAR and BIT up to 63 bits come back as `int64`;
/// `BIGINT UNSIGNED` and BIT(64) as `uint64`; FLOAT and DOUBLE as `float64`, exactly; DECIMAL as
/// `decimal`; DATETIME and TIMESTAMP as `timestamp` (a DATETIME is taken as UTC); CHAR, TEXT, ENUM,
/// SET, JSON, DATE and TIME as `text`; BINARY, BLOB and GEOMETRY as `blob`. Refused with
/// `invalid_argument`: NaN and infinity, a timestamp outside the years 1 to 9999, a decimal that is
/// not one or has more than 65 digits or 30 of them fraction. A zero DATETIME in a table is
/// `data_corrupted`.
///
/// `affected_rows` counts the rows an UPDATE matched, changed or not, as on the other dialects. For
/// `INSERT ... ON DUPLICATE KEY UPDATE` the server counts 1 for a row inserted or set to what it
/// was, 2 for a row changed. With RETURNING it is the number of rows returned.
///
/// Rows are read from the socket as they are asked for, without copies; memory holds the largest
/// one. A query runs to its first row inside \ref query, so that its errors appear there. Rows
/// destroyed early are read 1 MiB on (8 over TLS); a SELECT that has more is killed by a second,
/// short connection (if that cannot be made, they are read to the end). While rows live every other
/// call fails with `invalid_argument`.
///
/// Statements without parameters run through \ref execute as plain text in one round trip;
/// everything else is prepared.
///
/// A deadlock ends the whole transaction in the server, and \ref in_transaction is false after it;
/// a lock wait that timed out undoes the statement only: roll back. DDL commits what was open, and
/// so gets past read-only access. Repeatable read lets a write through that is based on a stale
/// read: use `SELECT ... FOR UPDATE`.
///
/// A lost connection is never opened again by itself: \ref is_broken is true from then on.
///
/// An interrupt opens a short connection with the same credentials and sends `KILL QUERY`. It is
/// answered before the interrupted call returns, so it cannot hit a later statement. Where that
/// connection cannot be made, or reaches another server (by `@@hostname`, `@@port` and
/// `@@server_id`, compared first, since a name or a proxy may lead to several), nothing is stopped.
/// The handle works for as long as the connection; of one from a pool do not use it after giving
/// that back, since it would stop what the next borrower runs.
///
/// \par Thread-safety  One thread at a time; only the interrupt handle is shared. Rows must be
/// destroyed before their connection. libmariadb is initialised at first use, safely.
/// \par Errors  As the port says; \ref to_errc lists them. `cause()` is `{"mariadb", error
/// number}`, and the message ends with the SQLSTATE. Where the connection is lost:
/// - before a statement was sent, inside a transaction, which the server then rolls back, and in
///   \ref begin: `unavailable`; so too a \ref commit after that
/// - after a statement outside a transaction, a COMMIT, or one that commits implicitly (DDL) was
///   sent: `outcome_unknown`. A SELECT is one of these, for it may call a function that writes; if
///   yours does not, repeat it.
class SCALEKIT_EXPORT connection final : public sql::connection {
 public:
  /// \brief Connects, logs in, sets the session up and asks which server it is: two round trips
  /// after the log-in.
  ///
  /// \par Errors
  /// - `invalid_argument`: an option (named in the message) is out of range
  /// - `unavailable`: nobody answers there, the host name is unknown, too many connections
  /// - `unauthenticated`: user, password or certificate are refused, or the user may not use the
  ///   database
  /// - `not_found`: there is no such database
  [[nodiscard]] static result<std::unique_ptr<connection>> open(connection_options options);

  /// \brief Runs on a handle the host opened, and never closes it. No setting of it is changed, so
  /// what is said above of the session is up to the host. Still no file is ever read: during a call
  /// a handler of this object stands in for the handle's own for LOCAL INFILE.
  ///
  /// The handle must outlive this object, be used by the same thread, and have no result pending.
  /// \par Errors `invalid_argument` for a null handle; with \ref adopt_options::interrupt_via what
  /// one round trip, which asks which server it is, may give.
  [[nodiscard]] static result<std::unique_ptr<connection>> adopt(
      st_mysql* db, adopt_options options = {}
  );

  /// Rolls an open transaction back, unless the handle is the host's.
  ~connection() override;

  [[nodiscard]] sql::dialect dialect() const noexcept override;
  [[nodiscard]] result<std::unique_ptr<sql::rows>> query(
      std::string_view sql, sql::parameters params = {}
  ) override;
  [[nodiscard]] result<sql::execution> execute(std::string_view sql, sql::parameters params = {})
      override;
  [[nodiscard]] result<void> execute_script(std::string_view sql) override;
  [[nodiscard]] result<void> begin(const sql::transaction_options& options) override;
  [[nodiscard]] result<void> commit() override;
  [[nodiscard]] result<void> rollback() override;
  [[nodiscard]] bool in_transaction() const noexcept override;
  [[nodiscard]] bool is_broken() const noexcept override;
  [[nodiscard]] std::shared_ptr<sql::interrupt_handle> interrupt_handle() override;
  [[nodiscard]] sql::connection_stats stats() const noexcept override;

  /// Fills the span with the next bytes and says how many; 0 ends the input.
  using byte_source = std::function<result<std::size_t>(std::span<std::byte>)>;

  /// \brief Runs `LOAD DATA LOCAL INFILE '...' INTO TABLE ...` with the bytes of `source` in place
  /// of the file; the file's name in the SQL means nothing.
  ///
  /// All or nothing: it runs in a transaction of its own (in an open one: a savepoint), which is
  /// undone if the source fails, and also where the server would have skipped or changed a value
  /// with a warning, as it does for LOCAL. Sent in any other way it is refused with
  /// `not_supported`; in a script that ends the connection too, since the server runs what follows.
  /// \par Errors `not_supported` unless \ref connection_options::allow_local_infile is set (an
  /// adopted handle: its `MYSQL_OPT_LOCAL_INFILE`); what the source gives; what the first warning
  /// means, e.g. `conflict` for a duplicate key.
  [[nodiscard]] result<sql::execution> load_data(std::string_view sql, const byte_source& source);

  /// \brief The handle beneath, for what the port does not offer. Leave no result pending on it.
  [[nodiscard]] st_mysql* native_handle() const noexcept;

  struct state;  // private to the implementation

 private:
  explicit connection(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

/// \brief The version of the libmariadb that is linked, e.g. `"3.3.20"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view library_version() noexcept;

/// \brief What an error number of MariaDB, MySQL or libmariadb means to a caller.
///
/// - `busy`: deadlock (1213), lock wait (1205, 3572), changed since read (1020)
/// - `conflict`: duplicate key (1062, 1586), foreign key (1451, 1452), not null (1048, 1364), check
///   (3819, 4025), object exists or not (1007, 1050)
/// - `unauthenticated`: access denied (1044, 1045, 1698); `not_found`: no such database (1049)
/// - `unavailable`: cannot connect (2002, 2003, 2005), too many connections (1040), shutting down
///   (1053), connection lost (2006, 2013): a statement may turn these into `outcome_unknown`
/// - `cancelled` (1317), `timed_out` (1969, 3024)
/// - `limit_exceeded`: disk or table full (1021, 1114), out of resources (1041), packet too large
///   (1153, 2020)
/// - `data_corrupted`: crashed table, bad checksum; `not_supported`
/// - `invalid_argument`: a value that does not fit its column (1264, 1265, 1366, 1406, ...), a
/// write
///   in a read-only transaction (1792), a missing privilege (1142), and any other number that comes
///   with an SQLSTATE of class 21, 22 or 42
/// - `internal`: the rest
[[nodiscard]] SCALEKIT_EXPORT errc
to_errc(unsigned error_number, std::string_view sqlstate = {}) noexcept;

}  // namespace scalekit::inline v0::mariadb

#endif
