// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_SESSION_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_SESSION_HPP

#include "adapters/postgres/error.hpp"
#include "adapters/postgres/interrupter.hpp"
#include "adapters/postgres/parameters.hpp"
#include "adapters/postgres/statement_cache.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::postgres {

enum class ownership { ours, hosts };

/// What is lost if the connection breaks before the answer came.
enum class stake {
  nothing,    ///< a BEGIN, a ROLLBACK, preparing: the server undoes it by itself
  statement,  ///< as much as the transaction it is part of; on its own, its effect is unknown
  commit      ///< whether the transaction was committed
};

/// What \ref connection and its rows, copies and pipelines share.
class session {
 public:
  session(PGconn* conn, ownership whose, prepared mode, std::size_t cache_capacity, log_fn log);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  [[nodiscard]] PGconn* handle() const noexcept { return conn_; }
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] bool is_broken() const noexcept {
    return broken_ || PQstatus(conn_) == CONNECTION_BAD;
  }
  [[nodiscard]] const std::shared_ptr<interrupter>& interrupts() const noexcept {
    return interrupts_;
  }

  /// Whether a statement may start now; notices a lost connection before anything is sent.
  [[nodiscard]] result<void> ready();
  /// The statement `sql` is, prepared for values like these.
  [[nodiscard]] result<statement_ptr> prepare(std::string_view sql, sql::parameters params);
  /// As \ref prepare, but null for one that is best sent as it is.
  [[nodiscard]] result<statement_ptr> prepare_to_execute(
      std::string_view sql, sql::parameters params
  );
  /// Starts it; `s` null: `sql` as it is, without parameters.
  [[nodiscard]] result<void> start(
      const prepared_statement* s, std::string_view sql, sql::parameters params
  );
  /// Makes the parameters ready to be sent, or says which cannot be.
  [[nodiscard]] result<void> fill(const prepared_statement& s, sql::parameters params);
  /// Queues it where a pipeline is being filled, else sends it.
  [[nodiscard]] result<void> send(
      const prepared_statement* s, std::string_view sql, sql::parameters params
  );
  /// Starts a text that may hold several statements.
  [[nodiscard]] result<void> start_simple(std::string_view sql, stake what);

  /// A call that may take several statements begins, unless rows are alive: what interrupts it is
  /// not lost between two of them. \return whether \ref leave must follow.
  [[nodiscard]] bool enter() noexcept;
  void leave() noexcept;
  /// Whether the call was interrupted before its statement could start; ends that statement then.
  [[nodiscard]] std::optional<error> interrupted_early() noexcept;
  /// Repeats an interrupt that may have come before the statement did, and so was for nothing.
  void repeat_interrupt() noexcept;

  /// A statement begins; \ref end must follow.
  void begin(stake what) noexcept;
  /// From here on more is at stake.
  void raise(stake what) noexcept { stake_ = std::max(stake_, what); }
  /// The next answer; null at the end.
  [[nodiscard]] result_handle next_answer() { return result_handle(PQgetResult(conn_)); }
  /// Reads all answers, rows included, and throws the rows away; the first error, else the last
  /// answer. Ends the statement.
  [[nodiscard]] result<result_handle> collect(std::optional<error> failed = std::nullopt);
  /// Ends the statement, remembering what failed its transaction.
  void end(const std::optional<error>& failed) noexcept;
  /// Ends a statement whose answers nobody wants any more.
  void abandon() noexcept;

  /// What a failed answer means. `r` may be null.
  [[nodiscard]] error failure(const PGresult* r);
  /// Where a COPY takes the connection over and libpq offers no way back.
  [[nodiscard]] error give_up(std::string why);
  /// \ref start_simple and \ref collect; an error where a COMMIT was answered with ROLLBACK.
  [[nodiscard]] result<void> run(std::string_view sql, stake what);
  /// What a statement did; an error where a COMMIT was answered with ROLLBACK.
  [[nodiscard]] result<sql::execution> outcome(const PGresult* r, std::string_view sql) const;
  /// Whether `why`, the latest failure, is that the server no longer has the statement as it was.
  [[nodiscard]] bool is_gone(const error& why) const;
  /// Whether it may be due to that, or to parameters that have other types by now.
  [[nodiscard]] bool may_be_outdated(const error& why) const;
  void forget(const prepared_statement& s);
  /// Whether `why` may be due to a change of the schema since `s` was prepared; forgets it then.
  /// \return the statement anew, if that makes a difference and it may be run again; null if not.
  [[nodiscard]] statement_ptr replacement(
      const statement_ptr& s, sql::parameters params, error& why
  );

  sql::connection_stats stats;
  std::uint64_t round_trips = 0;
  bool reading = false;             ///< rows or a copy are alive
  bool hold_deallocations = false;  ///< statements chosen already must stay on the server

 private:
  [[nodiscard]] result<statement_ptr> describe(
      std::string_view sql, std::vector<Oid> asked, bool guarded
  );
  [[nodiscard]] bool queue_deallocations(int& syncs);
  void deallocate();
  [[nodiscard]] bool queue_describe(const prepared_statement& s, bool guarded);
  [[nodiscard]] result<statement_ptr> read_description(statement_ptr s, int syncs, int place);
  [[nodiscard]] result<statement_ptr> prepare_anew(std::string_view sql, sql::parameters params);
  [[nodiscard]] error lost(std::string_view why);
  [[nodiscard]] error rolled_back() const;
  static void take_notice(void* of, const PGresult* r);
  void keep(const statement_ptr& s);

  PGconn* conn_;
  ownership owner_;
  prepared mode_;
  log_fn log_;
  std::shared_ptr<interrupter> interrupts_;
  statement_cache statements_;
  std::vector<std::string> to_deallocate_;
  parameter_block block_;
  std::string text_;  // of a statement sent as it is: libpq wants it NUL-terminated
  std::optional<error> first_failure_;  // of the transaction that has failed
  std::optional<error> ended_failure_;  // the same, where the latest statement ended it
  stake stake_ = stake::nothing;
  bool began_in_transaction_ = false;
  bool in_call_ = false;            // between enter() and leave()
  bool running_ = false;            // between begin() and end()
  bool answered_rollback_ = false;  // by the first answer of the latest statement
  std::string last_word_;           // why the connection is lost, if the server said so
  bool broken_ = false;
  bool invalidated_ = false;  // the latest failure was that of a plan the schema has outgrown
};

/// The columns of a result.
[[nodiscard]] std::shared_ptr<const std::vector<sql::column_info>> read_columns(const PGresult* r);

/// One call on a session, from its first statement to its last.
class call {
 public:
  explicit call(session& s) noexcept : session_(s.enter() ? &s : nullptr) {}
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call() {
    if (session_ != nullptr) session_->leave();
  }

 private:
  session* session_;
};

/// The first word of `sql`, past blanks, comments and empty statements.
[[nodiscard]] std::string_view first_word(std::string_view sql) noexcept;

/// Whether `sql` may commit the transaction it is part of: anything not known to leave it open.
[[nodiscard]] bool may_commit(std::string_view sql) noexcept;

/// Whether `sql` is a ROLLBACK or ABORT, so that ROLLBACK is the answer that was wanted.
[[nodiscard]] bool rolls_back(std::string_view sql) noexcept;

/// `busy`, for a statement that became invalid inside a transaction.
[[nodiscard]] error gone_inside(const error& why);

/// `sql` unless it holds a NUL, at which libpq would stop.
[[nodiscard]] result<void> check_text(std::string_view sql);

/// The rows of the statement that was started last.
[[nodiscard]] result<std::unique_ptr<sql::rows>> start_rows(session& s, const statement_ptr& what);

}  // namespace scalekit::inline v0::postgres

#endif
