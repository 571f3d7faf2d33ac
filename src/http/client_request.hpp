// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_REQUEST_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_REQUEST_HPP

#include <scalekit/http/client.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// \par Errors `invalid_argument`, naming the option.
[[nodiscard]] result<void> check_options(const client_options& o);

/// Request line and fields, with those that are the client's business.
[[nodiscard]] std::string request_head(
    const outgoing_request& r, const url& to, const fields& headers, std::string_view user_agent
);

/// Where an answer sends on to, if that is to be followed.
[[nodiscard]] std::optional<url> next_hop(
    const outgoing_request& r, const url& from, const response& answer, redirects policy
);

/// What may be shown to an origin that the caller did not name.
[[nodiscard]] fields fields_for_strangers(const fields& headers);

}  // namespace scalekit::inline v0::http

#endif
