// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_TLS_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_TLS_HPP

#include <scalekit/adapters/redis/client.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0::redis {

struct ssl_deleter {
  void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  void operator()(SSL* s) const noexcept { SSL_free(s); }
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_deleter>;

/// Authorities and our own certificate, read once for all connections.
[[nodiscard]] result<ssl_context> make_tls_context(const tls_options& options);

/// What a non-blocking call came to: bytes moved (more than 0), nothing yet (0), or failed (-1).
using progress = std::ptrdiff_t;

/// TLS over a connected socket, which it does not own. OpenSSL is used directly: what hiredis
/// brings along before 1.5 does not verify the server's name, and raises SIGPIPE.
class tls_session {
 public:
  /// \par Errors `internal` if OpenSSL runs out of memory.
  [[nodiscard]] static result<tls_session> make(SSL_CTX* context, int fd, const std::string& name);

  /// 1 when done; `wants_write` says what to wait for on 0.
  [[nodiscard]] progress handshake(bool& wants_write);
  [[nodiscard]] progress read(char* out, std::size_t size);
  [[nodiscard]] progress write(std::string_view data);
  /// Tells the server that no more comes; does not wait.
  void close() noexcept;
  /// Why the last call failed.
  [[nodiscard]] std::string failure() const;

 private:
  explicit tls_session(std::unique_ptr<SSL, ssl_deleter> s) noexcept : ssl_(std::move(s)) {}
  [[nodiscard]] progress outcome(int returned);

  std::unique_ptr<SSL, ssl_deleter> ssl_;
  std::string failure_;
};

}  // namespace scalekit::inline v0::redis

#endif
