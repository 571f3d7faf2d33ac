// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_HTTP_HPP
#define SCALEKIT_PORTS_HTTP_HPP

/// \file
/// The HTTP port: sends one request. A host that already has a client implements
/// \ref scalekit::http::transport::send, and every module that calls out works on it;
/// `http/client.hpp` implements it over sockets and OpenSSL.
///
/// \code
/// auto to = http::url::parse("https://api.example/v1/payments");
/// if (!to) return to.error();
/// http::outgoing_request r{.method = "POST", .to = *to, .body = json};
/// if (auto ok = r.headers.set("Content-Type", "application/json"); !ok) return ok.error();
/// auto answer = t.send(r);
/// switch (resilience::classify(answer).kind) { ... }  // of errors and statuses alike
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/http_message.hpp>
#include <scalekit/ports/http_url.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// Whether a request that may have been carried out can be sent again without harm.
enum class repeatable : std::uint8_t {
  by_method,  ///< as RFC 9110 section 9.2.2 says, or if it bears an `Idempotency-Key`
  yes,        ///< the caller knows that it can
  no          ///< it cannot, whatever its method
};

/// \brief Takes a piece of an answer's body. `head` has status and fields, and no body; it is the
/// same for every piece of one answer. An error ends the call, which returns it.
using body_fn = std::function<result<void>(const response& head, std::string_view piece)>;

/// What \ref outgoing_request::timeout may be.
inline constexpr std::chrono::milliseconds shortest_timeout{1};
inline constexpr std::chrono::milliseconds longest_timeout{std::chrono::hours(1)};

/// \brief What is to be sent, and how long and how much to wait for.
struct outgoing_request {
  std::string method = "GET";  ///< a token, in the case it is sent in; not `CONNECT`
  url to = {};
  /// \brief `Host`, `Content-Length`, `Transfer-Encoding`, `Connection` and others of one
  /// connection's business are the transport's, and refused here.
  fields headers = {};
  std::string body = {};  ///< bytes, sent with a `Content-Length`

  /// \brief For all of it: waiting for a connection, sending, the whole answer. 1 ms to 1 hour.
  std::chrono::milliseconds timeout{30'000};
  /// \brief From another thread: ends the call with `cancelled`.
  std::stop_token stop = {};
  repeatable repeat = repeatable::by_method;

  /// \brief Of the answer's body, as it comes over the wire; a larger one is an error, with
  /// \ref on_body too. `SIZE_MAX`: as large as it likes.
  std::size_t max_body_bytes = std::size_t{8} * 1024 * 1024;
  /// \brief Takes the body piece by piece, on the calling thread; `response::body` stays empty
  /// then. What it got is not the whole body unless the call succeeds.
  body_fn on_body = {};
};

/// \brief Whether it can be sent again though it may have been carried out.
[[nodiscard]] SCALEKIT_EXPORT bool is_repeatable(const outgoing_request& r) noexcept;

/// \brief What every transport refuses before it sends anything: for implementations.
/// \par Errors `invalid_argument`: a method that is no token, no URL, a field that is the
/// transport's business, a timeout out of range. `not_supported`: `CONNECT`.
[[nodiscard]] SCALEKIT_EXPORT result<void> check_request(const outgoing_request& r);

/// \brief Sends a request and waits for the answer.
///
/// Any answer that came whole is a value, whatever its status: `resilience::classify` tells what it
/// means. A request is written once, except as an implementation says of connections that it kept;
/// redirects are not followed unless an implementation was told to.
///
/// \par Thread-safety  Safe for concurrent calls.
/// \par Errors  Of every call:
/// - `invalid_argument`: the request itself is refused, or leads where it must not; nothing was
/// sent
/// - `not_supported`: the method, or what the answer would need, is not in this implementation
/// - `busy`: no connection came free in time; nothing was sent
/// - `unavailable`: the name was not found, the host not reached, TLS failed, or the connection
///   broke before the request was complete: it cannot have been carried out (RFC 9112 section 8)
/// - `timed_out`: the time was over before the request was complete: as above
/// - `outcome_unknown`: it was sent, and no whole and well-formed answer came: it may have been
///   carried out
/// - `data_corrupted`: it was sent and answered, but the answer is larger than what was allowed;
///   asking again gives the same
/// - `cancelled`: stop was requested; if it had been sent, it may have been carried out
/// - what \ref outgoing_request::on_body gave
/// Messages name method, scheme, host and port; never a path, a query, a field or a body.
class SCALEKIT_EXPORT transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport();

  [[nodiscard]] virtual result<response> send(const outgoing_request& request) = 0;
};

}  // namespace scalekit::inline v0::http

#endif
