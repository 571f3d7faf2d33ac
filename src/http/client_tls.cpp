// SPDX-License-Identifier: BSL-1.0
#include "http/client_tls.hpp"

#include <scalekit/http/ip_address.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/socket.h>
#include <system_error>

namespace scalekit::inline v0::http {

namespace {

std::string reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "no reason given" : text;
}

int socket_of(BIO* b) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
}

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
int send_some(BIO* b, const char* data, int size) {
  BIO_clear_retry_flags(b);
  const auto n = ::send(socket_of(b), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && would_block()) BIO_set_retry_write(b);
  return static_cast<int>(n);
}

int receive_some(BIO* b, char* out, int size) {
  BIO_clear_retry_flags(b);
  const auto n = ::recv(socket_of(b), out, static_cast<std::size_t>(size), 0);
  if (n < 0 && would_block()) BIO_set_retry_read(b);
  return static_cast<int>(n);
}

long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scalekit http");
    if (m != nullptr) {
      BIO_meth_set_write(m, send_some);
      BIO_meth_set_read(m, receive_some);
      BIO_meth_set_ctrl(m, control);
    }
    return m;
  }();
  return method;
}

bool expect_host(SSL* session, const std::string& host) {
  // Alternative names alone: a common name is no promise (RFC 6125 section 6.4.4).
  SSL_set_hostflags(
      session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
  );
  if (ip_address::parse(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  }
  // SSL_set_tlsext_host_name, without its old-style cast.
  auto* name = const_cast<char*>(host.c_str());
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

error unusable(const char* option, const std::string& file) {
  return {
      errc::invalid_argument,
      std::string("http client: tls.") + option + " \"" + file + "\" cannot be used: " + reason()};
}

}  // namespace

result<ssl_context> make_ssl_context(const client_tls& o) {
  ERR_clear_error();
  ssl_context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) {
    return error(errc::internal, "http client: OpenSSL made no context: " + reason());
  }
  SSL_CTX* const c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(
      c,
      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
  );
  constexpr std::array<unsigned char, 9> http1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(c, http1.data(), http1.size());
  const int trusted = o.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(c)
                          : SSL_CTX_load_verify_locations(c, o.ca_file.c_str(), nullptr);
  if (trusted != 1) return unusable("ca_file", o.ca_file);
  if (o.cert_file.empty()) return context;
  // OpenSSL's own asks on the terminal, or reads what the program was to read.
  SSL_CTX_set_default_passwd_cb(c, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(c, o.cert_file.c_str()) != 1) {
    return unusable("cert_file", o.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(c, o.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("key_file", o.key_file);
  }
  return context;
}

result<ssl_session> make_ssl_session(SSL_CTX* context, int fd, const std::string& host) {
  ERR_clear_error();
  ssl_session session(SSL_new(context));
  BIO* bio = socket_method() == nullptr ? nullptr : BIO_new(socket_method());
  if (session == nullptr || bio == nullptr || !expect_host(session.get(), host)) {
    BIO_free(bio);
    return error(errc::internal, "TLS cannot be set up: " + reason());
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);
  SSL_set_connect_state(session.get());
  return session;
}

std::string ssl_failure(SSL* session, int returned) {
  const int system_error = errno;
  const int code = SSL_get_error(session, returned);
  const long verified = SSL_get_verify_result(session);
  std::string out;
  if (verified != X509_V_OK) {
    out = std::string("the server's certificate: ") + X509_verify_cert_error_string(verified);
  } else if (code == SSL_ERROR_SYSCALL && returned < 0 && system_error != 0) {
    out = std::generic_category().message(system_error);
  } else if (code == SSL_ERROR_SYSCALL || code == SSL_ERROR_ZERO_RETURN) {
    out = "the server closed the connection";
  } else {
    return "TLS: " + reason();
  }
  ERR_clear_error();
  return out;
}

}  // namespace scalekit::inline v0::http
