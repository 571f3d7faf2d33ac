// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_STATE_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_STATE_HPP

#include "adapters/mariadb/connect.hpp"
#include "adapters/mariadb/error.hpp"
#include "adapters/mariadb/statement.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <mysql.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::mariadb {

/// Sends `KILL QUERY` while a statement runs, and only then.
class interrupter final : public sql::interrupt_handle {
 public:
  interrupter(std::optional<connection_options> via, unsigned long id)
      : via_(std::move(via)), id_(id) {}
  void interrupt() noexcept override;

  void begin() noexcept;
  /// No interrupt reaches the server after this. True if one may have since \ref begin.
  [[nodiscard]] bool end() noexcept;

  /// What \ref identity_of says of the connection's server; before the first interrupt.
  void remember(std::string server) noexcept { server_ = std::move(server); }

 private:
  const std::optional<connection_options> via_;
  const unsigned long id_;
  std::string server_;
  std::mutex mutex_;
  std::atomic<bool> running_{false};
  std::atomic<bool> sent_{false};
};

enum class ownership { ours, hosts };

/// Where load_data's bytes come from while it runs.
struct local_source {
  const connection::byte_source* source = nullptr;
  std::optional<error> failed;
};

/// While it lives a LOCAL INFILE is answered from `local`, whatever file the server names; then
/// again as before, which on an adopted handle may mean to read that file.
class local_source_guard {
 public:
  local_source_guard(MYSQL* db, local_source& local) noexcept;
  local_source_guard(const local_source_guard&) = delete;
  local_source_guard& operator=(const local_source_guard&) = delete;
  ~local_source_guard();

 private:
  MYSQL* db_;
  decltype(st_mysql_options::local_infile_init) init_;
  decltype(st_mysql_options::local_infile_read) read_;
  decltype(st_mysql_options::local_infile_end) end_;
  decltype(st_mysql_options::local_infile_error) error_;
  void* data_;
};

struct connection::state {
  state(
      link handle,
      ownership whose,
      std::string where,
      std::size_t cache_capacity,
      log_fn l,
      std::optional<connection_options> side
  );
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state();

  [[nodiscard]] bool in_transaction() const noexcept {
    return !broken && (db->server_status & SERVER_STATUS_IN_TRANS) != 0;
  }
  /// Refuses what cannot be sent now.
  [[nodiscard]] result<void> ready(std::string_view sql);
  /// Run something to its end.
  [[nodiscard]] result<sql::execution> run_text(std::string_view sql, statement_kind kind);
  [[nodiscard]] result<sql::execution> run_prepared(std::string_view sql, sql::parameters params);
  [[nodiscard]] result<void> run_script(std::string_view sql);
  [[nodiscard]] result<sql::execution> load(std::string_view sql, const byte_source& source);
  /// So that no interrupt reaches another one.
  [[nodiscard]] result<void> identify_server();

  // What follows happens within an exchange.

  /// Runs a statement that has no parameters, to its end.
  [[nodiscard]] result<sql::execution> text(std::string_view sql, statement_kind kind);
  /// Prepares, if need be, and executes; rows, if any, are pending.
  [[nodiscard]] result<statement*> start(std::string_view sql, sql::parameters params);
  /// An error, and what follows from it for the connection.
  [[nodiscard]] error fail(const failure& f, statement_kind kind, bool was_in_transaction);
  [[nodiscard]] error fail(statement_kind kind, bool was_in_transaction);
  /// Ends a statement whose rows are not wanted any more, soon.
  void abandon(statement& s) noexcept;
  /// Asks the server where it stands: an error carries no status, and a late KILL must hit nothing
  /// that matters.
  void synchronise() noexcept;

  sql::connection_stats stats;
  statement_cache statements;
  const link owned;  // empty if the host's; goes before the statements, which then send nothing
  MYSQL* const db;
  const bool tls;
  const bool is_mysql;  // else MariaDB
  const std::string place;
  log_fn log;
  const std::shared_ptr<interrupter> interrupts;
  bool broken = false;
  bool rows_alive = false;
  bool out_of_step = false;    // see synchronise()
  std::size_t max_packet = 0;  // 0: not asked yet
  local_source local;

 private:
  /// After an error: whether what is known of the transaction may be wrong now.
  void doubt_status(statement_kind kind) noexcept;
  [[nodiscard]] bool hung_up() const noexcept;
  [[nodiscard]] result<std::int64_t> drain(statement_kind kind, bool was_in_transaction);
  [[nodiscard]] result<statement*> prepare(std::string_view sql);
  [[nodiscard]] bool execute(statement& s);
  [[nodiscard]] result<void> check_size(std::size_t size);
};

/// One exchange with the server: while it lives an interrupt reaches the server, and after it the
/// connection is in step again.
class exchange {
 public:
  explicit exchange(connection::state& db) noexcept
      : db_(&db), guard_(db.tls), files_(db.db, db.local) {
    db.interrupts->begin();
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  ~exchange();

 private:
  connection::state* db_;
  sigpipe_guard guard_;
  local_source_guard files_;
};

}  // namespace scalekit::inline v0::mariadb

#endif
