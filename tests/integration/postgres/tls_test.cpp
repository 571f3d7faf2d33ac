// SPDX-License-Identifier: BSL-1.0
#include "certificates.hpp"
#include "support.hpp"

using namespace postgres_test;
using namespace scalekit_tests;

TEST_CASE("TLS options are passed through to libpq") {
  certificates files;
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  files.make("server", "DNS:localhost");
  files.make("other", "DNS:localhost");
  const postgres_server tls(
      {"ssl=on", "ssl_cert_file=" + files.cert("server"), "ssl_key_file=" + files.key("server")}
  );
  const auto connect = [&](std::string host, std::string mode, std::string authority) {
    return postgres::connection::open(
        {.conninfo = tls.conninfo(),
         .host = std::move(host),
         .sslmode = std::move(mode),
         .sslrootcert = std::move(authority)}
    );
  };
  const auto is_encrypted = [](sql::connection& db) {
    return number(db, "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == 1;
  };
  CHECK(is_encrypted(*connect("localhost", "verify-full", files.cert("server")).value()));
  CHECK(is_encrypted(*connect("127.0.0.1", "require", "").value()));
  CHECK_FALSE(is_encrypted(*connect("127.0.0.1", "disable", "").value()));
  for (const auto& refused :
       {connect("localhost", "verify-full", files.cert("other")),
        connect("127.0.0.1", "verify-full", files.cert("server"))}) {
    REQUIRE_FALSE(refused);
    CAPTURE(refused.error().describe());
    CHECK(refused.error().message().find("certificate") != std::string::npos);
    CHECK(refused.error().message().find(server_password) == std::string::npos);
  }
}
