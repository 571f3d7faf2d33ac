// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/adapters/postgres/error.hpp>

#include <utility>

namespace scalekit::inline v0::postgres {

connection::connection(std::unique_ptr<session> s) noexcept : session_(std::move(s)) {}
connection::~connection() = default;

result<std::unique_ptr<connection>> connection::adopt(pg_conn* handle, adopt_options options) {
  if (handle == nullptr) return error(errc::invalid_argument, "adopt: the handle is null");
  if (PQstatus(handle) != CONNECTION_OK || PQtransactionStatus(handle) == PQTRANS_ACTIVE ||
      PQpipelineStatus(handle) != PQ_PIPELINE_OFF || PQisnonblocking(handle) == 1) {
    return error(errc::invalid_argument, "adopt: the handle must be connected, idle and blocking");
  }
  return std::unique_ptr<connection>(new connection(std::make_unique<session>(
      handle, ownership::hosts, options.prepared, options.statement_cache_capacity, log_fn()
  )));
}

result<std::unique_ptr<sql::rows>> connection::query(std::string_view sql, sql::parameters params) {
  const call one(*session_);
  auto s = session_->prepare(sql, params);
  if (!s) return s.error();
  const auto run = [&](const statement_ptr& what) -> result<std::unique_ptr<sql::rows>> {
    if (auto started = session_->start(what.get(), sql, params); !started) return started.error();
    return start_rows(*session_, what);
  };
  auto rows = run(*s);
  if (rows) return rows;
  error why = std::move(rows).error();
  if (const statement_ptr anew = session_->replacement(*s, params, why)) return run(anew);
  return why;
}

result<sql::execution> connection::execute(std::string_view sql, sql::parameters params) {
  const call one(*session_);
  auto s = session_->prepare_to_execute(sql, params);
  if (!s) return s.error();
  const auto run = [&](const statement_ptr& what) -> result<sql::execution> {
    if (auto started = session_->start(what.get(), sql, params); !started) return started.error();
    // Rows nobody will see need no memory.
    PQsetSingleRowMode(session_->handle());
    auto last = session_->collect();
    if (!last) return last.error();
    return session_->outcome(last->get(), sql);
  };
  auto done = run(*s);
  if (done) return done;
  error why = std::move(done).error();
  if (const statement_ptr anew = session_->replacement(*s, params, why)) return run(anew);
  return why;
}

result<void> connection::execute_script(std::string_view sql) {
  // Any statement of it may be a COMMIT.
  auto done = session_->run(sql, in_transaction() ? stake::commit : stake::statement);
  if (!done) return std::move(done).error().with_context("script");
  return {};
}

result<void> connection::begin(const sql::transaction_options& options) {
  if (in_transaction()) {
    return error(errc::invalid_argument, "begin: a transaction is open already; use a savepoint");
  }
  std::string text = "BEGIN";
  switch (options.level) {
    case sql::isolation::standard:
      break;
    case sql::isolation::read_committed:
      text += " ISOLATION LEVEL READ COMMITTED";
      break;
    case sql::isolation::repeatable_read:
      text += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case sql::isolation::serializable:
      text += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.access == sql::transaction_options::access::read_only) text += " READ ONLY";
  return session_->run(text, stake::nothing);
}

result<void> connection::commit() {
  if (!in_transaction()) {
    if (auto ok = session_->ready(); !ok) return ok;
    return error(errc::invalid_argument, "commit: no transaction is open");
  }
  return session_->run("COMMIT", stake::commit);
}

result<void> connection::rollback() {
  // Without a connection the server has rolled back, or is about to.
  if (!in_transaction()) return {};
  auto done = session_->run("ROLLBACK", stake::nothing);
  if (!done && !is_broken()) return done.error();
  return {};
}

bool connection::in_transaction() const noexcept { return session_->in_transaction(); }
bool connection::is_broken() const noexcept { return session_->is_broken(); }
std::shared_ptr<sql::interrupt_handle> connection::interrupt_handle() {
  return session_->interrupts();
}
sql::connection_stats connection::stats() const noexcept { return session_->stats; }
std::uint64_t connection::round_trips() const noexcept { return session_->round_trips; }
pg_conn* connection::native_handle() const noexcept { return session_->handle(); }

}  // namespace scalekit::inline v0::postgres
