// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_SQLITE_STATE_HPP
#define SCALEKIT_SRC_ADAPTERS_SQLITE_STATE_HPP

#include "adapters/sqlite/statement.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

namespace scalekit::inline v0::sqlite {

/// Stops what runs on a connection, and its wait for a lock, which SQLite's own interrupt does not.
class interrupter final : public sql::interrupt_handle {
 public:
  explicit interrupter(sqlite3* db) noexcept : db_(db) {}
  void interrupt() noexcept override;
  /// After this, \ref interrupt does nothing.
  void detach() noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(); }
  /// Waits; false at once if there was an interrupt since \ref count gave `seen`.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time, std::uint64_t seen);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  sqlite3* db_;
  std::atomic<std::uint64_t> count_{0};
};

enum class ownership { ours, hosts };

struct connection::state {
  state(sqlite3* handle, ownership whose, std::size_t cache_capacity, log_fn l);
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state();

  /// Waits for locks of other connections up to `timeout`, interruptibly.
  void install_busy_handler(std::chrono::milliseconds timeout) noexcept;

  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(db) == 0; }
  /// Refuses what could write while a read-only transaction is open.
  [[nodiscard]] result<void> check_access(sqlite3_stmt* s, std::string_view sql) noexcept;
  /// A prepared statement with its parameters bound, counted as started.
  [[nodiscard]] result<statement_cache::lease> start(
      std::string_view sql, sql::parameters params, lifetime life
  );
  /// The latest failure; `busy` counts as cancelled where an interrupt ended the wait.
  [[nodiscard]] error failure(int rc, std::string_view sql) const;

  /// Runs one statement without parameters to its end.
  [[nodiscard]] result<void> run(std::string_view sql);

  sqlite3* db;
  ownership owner;
  sql::connection_stats stats;
  std::shared_ptr<interrupter> interrupts;
  log_fn log;
  bool read_only_transaction = false;
  // How many interrupts had been sent when the latest statement began.
  std::uint64_t interrupts_seen = 0;
  std::chrono::milliseconds busy_timeout{0};
  steady_time busy_until;
  statement_cache statements;  // last, so that it is finalised first
};

/// The rows of one statement, its first step made already.
[[nodiscard]] result<std::unique_ptr<sql::rows>> start_rows(
    connection::state& db, statement_cache::lease s
);

}  // namespace scalekit::inline v0::sqlite

#endif
