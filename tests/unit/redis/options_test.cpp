// SPDX-License-Identifier: BSL-1.0
#include "temp_folder.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <fstream>

using namespace scalekit;
using std::chrono::milliseconds;

namespace {

void check_refused(redis::client_options o, std::string_view named) {
  CAPTURE(named);
  o.first = redis::first_connection::when_needed;
  const auto made = redis::client::open(std::move(o));
  REQUIRE(!made);
  CHECK(made.error().code() == errc::invalid_argument);
  CHECK(made.error().message().find(named) != std::string::npos);
}

}  // namespace

TEST_CASE("an option out of range is named, with its range") {
  check_refused({.host = ""}, "host is empty");
  check_refused({.host = std::string("a\0b", 3)}, "NUL");
  check_refused({.unix_path = std::string("/a\0b", 4)}, "NUL");
  check_refused({.port = 0}, "port is 0; allowed: 1 to 65535");
  check_refused({.port = 65'536}, "port is 65536");
  check_refused({.database = -1}, "database is -1");
  check_refused({.client_name = "two words"}, "client_name");
  check_refused({.connect_timeout = milliseconds(0)}, "connect_timeout (ms) is 0");
  check_refused({.command_timeout = std::chrono::hours(2)}, "command_timeout");
  check_refused({.max_connections = 0}, "max_connections is 0");
  check_refused({.max_connections = 10'001}, "max_connections is 10001");
  check_refused({.max_connections = SIZE_MAX}, "max_connections");
  check_refused({.acquire_timeout = milliseconds(-1)}, "acquire_timeout");
  check_refused({.max_idle = milliseconds(-1)}, "max_idle");
  check_refused({.max_lifetime = milliseconds(-1)}, "max_lifetime");
  check_refused({.backoff_base = milliseconds(0)}, "backoff_base");
  check_refused({.backoff_max = milliseconds(0)}, "backoff_max");
  check_refused({.username = "app"}, "username without a password");
}

TEST_CASE("TLS options that cannot work are refused at once") {
  const scalekit_tests::temp_folder folder;
  std::ofstream(folder / "text.pem") << "this is no certificate";
  check_refused({.tls = redis::tls_options{.cert_file = "a.pem"}}, "give both or neither");
  check_refused({.tls = redis::tls_options{.key_file = "a.pem"}}, "give both or neither");
  check_refused({.unix_path = "/s", .tls = redis::tls_options{}}, "tls.server_name is needed");
  check_refused({.tls = redis::tls_options{.ca_file = folder / "absent.pem"}}, "absent.pem");
  check_refused({.tls = redis::tls_options{.ca_file = folder / "text.pem"}}, "text.pem");
  check_refused(
      {.tls = redis::tls_options{.cert_file = folder / "text.pem", .key_file = folder / "k.pem"}},
      "tls.cert_file"
  );
}

TEST_CASE("TLS with the system's authorities needs no file") {
  CHECK(redis::client::open(
      {.tls = redis::tls_options{}, .first = redis::first_connection::when_needed}
  ));
}
