// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_BEAST_EXPORT_ENDPOINT_HPP
#define SCALEKIT_HTTP_BEAST_EXPORT_ENDPOINT_HPP

/// \file
/// The export endpoint inside a host's own Boost.Beast server: the only header of `scalekit::http`
/// that includes Boost.
///
/// \code
/// auto served = co_await http::async_serve(endpoint, stream, parser.release(),
/// net::use_awaitable); if (!served || !served->keep_alive) co_return;   // the connection is of no
/// more use \endcode

#include <scalekit/export.hpp>
#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <utility>

namespace scalekit::inline v0::http {

namespace detail {

using serve_handler = boost::asio::any_completion_handler<void(result<served>)>;
using beast_request_header = boost::beast::http::header<true, boost::beast::http::fields>;
using beast_tls_stream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

SCALEKIT_EXPORT void start_serve(
    export_endpoint& endpoint,
    boost::beast::tcp_stream& stream,
    result<request> what,
    serve_handler handler
);
SCALEKIT_EXPORT void start_serve(
    export_endpoint& endpoint, beast_tls_stream& stream, result<request> what, serve_handler handler
);
[[nodiscard]] SCALEKIT_EXPORT result<request> to_request(
    const beast_request_header& header, const boost::beast::tcp_stream& stream
);

}  // namespace detail

/// \brief Answers one request for an export on a stream of the host's; completes with
/// `void(result<served>)` when the response is out, or the connection is beyond use.
///
/// Use it for every method; anything but GET and HEAD is answered with 405. `stream` is a
/// `tcp_stream` or an `ssl_stream<tcp_stream>`; both it and the endpoint must stay until
/// completion, and no other operation may be under way on it meanwhile. Its executor must be a
/// strand or have a single thread, as Beast's own timeouts ask for. The stream's timeout is
/// switched off; set it again before the next read. Bytes of a following request that the host has
/// in its own buffer stay there.
///
/// \par Errors `invalid_argument` if the endpoint has no `worker`, or the request cannot be read
/// (then nothing has been answered); `internal` if memory ran out half-way.
template <class Stream, class Body, class Token>
auto async_serve(
    export_endpoint& endpoint,
    Stream& stream,
    const boost::beast::http::request<Body, boost::beast::http::fields>& what,
    Token&& token
) {
  return boost::asio::async_initiate<Token, void(result<served>)>(
      [&endpoint, &stream](auto handler, result<request> r) {
        detail::start_serve(
            endpoint, stream, std::move(r), detail::serve_handler(std::move(handler))
        );
      },
      token,
      detail::to_request(what, boost::beast::get_lowest_layer(stream))
  );
}

}  // namespace scalekit::inline v0::http

#endif
