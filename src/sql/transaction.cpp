// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/identifier.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::sql {

result<transaction> transaction::begin(connection& db, const transaction_options& options) {
  if (auto begun = db.begin(options); !begun) return begun.error();
  return transaction(db);
}

transaction::transaction(transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

transaction::~transaction() {
  if (db_ != nullptr) static_cast<void>(db_->rollback());
}

result<void> transaction::commit() {
  if (db_ == nullptr) return error(errc::invalid_argument, "transaction: it has ended already");
  auto committed = db_->commit();
  if (committed) {
    db_ = nullptr;
  } else if (committed.error().code() != errc::busy || !db_->in_transaction()) {
    // A backend may end the transaction by itself on `busy` (a serialization failure at commit);
    // a second commit would then report success for nothing.
    // Where even that is refused (rows are alive), the destructor tries again.
    if (db_->rollback() || !db_->in_transaction()) db_ = nullptr;
  }
  return committed;
}

result<void> transaction::rollback() {
  if (db_ == nullptr) return {};
  auto undone = db_->rollback();
  if (undone || !db_->in_transaction()) db_ = nullptr;
  return undone;
}

result<savepoint> savepoint::begin(connection& db, std::string_view name) {
  if (!db.in_transaction()) {
    return error(errc::invalid_argument, "savepoint: begin a transaction first");
  }
  auto quoted = quote_identifier(db.dialect(), name);
  if (!quoted) return quoted.error();
  if (auto begun = db.execute("SAVEPOINT " + *quoted); !begun) return begun.error();
  return savepoint(db, *std::move(quoted));
}

savepoint::savepoint(savepoint&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), name_(std::move(other.name_)) {}

savepoint::~savepoint() { static_cast<void>(rollback()); }

result<void> savepoint::release() {
  if (db_ == nullptr) return error(errc::invalid_argument, "savepoint: it has ended already");
  auto released = db_->execute("RELEASE SAVEPOINT " + name_);
  if (!released) return released.error();
  db_ = nullptr;
  return {};
}

result<void> savepoint::rollback() {
  if (db_ == nullptr) return {};
  connection& db = *std::exchange(db_, nullptr);
  // A backend may have rolled the whole transaction back by itself (deadlock, disk full).
  if (!db.in_transaction()) return {};
  if (auto undone = db.execute("ROLLBACK TO SAVEPOINT " + name_); !undone) return undone.error();
  if (auto ended = db.execute("RELEASE SAVEPOINT " + name_); !ended) return ended.error();
  return {};
}

namespace {

result<void> run_once(
    connection& db,
    const std::function<result<void>(connection&)>& body,
    const transaction_options& options
) {
  auto tx = transaction::begin(db, options);
  if (!tx) return tx.error();
  if (auto done = body(db); !done) return done;
  return tx->commit();
}

}  // namespace

result<void> run_transaction(
    connection& db,
    const std::function<result<void>(connection&)>& body,
    const transaction_options& options,
    const retry_options& retry
) {
  sleeper& wait = retry.wait != nullptr ? *retry.wait : sleeper::system();
  random_source& random = retry.random != nullptr ? *retry.random : random_source::system();
  const duration cap = std::max(retry.max_delay, duration::zero());
  duration ceiling = std::clamp(retry.base_delay, duration::zero(), cap);
  for (int attempt = 1;; ++attempt) {
    auto done = run_once(db, body, options);
    if (done || done.error().code() != errc::busy || attempt >= retry.max_attempts) return done;
    const auto bound = static_cast<std::uint64_t>(ceiling.count()) + 1;
    wait.sleep_for(duration(static_cast<duration::rep>(random.below(bound))));
    ceiling = ceiling > cap / 2 ? cap : ceiling * 2;
  }
}

}  // namespace scalekit::inline v0::sql
