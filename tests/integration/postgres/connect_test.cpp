// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"
#include "tcp_proxy.hpp"

#include <algorithm>
#include <cstdlib>

using namespace postgres_test;

namespace {

// How it failed: one line that says where, and never the password or a part of it.
scalekit::error refused(const postgres::connection_options& options, std::string_view secret) {
  const auto db = postgres::connection::open(options);
  REQUIRE_FALSE(db);
  const std::string text = db.error().describe();
  CAPTURE(text);
  CHECK(text.find(secret) == std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find("postgres: ") != std::string::npos);
  return db.error();
}

postgres::connection_options here() {
  return {
      .host = "127.0.0.1",
      .port = std::to_string(server().port()),
      .database = std::string(scalekit_tests::server_database),
      .user = std::string(scalekit_tests::server_user),
      .password = std::string(scalekit_tests::server_password),
  };
}

bool says(const scalekit::error& e, std::string_view words) {
  CAPTURE(e.message());
  return e.message().find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("options and connection strings lead to the same place") {
  auto by_options = open(here());
  CHECK(number(*by_options, "SELECT 1") == 1);
  auto by_text = postgres::connection::open(server().conninfo()).value();
  CHECK(number(*by_text, "SELECT 1") == 1);
  auto both = here();
  both.conninfo = "host=nowhere.invalid port=1 dbname=none connect_timeout=3";
  CHECK(number(*open(both), "SELECT 1") == 1);
  auto uri = postgres::connection::open(
      "postgresql://scalekit:p%40ss%3Aw%2Frd%20%27%5C%22%25%3F%23%26%3D@127.0.0.1:" +
      std::to_string(server().port()) + "/scalekit"
  );
  REQUIRE_MESSAGE(uri, uri.error().describe());
  CHECK(number(**uri, "SELECT 1") == 1);
}

TEST_CASE("settings of the session are in place at its start") {
  auto options = here();
  options.application_name = "a name";
  options.statement_timeout = std::chrono::milliseconds(60'000);
  options.lock_timeout = std::chrono::milliseconds(1'500);
  options.extra = {{"options", "-c work_mem=5MB"}, {"tcp_user_timeout", "9000"}};
  auto db = open(options);
  CHECK(one(*db, "SHOW application_name") == sql::value("a name"));
  CHECK(one(*db, "SHOW statement_timeout") == sql::value("1min"));
  CHECK(one(*db, "SHOW lock_timeout") == sql::value("1500ms"));
  CHECK(one(*db, "SHOW work_mem") == sql::value("5MB"));
  CHECK(one(*db, "SHOW TimeZone") == sql::value("UTC"));
  CHECK(one(*db, "SHOW client_encoding") == sql::value("UTF8"));
  CHECK(one(*open(here()), "SHOW application_name") == sql::value("scalekit"));
  auto named = here();
  named.conninfo = "application_name=billing";
  CHECK(one(*open(named), "SHOW application_name") == sql::value("billing"));
}

TEST_CASE("PGOPTIONS holds where no other options are given") {
  REQUIRE(::setenv("PGOPTIONS", "-c work_mem=9MB", 1) == 0);
  auto inherited = open(here());
  auto options = here();
  options.extra = {{"options", "-c work_mem=5MB"}};
  auto given = open(options);
  REQUIRE(::unsetenv("PGOPTIONS") == 0);
  CHECK(one(*inherited, "SHOW work_mem") == sql::value("9MB"));
  CHECK(one(*inherited, "SHOW TimeZone") == sql::value("UTC"));
  CHECK(one(*given, "SHOW work_mem") == sql::value("5MB"));
}

TEST_CASE("one clear sentence for each way not to connect") {
  const std::string_view secret = scalekit_tests::server_password;
  auto options = here();
  options.port = std::to_string(scalekit_tests::free_port());
  auto e = refused(options, secret);
  CHECK(e.code() == errc::unavailable);
  CHECK(says(e, "scalekit@127.0.0.1:" + options.port + "/scalekit: Connection refused"));

  options = here();
  options.host = "no-such-host.invalid";
  e = refused(options, secret);
  CHECK(e.code() == errc::unavailable);
  CHECK(says(e, "no-such-host.invalid"));

  options = here();
  options.password = "wrong secret";
  e = refused(options, "wrong secret");
  CHECK(e.code() == errc::unauthenticated);
  CHECK(postgres::sqlstate_of(e) == "28P01");
  CHECK(says(e, "password authentication failed for user \"scalekit\""));

  options = here();
  options.user = "nobody here";
  CHECK(refused(options, secret).code() == errc::unauthenticated);

  options = here();
  options.database = "no such database";
  e = refused(options, secret);
  CHECK(e.code() == errc::not_found);
  CHECK(says(e, "database \"no such database\" does not exist"));

  options = here();
  options.sslmode = "require";
  CHECK(refused(options, secret).code() == errc::unavailable);

  const scalekit_tests::tcp_proxy proxy(scalekit_tests::free_port());
  options = here();
  options.port = std::to_string(proxy.port());
  CHECK(refused(options, secret).code() == errc::unavailable);
}

TEST_CASE("a host that does not answer is given up in time") {
  scalekit_tests::tcp_proxy proxy(server().port());
  proxy.stall();
  auto options = here();
  options.port = std::to_string(proxy.port());
  options.connect_timeout = std::chrono::milliseconds(1);
  const auto e = refused(options, scalekit_tests::server_password);
  CHECK(e.code() == errc::unavailable);
  CHECK(says(e, "timeout expired"));
}

TEST_CASE("a server that is full says so") {
  scalekit_tests::postgres_server small({"max_connections=4", "superuser_reserved_connections=0"});
  std::vector<std::unique_ptr<postgres::connection>> held;
  for (int i = 0; i < 4; ++i) held.push_back(open({.conninfo = small.conninfo()}));
  const auto e = refused({.conninfo = small.conninfo()}, scalekit_tests::server_password);
  CHECK(e.code() == errc::unavailable);
  CHECK(postgres::sqlstate_of(e) == "53300");
  CHECK(e.retryable());
}

TEST_CASE("a connection string that does not parse shows nothing of itself") {
  for (const std::string text :
       {"host=a password=secret word",
        "password='secret",
        "secret",
        "postgresql://u:sec@ret@127.0.0.1/db",
        "postgresql://u:sec/ret@127.0.0.1/db",
        "postgres://u:se:c#ret?@127.0.0.1/db",
        "postgresql://u:%ZZsecret@127.0.0.1/db",
        "host=127.0.0.1 secret=1"}) {
    CAPTURE(text);
    const auto e = refused({.conninfo = text}, "ret");
    CHECK(e.code() == errc::invalid_argument);
    CHECK(says(e, "does not parse"));
  }
}

TEST_CASE("options out of range are named") {
  const auto bad = [](postgres::connection_options options, std::string_view name) {
    const auto e = refused(options, scalekit_tests::server_password);
    CHECK(e.code() == errc::invalid_argument);
    CHECK(says(e, name));
  };
  auto options = here();
  options.statement_timeout = std::chrono::milliseconds(-1);
  bad(options, "statement_timeout");
  options = here();
  options.connect_timeout = std::chrono::hours(10'000);
  bad(options, "connect_timeout");
  options = here();
  options.extra = {{"no_such_option", "1"}};
  bad(options, "no_such_option");
  options = here();
  options.sslmode = "perhaps";
  bad(options, "sslmode");
  options = here();
  options.port = "ninety";
  bad(options, "port");
  options = here();
  options.user = std::string("a\0b", 3);
  bad(options, "NUL");
  options = {.conninfo = std::string("host=a\0", 7)};
  bad(options, "NUL");
}
