// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_POSTGRES_CONNECTION_HPP
#define SCALEKIT_ADAPTERS_POSTGRES_CONNECTION_HPP

/// \file
/// The SQL port on PostgreSQL, over libpq 14 or newer.
///
/// \code
/// auto db = scalekit::postgres::connection::open({.host = "db1", .database = "ledger"});
/// if (!db) return db.error();
/// auto done = (*db)->execute("INSERT INTO account (id, name) VALUES ($1, $2)", {42, "cash"});
/// \endcode

#include <scalekit/adapters/postgres/copy.hpp>
#include <scalekit/export.hpp>
#include <scalekit/log.hpp>
#include <scalekit/ports/sql.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_conn;  // libpq's PGconn

namespace scalekit::inline v0::postgres {

enum class prepared {
  /// Statements are prepared under names and kept on the server: the fastest, but behind a pooler
  /// that gives each transaction another server connection it finds them missing.
  named,
  /// Nothing is kept on the server between two statements, so any pooler will do. Parameter types
  /// are asked for once per text; rows come as text.
  unnamed
};

/// \brief How \ref connection::open connects. What is empty is left to `conninfo`, then to libpq's
/// environment variables, service and password files, then to its defaults.
struct connection_options {
  /// `"keyword=value ..."` or `"postgresql://..."`; each member below that is not empty wins over
  /// it.
  std::string conninfo{};
  std::string host{};  ///< a name, an address, the folder of a Unix socket; or several, with commas
  std::string port{};
  std::string database{};
  std::string user{};
  std::string password{};
  std::string sslmode{};  ///< `disable` to `verify-full`; libpq's default is `prefer`
  std::string
      sslrootcert{};  ///< the file, or `system`, `verify-ca` and `verify-full` check against
  /// Any other keyword of libpq, as it is: `sslcert`, `target_session_attrs`, `tcp_user_timeout`...
  /// To `options`, from here, from `conninfo` or else from PGOPTIONS (but not from a service file),
  /// the settings that this adapter needs are added.
  std::vector<std::pair<std::string, std::string>> extra{};
  /// Empty: as above; `scalekit` where nobody says anything.
  std::string application_name{};
  /// For each host tried. At least 2 s, rounded up to seconds. 0: none.
  std::chrono::milliseconds connect_timeout{10'000};
  /// The server ends a longer statement: `timed_out`. Sent at start-up, as is `lock_timeout`, and
  /// not with SET; PgBouncer must be told `ignore_startup_parameters = options`, and then neither
  /// holds. 0: the server's own.
  std::chrono::milliseconds statement_timeout{0};
  /// A longer wait for one lock ends with `busy`. 0: the server's own (none, as a rule).
  std::chrono::milliseconds lock_timeout{0};
  postgres::prepared prepared = postgres::prepared::named;
  /// Statements kept ready, by text, least recently used first out. 0: none.
  std::size_t statement_cache_capacity = 256;
  log_fn log{};  ///< hears the server's notices; without it they are dropped
};

/// \brief What can be chosen for a handle the host opened; its settings stay the host's.
struct adopt_options {
  postgres::prepared prepared = postgres::prepared::named;  ///< as in \ref connection_options
  std::size_t statement_cache_capacity = 256;               ///< as in \ref connection_options
};

/// \brief One statement of a pipeline.
struct statement {
  std::string sql;
  std::vector<sql::value> params{};
};

/// \brief One PostgreSQL connection.
///
/// Columns: integers, `oid` and `bool` (0 or 1) come as `int64`; `real` and `double precision` as
/// `float64`; `numeric` as `decimal`; `bytea` as `blob`; `timestamptz` and `timestamp`, which is
/// taken as UTC, as `timestamp`; all else as `text` in PostgreSQL's own spelling. A timestamp of
/// `infinity`, or after the year 289999, has no value here: the row fails with `limit_exceeded`;
/// select it as text.
///
/// Parameters have the type the statement gives them, as literals in quotes would; where it gives
/// none (`SELECT $1`) they have that of their kind. Refused with `invalid_argument`, because
/// PostgreSQL would round or cut them in silence or cannot hold them: fractions for an integer, an
/// integer a `double precision` cannot hold, a time of day for a `date`, a `uint64` above INT64_MAX
/// except for `numeric`, text with a NUL. What PostgreSQL rounds itself is not refused, and is the
/// one exception from the port's exactness: a `decimal` or text with more digits than `real` or
/// `double precision` has, a double for a `real`, more fractional digits than a `numeric(p,s)`.
///
/// Rows are streamed: memory does not grow with their number. Destroyed early outside a transaction
/// they cancel the query, and what it did may be kept or undone: a statement with RETURNING has
/// changed its rows, and may have been committed, before the first of them arrives. Inside a
/// transaction, which a cancel would fail, the rest is read and thrown away; to give such a query
/// and its transaction up at once, interrupt it first.
///
/// A statement that has become invalid, for its tables were altered, is prepared anew and run again
/// without a word; inside a transaction, which has failed by then, it ends with `busy`, so that
/// `run_transaction` does it.
///
/// A statement that fails on the server fails its transaction: all others are refused until it is
/// rolled back, to a savepoint or wholly, and a commit, in whatever way it is sent, is an error and
/// not a success. One refused before, for its parameters, does not; nor does one that the server
/// cannot prepare where a savepoint guards that, as it does if a value brings its type along. Do
/// not go by it: roll back after any error.
///
/// A lost connection is noticed before a statement is sent where possible: `unavailable`. After
/// that it is `outcome_unknown`, for a SELECT too, which may call a function that writes. Inside a
/// transaction it is `unavailable`, for the server rolls back, save for what may have committed: a
/// commit in any spelling, a script, and any statement not known to leave the transaction open.
///
/// \par Thread-safety  One thread at a time; only the interrupt handle is shared. It waits for the
/// server to take the cancel, and so may the statement. That of a pooled connection must not be
/// used once it was given back, for it would hit the next borrower. Rows must be destroyed before
/// their connection.
/// \par Errors  As the port says; `cause()` is `{"postgres", SQLSTATE packed}`, see `error.hpp`.
class SCALEKIT_EXPORT connection final : public sql::connection {
 public:
  /// \par Errors
  /// - `invalid_argument`: an option is out of range or unknown, `conninfo` does not parse
  /// - `unauthenticated`: wrong password or user, or the server's rules forbid it
  /// - `not_found`: no such database
  /// - `unavailable`: nobody answers there, or it has too many connections
  [[nodiscard]] static result<std::unique_ptr<connection>> open(connection_options options);
  [[nodiscard]] static result<std::unique_ptr<connection>> open(std::string_view conninfo);

  /// \brief Runs on a handle the host opened, and never closes it. No setting of it is changed:
  /// its `client_encoding` should be UTF8.
  ///
  /// The handle must outlive this object, be blocking, idle, and used by the same thread.
  /// \par Errors `invalid_argument` for a handle that is null, lost or at work.
  [[nodiscard]] static result<std::unique_ptr<connection>> adopt(
      pg_conn* handle, adopt_options options = {}
  );

  /// Closes the connection, unless it is the host's.
  ~connection() override;

  [[nodiscard]] sql::dialect dialect() const noexcept override { return sql::dialect::postgres; }
  [[nodiscard]] result<std::unique_ptr<sql::rows>> query(
      std::string_view sql, sql::parameters params = {}
  ) override;
  /// \brief By COPY: `not_supported` unless the session's TimeZone is UTC, its DateStyle ISO and
  /// its client_encoding UTF8, as \ref open sets them.
  [[nodiscard]] result<std::unique_ptr<sql::csv_lines>> query_csv(
      std::string_view sql, sql::parameters params, const sql::csv_style& style
  ) override;
  [[nodiscard]] result<sql::execution> execute(std::string_view sql, sql::parameters params = {})
      override;
  /// \brief In pipelines of a few hundred rows, a round trip each; outside a transaction each
  /// pipeline is one.
  [[nodiscard]] result<sql::executions> execute_many(
      std::string_view sql,
      sql::parameters values,
      std::size_t width,
      std::size_t* failed_row = nullptr
  ) override;
  /// \brief By COPY. A value that its column cannot hold exactly is refused as a parameter is; a
  /// transaction has failed then.
  [[nodiscard]] result<std::int64_t> insert_rows(
      std::string_view table, std::string_view columns, sql::parameters values, std::size_t width
  ) override;
  [[nodiscard]] result<void> execute_script(std::string_view sql) override;
  [[nodiscard]] result<void> begin(const sql::transaction_options& options) override;
  [[nodiscard]] result<void> commit() override;
  [[nodiscard]] result<void> rollback() override;
  [[nodiscard]] bool in_transaction() const noexcept override;
  [[nodiscard]] bool is_broken() const noexcept override;
  [[nodiscard]] std::shared_ptr<sql::interrupt_handle> interrupt_handle() override;
  [[nodiscard]] sql::connection_stats stats() const noexcept override;

  /// \brief Runs all statements in one round trip (and one more for each text seen first).
  ///
  /// The first that fails ends it: its error stands in its place, and those after it were not run
  /// (`cancelled`). Outside a transaction all of them are one: nothing of it stays then, save for
  /// what a COMMIT among them committed. Inside one, it has failed.
  ///
  /// Where one has become invalid (see above) and nothing stayed, all are run again.
  /// \par Errors `unavailable`, `outcome_unknown` as \ref execute; `invalid_argument` if one cannot
  /// be prepared, and none was run; `outcome_unknown` too where the answers end early;
  /// `invalid_argument` for a COPY to or from the client, from which libpq offers no way back: the
  /// connection \ref is_broken then, and what came before the COPY may be kept or undone.
  [[nodiscard]] result<std::vector<result<sql::execution>>> pipeline(
      std::span<const statement> statements
  );

  /// \brief Starts a `COPY ... TO STDOUT`, which takes no parameters.
  /// \par Errors as \ref query; `invalid_argument` if it is something else.
  [[nodiscard]] result<std::unique_ptr<copy_reader>> copy_out(std::string_view sql);
  /// \brief Starts a `COPY ... FROM STDIN`, which takes no parameters.
  /// \par Errors as \ref execute; `invalid_argument` if it is something else.
  [[nodiscard]] result<std::unique_ptr<copy_writer>> copy_in(std::string_view sql);

  /// \brief How often something was sent and an answer awaited, preparing included.
  [[nodiscard]] std::uint64_t round_trips() const noexcept;

  /// \brief The handle beneath, for what the port does not offer. Leave it idle, and prepared
  /// statements named `scalekit_...` alone.
  [[nodiscard]] pg_conn* native_handle() const noexcept;

 private:
  explicit connection(std::unique_ptr<session> s) noexcept;
  std::unique_ptr<session> session_;
};

}  // namespace scalekit::inline v0::postgres

#endif
