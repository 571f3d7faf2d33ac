// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/state.hpp"

#include <cerrno>
#include <charconv>
#include <sys/socket.h>
#include <utility>

namespace scalekit::inline v0::mariadb {

namespace {

// libmariadb's: a statement that has run gives other columns than when it was prepared.
constexpr unsigned other_columns = 2057;

}  // namespace

void interrupter::interrupt() noexcept {
  // Before the lock too, lest many interrupts keep the end of the statement waiting for it.
  if (!via_ || !running_.load()) return;
  const std::lock_guard lock(mutex_);
  if (!running_.load()) return;
  if (kill_query(*via_, id_, server_)) sent_.store(true);
}

void interrupter::begin() noexcept {
  sent_.store(false);
  running_.store(true);
}

bool interrupter::end() noexcept {
  running_.store(false);
  const std::lock_guard lock(mutex_);
  return sent_.load();
}

connection::state::state(
    link handle,
    ownership whose,
    std::string where,
    std::size_t cache_capacity,
    log_fn l,
    std::optional<connection_options> side
)
    : statements(cache_capacity, stats),
      owned(whose == ownership::ours ? handle.get() : nullptr),
      db(handle.release()),
      tls(is_encrypted(db)),
      is_mysql(mariadb_connection(db) == 0),
      place(std::move(where)),
      log(std::move(l)),
      interrupts(std::make_shared<interrupter>(std::move(side), mysql_thread_id(db))) {}

result<void> connection::state::identify_server() {
  const exchange running(*this);
  std::string server = identity_of(db);
  if (server.empty()) return fail(statement_kind::reads, in_transaction());
  interrupts->remember(std::move(server));
  return {};
}

connection::state::~state() {
  if (!owned) {
    const sigpipe_guard guard(tls);
    statements.clear();
  }
  if (owned && log && in_transaction()) {
    log(log_level::warning,
        "mariadb: a connection was closed with a transaction open: rolled back");
  }
}

// The server's farewell can be seen before anything is sent: then it is certain that nothing was.
bool connection::state::hung_up() const noexcept {
  char byte = 0;
  const auto n = ::recv(mysql_get_socket(db), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  // Between statements the server says nothing but good-bye; TLS may have words of its own.
  return n == 0 || !tls;
}

result<void> connection::state::ready(std::string_view sql) {
  if (broken) {
    return error(
        errc::unavailable, "the connection to " + place + " was lost before; open a new one"
    );
  }
  if (rows_alive) {
    return error(
        errc::invalid_argument, "rows of this connection are still alive; destroy them first"
    );
  }
  // The server would ignore what follows.
  if (const auto nul = sql.find('\0'); nul != std::string_view::npos) {
    return error(
        errc::invalid_argument,
        "the SQL holds a NUL character at byte " + std::to_string(nul) + ": " + excerpt(sql)
    );
  }
  if (hung_up()) {
    broken = true;
    return error(
        errc::unavailable,
        "the server at " + place + " has closed the connection; nothing was sent: open a new one"
    );
  }
  return {};
}

result<void> connection::state::check_size(std::size_t size) {
  // Smaller ones pass everywhere, so that most connections need not ask.
  constexpr std::size_t always_passes = 64 * 1024;
  if (size < always_passes) return {};
  if (max_packet == 0) {
    constexpr std::string_view ask = "SELECT @@max_allowed_packet";
    if (mysql_real_query(db, ask.data(), ask.size()) != 0) {
      return fail(statement_kind::reads, in_transaction());
    }
    MYSQL_RES* answer = mysql_store_result(db);
    if (answer == nullptr) return fail(statement_kind::reads, in_transaction());
    if (const MYSQL_ROW row = mysql_fetch_row(answer); row != nullptr && row[0] != nullptr) {
      const std::string_view text = row[0];
      std::from_chars(text.data(), text.data() + text.size(), max_packet);
    }
    mysql_free_result(answer);
  }
  if (size < max_packet) return {};
  return error(
      errc::limit_exceeded,
      "the statement with its parameters takes " + std::to_string(size) +
          " bytes; the server's max_allowed_packet is " + std::to_string(max_packet) +
          ": raise that or send less at once"
  );
}

void connection::state::doubt_status(statement_kind kind) noexcept {
  const unsigned status = db->server_status;
  const bool may_have_begun = kind == statement_kind::begins ||
                              kind == statement_kind::ends_transaction ||
                              (status & SERVER_STATUS_AUTOCOMMIT) == 0;
  out_of_step = out_of_step || may_have_begun || (status & SERVER_STATUS_IN_TRANS) != 0;
}

error connection::state::fail(const failure& f, statement_kind kind, bool was_in_transaction) {
  doubt_status(kind);
  constexpr unsigned first_client_error = 2000;
  constexpr unsigned last_client_error = 2999;
  constexpr unsigned packet_too_large = 1153;
  constexpr unsigned could_not_write = 2006;
  if (f.number == other_columns) {
    return {
        errc::outcome_unknown,
        "the statement has run, but the table was altered and its rows cannot be read",
        {"mariadb", f.number}};
  }
  // libmariadb drops its socket when it gives up on a connection.
  if (!is_lost(f.number) && db->net.pvio != nullptr) return to_error(f);
  broken = true;
  if (f.number == packet_too_large) {
    return to_error(f).with_context("max_allowed_packet; the server closed the connection");
  }
  const bool answered = f.number < first_client_error || f.number > last_client_error;
  const bool sent = !answered && f.number != could_not_write;
  const errc code = lost_errc(kind, sent, was_in_transaction);
  std::string message = "the connection to " + place + " was lost: " + text_of(f);
  if (code == errc::outcome_unknown) message += "; the statement may have taken effect";
  return {code, std::move(message), {"mariadb", f.number}};
}

error connection::state::fail(statement_kind kind, bool was_in_transaction) {
  return fail({mysql_errno(db), mysql_sqlstate(db), mysql_error(db)}, kind, was_in_transaction);
}

result<statement*> connection::state::prepare(std::string_view sql) {
  if (statement* known = statements.find(sql)) return known;
  if (kind_of(sql) == statement_kind::empty) {
    return error(errc::invalid_argument, "the SQL holds no statement: " + excerpt(sql));
  }
  if (auto fits = check_size(sql.size()); !fits) return fits.error();
  const bool was_in_transaction = in_transaction();
  auto fresh = statement::make(db, sql);
  if (!fresh) return error(errc::internal, "out of memory");
  // Nothing but the text was sent: whatever happens, it has had no effect.
  if (!fresh->prepare()) {
    return fail(fresh->why(), statement_kind::reads, was_in_transaction);
  }
  ++stats.prepared;
  return &statements.add(std::move(fresh));
}

bool connection::state::execute(statement& s) {
  constexpr unsigned not_known = 1243;
  constexpr unsigned outdated = 1615;
  for (bool first = true;; first = false) {
    const bool bound = mysql_stmt_bind_param(s.handle(), s.parameters().data()) == 0;
    if (bound && mysql_stmt_execute(s.handle()) == 0) return true;
    const unsigned number = s.why().number;
    // With other columns than expected it has run; only what reads may run again.
    const bool again =
        number == not_known || number == outdated || (number == other_columns && s.only_reads());
    if (!first || !again) return false;
    static_cast<void>(s.discard());
    if (!s.prepare()) return false;
    ++stats.prepared;
  }
}

result<statement*> connection::state::start(std::string_view sql, sql::parameters params) {
  constexpr std::size_t most_parameters = 65'535;
  if (params.size() > most_parameters) {
    return error(
        errc::limit_exceeded,
        std::to_string(params.size()) +
            " parameters; the protocol allows 65535 in one statement: " + excerpt(sql)
    );
  }
  auto prepared = prepare(sql);
  if (!prepared) return prepared;
  statement& s = **prepared;
  if (const auto count = mysql_stmt_param_count(s.handle()); count != params.size()) {
    return error(
        errc::invalid_argument,
        "the statement takes " + std::to_string(count) + " parameters, " +
            std::to_string(params.size()) + " were given: " + excerpt(sql)
    );
  }
  if (auto bound = s.parameters().fill(sql, params); !bound) return bound.error();
  const bool was_in_transaction = in_transaction();
  // MySQL would go on with what it has concluded from the values before: convert a text as if it
  // were the timestamp it was, or not at all where it was a number.
  if (is_mysql && s.parameters().has_other_class(params)) {
    if (!s.prepare()) {
      error why = fail(s.why(), statement_kind::reads, was_in_transaction);
      statements.forget(s);
      return why;
    }
    ++stats.prepared;
  }
  if (auto fits = check_size(s.parameters().size_on_wire()); !fits) return fits.error();
  ++stats.statements;
  if (execute(s)) return &s;
  error why = fail(s.why(), s.kind(), was_in_transaction);
  if (why.cause().code == other_columns || !s.is_prepared()) statements.forget(s);
  return why;
}

void connection::state::abandon(statement& s) noexcept {
  // Reading on is faster than a new connection, for a while; a TLS hand-shake costs more.
  const std::size_t patience = tls ? std::size_t{8} << 20U : std::size_t{1} << 20U;
  const auto received = [&] {
    std::size_t bytes = 0;
    mariadb_get_infov(db, MARIADB_CONNECTION_BYTES_READ, &bytes);
    return bytes;
  };
  const std::size_t before = received();
  while (s.fetch() == 0) {
    if (!s.only_reads() || received() - before < patience) continue;
    interrupts->interrupt();
    break;
  }
  static_cast<void>(s.discard());
  doubt_status(s.kind());
}

void connection::state::synchronise() noexcept {
  constexpr std::string_view nothing = "DO 0";
  constexpr int tries = 3;  // a KILL on its way may hit one
  out_of_step = false;
  for (int i = 0; i < tries && !broken; ++i) {
    if (mysql_real_query(db, nothing.data(), nothing.size()) == 0) return;
    broken = is_lost(mysql_errno(db)) || db->net.pvio == nullptr;
  }
}

exchange::~exchange() {
  const bool interrupted = db_->interrupts->end();
  db_->statements.trim();
  if (db_->db->net.pvio == nullptr) db_->broken = true;
  if (interrupted || db_->out_of_step) db_->synchronise();
  db_->out_of_step = false;
}

}  // namespace scalekit::inline v0::mariadb
