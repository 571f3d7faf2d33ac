// SPDX-License-Identifier: BSL-1.0
#include "certificate.hpp"
#include "client_fixture.hpp"
#include "fakes.hpp"

#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace scalekit;
using namespace std::chrono_literals;
using scalekit_tests::temp_folder;
using test::body_of;
using test::certificate;
using test::code_of;
using test::fetch;
using test::make_certificate;
using test::open_client;
using test::raw_server;
using test::request_to;
using test::says;

namespace {

/// scalekit's own server with this certificate.
struct tls_server {
  explicit tls_server(const certificate& of) : web({.tls = of.files}) {
    REQUIRE(web.route("GET", "/", [](const http::request&) {
      return http::response::text(200, "over TLS");
    }));
    REQUIRE(web.start());
  }
  [[nodiscard]] std::string url(std::string_view host) const {
    return "https://" + std::string(host) + ":" + std::to_string(web.port()) + "/";
  }
  http::server web;
};

/// A TLS server that does what it is told, by OpenSSL itself.
class tls_peer {
 public:
  tls_peer(raw_server::peer& on, const certificate& of, const std::string& client_ca = {})
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_chain_file(context_.get(), of.files.certificate_chain.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), of.files.private_key.c_str(), SSL_FILETYPE_PEM);
    if (!client_ca.empty()) {
      SSL_CTX_load_verify_locations(context_.get(), client_ca.c_str(), nullptr);
      SSL_CTX_set_verify(
          context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr
      );
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), on.fd());
  }
  [[nodiscard]] bool accept() const { return SSL_accept(ssl_.get()) == 1; }
  [[nodiscard]] std::string sni() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  [[nodiscard]] SSL* get() const { return ssl_.get(); }
  bool request() const {
    std::string head;
    char some[16384];
    while (!head.ends_with("\r\n\r\n")) {
      const int n = SSL_read(ssl_.get(), some, sizeof some);
      if (n <= 0) return false;
      head.append(some, static_cast<std::size_t>(n));
    }
    return true;
  }
  bool send(std::string_view text) const {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }
  void say_end() const { SSL_shutdown(ssl_.get()); }

 private:
  struct deleter {
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
    void operator()(SSL* s) const { SSL_free(s); }
  };
  std::unique_ptr<SSL_CTX, deleter> context_;
  std::unique_ptr<SSL, deleter> ssl_;
};

/// Every name leads to loopback.
result<std::vector<http::ip_address>> loopback(const std::string&) {
  return std::vector{*http::ip_address::parse("127.0.0.1")};
}

std::unique_ptr<http::client> client_that_trusts(const certificate& ca) {
  return open_client({.tls = {.ca_file = ca.files.certificate_chain}, .resolver = loopback});
}

}  // namespace

TEST_CASE("a certificate that verifies and bears the name, or the address") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "DNS:good.test,IP:127.0.0.1"});
  const tls_server s(good);
  const auto c = client_that_trusts(good);
  CHECK(body_of(fetch(*c, s.url("good.test"))) == "over TLS");
  CHECK(body_of(fetch(*c, s.url("127.0.0.1"))) == "over TLS");
  CHECK(body_of(fetch(*c, s.url("good.test"))) == "over TLS");
  CHECK(c->stats().connects == 2);
  CHECK(c->stats().reuses == 1);  // session tickets that arrived meanwhile are no noise
}

TEST_CASE("a certificate that does not: nothing is sent, and the sentence says why") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "DNS:good.test,DNS:*.wild.test"});
  const tls_server s(good);
  const auto c = client_that_trusts(good);
  CHECK(fetch(*c, s.url("a.wild.test")).has_value());
  for (const auto* name : {"bad.test", "a.b.wild.test", "wild.test", "x.good.test", "127.0.0.1"}) {
    CAPTURE(name);
    const auto r = fetch(*c, s.url(name), "POST");
    CHECK(code_of(r) == errc::unavailable);
    CHECK(says(r, "no TLS: the server's certificate: "));
    CHECK(says(r, "mismatch"));
  }
  CHECK(c->stats().failed.handshake == 5);

  const auto unknown = open_client({.resolver = loopback});
  CHECK(says(fetch(*unknown, s.url("good.test")), "certificate: self-signed certificate"));
  CHECK(s.web.stats().requests == 1);

  const auto expired =
      make_certificate(folder, "expired", {.names = "DNS:e.test", .from = -7200, .until = -3600});
  const tls_server old(expired);
  const auto r = fetch(*client_that_trusts(expired), old.url("e.test"));
  CHECK(code_of(r) == errc::unavailable);
  CHECK(says(r, "certificate has expired"));
  const auto early =
      make_certificate(folder, "early", {.names = "DNS:e.test", .from = 3600, .until = 7200});
  const tls_server soon(early);
  CHECK(says(fetch(*client_that_trusts(early), soon.url("e.test")), "not yet valid"));
}

TEST_CASE("a common name alone is no name") {
  const temp_folder folder;
  const auto by_cn = make_certificate(folder, "cn", {.common_name = "good.test"});
  const tls_server s(by_cn);
  CHECK(says(fetch(*client_that_trusts(by_cn), s.url("good.test")), "mismatch"));
}

TEST_CASE("plain text where TLS was asked for, and TLS that is too old") {
  const raw_server plain(test::once("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  const raw_server talks([](raw_server::peer& p) { p.send("SMTP ready\r\n"); });
  const auto c = open_client();
  for (const int port : {int{plain.port()}, int{talks.port()}}) {
    auto r = request_to("https://127.0.0.1:" + std::to_string(port) + "/");
    r.timeout = 2s;
    const auto answer = c->send(r);
    const bool expected =
        code_of(answer) == errc::unavailable || code_of(answer) == errc::timed_out;
    CHECK(expected);
  }
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "IP:127.0.0.1"});
  const raw_server old([&](raw_server::peer& p) {
    const tls_peer t(p, good);
    SSL_set_min_proto_version(t.get(), TLS1_VERSION);
    SSL_set_max_proto_version(t.get(), TLS1_1_VERSION);
    SSL_set_cipher_list(t.get(), "ALL:@SECLEVEL=0");
    static_cast<void>(t.accept());
  });
  const auto r =
      fetch(*client_that_trusts(good), "https://127.0.0.1:" + std::to_string(old.port()) + "/");
  CHECK(code_of(r) == errc::unavailable);
  CHECK(says(r, "no TLS: "));
}

TEST_CASE("the server is told the name, but no address, and HTTP/1.1") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "DNS:good.test,IP:127.0.0.1"});
  const raw_server s([&](raw_server::peer& p) {
    const tls_peer t(p, good);
    if (!t.accept() || !t.request()) return;
    const std::string body = "[" + t.sni() + "]";
    t.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    t.say_end();
  });
  const auto c = client_that_trusts(good);
  const auto port = std::to_string(s.port());
  CHECK(body_of(fetch(*c, "https://good.test:" + port + "/")) == "[good.test]");
  CHECK(body_of(fetch(*c, "https://127.0.0.1:" + port + "/")) == "[]");
}

TEST_CASE("over TLS a body to the end of the connection needs the server's word that it is over") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "IP:127.0.0.1"});
  const raw_server s([&](raw_server::peer& p) {
    const tls_peer t(p, good);
    if (!t.accept() || !t.request()) return;
    t.send("HTTP/1.1 200 OK\r\n\r\nall there is");
    if (p.number() == 0) t.say_end();
  });
  const auto c = client_that_trusts(good);
  const auto url = "https://127.0.0.1:" + std::to_string(s.port()) + "/";
  CHECK(body_of(fetch(*c, url)) == "all there is");
  CHECK(code_of(fetch(*c, url)) == errc::outcome_unknown);
}

TEST_CASE("a server that asks for our certificate gets it") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "IP:127.0.0.1"});
  const auto ours = make_certificate(folder, "ours", {.common_name = "us"});
  const raw_server s([&](raw_server::peer& p) {
    const tls_peer t(p, good, ours.files.certificate_chain);
    if (!t.accept() || !t.request()) return;
    t.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome");
    t.say_end();
  });
  const auto url = "https://127.0.0.1:" + std::to_string(s.port()) + "/";
  const auto known = open_client(
      {.tls =
           {.ca_file = good.files.certificate_chain,
            .cert_file = ours.files.certificate_chain,
            .key_file = ours.files.private_key}}
  );
  CHECK(body_of(fetch(*known, url)) == "welcome");
  CHECK_FALSE(fetch(*client_that_trusts(good), url).has_value());
  const auto wrong_key = http::client::open(
      {.tls = {.cert_file = ours.files.certificate_chain, .key_file = good.files.private_key}}
  );
  REQUIRE_FALSE(wrong_key.has_value());
  CHECK(wrong_key.error().message().find("tls.key_file") != std::string::npos);
}

TEST_CASE("large bodies over TLS, both ways") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "IP:127.0.0.1"});
  http::server web({.tls = good.files, .max_body_bytes = 8'000'000});
  REQUIRE(web.route("PUT", "/", [](const http::request& r) {
    return http::response::text(200, r.body);
  }));
  REQUIRE(web.start());
  const auto c = client_that_trusts(good);
  auto r = request_to("https://127.0.0.1:" + std::to_string(web.port()) + "/", "PUT");
  for (int i = 0; i < 700'000; ++i) r.body += std::to_string(i);
  for (int i = 0; i < 2; ++i) {
    const bool same = body_of(c->send(r)) == r.body;
    CHECK(same);
  }
  CHECK(c->stats().connects == 1);
}

TEST_CASE("a server that never lets a call wait does not keep it from being stopped, or late") {
  const temp_folder folder;
  const auto good = make_certificate(folder, "good", {.names = "IP:127.0.0.1"});
  test::tally sent;
  const raw_server s([&](raw_server::peer& p) {
    const tls_peer t(p, good);
    if (!t.accept() || !t.request()) return;
    t.send("HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n");
    for (int i = 0; i < 40; ++i) t.send(std::string(1000, 'x'));
    sent.add();
    p.wait_until_gone();
  });
  const auto c = client_that_trusts(good);
  auto r = request_to("https://127.0.0.1:" + std::to_string(s.port()) + "/");
  std::stop_source stop;
  r.stop = stop.get_token();
  int pieces = 0;
  r.on_body = [&](const http::response&, std::string_view) -> result<void> {
    CHECK(sent.reaches(1));
    stop.request_stop();
    ++pieces;
    return {};
  };
  CHECK(code_of(c->send(r)) == errc::cancelled);
  CHECK(pieces == 1);
}

TEST_CASE("nobody is asked for the passphrase of a key") {
  const temp_folder folder;
  const auto ours = make_certificate(folder, "ours", {});
  {
    using test::detail::owned;
    const owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const owned<std::FILE> file(std::fopen(ours.files.private_key.c_str(), "w"));
    const auto* word = reinterpret_cast<const unsigned char*>("secret");
    REQUIRE(
        PEM_write_PrivateKey(file.get(), key.get(), EVP_aes_128_cbc(), word, 6, nullptr, nullptr) ==
        1
    );
  }
  // Who asks reads this, where there is no terminal.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "secret\n", 7) == 7);
  const int input = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  const auto made = http::client::open(
      {.tls = {.cert_file = ours.files.certificate_chain, .key_file = ours.files.private_key}}
  );
  ::close(ends[1]);
  char left[8]{};
  CHECK(::read(ends[0], left, sizeof left) == 7);
  if (input >= 0) ::dup2(input, STDIN_FILENO);
  for (const int fd : {ends[0], input}) ::close(fd);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message().find("tls.key_file") != std::string::npos);
}
