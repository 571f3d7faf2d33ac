// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_HTTP_OUTCOME_HPP
#define SCALEKIT_RESILIENCE_HTTP_OUTCOME_HPP

/// \file
/// What the answer to a call over HTTP says about the call.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/http_message.hpp>
#include <scalekit/resilience/outcome.hpp>

#include <chrono>
#include <optional>

namespace scalekit::inline v0::resilience {

/// \brief What a `Retry-After` cannot exceed, so that one answer does not silence a caller for
/// good.
inline constexpr std::chrono::hours longest_retry_after{24};

/// \brief The wait that `Retry-After` asks for (RFC 9110 section 10.2.3), from 0 to
/// \ref longest_retry_after; nothing if there is none, or two, or it is malformed. Read as
/// \ref parse_retry_after does.
///
/// A date counts from the answer's own `Date`, so that the two clocks need not agree; without one
/// from `now`, and without either it is ignored.
[[nodiscard]] SCALEKIT_EXPORT std::optional<duration> retry_after(
    const http::response& r, std::optional<system_time> now = {}
);

/// \brief The outcome that a status stands for.
///
/// | status | kind | effect | why |
/// |---|---|---|---|
/// | 2xx, 3xx | ok | | |
/// | 429; 503 with `Retry-After` | throttled | none | a refusal by one who is well enough to give
/// it | | 408, 425 | transient | none | the server says that it has not acted on the request | |
/// 501, 505 | permanent | none | it cannot, now or later | | other 5xx | transient | unknown | it
/// failed half-way, or a proxy lost what was behind it | | anything else | permanent | none | the
/// request is wrong |
///
/// A 503 without `Retry-After` is of the fifth kind: proxies send it for a connection that broke
/// after the request had been passed on.
[[nodiscard]] SCALEKIT_EXPORT outcome
classify(const http::response& r, std::optional<system_time> now = {});

}  // namespace scalekit::inline v0::resilience

#endif
