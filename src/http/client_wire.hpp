// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_WIRE_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_WIRE_HPP

#include "http/client_call.hpp"
#include "tls_client.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// Connects to the first of these addresses that answers; a slow one is joined by the next after
/// 250 ms, a failed one at once (RFC 8305 section 5).
/// \par Errors `unavailable`, `timed_out`, `cancelled`.
[[nodiscard]] result<descriptor> dial(
    std::span<const ip_address> addresses, std::uint16_t port, const call& c
);

/// What moving bytes came to: their number, or one of these.
enum class progress : std::ptrdiff_t {
  broken = -2,
  ended = -1,  ///< the server has closed in good order
  none = 0     ///< nothing can be moved just now
};

/// \brief A connected byte stream, plain or TLS. Nothing blocks but the handshake.
class client_wire {
 public:
  explicit client_wire(descriptor socket) noexcept : socket_(std::move(socket)) {}
  client_wire(client_wire&&) noexcept = default;
  client_wire& operator=(client_wire&&) = delete;
  ~client_wire();

  /// \par Errors `unavailable`, `timed_out`, `cancelled`.
  [[nodiscard]] result<void> start_tls(SSL_CTX* context, const std::string& host, const call& c);

  [[nodiscard]] progress write(std::string_view data);
  [[nodiscard]] progress read(char* out, std::size_t size);
  /// What to wait for after `progress::none`.
  [[nodiscard]] pollfd interest(bool to_write_too) const noexcept;
  /// Whether there may be something to read that waiting would not show: TLS takes in a record at
  /// a time, and gives it out in pieces.
  [[nodiscard]] bool holds_more() const noexcept { return holds_more_; }
  /// Whether it is open, and nothing has arrived that nobody asked for.
  [[nodiscard]] bool is_quiet();
  /// Why it is broken.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  [[nodiscard]] progress outcome(std::ptrdiff_t n);
  [[nodiscard]] progress ssl_outcome(int n, short& waits_for);

  descriptor socket_;
  tls::session tls_;
  short read_waits_for_ = POLLIN;    // TLS may have to write to read,
  short write_waits_for_ = POLLOUT;  // and the other way round
  bool holds_more_ = false;
  std::string failure_;
};

}  // namespace scalekit::inline v0::http

#endif
