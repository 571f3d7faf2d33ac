// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_MESSAGE_HPP
#define SCALEKIT_HTTP_MESSAGE_HPP

/// \file
/// Requests and responses as plain values. Nothing that could split a message (CR, LF, NUL in a
/// field) can be put into one.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::http {

/// One header or trailer line.
struct field {
  std::string name;
  std::string value;
};

/// \brief Header fields in the order they were added; names compare without regard to case.
///
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT fields {
 public:
  /// \brief Appends a line, beside any of the same name.
  /// \par Errors `invalid_argument` if the name is not a token, or the value holds a control
  /// character other than TAB, or starts or ends with white space.
  [[nodiscard]] result<void> add(std::string_view name, std::string_view value);
  /// \brief Replaces every line of that name by this one.
  /// \par Errors as \ref add; nothing is changed then.
  [[nodiscard]] result<void> set(std::string_view name, std::string_view value);
  void remove(std::string_view name) noexcept;

  /// \brief The first line of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return find(name).has_value();
  }
  /// \brief All lines of that name as one list, `", "` between them (RFC 9110 section 5.3).
  [[nodiscard]] std::string joined(std::string_view name) const;
  /// \brief True if a comma-separated field holds `token`, whatever its case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
  [[nodiscard]] auto begin() const noexcept { return lines_.begin(); }
  [[nodiscard]] auto end() const noexcept { return lines_.end(); }

 private:
  std::vector<field> lines_;
};

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

/// \brief What is sent back. `Content-Length`, `Date` and `Connection` are the server's business.
struct SCALEKIT_EXPORT response {
  int status = 200;
  fields headers = {};
  std::string body = {};

  [[nodiscard]] static response text(int status, std::string_view body);
  /// \brief `content_type` must be a valid field value; else the response is a bare 500.
  [[nodiscard]] static response of(int status, std::string_view content_type, std::string body);
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
[[nodiscard]] SCALEKIT_EXPORT response problem(int status, std::string_view detail = {});

/// \brief The problem of an error: its status by \ref status_of, `Retry-After` for 429 and 503 (the
/// error's own wait, else 1 s). The message is shown for 4xx only: what went wrong inside is for
/// the log.
[[nodiscard]] SCALEKIT_EXPORT response problem(const error& e);

/// \brief Start line and header block, ready to be sent.
[[nodiscard]] SCALEKIT_EXPORT std::string header_block(int status, const fields& headers);

}  // namespace scalekit::inline v0::http

#endif
