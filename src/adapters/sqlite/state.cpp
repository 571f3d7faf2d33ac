// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/state.hpp"

#include "adapters/sqlite/error.hpp"

#include <scalekit/clock.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::sqlite {

void interrupter::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  if (db_ == nullptr) return;
  count_.fetch_add(1);
  sqlite3_interrupt(db_);
  changed_.notify_all();
}

void interrupter::detach() noexcept {
  const std::lock_guard lock(mutex_);
  db_ = nullptr;
}

bool interrupter::wait_for(std::chrono::milliseconds time, std::uint64_t seen) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return count_.load() != seen; });
}

namespace {

// Short waits first, as most locks are short; then few, as each look costs system calls.
int wait_for_lock(void* context, int tries) {
  using std::chrono::milliseconds;
  auto& db = *static_cast<connection::state*>(context);
  const auto now = clock::system().steady_now();
  if (tries == 0) db.busy_until = now + db.busy_timeout;
  const auto left = std::chrono::ceil<milliseconds>(db.busy_until - now);
  if (left <= milliseconds::zero()) return 0;
  const milliseconds step(std::min(1 << std::min(tries, 6), 50));
  return db.interrupts->wait_for(std::min(step, left), db.interrupts_seen) ? 1 : 0;
}

}  // namespace

connection::state::state(sqlite3* handle, ownership whose, std::size_t cache_capacity, log_fn l)
    : db(handle),
      owner(whose),
      interrupts(std::make_shared<interrupter>(handle)),
      log(std::move(l)),
      statements(handle, cache_capacity, stats) {}

connection::state::~state() {
  interrupts->detach();
  if (owner == ownership::hosts) return;
  if (in_transaction() && log) {
    log(log_level::warning, "sqlite: a connection was closed with a transaction open: rolled back");
  }
  // Becomes a real close when the last statement, finalised by the cache after this, is gone.
  sqlite3_close_v2(db);
}

void connection::state::install_busy_handler(std::chrono::milliseconds timeout) noexcept {
  busy_timeout = timeout;
  sqlite3_busy_handler(db, timeout.count() > 0 ? wait_for_lock : nullptr, this);
}

result<void> connection::state::check_access(sqlite3_stmt* s, std::string_view sql) noexcept {
  if (!read_only_transaction) return {};
  if (!in_transaction()) {
    read_only_transaction = false;
  } else if (sqlite3_stmt_readonly(s) == 0) {
    return error(
        errc::invalid_argument, "the transaction is read-only; it cannot run " + excerpt(sql)
    );
  }
  return {};
}

result<statement_cache::lease> connection::state::start(
    std::string_view sql, sql::parameters params, lifetime life
) {
  interrupts_seen = interrupts->count();
  auto s = statements.checkout(sql);
  if (!s) return s;
  if (auto allowed = check_access((*s)->handle.get(), sql); !allowed) return allowed.error();
  if (auto bound = bind_all(db, **s, params, life); !bound) return bound.error();
  ++stats.statements;
  return s;
}

error connection::state::failure(int rc, std::string_view sql) const {
  if ((rc & 0xFF) == SQLITE_BUSY && interrupts->count() != interrupts_seen) {
    return {errc::cancelled, "interrupted while waiting for a lock", {"sqlite", SQLITE_INTERRUPT}};
  }
  return last_error(db, rc, sql);
}

result<void> connection::state::run(std::string_view sql) {
  auto s = start(sql, {}, lifetime::statement);
  if (!s) return s.error();
  int rc = SQLITE_ROW;
  while (rc == SQLITE_ROW) rc = sqlite3_step((*s)->handle.get());
  if (rc != SQLITE_DONE) return failure(rc, sql);
  return {};
}

}  // namespace scalekit::inline v0::sqlite
