// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/error.hpp>

#include <algorithm>
#include <charconv>
#include <poll.h>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

bool same_word(std::string_view text, std::string_view lower) noexcept {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// What follows the comment `sql` begins with; they nest.
std::string_view after_comment(std::string_view sql) noexcept {
  int depth = 0;
  do {
    const bool opens = sql.starts_with("/*");
    const bool closes = sql.starts_with("*/");
    depth += opens ? 1 : closes ? -1 : 0;
    sql.remove_prefix(opens || closes ? 2 : 1);
  } while (depth > 0 && !sql.empty());
  return sql;
}

std::string_view command_tag(const PGresult* r) noexcept {
  return PQcmdStatus(const_cast<PGresult*>(r));
}

// Contention stays contention, lest a caller that overlooked it at first be told not to try again.
error failed_before(const error& first) {
  return {
      first.code() == errc::busy ? errc::busy : errc::invalid_argument,
      "the transaction has failed and is, or must be, rolled back; it failed first with: " +
          first.message(),
      {"postgres", pack_sqlstate("25P02")}};
}

bool is_severe(const PGresult* r) noexcept {
  const std::string_view severity = field(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

}  // namespace

std::string_view first_word(std::string_view sql) noexcept {
  for (;;) {
    sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n\f\v;("), sql.size()));
    if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find_first_of("\r\n"), sql.size()));
    } else if (sql.starts_with("/*")) {
      sql = after_comment(sql);
    } else {
      return sql.substr(0, sql.find_first_of(" \t\r\n\f\v;()-/'\"*"));
    }
  }
}

bool may_commit(std::string_view sql) noexcept {
  constexpr std::string_view harmless[] = {
      "select", "insert", "update", "delete",   "merge",   "with",      "values",  "table",
      "copy",   "lock",   "set",    "show",     "explain", "fetch",     "create",  "alter",
      "drop",   "begin",  "start",  "rollback", "abort",   "savepoint", "release", "truncate"};
  const std::string_view word = first_word(sql);
  return std::ranges::none_of(harmless, [&](std::string_view h) { return same_word(word, h); });
}

bool rolls_back(std::string_view sql) noexcept {
  const std::string_view word = first_word(sql);
  return same_word(word, "rollback") || same_word(word, "abort");
}

result<void> check_text(std::string_view sql) {
  const auto nul = sql.find('\0');
  if (nul == std::string_view::npos) return {};
  return error(
      errc::invalid_argument,
      "the SQL holds a NUL character at byte " + std::to_string(nul) + ": " + excerpt(sql)
  );
}

// Between two statements the server's last word comes as a notice too.
void session::take_notice(void* of, const PGresult* r) {
  auto& self = *static_cast<session*>(of);
  const std::string_view severity = field(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (is_severe(r)) {
    self.broken_ = true;
    self.last_word_ = server_error(r).message();
  }
  if (!self.log_) return;
  const auto level = severity == "WARNING" || self.broken_ ? log_level::warning
                     : severity.starts_with("DEBUG")       ? log_level::debug
                                                           : log_level::info;
  self.log_(level, "postgres: " + server_error(r).message());
}

session::session(
    PGconn* conn, ownership whose, prepared mode, std::size_t cache_capacity, log_fn log
)
    : conn_(conn),
      owner_(whose),
      mode_(mode),
      log_(std::move(log)),
      interrupts_(std::make_shared<interrupter>(conn)),
      statements_(cache_capacity) {
  if (owner_ == ownership::ours) PQsetNoticeReceiver(conn_, take_notice, this);
}

session::~session() {
  interrupts_->detach();
  if (owner_ == ownership::ours) {
    PQfinish(conn_);
    return;
  }
  if (PQtransactionStatus(conn_) != PQTRANS_IDLE) return;
  for (const statement_ptr& s : statements_.all()) to_deallocate_.push_back(s->name);
  std::string all;
  for (const std::string& name : to_deallocate_) {
    if (!name.empty()) all += "DEALLOCATE " + name + ";";
  }
  if (!all.empty()) PQclear(PQexec(conn_, all.c_str()));
}

bool session::in_transaction() const noexcept {
  if (is_broken()) return false;
  switch (PQtransactionStatus(conn_)) {
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
      return true;
    case PQTRANS_ACTIVE:
      return began_in_transaction_;
    default:
      return false;
  }
}

result<void> session::ready() {
  if (reading) {
    return error(
        errc::invalid_argument,
        "rows or a COPY of this connection are still being read; destroy them first"
    );
  }
  pollfd waiting{PQsocket(conn_), POLLIN, 0};
  // What comes unasked is a notice, or the server's last word and then the end.
  while (!is_broken() && ::poll(&waiting, 1, 0) > 0) {
    if (PQconsumeInput(conn_) == 0) broken_ = true;
    while (!is_broken() && PQisBusy(conn_) == 0 && next_answer() != nullptr) {
    }
  }
  constexpr std::size_t many = 32;  // evicted in transactions, where nothing is deallocated
  const bool idle = !is_broken() && PQtransactionStatus(conn_) == PQTRANS_IDLE;
  if (idle && !hold_deallocations && to_deallocate_.size() >= many) deallocate();
  if (!is_broken()) return {};
  broken_ = true;
  if (last_word_.empty()) last_word_ = one_line(PQerrorMessage(conn_));
  return error(errc::unavailable, "the connection to the server is lost: " + last_word_);
}

bool session::enter() noexcept {
  if (in_call_ || running_) return false;
  in_call_ = true;
  interrupts_->begin();
  return true;
}

void session::leave() noexcept {
  in_call_ = false;
  if (!running_) interrupts_->end();
}

std::optional<error> session::interrupted_early() noexcept {
  if (!in_call_ || !interrupts_->settled_sent()) return std::nullopt;
  --round_trips;
  end(std::nullopt);
  return error(errc::cancelled, "interrupted before the statement was started");
}

void session::repeat_interrupt() noexcept {
  if (interrupts_->sent()) interrupts_->interrupt();
}

void session::begin(stake what) noexcept {
  stake_ = what;
  began_in_transaction_ = PQtransactionStatus(conn_) != PQTRANS_IDLE;
  running_ = true;
  answered_rollback_ = false;
  if (!in_call_) interrupts_->begin();
  ++round_trips;
}

void session::end(const std::optional<error>& failed) noexcept {
  running_ = false;
  if (!in_call_) interrupts_->end();
  if (PQtransactionStatus(conn_) != PQTRANS_INERROR) {
    ended_failure_ = std::exchange(first_failure_, std::nullopt);
  } else if (!first_failure_ && failed) {
    first_failure_ = failed;
  }
}

error session::lost(std::string_view why) {
  broken_ = true;
  const bool undone =
      stake_ == stake::nothing || (stake_ == stake::statement && began_in_transaction_);
  std::string message = "the connection was lost ";
  message += undone                    ? "and the server undoes what was not committed"
             : stake_ == stake::commit ? "and the transaction may have been committed"
                                       : "and the statement may have been carried out";
  if (!why.empty()) message.append(": ").append(why);
  return {undone ? errc::unavailable : errc::outcome_unknown, std::move(message)};
}

error session::failure(const PGresult* r) {
  const std::string_view state = r == nullptr ? std::string_view() : sqlstate(r);
  // A server that crashes says so at any moment, even after it has committed.
  if (state.empty() || state == "57P02") {
    const std::string why = one_line(PQerrorMessage(conn_));
    if (is_broken() || state == "57P02") return lost(why);
    return {errc::internal, "libpq: " + why};
  }
  error e = server_error(r);
  // The name of the server's function is not translated, unlike its message.
  invalidated_ = field(r, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
  if (is_severe(r)) broken_ = true;
  if (state == "57014" && interrupts_->sent()) return {errc::cancelled, e.message(), e.cause()};
  if (state == "25P02" && first_failure_) return failed_before(*first_failure_);
  return e;
}

error session::give_up(std::string why) {
  broken_ = true;
  last_word_ = why;
  return {errc::invalid_argument, std::move(why)};
}

result<result_handle> session::collect(std::optional<error> failed) {
  result_handle last;
  bool ended = false;
  for (bool first = true; !ended; first = false) {
    auto r = next_answer();
    if (r == nullptr) break;
    if (first) answered_rollback_ = command_tag(r.get()) == "ROLLBACK";
    switch (PQresultStatus(r.get())) {
      case PGRES_SINGLE_TUPLE:
        break;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        last = std::move(r);
        break;
      case PGRES_COPY_IN:
        if (!failed) failed = error(errc::invalid_argument, "a COPY from STDIN; use copy_in");
        PQputCopyEnd(conn_, "use copy_in");
        break;
      case PGRES_COPY_BOTH:
        failed = give_up("the statement started a replication, which ends the connection's use");
        ended = true;
        break;
      case PGRES_COPY_OUT:
        if (!failed) failed = error(errc::invalid_argument, "a COPY to STDOUT; use copy_out");
        for (char* row = nullptr; PQgetCopyData(conn_, &row, 0) > 0;) PQfreemem(row);
        break;
      default:
        if (!failed) failed = failure(r.get());
        break;
    }
  }
  if (!failed && PQstatus(conn_) == CONNECTION_BAD) failed = failure(nullptr);
  end(failed);
  if (failed) return *std::move(failed);
  return last;
}

void session::abandon() noexcept {
  // A cancel costs a connection, so what has arrived already is read first.
  constexpr int at_hand = 64;
  for (int i = 0; i < at_hand && PQconsumeInput(conn_) == 1 && PQisBusy(conn_) == 0; ++i) {
    if (next_answer() != nullptr) continue;
    end(std::nullopt);
    return;
  }
  if (!began_in_transaction_) interrupts_->interrupt();
  static_cast<void>(collect());
}

result<void> session::start_simple(std::string_view sql, stake what) {
  if (auto ok = check_text(sql); !ok) return ok;
  if (auto ok = ready(); !ok) return ok;
  text_ = sql;
  begin(what);
  ++stats.statements;
  if (PQsendQuery(conn_, text_.c_str()) == 1) return {};
  error e = failure(nullptr);
  end(e);
  return e;
}

// A statement after another that failed is not run, so only the first can have been a COMMIT of a
// failed transaction.
result<void> session::run(std::string_view sql, stake what) {
  if (auto started = start_simple(sql, what); !started) return started.error();
  if (auto done = collect(); !done) return done.error();
  if (answered_rollback_ && !rolls_back(sql)) return rolled_back();
  return {};
}

result<void> session::fill(const prepared_statement& s, sql::parameters params) {
  if (params.size() == s.types.size()) return block_.fill(s.types, params);
  return error(
      errc::invalid_argument,
      "the statement takes " + std::to_string(s.types.size()) + " parameters, " +
          std::to_string(params.size()) + " were given: " + excerpt(s.sql)
  );
}

result<void> session::send(
    const prepared_statement* s, std::string_view sql, sql::parameters params
) {
  int sent = 0;
  if (s == nullptr) {
    text_ = sql;
    sent = PQsendQueryParams(conn_, text_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
  } else {
    if (auto filled = fill(*s, params); !filled) return filled;
    const int format = s->binary_rows ? 1 : 0;
    sent = !s->name.empty() ? PQsendQueryPrepared(
                                  conn_,
                                  s->name.c_str(),
                                  block_.size(),
                                  block_.values(),
                                  block_.lengths(),
                                  block_.formats(),
                                  format
                              )
                            : PQsendQueryParams(
                                  conn_,
                                  s->sql.c_str(),
                                  block_.size(),
                                  s->types.data(),
                                  block_.values(),
                                  block_.lengths(),
                                  block_.formats(),
                                  format
                              );
  }
  if (sent == 0) return failure(nullptr);
  ++stats.statements;
  return {};
}

result<void> session::start(
    const prepared_statement* s, std::string_view sql, sql::parameters params
) {
  begin(may_commit(sql) ? stake::commit : stake::statement);
  if (auto interrupted = interrupted_early()) return *std::move(interrupted);
  auto sent = send(s, sql, params);
  if (!sent) {
    if (!is_broken()) --round_trips;
    end(sent.error());
    return sent;
  }
  repeat_interrupt();
  return sent;
}

error session::rolled_back() const {
  const std::optional<error>& why = running_ ? first_failure_ : ended_failure_;
  return failed_before(why.value_or(error(errc::invalid_argument, "unknown")));
}

result<sql::execution> session::outcome(const PGresult* r, std::string_view sql) const {
  if (r == nullptr || PQresultStatus(r) == PGRES_EMPTY_QUERY) {
    return error(errc::invalid_argument, "the SQL holds no statement: " + excerpt(sql));
  }
  const std::string_view tag = command_tag(r);
  if (tag == "ROLLBACK" && !rolls_back(sql)) return rolled_back();
  sql::execution done;
  for (const std::string_view counted : {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"}) {
    if (!tag.starts_with(counted)) continue;
    const std::string_view number = tag.substr(tag.rfind(' ') + 1);
    std::from_chars(number.data(), number.data() + number.size(), done.affected_rows);
  }
  return done;
}

}  // namespace scalekit::inline v0::postgres
