// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_HTTP_URL_HPP
#define SCALEKIT_PORTS_HTTP_URL_HPP

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

enum class scheme { http, https };

/// \brief Where a request goes: an absolute `http:` or `https:` URL (RFC 3986), taken apart once.
///
/// Strict, so that no two readers of one URL can disagree about the host it leads to. Accepted are
/// ASCII names (an internationalised one in its `xn--` form), IPv4 in four decimal parts, and IPv6
/// in brackets. Refused are user and password (credentials belong in a field), `127.1`, `0x7f.1`
/// and other short forms of addresses, an empty port, backslashes, blanks, and what RFC 3986 wants
/// escaped. A fragment is dropped: it never goes to a server.
///
/// Messages of errors give offsets and never a part of the text, which may hold a secret.
///
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT url {
 public:
  /// \brief Leads nowhere; a request to it is refused.
  url() = default;

  /// \par Errors `invalid_argument`: not as said above, or longer than 8,192 bytes.
  [[nodiscard]] static result<url> parse(std::string_view text);

  [[nodiscard]] bool empty() const noexcept { return host_.empty(); }
  [[nodiscard]] http::scheme scheme() const noexcept { return scheme_; }
  /// \brief In lower case; an IPv6 address in its shortest spelling, without brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// \brief Path and query as they are sent; starts with `/`.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }

  /// \brief The `Host` field: `example.com`, `example.com:8080`, `[::1]:8080`.
  [[nodiscard]] std::string authority() const;
  /// \brief Scheme and authority, e.g. `https://example.com`: fit for logs, as paths may not be.
  [[nodiscard]] std::string origin() const;
  /// \brief The whole.
  [[nodiscard]] std::string text() const { return origin() + target_; }
  /// \brief Whether scheme, host and port are the same.
  [[nodiscard]] bool same_origin(const url& other) const noexcept;

  /// \brief The same place with another path and query.
  /// \par Errors `invalid_argument`: `target` does not start with `/`, or as \ref parse.
  [[nodiscard]] result<url> with_target(std::string_view target) const;
  /// \brief What a reference (of a `Location`, say) means, seen from here (RFC 3986 section 5.2).
  /// \par Errors `invalid_argument`: as \ref parse, or another scheme.
  [[nodiscard]] result<url> resolve(std::string_view reference) const;

  friend bool operator==(const url&, const url&) = default;

 private:
  http::scheme scheme_ = http::scheme::http;
  std::string host_;
  std::uint16_t port_ = 80;
  std::string target_ = "/";
};

}  // namespace scalekit::inline v0::http

#endif
