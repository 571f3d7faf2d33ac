// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TESTING_HTTP_CONFORMANCE_SUPPORT_HPP
#define SCALEKIT_SRC_TESTING_HTTP_CONFORMANCE_SUPPORT_HPP

#include "testing/conformance_support.hpp"

#include <scalekit/testing/http_conformance.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::testing {

/// A transport, and the site it sends to.
class site_visit {
 public:
  /// \par Errors what opening gives; `not_found` where the fixture has no site.
  [[nodiscard]] static result<site_visit> make(http_fixture& fixture);

  [[nodiscard]] http::transport& transport() const noexcept { return *transport_; }
  [[nodiscard]] http::outgoing_request request(
      std::string_view path, std::string_view method = "GET"
  ) const;
  [[nodiscard]] result<http::response> send(const http::outgoing_request& r) const {
    return transport_->send(r);
  }
  [[nodiscard]] result<http::response> send(
      std::string_view path, std::string_view method = "GET"
  ) const {
    return send(request(path, method));
  }
  /// A word that no other case and no other run uses.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  /// How many requests the site has counted under the key.
  [[nodiscard]] result<std::size_t> counted() const;

 private:
  site_visit(std::unique_ptr<http::transport> t, std::string site, std::string key)
      : transport_(std::move(t)), site_(std::move(site)), key_(std::move(key)) {}
  std::unique_ptr<http::transport> transport_;
  std::string site_;
  std::string key_;
};

/// A request to another place than the site.
[[nodiscard]] http::outgoing_request request_to(
    const std::string& origin, std::string_view path, std::string_view method = "GET"
);

/// Enough for an answer at once on a busy machine, and not long to wait for nothing.
inline constexpr std::chrono::milliseconds short_timeout{250};

/// The cases of each file.
[[nodiscard]] std::span<const http_conformance_case> http_request_cases();
[[nodiscard]] std::span<const http_conformance_case> http_answer_cases();
[[nodiscard]] std::span<const http_conformance_case> http_fault_cases();

}  // namespace scalekit::inline v0::testing

#endif
