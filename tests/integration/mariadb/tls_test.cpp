// SPDX-License-Identifier: BSL-1.0
#include "certificates.hpp"
#include "database.hpp"

using namespace mariadb_test;
using scalekit_tests::certificates;
using scalekit_tests::mariadb_server;

TEST_CASE("TLS is used as asked for, and a server is believed only where it verifies") {
  scalekit_tests::skip_unless(mariadb_server::is_installed(), "mariadbd");
  const certificates files;
  files.make("server", "DNS:localhost,IP:127.0.0.1");
  files.make("other", "DNS:localhost,IP:127.0.0.1");
  const mariadb_server tls(
      {"--ssl-cert=" + files.cert("server"), "--ssl-key=" + files.key("server")}
  );
  const auto connect_with = [&](mariadb::tls_mode mode, std::string ca) {
    auto o = options();
    o.port = tls.port();
    o.tls = {.mode = mode, .ca = std::move(ca)};
    return mariadb::connection::open(o);
  };
  const auto is_encrypted = [](sql::connection& db) {
    return !one_row(db, "SHOW STATUS LIKE 'Ssl_version'")[1].view().as_text().empty();
  };
  CHECK(is_encrypted(*connect_with(mariadb::tls_mode::verified, files.cert("server")).value()));
  CHECK(is_encrypted(*connect_with(mariadb::tls_mode::required, "").value()));
  CHECK_FALSE(is_encrypted(*connect_with(mariadb::tls_mode::disabled, "").value()));
  const auto refused = connect_with(mariadb::tls_mode::verified, files.cert("other"));
  REQUIRE_FALSE(refused);
  CAPTURE(refused.error().describe());
  CHECK(refused.error().message().find("certificate") != std::string::npos);
}
