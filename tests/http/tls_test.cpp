// SPDX-License-Identifier: BSL-1.0
#include "export_fixture.hpp"
#include "temp_folder.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <string>

using namespace scalekit;

namespace {

struct free_ssl {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(std::FILE* p) const { static_cast<void>(std::fclose(p)); }
};
template <class T>
using owned = std::unique_ptr<T, free_ssl>;

/// A certificate of its own making, for localhost.
http::tls_files make_certificate(const scalekit_tests::temp_folder& folder) {
  const http::tls_files out{folder / "chain.pem", folder / "key.pem"};
  const owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const owned<X509> certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()),
      "CN",
      MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("localhost"),
      -1,
      -1,
      0
  );
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const owned<std::FILE> chain(std::fopen(out.certificate_chain.c_str(), "w"));
  const owned<std::FILE> secret(std::fopen(out.private_key.c_str(), "w"));
  REQUIRE(PEM_write_X509(chain.get(), certificate.get()) == 1);
  REQUIRE(
      PEM_write_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1
  );
  return out;
}

struct tls_client {
  explicit tls_client(std::uint16_t port, int max_version = 0)
      : tcp(port), context(SSL_CTX_new(TLS_client_method())), ssl(SSL_new(context.get())) {
    if (max_version != 0) SSL_set_max_proto_version(ssl.get(), max_version);
    SSL_set_fd(ssl.get(), tcp.fd());
  }
  [[nodiscard]] bool connect() const { return SSL_connect(ssl.get()) == 1; }
  void ask(const std::string& target) const {
    const auto text = "GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n";
    REQUIRE(SSL_write(ssl.get(), text.data(), static_cast<int>(text.size())) > 0);
  }
  /// Everything up to `end`, or to the end of the stream.
  [[nodiscard]] std::string read_until(std::string_view end) const {
    std::string out;
    char some[16384];
    while (!out.ends_with(end)) {
      const int n = SSL_read(ssl.get(), some, sizeof some);
      if (n <= 0) break;
      out.append(some, static_cast<std::size_t>(n));
    }
    return out;
  }
  test::raw_client tcp;
  owned<SSL_CTX> context;
  owned<SSL> ssl;
};

}  // namespace

TEST_CASE("exports and other routes over TLS, on one connection") {
  const scalekit_tests::temp_folder folder;
  test::export_fixture f({}, {.tls = make_certificate(folder)});
  const tls_client c(f.web.port());
  REQUIRE(c.connect());
  c.ask("/export");
  const auto text = c.read_until("X-Export-Rows: 3\r\n\r\n");
  CHECK(text.find("Repr-Digest: " + test::sha256_field(f.plan->whole())) != std::string::npos);
  c.ask("/other");
  CHECK(c.read_until("other").ends_with("other"));
  CHECK(f.settles());
}

TEST_CASE("a body larger than what TLS writes at once arrives whole") {
  const scalekit_tests::temp_folder folder;
  http::server web({.tls = make_certificate(folder)});
  REQUIRE(web.route("GET", "/", [](const http::request&) {
    return http::response::text(200, std::string(1'000'000, 'x') + "end");
  }));
  REQUIRE(web.start());
  const tls_client c(web.port());
  REQUIRE(c.connect());
  c.ask("/");
  const auto text = c.read_until("end");
  CHECK(text.size() > 1'000'003);
  CHECK(text.ends_with("xend"));
}

TEST_CASE("a TLS client that goes away stops the scan") {
  const scalekit_tests::temp_folder folder;
  test::export_fixture f({}, {.tls = make_certificate(folder)});
  f.plan->block_at = 1;
  {
    const tls_client c(f.web.port());
    REQUIRE(c.connect());
    c.ask("/export");
    REQUIRE(f.plan->blocked.reaches(1));
    SSL_shutdown(c.ssl.get());
  }
  REQUIRE(f.plan->cancelled.reaches(1));
  REQUIRE(f.settles());
  CHECK(f.endpoint.stats().aborted_by_client == 1);
}

TEST_CASE("old TLS and plain text are turned away") {
  const scalekit_tests::temp_folder folder;
  test::export_fixture f({}, {.tls = make_certificate(folder)});
  CHECK_FALSE(tls_client(f.web.port(), TLS1_1_VERSION).connect());
  test::raw_client plain(f.web.port());
  REQUIRE(plain.ask("GET", "/other"));
  CHECK(plain.read().status == 0);
  const tls_client good(f.web.port());
  CHECK(good.connect());
}
