// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_TLS_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_TLS_HPP

#include <scalekit/http/client.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace scalekit::inline v0::http {

struct ssl_deleter {
  void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  void operator()(SSL* s) const noexcept { SSL_free(s); }
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_deleter>;
using ssl_session = std::unique_ptr<SSL, ssl_deleter>;

/// Authorities and our own certificate, read once for all connections.
/// \par Errors `invalid_argument`, naming the option.
[[nodiscard]] result<ssl_context> make_ssl_context(const client_tls& options);

/// A session over a connected socket, which it does not own, that expects this host.
/// \par Errors `internal`.
[[nodiscard]] result<ssl_session> make_ssl_session(
    SSL_CTX* context, int fd, const std::string& host
);

/// Why a call of OpenSSL's that `returned` so has failed; empties its queue of errors.
[[nodiscard]] std::string ssl_failure(SSL* session, int returned);

}  // namespace scalekit::inline v0::http

#endif
