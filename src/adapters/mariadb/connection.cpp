// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/rows.hpp"
#include "adapters/mariadb/state.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <utility>

namespace scalekit::inline v0::mariadb {

namespace {

std::string_view spelling(sql::isolation level) noexcept {
  switch (level) {
    case sql::isolation::read_committed:
      return "READ COMMITTED";
    case sql::isolation::repeatable_read:
      return "REPEATABLE READ";
    case sql::isolation::serializable:
      return "SERIALIZABLE";
    case sql::isolation::standard:
      break;
  }
  return {};
}

result<void> without_count(const result<sql::execution>& done) {
  if (!done) return done.error();
  return {};
}

}  // namespace

connection::connection(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
connection::~connection() = default;

sql::dialect connection::dialect() const noexcept {
  return state_->is_mysql ? sql::dialect::mysql : sql::dialect::mariadb;
}

result<std::unique_ptr<sql::rows>> connection::query(std::string_view sql, sql::parameters params) {
  if (auto ready = state_->ready(sql); !ready) return ready.error();
  auto rows = std::make_unique<row_stream>(*state_);
  if (auto started = rows->start(sql, params); !started) return started.error();
  return std::unique_ptr<sql::rows>(std::move(rows));
}

result<sql::execution> connection::execute(std::string_view sql, sql::parameters params) {
  if (auto ready = state_->ready(sql); !ready) return ready.error();
  if (params.empty()) return state_->run_text(sql, kind_of(sql));
  return state_->run_prepared(sql, params);
}

result<void> connection::execute_script(std::string_view sql) {
  if (auto ready = state_->ready(sql); !ready) return ready;
  if (kind_of(sql) == statement_kind::empty) return {};
  return state_->run_script(sql);
}

result<void> connection::begin(const sql::transaction_options& options) {
  if (in_transaction()) {
    return error(errc::invalid_argument, "begin: a transaction is open already; use a savepoint");
  }
  const auto run = [this](const std::string& sql) -> result<void> {
    if (auto ready = state_->ready(sql); !ready) return ready;
    return without_count(state_->run_text(sql, statement_kind::begins));
  };
  const bool read_only = options.access == sql::transaction_options::access::read_only;
  const std::string start = read_only ? "START TRANSACTION READ ONLY" : "START TRANSACTION";
  if (options.level == sql::isolation::standard) return run(start);
  const std::string level =
      "SET TRANSACTION ISOLATION LEVEL " + std::string(spelling(options.level));
  if (dialect() == sql::dialect::mariadb) {
    return run("BEGIN NOT ATOMIC " + level + "; " + start + "; END");
  }
  if (auto set = run(level); !set) return set;
  return run(start);
}

result<void> connection::commit() {
  // A lost connection says so itself.
  if (!in_transaction() && !is_broken()) {
    return error(errc::invalid_argument, "commit: no transaction is open");
  }
  return without_count(execute("COMMIT"));
}

result<void> connection::rollback() {
  // An interrupt was meant for the work, not for its undoing.
  constexpr int tries = 8;
  result<void> done;
  for (int i = 0; i < tries && in_transaction(); ++i) {
    done = without_count(execute("ROLLBACK"));
    if (!done && done.error().code() != errc::cancelled) break;
  }
  // The server rolls back what was open on a connection that it loses.
  if (!in_transaction()) return {};
  return done;
}

bool connection::in_transaction() const noexcept { return state_->in_transaction(); }

bool connection::is_broken() const noexcept { return state_->broken; }

std::shared_ptr<sql::interrupt_handle> connection::interrupt_handle() { return state_->interrupts; }

sql::connection_stats connection::stats() const noexcept { return state_->stats; }

st_mysql* connection::native_handle() const noexcept { return state_->db; }

std::string_view library_version() noexcept { return mysql_get_client_info(); }

}  // namespace scalekit::inline v0::mariadb
