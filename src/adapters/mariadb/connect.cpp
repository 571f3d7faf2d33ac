// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/connect.hpp"

#include "adapters/mariadb/error.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>
#include <utility>

namespace scalekit::inline v0::mariadb {

namespace {

sigset_t only_sigpipe() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

// Once in the program's life. libmariadb then ignores SIGPIPE for the whole process, which is the
// host's to decide, so what the host had chosen is put back.
void initialise_library() noexcept {
  static const bool done = [] {
    struct sigaction before {};
    sigaction(SIGPIPE, nullptr, &before);
    mysql_server_init(0, nullptr, nullptr);
    sigaction(SIGPIPE, &before, nullptr);
    return true;
  }();
  static_cast<void>(done);
}

result<void> in_range(
    std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most
) {
  if (value >= least && value <= most) return {};
  return error(
      errc::invalid_argument,
      std::string(option) + " is " + std::to_string(value) + "; allowed: " + std::to_string(least) +
          " to " + std::to_string(most)
  );
}

result<void> without_nul(std::string_view option, std::string_view value) {
  if (value.find('\0') == std::string_view::npos) return {};
  return error(errc::invalid_argument, std::string(option) + " holds a NUL character");
}

// libmariadb would read `=` and `;` as options, `,` as a list of hosts and `//` as a plug-in.
result<void> check_host(const connection_options& o) {
  if (!o.unix_socket.empty()) return {};
  if (o.host.empty()) return error(errc::invalid_argument, "host is empty");
  if (o.host.find_first_of("=;,/ ") == std::string::npos) return {};
  return error(errc::invalid_argument, "host: \"" + o.host + "\" is no host name or address");
}

int refuse_file(void**, const char*, void*) { return 1; }
int read_nothing(void*, char*, unsigned) { return 0; }
void end_nothing(void*) {}
int why_refused(void*, char* message, unsigned size) {
  constexpr std::string_view why = "the server asked for a file";
  const auto n = std::min<std::size_t>(why.size(), size - 1);
  message[why.copy(message, n)] = '\0';
  constexpr int not_allowed_command = 1148;
  return not_allowed_command;
}

void set_seconds(MYSQL* db, mysql_option option, std::chrono::seconds time) noexcept {
  const auto seconds = static_cast<unsigned>(time.count());
  mysql_optionsv(db, option, &seconds);
}

const char* or_null(const std::string& text) noexcept {
  return text.empty() ? nullptr : text.c_str();
}

void set_tls(MYSQL* db, const tls_options& tls) noexcept {
  const my_bool use = tls.mode == tls_mode::disabled ? 0 : 1;
  mysql_optionsv(db, MYSQL_OPT_SSL_ENFORCE, &use);
  if (use == 0) return;
  if (!tls.ca.empty()) mysql_optionsv(db, MYSQL_OPT_SSL_CA, tls.ca.c_str());
  if (!tls.cert.empty()) mysql_optionsv(db, MYSQL_OPT_SSL_CERT, tls.cert.c_str());
  if (!tls.key.empty()) mysql_optionsv(db, MYSQL_OPT_SSL_KEY, tls.key.c_str());
  const my_bool verify = tls.mode == tls_mode::verified ? 1 : 0;
  mysql_optionsv(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void set_options(MYSQL* db, const connection_options& o) noexcept {
  const unsigned protocol = o.unix_socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_optionsv(db, MYSQL_OPT_PROTOCOL, &protocol);
  if (o.connect_timeout.count() > 0) {
    set_seconds(db, MYSQL_OPT_CONNECT_TIMEOUT, o.connect_timeout);
  }
  if (o.read_timeout.count() > 0) set_seconds(db, MYSQL_OPT_READ_TIMEOUT, o.read_timeout);
  if (o.write_timeout.count() > 0) set_seconds(db, MYSQL_OPT_WRITE_TIMEOUT, o.write_timeout);
  mysql_optionsv(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const unsigned files = o.allow_local_infile ? 1 : 0;
  mysql_optionsv(db, MYSQL_OPT_LOCAL_INFILE, &files);
  mysql_set_local_infile_handler(db, refuse_file, read_nothing, end_nothing, why_refused, nullptr);
  // Not those that would send the password in clear, or ask for one at the terminal.
  mysql_optionsv(
      db,
      MARIADB_OPT_RESTRICTED_AUTH,
      "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,"
      "auth_gssapi_client"
  );
  set_tls(db, o.tls);
}

error log_in_error(MYSQL* db) {
  const failure f = {mysql_errno(db), mysql_sqlstate(db), mysql_error(db)};
  error why = to_error(f);
  switch (f.number) {
    case 2002:
    case 2003:
      return std::move(why).with_context(
          "nobody answers there; check host and port, and that the server runs"
      );
    case 2005:
      return std::move(why).with_context("the host name is unknown; check its spelling and the DNS"
      );
    case 2012:
    case 2013:
      return std::move(why).with_context("the connection broke before the log-in was done");
    case 1045:
    case 1698:
      return std::move(why).with_context("the server refuses the user or the password");
    case 1049:
      return std::move(why).with_context("there is no such database");
    default:
      return why;
  }
}

}  // namespace

sigpipe_guard::sigpipe_guard(bool needed) noexcept {
  if (!needed) return;
  sigset_t pending;
  sigpending(&pending);
  // One that waits already is not ours to take away, nor would another one show.
  if (sigismember(&pending, SIGPIPE) == 1) return;
  const sigset_t pipe = only_sigpipe();
  active_ = pthread_sigmask(SIG_BLOCK, &pipe, &before_) == 0;
}

sigpipe_guard::~sigpipe_guard() {
  if (!active_) return;
  const sigset_t pipe = only_sigpipe();
  constexpr std::timespec at_once{};
  while (sigtimedwait(&pipe, nullptr, &at_once) == -1 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void link_closer::operator()(MYSQL* db) const noexcept {
  const sigpipe_guard guard(is_encrypted(db));
  mysql_close(db);
}

bool is_encrypted(MYSQL* db) noexcept { return mysql_get_ssl_cipher(db) != nullptr; }

result<void> check(const connection_options& o) {
  constexpr std::int64_t day = std::int64_t{24} * 60 * 60;
  for (const auto& [option, value] :
       {std::pair<std::string_view, std::string_view>{"host", o.host},
        {"unix_socket", o.unix_socket},
        {"user", o.user},
        {"password", o.password},
        {"database", o.database}}) {
    if (auto ok = without_nul(option, value); !ok) return ok;
  }
  if (auto ok = check_host(o); !ok) return ok;
  for (const auto& [option, value, least, most] :
       {std::tuple<std::string_view, std::int64_t, std::int64_t, std::int64_t>{
            "port", o.port, 1, 65'535},
        {"connect_timeout", o.connect_timeout.count(), 0, day},
        {"read_timeout", o.read_timeout.count(), 0, day},
        {"write_timeout", o.write_timeout.count(), 0, day},
        {"statement_timeout", o.statement_timeout.count(), 0, day * 1000},
        {"lock_wait_timeout",
         o.lock_wait_timeout.value_or(std::chrono::seconds(0)).count(),
         0,
         day}}) {
    if (auto ok = in_range(option, value, least, most); !ok) return ok;
  }
  return {};
}

std::string place_of(const connection_options& o) {
  return o.unix_socket.empty() ? o.host + ":" + std::to_string(o.port) : o.unix_socket;
}

result<link> dial(const connection_options& o) {
  initialise_library();
  link db(mysql_init(nullptr));
  if (!db) return error(errc::internal, "out of memory");
  set_options(db.get(), o);
  const sigpipe_guard guard(o.tls.mode != tls_mode::disabled);
  const bool over_tcp = o.unix_socket.empty();
  if (mysql_real_connect(
          db.get(),
          over_tcp ? o.host.c_str() : nullptr,
          o.user.c_str(),
          o.password.c_str(),
          or_null(o.database),
          over_tcp ? static_cast<unsigned>(o.port) : 0,
          or_null(o.unix_socket),
          CLIENT_FOUND_ROWS
      ) == nullptr) {
    return log_in_error(db.get());
  }
  const bool must_encrypt = o.tls.mode == tls_mode::required || o.tls.mode == tls_mode::verified;
  if (must_encrypt && !is_encrypted(db.get())) {
    return error(errc::unauthenticated, "the server offers no TLS, which tls.mode asks for");
  }
  return db;
}

std::string identity_of(MYSQL* db) {
  // Behind one name, servers on one host differ by port, replicas by number.
  constexpr std::string_view ask = "SELECT CONCAT_WS(' ', @@hostname, @@port, @@GLOBAL.server_id)";
  if (mysql_real_query(db, ask.data(), ask.size()) != 0) return {};
  MYSQL_RES* rows = mysql_store_result(db);
  if (rows == nullptr) return {};
  const MYSQL_ROW row = mysql_fetch_row(rows);
  std::string identity = row != nullptr && row[0] != nullptr ? row[0] : "";
  mysql_free_result(rows);
  return identity;
}

bool kill_query(connection_options o, unsigned long id, std::string_view server) {
  constexpr std::chrono::seconds patience(2);
  if (o.connect_timeout.count() == 0 || o.connect_timeout > patience) o.connect_timeout = patience;
  o.read_timeout = patience;
  o.write_timeout = patience;
  o.database.clear();
  auto side = dial(o);
  if (!side) return false;
  const sigpipe_guard guard(is_encrypted(side->get()));
  if (server.empty() || identity_of(side->get()) != server) return false;
  const std::string sql = "KILL QUERY " + std::to_string(id);
  static_cast<void>(mysql_real_query(side->get(), sql.data(), sql.size()));
  return true;
}

}  // namespace scalekit::inline v0::mariadb
