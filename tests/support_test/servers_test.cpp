// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>

using namespace scalekit_tests;

namespace {

// Whether the client program of a server is content.
int ask(const std::vector<std::string>& argv, const std::string& log) {
  return child_process(argv, {.log = log, .user = {}, .environment = {}}).wait();
}

std::string word(std::string_view text) { return std::string(text); }

std::vector<std::string> mariadb_client(const mariadb_server& server, const std::string& sql) {
  return {
      "mariadb",
      "--no-defaults",
      "--protocol=tcp",
      "--host=127.0.0.1",
      "--port=" + std::to_string(server.port()),
      "--user=" + word(server_user),
      "--password=" + word(server_password),
      "--execute=" + sql,
      word(server_database)};
}

}  // namespace

TEST_CASE("postgres keeps its data over a stop, a crash and a pause") {
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  const temp_folder folder;
  postgres_server server;
  const auto psql = [&](const std::string& sql) {
    return ask(
        {postgres_server::program("psql"),
         "--no-psqlrc",
         "-v",
         "ON_ERROR_STOP=1",
         server.conninfo(),
         "--command=" + sql},
        folder / "log"
    );
  };
  REQUIRE(psql("CREATE TABLE t AS SELECT 1 AS one") == 0);
  server.restart();
  CHECK(psql("INSERT INTO t VALUES (2)") == 0);
  server.crash();
  CHECK(psql("SELECT 1") != 0);
  server.start();
  CHECK(psql("SELECT 1 / (count(*) - 1) FROM t") == 0);
  CHECK(psql("SELECT * FROM not_there") != 0);
}

TEST_CASE("mariadb keeps its data over a stop and a crash") {
  skip_unless(mariadb_server::is_installed(), "MariaDB");
  const temp_folder folder;
  mariadb_server server;
  const auto sql = [&](const std::string& text) {
    return ask(mariadb_client(server, text), folder / "log");
  };
  REQUIRE(sql("CREATE TABLE t AS SELECT 1 AS one") == 0);
  server.restart();
  CHECK(sql("INSERT INTO t VALUES (2)") == 0);
  server.crash();
  CHECK(sql("SELECT 1") != 0);
  server.start();
  CHECK(sql("SELECT * FROM t") == 0);
  CHECK(sql("SELECT * FROM not_there") != 0);
}

TEST_CASE("redis keeps its data over a stop") {
  skip_unless(redis_server::is_installed(), "Redis");
  const temp_folder folder;
  redis_server server;
  const auto cli = [&](const std::string& command, const std::string& key) {
    return ask(
        {"redis-cli", "-e", "-p", std::to_string(server.port()), command, key}, folder / "log"
    );
  };
  CHECK(cli("INCR", "n") == 0);
  server.restart();
  CHECK(cli("INCR", "n") == 0);
  CHECK(cli("LLEN", "n") != 0);
}

TEST_CASE("a redis is gone with its fixture, folder and all") {
  skip_unless(redis_server::is_installed(), "Redis");
  pid_t pid = 0;
  {
    const redis_server server;
    pid = server.pid();
    REQUIRE(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}
