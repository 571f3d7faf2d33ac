// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_TLS_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_TLS_HPP

#include "tls_client.hpp"

#include <scalekit/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::redis {

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
  explicit tls_session(tls::session s) noexcept : ssl_(std::move(s)) {}
  [[nodiscard]] progress outcome(int returned);

  tls::session ssl_;
  std::string failure_;
};

}  // namespace scalekit::inline v0::redis

#endif
