// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_TCP_PROXY_HPP
#define SCALEKIT_TESTS_SUPPORT_TCP_PROXY_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace scalekit_tests {

/// Which way bytes go: what a client asks, or what the server answers.
enum class direction { request, reply };

/// A TCP proxy on loopback that breaks connections on command, the same way every time.
///
/// \par Thread-safety  Safe for concurrent calls; each takes effect on the connections open now
/// unless it says otherwise.
class tcp_proxy {
 public:
  /// Forwards to `target_port` on loopback.
  explicit tcp_proxy(int target_port);
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;
  ~tcp_proxy();

  [[nodiscard]] int port() const noexcept;

  /// Every open connection ends now: with a reset for the client.
  void cut();
  /// Passes `bytes` more in this direction on, then ends that connection, in order. 0 with
  /// `direction::request`: what the client sends next is never seen by the server. 0 with
  /// `direction::reply`: the server does what it is asked, and its answer is never seen.
  /// Holds for connections open now and later, until one has been cut by it.
  void cut_after(direction way, std::size_t bytes);
  /// Nothing passes any more, and nobody is told: a router that died. Until \ref resume.
  void stall();
  void resume();
  /// Every piece waits so long before it is passed on. 0: not at all.
  void delay(std::chrono::milliseconds wait);
  /// New connections are reset as soon as they are made. Until \ref accept_again.
  void refuse();
  void accept_again();

  /// Connections made so far.
  [[nodiscard]] std::uint64_t connections() const noexcept;
  /// Bytes passed on so far.
  [[nodiscard]] std::uint64_t passed(direction way) const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit_tests

#endif
