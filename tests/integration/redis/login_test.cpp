// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

const std::string password(server_password);

redis_server& the_server() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static redis_server instance({"--requirepass", "default-secret"});
  static const bool prepared = [] {
    auto r = redis::client::open({.port = instance.port(), .password = "default-secret"});
    REQUIRE(r);
    const std::string rule = ">" + password;
    REQUIRE((*r)->command({"ACL", "SETUSER", "app", "on", rule, "~app:*", "+@all"}));
    REQUIRE((*r)->command({"ACL", "SETUSER", "reader", "on", rule, "~*", "+get", "+client|setname"})
    );
    return true;
  }();
  static_cast<void>(prepared);
  return instance;
}

result<std::unique_ptr<redis::client>> log_in(
    std::string user, std::string secret, int database = 0
) {
  return redis::client::open(
      {.port = the_server().port(),
       .username = std::move(user),
       .password = std::move(secret),
       .database = database,
       .client_name = "scalekit-test"}
  );
}

void check_told(const error& e, errc code, std::string_view where) {
  CAPTURE(e.describe());
  CHECK(e.code() == code);
  CHECK(e.message().find(where) != std::string::npos);
  CHECK(e.message().find("secret") == std::string::npos);
  CHECK(e.message().find(password) == std::string::npos);
  CHECK(e.message().find("wr0ng") == std::string::npos);
}

}  // namespace

TEST_CASE("a user, a password alone, a database and a name") {
  auto app = log_in("app", password, 3);
  REQUIRE(app);
  REQUIRE((*app)->command({"SET", "app:key", "x"}));
  CHECK(*(*app)->command({"ACL", "WHOAMI"})->as_text() == "app");
  const auto info = (*app)->command({"CLIENT", "INFO"});
  REQUIRE(info);
  CHECK(info->as_text()->find("name=scalekit-test") != std::string_view::npos);
  CHECK(info->as_text()->find("db=3") != std::string_view::npos);
  auto anyone = log_in("", "default-secret", 3);
  REQUIRE(anyone);
  CHECK(*(*anyone)->command({"GET", "app:key"})->as_text() == "x");
}

TEST_CASE("wrong credentials are told without them") {
  const auto at = ":" + std::to_string(the_server().port());
  check_told(log_in("app", "wr0ng").error(), errc::unauthenticated, "app@127.0.0.1" + at);
  check_told(log_in("nobody", "wr0ng").error(), errc::unauthenticated, "nobody@127.0.0.1" + at);
  check_told(log_in("", "wr0ng").error(), errc::unauthenticated, "127.0.0.1" + at);
  check_told(log_in("", "").error(), errc::unauthenticated, "NOAUTH");
  CHECK(log_in("app", "wr0ng").error().message().starts_with("WRONGPASS (AUTH at redis app@"));
}

TEST_CASE("a database that is not there") {
  check_told(log_in("app", password, 999).error(), errc::invalid_argument, "SELECT at redis app@");
}

TEST_CASE("what a user may not do is unauthenticated, and the connection stays") {
  auto reader = log_in("reader", password);
  REQUIRE(reader);  // although it may not even PING
  CHECK((*reader)->command({"GET", "app:key"}));
  const auto refused = (*reader)->command({"SET", "app:key", "top secret"});
  REQUIRE(!refused);
  check_told(refused.error(), errc::unauthenticated, "NOPERM");
  CHECK((*reader)->stats().idle == 1);
  auto app = log_in("app", password);
  REQUIRE(app);
  check_told(
      (*app)->command({"GET", "other:key"}).error(), errc::unauthenticated, "GET at redis app@"
  );
}

TEST_CASE("an unreachable host, a wrong port, an absent socket") {
  const auto at = [](redis::client_options o) {
    o.password = "default-secret";
    o.connect_timeout = std::chrono::milliseconds(200);
    const auto made = redis::client::open(std::move(o));
    REQUIRE(!made);
    return made.error();
  };
  const int closed = free_port();
  check_told(at({.port = closed}), errc::unavailable, "127.0.0.1:" + std::to_string(closed) + "/0");
  check_told(at({.host = "no-such-host.invalid"}), errc::unavailable, "no-such-host.invalid:6379");
  check_told(at({.unix_path = "/nowhere/redis.sock"}), errc::unavailable, "/nowhere/redis.sock");
}

TEST_CASE("too many clients") {
  redis_server small({"--maxclients", "1"});
  auto first = redis::client::open({.port = small.port()});
  // Whoever looked whether it is up may not quite have gone.
  REQUIRE(wait_until(
      [&] {
        if (!first) first = redis::client::open({.port = small.port()});
        return first.has_value();
      },
      10
  ));
  const auto second = redis::client::open({.port = small.port()});
  REQUIRE(!second);
  CHECK(second.error().code() == errc::unavailable);
}

TEST_CASE("a Unix socket") {
  const temp_folder folder;
  const std::string path = folder / "redis.sock";
  // The server runs as another user if we are root.
  std::filesystem::permissions(folder / "", std::filesystem::perms::all);
  redis_server local({"--unixsocket", path, "--unixsocketperm", "777"});
  auto r = redis::client::open({.unix_path = path});
  if (!r) FAIL(r.error().describe());
  CHECK(*(*r)->command({"PING"})->as_text() == "PONG");
  CHECK((*r)->command({"INCR"}).error().message().find(path) != std::string::npos);
}
