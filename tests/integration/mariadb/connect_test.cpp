// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <csignal>
#include <functional>
#include <mysql.h>
#include <thread>

using namespace mariadb_test;

namespace {

error refused(const std::function<void(mariadb::connection_options&)>& change) {
  auto o = options();
  change(o);
  auto db = mariadb::connection::open(o);
  REQUIRE_FALSE(db);
  CHECK(db.error().message().find(scalekit_tests::server_password) == std::string::npos);
  CHECK(db.error().message().find("secret") == std::string::npos);
  return db.error();
}

bool says(const error& e, std::string_view what) {
  CAPTURE(e.message());
  const bool found = e.message().find(what) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("what is wrong with a connection is said in one sentence") {
  const auto nobody = refused([](auto& o) { o.port = scalekit_tests::free_port(); });
  CHECK(nobody.code() == errc::unavailable);
  CHECK(nobody.cause().system == "mariadb");
  says(nobody, "nobody answers there");
  says(nobody, "127.0.0.1:");

  const auto unknown = refused([](auto& o) { o.host = "no-such-host.invalid"; });
  CHECK(unknown.code() == errc::unavailable);
  says(unknown, "no-such-host.invalid");

  const auto password = refused([](auto& o) { o.password = "secret"; });
  CHECK(password.code() == errc::unauthenticated);
  says(password, "refuses the user or the password");
  says(password, "as \"scalekit\"");

  const auto user = refused([](auto& o) { o.user = "nobody"; });
  CHECK(user.code() == errc::unauthenticated);

  const auto database = refused([](auto& o) { o.database = "no_such_database"; });
  CHECK(database.code() == errc::not_found);
  says(database, "there is no such database");

  const auto socket = refused([](auto& o) { o.unix_socket = "/nonexistent/socket"; });
  CHECK(socket.code() == errc::unavailable);
  says(socket, "/nonexistent/socket");
}

TEST_CASE("options out of range are refused by name") {
  const auto named = [](std::string_view option, auto change) {
    const auto e = refused(change);
    CHECK(e.code() == errc::invalid_argument);
    says(e, option);
  };
  named("port", [](auto& o) { o.port = 0; });
  named("port", [](auto& o) { o.port = 65'536; });
  named("host", [](auto& o) { o.host = ""; });
  named("host", [](auto& o) { o.host = "a=b;c"; });
  named("password", [](auto& o) { o.password = std::string("secret\0more", 11); });
  named("connect_timeout", [](auto& o) { o.connect_timeout = std::chrono::seconds(-1); });
  named("statement_timeout", [](auto& o) { o.statement_timeout = std::chrono::milliseconds(-1); });
  named("lock_wait_timeout", [](auto& o) { o.lock_wait_timeout = std::chrono::hours(25); });
}

TEST_CASE("a required TLS that the server does not offer is an error, not plain text") {
  if (on_mysql()) {
    // It makes itself a certificate.
    auto o = options();
    o.tls.mode = mariadb::tls_mode::required;
    CHECK(mariadb::connection::open(o));
  } else {
    const auto e = refused([](auto& o) { o.tls.mode = mariadb::tls_mode::required; });
    CHECK(e.code() == errc::unauthenticated);
  }
  const auto verified = refused([](auto& o) { o.tls.mode = mariadb::tls_mode::verified; });
  CHECK(verified.code() == errc::unauthenticated);
}

TEST_CASE("the session is strict, in UTC and in UTF-8") {
  auto o = options();
  o.statement_timeout = std::chrono::milliseconds(1500);
  auto db = connect(o);
  CHECK(db->dialect() == (on_mysql() ? sql::dialect::mysql : sql::dialect::mariadb));
  CHECK(one(*db, "SELECT @@time_zone") == sql::value("+00:00"));
  CHECK(one(*db, "SELECT @@character_set_client") == sql::value("utf8mb4"));
  CHECK(one(*db, "SELECT @@character_set_results") == sql::value("utf8mb4"));
  CHECK(number(*db, "SELECT @@innodb_lock_wait_timeout") == 1);
  const char* limit = on_mysql() ? "@@max_execution_time" : "@@max_statement_time * 1000";
  CHECK(number(*db, std::string("SELECT CAST(") + limit + " AS SIGNED)") == 1500);
  const sql::value mode = one(*db, "SELECT @@sql_mode");
  CHECK(mode.view().as_text().find("STRICT_ALL_TABLES") != std::string_view::npos);
  CHECK_FALSE(mariadb::library_version().empty());
}

TEST_CASE("the host's way with SIGPIPE is left alone") {
  struct sigaction ours {};
  ours.sa_handler = SIG_DFL;
  struct sigaction before {};
  sigaction(SIGPIPE, &ours, &before);
  auto db = connect();
  struct sigaction now {};
  sigaction(SIGPIPE, nullptr, &now);
  const bool kept = now.sa_handler == SIG_DFL;
  CHECK(kept);
  // And none comes when the server has gone.
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = options();
  o.port = proxy.port();
  auto cut = connect(o);
  proxy.cut();
  for (int i = 0; i < 3; ++i) CHECK(cut->execute("DO 1").error().code() == errc::unavailable);
  CHECK(cut->is_broken());
  sigaction(SIGPIPE, &before, nullptr);
}

TEST_CASE("an adopted handle keeps its settings and stays open") {
  CHECK(mariadb::connection::adopt(nullptr).error().code() == errc::invalid_argument);
  const auto o = options();
  MYSQL* raw = mysql_init(nullptr);
  REQUIRE(mysql_real_connect(
      raw,
      o.host.c_str(),
      o.user.c_str(),
      o.password.c_str(),
      o.database.c_str(),
      static_cast<unsigned>(o.port),
      nullptr,
      0
  ));
  REQUIRE(mysql_query(raw, "SET time_zone = '+02:00', @kept = 7") == 0);
  {
    auto db = mariadb::connection::adopt(raw, {.interrupt_via = o}).value();
    CHECK(db->native_handle() == raw);
    CHECK(number(*db, "SELECT @kept") == 7);
    CHECK(one(*db, "SELECT @@time_zone") == sql::value("+02:00"));
    CHECK(one(*db, "SELECT CONCAT(?, ?)", {"a", "b"}) == sql::value("ab"));
    CHECK(db->begin({}).has_value());
  }
  CHECK((raw->server_status & SERVER_STATUS_IN_TRANS) != 0);
  CHECK(mysql_query(raw, "ROLLBACK") == 0);
  mysql_close(raw);
}

TEST_CASE("a close with an open transaction is told to the log") {
  std::string heard;
  auto o = options();
  o.log = [&](log_level, std::string_view text) { heard = text; };
  auto db = connect(o);
  db->begin({}).value();
  db.reset();
  CHECK(heard.find("rolled back") != std::string::npos);
}

TEST_CASE("connections opened by many threads at once") {
  std::vector<std::thread> threads;
  std::vector<std::int64_t> got(4);
  for (std::size_t i = 0; i < got.size(); ++i) {
    threads.emplace_back([&, i] {
      auto db = mariadb::connection::open(options());
      if (!db) return;
      auto rows = (*db)->query("SELECT ? + 1", {i});
      if (rows && (*rows)->next().value_or(false)) got[i] = (*rows)->row()[0].as_int64();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(got == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("an interrupt stops nothing on a server other than the connection's") {
  auto db = connect();
  const auto id = number(*db, "SELECT @@GLOBAL.server_id");
  const auto interrupted = [&] {
    auto rows = db->query("SELECT REPEAT('x', 1000) FROM seq_1_to_100000 WHERE ? = 1", {1}).value();
    db->interrupt_handle()->interrupt();
    result<bool> more = true;
    while (more && *more) more = rows->next();
    return !more && more.error().code() == errc::cancelled;
  };
  CHECK(interrupted());
  // As if the name now led to another one, where the same number is somebody else's.
  db->execute("SET GLOBAL server_id = " + std::to_string(id + 1)).value();
  CHECK_FALSE(interrupted());
  db->execute("SET GLOBAL server_id = " + std::to_string(id)).value();
  CHECK(interrupted());
}
