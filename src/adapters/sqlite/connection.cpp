// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/error.hpp"
#include "adapters/sqlite/state.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <sqlite3.h>

#include <utility>

namespace scalekit::inline v0::sqlite {

connection::connection(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
connection::~connection() = default;

result<std::unique_ptr<connection>> connection::adopt(sqlite3* db, adopt_options options) {
  if (db == nullptr) return error(errc::invalid_argument, "adopt: the handle is null");
  return std::unique_ptr<connection>(new connection(std::make_unique<state>(
      db, ownership::hosts, options.statement_cache_capacity, std::move(options.log)
  )));
}

result<std::unique_ptr<sql::rows>> connection::query(std::string_view sql, sql::parameters params) {
  auto s = state_->start(sql, params, lifetime::call);
  if (!s) return s.error();
  return start_rows(*state_, *std::move(s));
}

result<sql::execution> connection::execute(std::string_view sql, sql::parameters params) {
  auto s = state_->start(sql, params, lifetime::statement);
  if (!s) return s.error();
  sqlite3* db = state_->db;
  const sqlite3_int64 changes_before = sqlite3_total_changes64(db);
  int rc = SQLITE_ROW;
  while (rc == SQLITE_ROW) rc = sqlite3_step((*s)->handle.get());
  if (rc != SQLITE_DONE) return state_->failure(rc, sql);
  sql::execution done;
  // Without a change of the total, sqlite3_changes() still speaks of an earlier statement.
  if (sqlite3_total_changes64(db) != changes_before) {
    done.affected_rows = sqlite3_changes64(db);
    if (done.affected_rows > 0) done.last_insert_id = sqlite3_last_insert_rowid(db);
  }
  return done;
}

result<void> connection::execute_script(std::string_view sql) {
  for (int number = 1; !sql.empty(); ++number) {
    state_->interrupts_seen = state_->interrupts->count();
    const auto context = [&](error e) {
      return std::move(e).with_context("statement " + std::to_string(number) + " of the script");
    };
    std::string_view tail;
    auto s = prepare(state_->db, sql, 0, tail);
    if (!s) return context(s.error());
    const std::string_view text = sql.substr(0, sql.size() - tail.size());
    sql = tail;
    if (!*s) {
      --number;
      continue;
    }
    ++state_->stats.prepared;
    if (auto allowed = state_->check_access(s->get(), text); !allowed) {
      return context(allowed.error());
    }
    if (sqlite3_bind_parameter_count(s->get()) > 0) {
      return context({errc::invalid_argument, "it takes parameters: " + excerpt(text)});
    }
    ++state_->stats.statements;
    int rc = SQLITE_ROW;
    while (rc == SQLITE_ROW) rc = sqlite3_step(s->get());
    if (rc != SQLITE_DONE) return context(state_->failure(rc, text));
  }
  return {};
}

result<void> connection::check_deferred() {
  int open = 0;
  int unused = 0;
  const int rc = sqlite3_db_status(state_->db, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &unused, 0);
  if (rc != SQLITE_OK || open == 0 || !in_transaction()) return {};
  constexpr int code = SQLITE_CONSTRAINT_FOREIGNKEY;
  return error(to_errc(code), "FOREIGN KEY constraint failed", {"sqlite", code});
}

result<void> connection::begin(const sql::transaction_options& options) {
  if (in_transaction()) {
    return error(errc::invalid_argument, "begin: a transaction is open already; use a savepoint");
  }
  const bool read_only = options.access == sql::transaction_options::access::read_only;
  const bool immediate = options.mode == sql::transaction_mode::immediate && !read_only;
  if (auto begun = state_->run(immediate ? "BEGIN IMMEDIATE" : "BEGIN"); !begun) return begun;
  state_->read_only_transaction = read_only;
  return {};
}

result<void> connection::commit() {
  if (!in_transaction()) return error(errc::invalid_argument, "commit: no transaction is open");
  return state_->run("COMMIT");
}

result<void> connection::rollback() {
  // An interrupt was meant for the work, not for its undoing.
  constexpr int tries = 8;
  result<void> done;
  for (int i = 0; i < tries && in_transaction(); ++i) {
    done = state_->run("ROLLBACK");
    if (!done && done.error().code() != errc::cancelled) break;
  }
  if (!in_transaction()) return {};
  return done;
}

bool connection::in_transaction() const noexcept { return state_->in_transaction(); }

std::shared_ptr<sql::interrupt_handle> connection::interrupt_handle() { return state_->interrupts; }

sql::connection_stats connection::stats() const noexcept { return state_->stats; }

sqlite3* connection::native_handle() const noexcept { return state_->db; }

std::string_view library_version() noexcept { return sqlite3_libversion(); }

}  // namespace scalekit::inline v0::sqlite
