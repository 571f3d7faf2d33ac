// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_HTTP_MESSAGE_HPP
#define SCALEKIT_PORTS_HTTP_MESSAGE_HPP

/// \file
/// Header fields and responses as plain values, the same for a client and a server. Nothing that
/// could split a message (CR, LF, NUL in a field) can be put into one.

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
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

/// \brief What is sent back: by a handler of `http::server`, for which `Content-Length`, `Date` and
/// `Connection` are the server's business, or to a caller of \ref transport.
struct SCALEKIT_EXPORT response {
  int status = 200;
  fields headers = {};
  std::string body = {};

  [[nodiscard]] static response text(int status, std::string_view body);
  /// \brief `content_type` must be a valid field value; else the response is a bare 500.
  [[nodiscard]] static response of(int status, std::string_view content_type, std::string body);
};

}  // namespace scalekit::inline v0::http

#endif
