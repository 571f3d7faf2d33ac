// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_CONNECTION_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_CONNECTION_HPP

#include "http/client_answer.hpp"
#include "http/client_lookup.hpp"
#include "http/client_wire.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <memory>
#include <string_view>

namespace scalekit::inline v0::http {

/// What all connections of a client share; read-only once it is made.
struct client_settings {
  client_options options;
  tls::context tls;
  const clock* time = nullptr;
};

/// What became of a request on a connection.
struct exchange {
  result<response> answer = errc::internal;
  bool sent = false;      ///< to its end
  bool answered = false;  ///< a byte of an answer came
  bool lost = false;      ///< the connection broke; not: was given up
  bool reusable = false;
};

/// One connection; used by one thread at a time.
class client_connection {
 public:
  /// \par Errors as the client says.
  [[nodiscard]] static result<std::unique_ptr<client_connection>> open(
      const client_settings& s, lookups& names, const url& to, call& c
  );

  /// Sends `head` and the request's body, and reads the answer.
  [[nodiscard]] exchange run(
      const outgoing_request& r, std::string_view head, const body_fn& sink, call& c
  );

  [[nodiscard]] bool is_quiet() { return wire_.is_quiet(); }

  steady_time opened;
  steady_time idle_since;

 private:
  client_connection(client_wire w, const client_settings& s) noexcept
      : wire_(std::move(w)), settings_(s) {}
  class conversation;

  client_wire wire_;
  const client_settings& settings_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace scalekit::inline v0::http

#endif
