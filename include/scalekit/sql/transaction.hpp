// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_TRANSACTION_HPP
#define SCALEKIT_SQL_TRANSACTION_HPP

/// \file
/// Transactions and savepoints that end themselves, and a callback form that retries contention.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::sql {

/// \brief A transaction that rolls back unless \ref commit succeeded.
///
/// \code
/// auto tx = sql::transaction::begin(db);
/// if (!tx) return tx.error();
/// ... db.execute(...) ...
/// return tx->commit();
/// \endcode
///
/// \par Thread-safety  As its connection. The connection must outlive it.
class SCALEKIT_EXPORT transaction {
 public:
  /// \par Errors `invalid_argument` if one is open already, `busy` if the lock cannot be had.
  [[nodiscard]] static result<transaction> begin(
      connection& db, const transaction_options& options = {}
  );
  transaction(transaction&& other) noexcept;
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  /// \brief Makes the changes durable.
  ///
  /// After `busy` it may be called again, if the backend has kept the transaction open; after any
  /// other error the transaction has been rolled back (`outcome_unknown`: or committed), unless
  /// that was refused too, as it is while rows are alive: the destructor then does it. \par Errors
  /// `invalid_argument` if it has ended already, else what the backend gave.
  [[nodiscard]] result<void> commit();
  [[nodiscard]] result<void> rollback();

 private:
  explicit transaction(connection& db) noexcept : db_(&db) {}
  connection* db_;
};

/// \brief A savepoint inside an open transaction; undone unless \ref release succeeded.
///
/// \par Thread-safety  As its connection. The connection must outlive it.
class SCALEKIT_EXPORT savepoint {
 public:
  /// `name` must be unique among the savepoints open now.
  /// \par Errors `invalid_argument` if no transaction is open or the name cannot be quoted.
  [[nodiscard]] static result<savepoint> begin(connection& db, std::string_view name);
  savepoint(savepoint&& other) noexcept;
  savepoint& operator=(savepoint&&) = delete;
  ~savepoint();

  /// \brief Keeps the changes as part of the enclosing transaction.
  [[nodiscard]] result<void> release();
  /// \brief Undoes everything since \ref begin and ends the savepoint.
  [[nodiscard]] result<void> rollback();

 private:
  savepoint(connection& db, std::string quoted) noexcept : db_(&db), name_(std::move(quoted)) {}
  connection* db_;
  std::string name_;
};

/// \brief How \ref run_transaction repeats a transaction that met contention.
struct retry_options {
  /// Tries in all, the first included. 0 counts as 1.
  int max_attempts = 8;
  /// Upper end of the wait before the second try; doubles each time ("full jitter": the wait is
  /// uniform between 0 and that, after Brooker, "Exponential Backoff And Jitter").
  duration base_delay = std::chrono::milliseconds(2);
  /// The upper end never grows past this.
  duration max_delay = std::chrono::milliseconds(250);
  sleeper* wait = nullptr;          ///< null: really sleeps
  random_source* random = nullptr;  ///< null: the kernel's
};

/// \brief Runs `body` inside a transaction and commits; on `busy` (lock contention, deadlock,
/// serialization failure) rolls back, waits, and runs it again.
///
/// `body` must have no effect outside the database, for it may run several times. Any other error,
/// `outcome_unknown` above all, is returned at once without a retry.
///
/// \par Errors whatever `body` or the backend gave last.
[[nodiscard]] SCALEKIT_EXPORT result<void> run_transaction(
    connection& db,
    const std::function<result<void>(connection&)>& body,
    const transaction_options& options = {},
    const retry_options& retry = {}
);

}  // namespace scalekit::inline v0::sql

#endif
