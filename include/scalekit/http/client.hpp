// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_CLIENT_HPP
#define SCALEKIT_HTTP_CLIENT_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/http/ip_address.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/http.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::http {

/// \brief TLS, 1.2 and newer. A server's certificate must verify and bear the name (or address) of
/// the URL, in its alternative names (RFC 6125); there is no way to turn that off.
struct client_tls {
  std::string ca_file{};    ///< PEM file of the authorities to trust; empty: the system's
  std::string cert_file{};  ///< PEM file of our own certificate chain, for servers that ask for one
  std::string key_file{};   ///< PEM file of its key, in the clear; given just if `cert_file` is
};

/// \brief How long each step of a call may take; `outgoing_request::timeout` bounds them all.
/// Each from 1 ms to 1 hour.
struct client_timeouts {
  std::chrono::milliseconds acquire{5'000};      ///< until a connection comes free
  std::chrono::milliseconds resolve{5'000};      ///< looking up the name
  std::chrono::milliseconds connect{5'000};      ///< over all addresses
  std::chrono::milliseconds handshake{5'000};    ///< of TLS
  std::chrono::milliseconds write{30'000};       ///< without any progress in sending
  std::chrono::milliseconds first_byte{30'000};  ///< of the answer, once all is sent
  std::chrono::milliseconds read{30'000};        ///< without any progress in the answer
};

/// \brief Connections that are kept for the next request to the same scheme, host and port.
struct client_pool_options {
  /// At once to one origin, 1 to 10,000; further calls wait.
  std::size_t max_per_origin = 16;
  /// At once to all origins, 1 to 100,000. Before a call has to wait, the connection that has been
  /// idle the longest makes room.
  std::size_t max_connections = 256;
  /// Idle ones kept for one origin. 0: none, every request gets a connection of its own.
  std::size_t max_idle_per_origin = 16;
  /// A connection idle for longer is closed, by the next call to any origin; keep it below what
  /// servers allow. 0: as long as the server likes.
  std::chrono::milliseconds idle_timeout{30'000};
  /// An older connection is not used again, so that a new DNS entry is noticed. 0: for ever.
  std::chrono::milliseconds max_lifetime{600'000};
};

/// Which redirects are followed. Those of GET and HEAD only, at most as many as
/// `client_options::max_redirects`, and never from https to http.
enum class redirects : std::uint8_t {
  none,         ///< a 3xx is an answer like any other
  same_origin,  ///< those that stay at one scheme, host and port
  any  ///< to another origin too, where only `Accept`, `Accept-Language` and `User-Agent` go along
};

/// \brief Looks up a name. It may block: it is called on a thread of its own, possibly several at
/// once, and may still be running when the client is gone, so it must own what it needs.
using resolver_fn = std::function<result<std::vector<ip_address>>(const std::string& host)>;

struct client_options {
  client_tls tls = {};
  client_timeouts timeouts = {};
  client_pool_options pool = {};
  http::redirects redirects = http::redirects::none;
  unsigned max_redirects = 5;  ///< then the 3xx is the answer; up to 20
  /// Status line and fields of an answer, all 1xx ones included; beyond: `data_corrupted`. 1 KiB to
  /// 16 MiB, of which one field may be less than 64 KiB.
  std::size_t max_header_bytes = std::size_t{64} * 1024;
  /// Sent unless the request has one; empty: none.
  std::string user_agent = "scalekit";
  /// Empty: any. \ref public_addresses_only where URLs come from strangers.
  address_guard allow_address = {};
  resolver_fn resolver = {};               ///< empty: the system's
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  metrics::registry* metrics = nullptr;    ///< null: nowhere. Counts requests, failures, seconds.
};

/// \brief A picture of a client at one moment, and what it has counted since it was made.
struct client_stats {
  std::size_t open = 0;         ///< connections now, idle or in use or being opened
  std::size_t idle = 0;         ///< of those, waiting to be used again
  std::uint64_t requests = 0;   ///< calls of `send`
  std::uint64_t answers = 0;    ///< of those, whole answers of whatever status
  std::uint64_t connects = 0;   ///< connections opened
  std::uint64_t reuses = 0;     ///< requests written on a connection that had been used before
  std::uint64_t retries = 0;    ///< requests written again: a kept connection had just been closed
  std::uint64_t redirects = 0;  ///< followed
  /// Calls that failed, by the step they failed in.
  struct {
    std::uint64_t request = 0;    ///< refused as it was
    std::uint64_t acquire = 0;    ///< no connection came free
    std::uint64_t resolve = 0;    ///< the name
    std::uint64_t connect = 0;    ///< all addresses, or the guard
    std::uint64_t handshake = 0;  ///< TLS, certificates
    std::uint64_t write = 0;      ///< before the request was complete
    std::uint64_t answer = 0;     ///< after that
  } failed = {};
};

/// \brief An HTTP/1.1 client: the port \ref transport over sockets, OpenSSL and Beast's parser.
///
/// `send` works on the caller's thread and blocks it; from an event loop use `asio::offload`. Only
/// a name that must be looked up gets a short-lived thread, for the system's resolver cannot be
/// interrupted; addresses are tried side by side, 250 ms apart (RFC 8305).
///
/// A request is written once, with one exception: the server has closed a kept connection before
/// any byte of an answer came. Then, if the request \ref is_repeatable or had not been written to
/// its end, it goes out once more, on a fresh connection.
///
/// A body counts as whole if it has its `Content-Length`, its last chunk, or, where it has neither,
/// if the server closed the connection in good order (with TLS: said so). Anything else, 101 or
/// both framings at once included, is an error, and the connection is closed. Bodies are given as
/// they came: no decompression. No proxies, no cookies, no `Expect: 100-continue`, no HTTP/2.
///
/// \par Example
/// \code
/// auto web = http::client::open({.allow_address = http::public_addresses_only});
/// if (!web) return web.error();
/// auto answer = (*web)->send({.to = *http::url::parse("https://example.com/")});
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls. All must have returned when it is destroyed.
/// \par Errors  As the port says; `invalid_argument` too if \ref client_options::allow_address
/// refuses every address of the host.
class SCALEKIT_EXPORT client final : public transport {
 public:
  /// \par Errors `invalid_argument` for an option (named in the message) out of range, or a file
  /// of certificates that cannot be used. It connects to nothing.
  [[nodiscard]] static result<std::unique_ptr<client>> open(client_options options = {});
  ~client() override;

  [[nodiscard]] result<response> send(const outgoing_request& request) override;

  /// \brief Closes the connections that are idle now.
  void close_idle() noexcept;
  [[nodiscard]] client_stats stats() const;

 private:
  struct state;
  explicit client(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::http

#endif
