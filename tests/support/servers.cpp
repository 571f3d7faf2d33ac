// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"

#include "failures.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace scalekit_tests {

namespace fs = std::filesystem;

namespace {

// Starting may wait for a disk that others keep busy.
constexpr int patience_seconds = 60;

// As PostgreSQL's conninfo and MySQL's literals want it between single quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string tail(const std::string& text) {
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 3000));
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Debian keeps one folder per major version; the newest first.
std::vector<std::string> postgres_folders() {
  std::vector<std::string> folders;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    folders.push_back((version.path() / "bin").string());
  }
  std::ranges::sort(folders, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a > b;
  });
  return folders;
}

}  // namespace

server::~server() {
  process_.kill();
  const char* keep = std::getenv("SCALEKIT_KEEP_LOGS");
  if (keep == nullptr && !any_failure) return;
  std::error_code ignored;
  const fs::path folder = keep != nullptr ? fs::path(keep) : fs::temp_directory_path();
  const fs::path to = folder / ("scalekit-" + name_ + "-" + std::to_string(::getpid()) + "-" +
                                std::to_string(port_) + ".log");
  fs::copy_file(folder_ / "log", to, fs::copy_options::overwrite_existing, ignored);
  std::cout << "log of " << name_ << " kept: " << to.string() << "\n" << tail(log()) << std::flush;
}

std::string server::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "log").rdbuf();
  return text.str();
}

void server::start() {
  std::size_t before = 0;
  const auto spawn = [&] {
    before = log().size();
    process_ = child_process(command(), {.log = folder_ / "log", .user = user_, .environment = {}});
  };
  spawn();
  const bool up = wait_until(
      [&] {
        if (process_.is_running()) return answers(std::string_view(log()).substr(before));
        // The children of a PostgreSQL that was killed hold on to its memory for a moment, and
        // another test may have been quicker with the port.
        const std::string said = log().substr(before);
        const bool too_early = said.find("is still in use") != std::string::npos ||
                               said.find("ddress already in use") != std::string::npos;
        if (too_early) spawn();
        return !too_early;
      },
      patience_seconds
  );
  if (up && process_.is_running()) return;
  process_.kill();
  throw std::runtime_error(name_ + " did not start:\n" + tail(log()));
}

void server::stop() {
  process_.send(stop_signal());
  if (!wait_until([this] { return !process_.is_running(); }, patience_seconds)) {
    throw std::runtime_error(name_ + " does not stop");
  }
}

void server::prepare() {
  port_ = free_port();
  user_ = unprivileged_user();
  std::ofstream(folder_ / "log").flush();
  if (user_ && ::chown((folder_ / "").c_str(), *user_, static_cast<gid_t>(-1)) != 0) {
    throw std::runtime_error("cannot give the temporary folder to another user");
  }
}

bool server::listens() const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool yes = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return yes;
}

void skip_unless(bool installed, std::string_view what) {
  if (installed) return;
  std::cout << "skipped: " << what << " is not installed\n" << std::flush;
  // A failure before this is one all the same.
  std::_Exit(any_failure ? 1 : 77);
}

// PostgreSQL

bool postgres_server::is_installed() { return !program("initdb").empty(); }

std::string postgres_server::program(const std::string& name) {
  return find_program(name, postgres_folders());
}

postgres_server::postgres_server(std::vector<std::string> settings)
    : server("postgres"), settings_(std::move(settings)) {
  prepare();
  const std::string secret = folder_ / "password";
  write_file(secret, server_password);
  run({program("initdb"),
       "--pgdata=" + folder_ / "data",
       "--username=" + std::string(server_user),
       "--pwfile=" + secret,
       "--auth=scram-sha-256",
       "--encoding=UTF8",
       "--locale=C",
       "--no-sync"},
      {.log = folder_ / "log", .user = user_, .environment = {}});
  start();
  // No server has this database from the start, and psql spares us a client library here.
  run({program("psql"),
       "--no-psqlrc",
       "--quiet",
       conninfo() + " dbname=postgres",
       "--command=CREATE DATABASE " + std::string(server_database)},
      {.log = folder_ / "log", .user = user_, .environment = {}});
}

std::string postgres_server::conninfo(int port) const {
  return "host=127.0.0.1 port=" + std::to_string(port == 0 ? port_ : port) +
         " user=" + std::string(server_user) + " password='" + escaped(server_password) +
         "' dbname=" + std::string(server_database);
}

std::vector<std::string> postgres_server::command() const {
  std::vector<std::string> argv = {program("postgres"), "-D", folder_ / "data"};
  for (const std::string& setting : std::initializer_list<std::string>{
           "listen_addresses=127.0.0.1",
           "port=" + std::to_string(port_),
           "unix_socket_directories=" + folder_ / "",
           "fsync=off",
           "shared_buffers=64MB",
           "max_connections=64",
           "logging_collector=off"}) {
    argv.insert(argv.end(), {"-c", setting});
  }
  for (const std::string& setting : settings_) argv.insert(argv.end(), {"-c", setting});
  return argv;
}

bool postgres_server::answers(std::string_view) const {
  const std::string ready = program("pg_isready");
  return child_process({ready, "--quiet", "--host=127.0.0.1", "--port=" + std::to_string(port_)})
             .wait() == 0;
}

// PgBouncer

bool pgbouncer::is_installed() { return !find_program("pgbouncer").empty(); }

pgbouncer::pgbouncer(const postgres_server& behind) : server("pgbouncer") {
  prepare();
  std::string password;
  for (const char c : server_password) password.append(c == '"' ? 2 : 1, c);
  write_file(folder_ / "users", "\"" + std::string(server_user) + "\" \"" + password + "\"\n");
  write_file(
      folder_ / "config",
      "[databases]\n* = host=127.0.0.1 port=" + std::to_string(behind.port()) +
          "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port()) +
          "\nunix_socket_dir =\nauth_type = trust\nauth_file = " + folder_ / "users" +
          "\npool_mode = transaction\ndefault_pool_size = 2\n"
          "ignore_startup_parameters = options,extra_float_digits\n"
  );
  start();
}

std::vector<std::string> pgbouncer::command() const { return {"pgbouncer", folder_ / "config"}; }

bool pgbouncer::answers(std::string_view) const { return listens(); }

// MariaDB and MySQL

namespace {

std::string mariadb_program() {
  const char* mysqld = std::getenv("SCALEKIT_TEST_MYSQLD");
  return find_program(mysqld != nullptr ? mysqld : "mariadbd");
}

// Views as MariaDB's sequences, of the lengths that tests use. The LIMIT keeps MySQL from making a
// hash join of them, which reads everything before the first row.
std::string sequences() {
  const std::string create =
      "CREATE OR REPLACE DEFINER = " + std::string(server_user) + "@localhost VIEW ";
  std::string script = create +
                       "digits AS VALUES ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), "
                       "ROW(7), ROW(8), ROW(9);\n";
  for (const std::string last :
       {"3", "500", "1000", "20000", "100000", "200000", "100000000", "1000000000"}) {
    std::string number = "d.n";
    std::string tables = "(SELECT 0 AS n) d";
    for (std::size_t i = 0; i < last.size(); ++i) {
      const std::string table = "d" + std::to_string(i);
      tables += ", LATERAL (SELECT " + number + " * 10 + column_0 AS n FROM digits LIMIT 10) ";
      tables += table;
      number = table + ".n";
    }
    script += create + "seq_1_to_" + last + " AS SELECT " + number + " + 1 AS seq FROM " + tables +
              " WHERE " + number + " < " + last + ";\n";
  }
  return script;
}

}  // namespace

bool mariadb_server::is_installed() { return !mariadb_program().empty(); }
bool mariadb_server::is_mysql() { return std::getenv("SCALEKIT_TEST_MYSQLD") != nullptr; }

mariadb_server::mariadb_server(std::vector<std::string> settings)
    : server("mariadb"), settings_(std::move(settings)) {
  prepare();
  const std::string name(server_user);
  const std::string password = escaped(server_password);
  std::string script = "CREATE DATABASE IF NOT EXISTS " + std::string(server_database) + ";\n";
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const std::string who = "'" + name + "'@'" + host + "'";
    script += "CREATE USER IF NOT EXISTS " + who + " IDENTIFIED BY '" + password + "';\n";
    script += "GRANT ALL ON *.* TO " + who + ";\n";
  }
  if (is_mysql()) script += "USE " + std::string(server_database) + ";\n" + sequences();
  write_file(folder_ / "init.sql", script);
  const child_options as = {.log = folder_ / "log", .user = user_, .environment = {}};
  if (is_mysql()) {
    run({mariadb_program(),
         "--no-defaults",
         "--initialize-insecure",
         "--datadir=" + folder_ / "data",
         "--tmpdir=" + folder_ / ""},
        as);
  } else {
    run({"mariadb-install-db",
         "--no-defaults",
         "--datadir=" + folder_ / "data",
         "--tmpdir=" + folder_ / "",
         "--skip-test-db",
         "--auth-root-authentication-method=normal",
         "--innodb-log-file-size=16M"},
        as);
  }
  start();
}

std::vector<std::string> mariadb_server::command() const {
  std::vector<std::string> argv = {
      mariadb_program(),
      "--no-defaults",
      "--datadir=" + folder_ / "data",
      // Its own: a server that starts deletes the temporary tables it finds, another's too.
      "--tmpdir=" + folder_ / "",
      "--socket=" + folder_ / "socket",
      "--pid-file=" + folder_ / "pid",
      "--bind-address=127.0.0.1",
      "--port=" + std::to_string(port_),
      "--init-file=" + folder_ / "init.sql",
      "--innodb-flush-log-at-trx-commit=2",
      "--innodb-buffer-pool-size=128M",
      "--character-set-server=utf8mb4",
      "--max-allowed-packet=16M",
      "--skip-name-resolve",
      "--skip-log-bin"};
  if (is_mysql()) {
    argv.insert(argv.end(), {"--mysqlx=OFF", "--local-infile=ON", "--secure-file-priv=NULL"});
  } else {
    argv.emplace_back("--innodb-log-file-size=16M");
  }
  argv.insert(argv.end(), settings_.begin(), settings_.end());
  return argv;
}

bool mariadb_server::answers(std::string_view log) const {
  // Said when the init file has run.
  return log.find("port: " + std::to_string(port_)) != std::string::npos && listens();
}

// Redis

bool redis_server::is_installed() { return !find_program("redis-server").empty(); }

redis_server::redis_server(std::vector<std::string> settings)
    : server("redis"), settings_(std::move(settings)) {
  prepare();
  start();
}

std::vector<std::string> redis_server::command() const {
  std::vector<std::string> argv = {
      "redis-server",
      "--port",
      std::to_string(port_),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder_ / "",
      "--save",
      "",
      "--appendonly",
      "yes",
      "--appendfsync",
      "everysec",
      "--daemonize",
      "no"};
  argv.insert(argv.end(), settings_.begin(), settings_.end());
  return argv;
}

bool redis_server::answers(std::string_view log) const {
  // Said when it has read its file; it listens before.
  return log.find("Ready to accept connections") != std::string::npos && listens();
}

}  // namespace scalekit_tests
