// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace scalekit::inline v0::redis {

namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int socket_of(BIO* b) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
int send_some(BIO* b, const char* data, int size) {
  BIO_clear_retry_flags(b);
  const auto n =
      ::send(socket_of(b), data, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && would_block()) BIO_set_retry_write(b);
  return static_cast<int>(n);
}

int receive_some(BIO* b, char* out, int size) {
  BIO_clear_retry_flags(b);
  const auto n = ::recv(socket_of(b), out, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (n < 0 && would_block()) BIO_set_retry_read(b);
  return static_cast<int>(n);
}

long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scalekit redis");
    if (m != nullptr) {
      BIO_meth_set_write(m, send_some);
      BIO_meth_set_read(m, receive_some);
      BIO_meth_set_ctrl(m, control);
    }
    return m;
  }();
  return method;
}

result<void> use_own_certificate(SSL_CTX* context, const tls_options& o) {
  const auto refuse = [](const std::string& option, const std::string& file) {
    return error(
        errc::invalid_argument,
        "redis client: tls." + option + " \"" + file + "\" cannot be used: " + openssl_reason()
    );
  };
  if (o.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, o.cert_file.c_str()) != 1) {
    return refuse("cert_file", o.cert_file);
  }
  // OpenSSL's own asks on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_PrivateKey_file(context, o.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return refuse("key_file", o.key_file);
  }
  return {};
}

bool is_address(const std::string& name) noexcept {
  ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(parsed);
  ERR_clear_error();
  return parsed != nullptr;
}

bool expect_name(SSL* ssl, const std::string& name) {
  if (is_address(name)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  }
  return SSL_set1_host(ssl, name.c_str()) == 1 && SSL_ctrl(
                                                      ssl,
                                                      SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                                      TLSEXT_NAMETYPE_host_name,
                                                      const_cast<char*>(name.c_str())
                                                  ) == 1;
}

}  // namespace

result<ssl_context> make_tls_context(const tls_options& o) {
  ERR_clear_error();
  ssl_context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) {
    return error(errc::internal, "redis client: OpenSSL made no context: " + openssl_reason());
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(
      context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
  );
  const int trusted =
      o.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                        : SSL_CTX_load_verify_locations(context.get(), o.ca_file.c_str(), nullptr);
  if (trusted != 1) {
    return error(
        errc::invalid_argument,
        "redis client: tls.ca_file \"" + o.ca_file + "\" cannot be used: " + openssl_reason()
    );
  }
  if (auto ok = use_own_certificate(context.get(), o); !ok) return ok.error();
  return context;
}

result<tls_session> tls_session::make(SSL_CTX* context, int fd, const std::string& name) {
  ERR_clear_error();
  std::unique_ptr<SSL, ssl_deleter> ssl(SSL_new(context));
  BIO* bio = socket_method() == nullptr ? nullptr : BIO_new(socket_method());
  if (ssl == nullptr || bio == nullptr || !expect_name(ssl.get(), name)) {
    BIO_free(bio);
    return error(errc::internal, "TLS cannot be set up: " + openssl_reason());
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_connect_state(ssl.get());
  return tls_session(std::move(ssl));
}

progress tls_session::outcome(int returned) {
  if (returned > 0) return returned;
  const int system_error = errno;
  const int code = SSL_get_error(ssl_.get(), returned);
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return 0;
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    failure_ = std::string("its certificate: ") + X509_verify_cert_error_string(verified);
  } else if (code == SSL_ERROR_ZERO_RETURN || (code == SSL_ERROR_SYSCALL && returned == 0)) {
    failure_ = "the server closed the connection";
  } else if (code == SSL_ERROR_SYSCALL) {
    failure_ = std::generic_category().message(system_error);
  } else {
    failure_ = "TLS: " + openssl_reason();
  }
  ERR_clear_error();
  return -1;
}

progress tls_session::handshake(bool& wants_write) {
  ERR_clear_error();
  const progress done = outcome(SSL_do_handshake(ssl_.get()));
  wants_write = SSL_want_write(ssl_.get());
  return done;
}

progress tls_session::read(char* out, std::size_t size) {
  ERR_clear_error();
  return outcome(SSL_read(ssl_.get(), out, static_cast<int>(size)));
}

progress tls_session::write(std::string_view data) {
  ERR_clear_error();
  constexpr std::size_t most = std::size_t{1} << 20U;
  return outcome(SSL_write(ssl_.get(), data.data(), static_cast<int>(std::min(data.size(), most))));
}

void tls_session::close() noexcept {
  if (ssl_ == nullptr) return;  // moved from
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string tls_session::failure() const { return failure_; }

}  // namespace scalekit::inline v0::redis
