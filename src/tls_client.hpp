// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TLS_CLIENT_HPP
#define SCALEKIT_SRC_TLS_CLIENT_HPP

/// \file
/// The client's side of TLS over OpenSSL, for the components that speak it themselves; compiled
/// into each of them, so that none needs another.

#include <scalekit/error.hpp>
#include <scalekit/result.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace scalekit::inline v0::tls {

struct deleter {
  void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  void operator()(SSL* s) const noexcept { SSL_free(s); }
};
using context = std::unique_ptr<SSL_CTX, deleter>;
using session = std::unique_ptr<SSL, deleter>;

/// OpenSSL's words for what failed last on this thread; empties its queue of errors.
inline std::string reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "no reason given" : text;
}

/// \brief Whom to trust and who we are, read once for all connections.
///
/// `options` has `ca_file` (empty: what the system trusts), `cert_file` (empty: none) and
/// `key_file`; `who` begins the texts of errors.
/// \par Errors `invalid_argument`, naming the option; `internal`.
template <class Options>
[[nodiscard]] result<context> make_context(const Options& options, const std::string& who) {
  const auto unusable = [&who](const char* option, const std::string& file) {
    return error(
        errc::invalid_argument,
        who + ": tls." + option + " \"" + file + "\" cannot be used: " + reason()
    );
  };
  ERR_clear_error();
  context made(SSL_CTX_new(TLS_client_method()));
  if (made == nullptr) {
    return error(errc::internal, who + ": OpenSSL made no context: " + reason());
  }
  SSL_CTX* const c = made.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const std::string& ca = options.ca_file;
  const int trusted = ca.empty() ? SSL_CTX_set_default_verify_paths(c)
                                 : SSL_CTX_load_verify_locations(c, ca.c_str(), nullptr);
  if (trusted != 1) return unusable("ca_file", ca);
  if (options.cert_file.empty()) return made;
  // OpenSSL's own asks on the terminal, or reads what the program was to read.
  SSL_CTX_set_default_passwd_cb(c, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(c, options.cert_file.c_str()) != 1) {
    return unusable("cert_file", options.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(c, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("key_file", options.key_file);
  }
  return made;
}

namespace detail {

inline int socket_of(BIO* b) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
}

inline bool would_block() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
inline BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scalekit");
    if (m == nullptr) return m;
    BIO_meth_set_write(m, [](BIO* b, const char* data, int size) {
      BIO_clear_retry_flags(b);
      const auto n =
          ::send(socket_of(b), data, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && would_block()) BIO_set_retry_write(b);
      return static_cast<int>(n);
    });
    BIO_meth_set_read(m, [](BIO* b, char* out, int size) {
      BIO_clear_retry_flags(b);
      const auto n = ::recv(socket_of(b), out, static_cast<std::size_t>(size), MSG_DONTWAIT);
      if (n < 0 && would_block()) BIO_set_retry_read(b);
      return static_cast<int>(n);
    });
    BIO_meth_set_ctrl(m, [](BIO*, int what, long, void*) -> long {
      return what == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return m;
  }();
  return method;
}

// OpenSSL's reading of an address is lax (`010.0.0.1`); a lax name only fails to verify.
inline bool is_address(const std::string& name) noexcept {
  ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(parsed);
  ERR_clear_error();
  return parsed != nullptr;
}

inline bool expect_host(SSL* s, const std::string& host) {
  // Alternative names alone: a common name is no promise (RFC 6125 section 6.4.4).
  SSL_set_hostflags(s, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (is_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s), host.c_str()) == 1;
  }
  // SSL_set_tlsext_host_name, without its old-style cast.
  auto* name = const_cast<char*>(host.c_str());
  return SSL_set1_host(s, host.c_str()) == 1 &&
         SSL_ctrl(s, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

}  // namespace detail

/// \brief A session over a connected socket, which it does not own and never waits for, that
/// expects this host name or address. \par Errors `internal`.
[[nodiscard]] inline result<session> make_session(SSL_CTX* c, int fd, const std::string& host) {
  ERR_clear_error();
  session made(SSL_new(c));
  BIO_METHOD* const method = detail::socket_method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (made == nullptr || bio == nullptr || !detail::expect_host(made.get(), host)) {
    BIO_free(bio);
    return error(errc::internal, "TLS cannot be set up: " + reason());
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(made.get(), bio, bio);
  SSL_set_connect_state(made.get());
  return made;
}

/// Why a call of OpenSSL's that `returned` so has failed; empties its queue of errors.
inline std::string failure(SSL* s, int returned) {
  const int system_error = errno;
  const int code = SSL_get_error(s, returned);
  const long verified = SSL_get_verify_result(s);
  std::string out;
  if (verified != X509_V_OK) {
    out = std::string("the server's certificate: ") + X509_verify_cert_error_string(verified);
  } else if (code == SSL_ERROR_SYSCALL && returned < 0 && system_error != 0) {
    out = std::generic_category().message(system_error);
  } else if (code == SSL_ERROR_SYSCALL || code == SSL_ERROR_ZERO_RETURN) {
    out = "the server closed the connection";
  } else {
    out = "TLS: " + reason();
  }
  ERR_clear_error();
  return out;
}

}  // namespace scalekit::inline v0::tls

#endif
