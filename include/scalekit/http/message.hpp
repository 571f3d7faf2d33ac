// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_MESSAGE_HPP
#define SCALEKIT_HTTP_MESSAGE_HPP

/// \file
/// What the server is asked, as plain values, and how answers are made. Fields and the response
/// itself are the port's: `ports/http_message.hpp`.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/http_message.hpp>
#include <scalekit/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::http {

/// A decoded `name=value` of a query, or a path parameter.
struct parameter {
  std::string name;
  std::string value;
};

/// \brief The parts of a request target, decoded.
struct request_target {
  std::string path;                   ///< as it was sent, still encoded; starts with '/'
  std::vector<std::string> segments;  ///< of the path, each decoded: `%2F` never splits one
  std::vector<parameter> query;       ///< in order; `+` is a blank
};

/// \brief Takes apart `/a/b%20c?x=1&y` or `http://host/a`; `*` is a path of its own.
/// \par Errors `invalid_argument`: not one of those forms, a bad `%` escape, an encoded NUL, a
/// control character, a blank, or a fragment.
[[nodiscard]] SCALEKIT_EXPORT result<request_target> parse_target(std::string_view target);

/// \brief Undoes `%41`; with `plus_is_blank`, `+` too.
/// \par Errors `invalid_argument` with the offset of a `%` that two hex digits do not follow, or
/// of an encoded NUL.
enum class plus { literal, blank };
[[nodiscard]] SCALEKIT_EXPORT result<std::string> percent_decode(
    std::string_view text, plus meaning = plus::literal
);

/// \brief What a client asked for.
struct SCALEKIT_EXPORT request {
  std::string method;            ///< upper case as sent, e.g. `"GET"`
  std::string target;            ///< as sent
  request_target parsed;         ///< `target` taken apart
  std::vector<parameter> route;  ///< what the `{name}` segments of the route matched
  fields headers = {};
  std::string body = {};
  std::string remote_address;  ///< of the peer, e.g. `"192.0.2.7"`; empty if unknown
  unsigned minor_version = 1;  ///< HTTP/1.x

  /// \brief A query parameter's value: the first of that name.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const noexcept;
  /// \brief A path parameter's value; empty if the route has none of that name.
  [[nodiscard]] std::string_view path(std::string_view name) const noexcept;
  /// \brief Whether the client will send more on this connection (RFC 9112 section 9.3).
  [[nodiscard]] bool keep_alive() const;
};

/// \brief The reason phrase, e.g. `"Not Found"`; `"Unknown"` for a status without one.
[[nodiscard]] SCALEKIT_EXPORT std::string_view reason(int status) noexcept;

/// \brief The status that tells a client of such an error: `invalid_argument` 400,
/// `unauthenticated` 401, `not_found` 404, `conflict` and `stale_token` 409, `limit_exceeded` 429,
/// `not_supported` 501, `busy`, `unavailable`, `timed_out` and `cancelled` 503, else 500.
[[nodiscard]] SCALEKIT_EXPORT int status_of(errc code) noexcept;

/// \brief An RFC 9457 problem body (`application/problem+json`).
///
/// `detail` is shown to the client. A 401 carries `WWW-Authenticate: Bearer` unless it is replaced.
/// `retry_after` becomes `Retry-After`, rounded up to a second. Give one with a 429 or 503 that refuses
/// what has not been begun: a 503 without one may have been carried out, for all that a caller knows
/// (see `resilience::classify`).
[[nodiscard]] SCALEKIT_EXPORT response problem(
    int status, std::string_view detail = {}, std::optional<duration> retry_after = {}
);

/// \brief The problem of an error: its status by \ref status_of, `Retry-After` for 429 and 503 (the
/// error's own wait, else 1 s). The message is shown for 4xx only: what went wrong inside is for
/// the log.
[[nodiscard]] SCALEKIT_EXPORT response problem(const error& e);

/// \brief Start line and header block, ready to be sent.
[[nodiscard]] SCALEKIT_EXPORT std::string header_block(int status, const fields& headers);

}  // namespace scalekit::inline v0::http

#endif
