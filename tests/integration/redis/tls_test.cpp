// SPDX-License-Identifier: BSL-1.0
#include "certificates.hpp"
#include "child_process.hpp"
#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// Two certificates, and a server that shows the first and asks for one that it signed.
struct tls_world : certificates {
  int port = free_port();

  tls_world() {
    make("server", "DNS:localhost,IP:127.0.0.1");
    make("other", "DNS:localhost");
  }

  std::vector<std::string> settings(const std::string& clients) const {
    return {
        "--tls-port",
        std::to_string(port),
        "--tls-cert-file",
        cert("server"),
        "--tls-key-file",
        key("server"),
        "--tls-ca-cert-file",
        cert("server"),
        "--tls-auth-clients",
        clients};
  }
};

tls_world& world() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static tls_world instance;
  return instance;
}

redis_server& the_server() {
  static redis_server instance(world().settings("no"));
  return instance;
}

result<std::unique_ptr<redis::client>> open(
    std::string host, redis::tls_options tls, int port = 0
) {
  if (port == 0) {
    static_cast<void>(the_server());
    port = world().port;
  }
  return redis::client::open({.host = std::move(host), .port = port, .tls = std::move(tls)});
}

void check_unreachable(const result<std::unique_ptr<redis::client>>& made, std::string_view why) {
  REQUIRE(!made);
  CAPTURE(made.error().describe());
  CHECK(made.error().code() == errc::unavailable);
  CHECK(made.error().message().find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("a server whose certificate verifies") {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    auto r = open(host, {.ca_file = world().cert("server")});
    if (!r) FAIL(r.error().describe());
    for (int i = 0; i < 100; ++i) {
      CHECK(*(*r)->command({"ECHO", std::to_string(i)})->as_text() == std::to_string(i));
    }
    CHECK((*r)->stats().connects == 1);
  }
}

TEST_CASE("a certificate that nobody trusted signed, or of another name, is refused") {
  check_unreachable(
      open("localhost", {.ca_file = world().cert("other")}), "the server's certificate: "
  );
  check_unreachable(open("localhost", {}), "the server's certificate: ");
  check_unreachable(
      open("127.0.0.1", {.ca_file = world().cert("server"), .server_name = "cache.example"}),
      "the server's certificate: hostname mismatch"
  );
  check_unreachable(
      open("localhost", {.ca_file = world().cert("server"), .server_name = "127.0.0.2"}),
      "the server's certificate: IP address mismatch"
  );
}

TEST_CASE("a server that asks for a certificate gets ours") {
  const int port = free_port();
  auto settings = world().settings("yes");
  settings[1] = std::to_string(port);
  redis_server strict(settings);
  const redis::tls_options with{
      .ca_file = world().cert("server"),
      .cert_file = world().cert("server"),
      .key_file = world().key("server")};
  auto r = open("localhost", with, port);
  if (!r) FAIL(r.error().describe());
  CHECK((*r)->command({"PING"}));
  check_unreachable(open("localhost", {.ca_file = world().cert("server")}, port), "");
}

TEST_CASE("TLS to a plain port, and plain text to a TLS port, end soon") {
  check_unreachable(
      open("localhost", {.ca_file = world().cert("server")}, the_server().port()), ""
  );
  const auto plain = redis::client::open({.port = world().port});
  REQUIRE(!plain);
  CHECK(plain.error().code() == errc::unavailable);
}

TEST_CASE("more than all buffers hold, both ways at once") {
  auto r = open("localhost", {.ca_file = world().cert("server")});
  REQUIRE(r);
  const std::string padding(std::size_t{1} << 20U, '.');
  std::vector<std::string> values;
  for (int i = 0; i < 16; ++i) values.push_back(std::to_string(i) + padding);
  std::vector<std::vector<std::string_view>> words;
  for (const std::string& v : values) words.push_back({"ECHO", v});
  const std::vector<redis::arguments> commands(words.begin(), words.end());
  const auto replies = (*r)->pipeline(commands);
  REQUIRE(replies);
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(*(*replies)[i].as_text() == values[i]);
}

TEST_CASE("a connection lost under TLS is an unknown outcome, an idle one replaced") {
  static_cast<void>(the_server());
  tcp_proxy proxy(world().port);
  auto r = open("localhost", {.ca_file = world().cert("server")}, proxy.port());
  REQUIRE(r);
  REQUIRE((*r)->command({"DEL", "n"}));
  proxy.cut_after(direction::reply, 0);
  CHECK((*r)->command({"INCR", "n"}).error().outcome_unknown());
  CHECK(*(*r)->command({"INCR", "n"})->as_integer() == 2);
  proxy.cut_after(direction::request, 0);
  CHECK((*r)->command({"INCR", "n"}).error().outcome_unknown());
  CHECK(*(*r)->command({"INCR", "n"})->as_integer() == 3);
}
