// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_SERVER_HPP
#define SCALEKIT_HTTP_SERVER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/http/message.hpp>
#include <scalekit/log.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

class export_endpoint;

/// \brief Answers a request; runs on a worker and may block. A plain \ref response will do.
///
/// An error is answered by \ref problem, an exception with a bare 500; both of the 5xx kind are
/// logged.
using handler_fn = std::function<result<response>(const request&)>;

/// PEM files; TLS 1.2 and newer.
struct tls_files {
  std::string certificate_chain = {};
  std::string private_key = {};
};

struct server_options {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6, numeric
  std::uint16_t port = 0;             ///< 0: a free one; see `server::port`
  unsigned io_threads = 1;            ///< move bytes; 0 counts as 1
  unsigned worker_threads = 4;        ///< run handlers; 0 counts as 1
  std::optional<tls_files> tls = {};

  std::size_t max_header_bytes = std::size_t{16} * 1024;  ///< beyond: 431
  std::size_t max_body_bytes = std::size_t{1024} * 1024;  ///< beyond: 413
  /// Connections open at once; one more is answered with 503 and closed.
  std::size_t max_connections = 1024;

  /// How long a connection may wait for a request to begin; then it is closed.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(60);
  /// How long a request's header may take from its first byte, however it trickles; then 408.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  /// How long a body, or a response, may not move at all; then 408, or the connection is closed.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);

  const clock* time = nullptr;  ///< of `Date`, not of timeouts; null: the machine's
  log_fn log = {};
};

/// \brief Counters since the server was made.
struct server_stats {
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;  ///< for want of room
  std::uint64_t requests = 0;  ///< whose header was read
};

/// \brief A small HTTP/1.1 server to embed: operator pages, metrics, webhooks, exports.
///
/// \code
/// http::server web({.port = 8080});
/// web.route("GET", "/hello/{name}", [](const http::request& r) {
///   return http::response::text(200, "hello " + std::string(r.path("name")));
/// });
/// web.route("/exports/payments", exports);
/// if (auto up = web.start(); !up) return up.error();
/// \endcode
///
/// Keep-alive, pipelining, `Expect: 100-continue`, HEAD for every GET, 404, 405 with `Allow`. A
/// request that cannot be read safely is answered once and its connection closed. No HTTP/2, no
/// upgrade, no static files: put a proxy before it where those are wanted.
///
/// \par Thread-safety  Routes before `start`; all else is safe for concurrent calls. It owns its
/// threads: they begin in `start` and have ended when `stop` returns.
class SCALEKIT_EXPORT server {
 public:
  explicit server(server_options options = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops without grace.
  ~server();

  /// \brief Adds a route. A pattern is literal segments and `{name}` ones, each of which matches
  /// one segment, however encoded; of several that match, the one added first answers.
  /// \par Errors `invalid_argument`: the pattern or method is malformed, or the server has started.
  [[nodiscard]] result<void> route(
      std::string_view method, std::string_view pattern, handler_fn handler
  );
  /// \brief Mounts an export endpoint for GET and HEAD; it must outlive the server.
  /// \par Errors as above.
  [[nodiscard]] result<void> route(std::string_view pattern, export_endpoint& endpoint);

  /// \brief Binds, then starts the threads.
  /// \par Errors `invalid_argument` (address, TLS files, started before), `conflict` if the port is
  /// taken, `unavailable` for anything else the system refuses.
  [[nodiscard]] result<void> start();

  /// \brief Stops accepting, lets requests under way finish for up to `grace`, cuts off the rest,
  /// and ends the threads. A handler that is running is always waited for. Calling it again, or
  /// before `start`, does nothing. Not from a handler.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(10)) noexcept;

  /// \brief Where it listens; 0 before `start`.
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] server_stats stats() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::http

#endif
