// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_SERVERS_HPP
#define SCALEKIT_TESTS_SUPPORT_SERVERS_HPP

/// \file
/// Real servers for tests: each in a temporary folder, on a free loopback port, stopped by pid.
/// Constructors return when the server answers, and throw std::runtime_error with the end of its
/// log if it does not. Where a check has failed, logs are kept in the temporary folder and their
/// ends printed; always, in the folder that SCALEKIT_KEEP_LOGS names, if it does.

#include "child_process.hpp"
#include "temp_folder.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit_tests {

/// What tests log in with; as odd as a generated password may be.
inline constexpr std::string_view server_user = "scalekit";
inline constexpr std::string_view server_password = R"(p@ss:w/rd '\"%?#&=)";
inline constexpr std::string_view server_database = "scalekit";

class server {
 public:
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  virtual ~server();

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] std::string log() const;

  void pause() { process_.send(SIGSTOP); }   ///< SIGSTOP: connections stay open, nothing answers
  void resume() { process_.send(SIGCONT); }  ///< SIGCONT
  void crash() { process_.kill(); }          ///< SIGKILL: as a power cut would, but for the disk
  void stop();                               ///< orderly
  void start();                              ///< again, on the same port with the same data
  void restart() { stop(), start(); }

 protected:
  explicit server(std::string name) : name_(std::move(name)) {}
  /// The command that runs it in the foreground.
  [[nodiscard]] virtual std::vector<std::string> command() const = 0;
  /// Whether it serves now; `log` is what it has said since its start.
  [[nodiscard]] virtual bool answers(std::string_view log) const = 0;
  [[nodiscard]] virtual int stop_signal() const { return SIGTERM; }
  /// Chooses port and user, and makes the folder theirs.
  void prepare();
  /// Whether anybody accepts connections on the port.
  [[nodiscard]] bool listens() const;

  temp_folder folder_;
  std::string name_;
  int port_ = 0;
  std::optional<uid_t> user_;

 private:
  child_process process_;
};

/// PostgreSQL with SCRAM passwords; fsync is off, for nobody pulls the plug here.
class postgres_server final : public server {
 public:
  /// `settings`: `"name=value"` each, as for `postgres -c`.
  explicit postgres_server(std::vector<std::string> settings = {});
  [[nodiscard]] static bool is_installed();
  /// The folder of `initdb`, `psql` and the rest.
  [[nodiscard]] static std::string program(const std::string& name);
  /// A libpq connection string; `port` 0 means the server's own (else a proxy's).
  [[nodiscard]] std::string conninfo(int port = 0) const;

 private:
  [[nodiscard]] std::vector<std::string> command() const override;
  [[nodiscard]] bool answers(std::string_view log) const override;
  [[nodiscard]] int stop_signal() const override { return SIGINT; }  // fast shutdown
  std::vector<std::string> settings_;
};

/// PgBouncer before a PostgreSQL: gives each transaction one of two server connections. Lets
/// anybody in, and logs in to the server itself.
class pgbouncer final : public server {
 public:
  explicit pgbouncer(const postgres_server& behind);
  [[nodiscard]] static bool is_installed();

 private:
  [[nodiscard]] std::vector<std::string> command() const override;
  [[nodiscard]] bool answers(std::string_view log) const override;
};

/// MariaDB with a user, a password and a database; MySQL where SCALEKIT_TEST_MYSQLD names its
/// `mysqld`, with views in the place of the sequences `seq_1_to_<n>` that MariaDB makes on demand.
class mariadb_server final : public server {
 public:
  /// `settings`: `"--name=value"` each.
  explicit mariadb_server(std::vector<std::string> settings = {});
  [[nodiscard]] static bool is_installed();
  [[nodiscard]] static bool is_mysql();

 private:
  [[nodiscard]] std::vector<std::string> command() const override;
  [[nodiscard]] bool answers(std::string_view log) const override;
  std::vector<std::string> settings_;
};

/// Redis; persists by append-only file, so that restart() keeps the data.
class redis_server final : public server {
 public:
  /// `settings`: as on its command line, e.g. `{"--requirepass", "secret"}`.
  explicit redis_server(std::vector<std::string> settings = {});
  [[nodiscard]] static bool is_installed();

 private:
  [[nodiscard]] std::vector<std::string> command() const override;
  [[nodiscard]] bool answers(std::string_view log) const override;
  std::vector<std::string> settings_;
};

/// Leaves the test program with the visible-skip code 77, saying what is missing.
void skip_unless(bool installed, std::string_view what);

}  // namespace scalekit_tests

#endif
