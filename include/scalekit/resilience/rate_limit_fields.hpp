// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_RATE_LIMIT_FIELDS_HPP
#define SCALEKIT_RESILIENCE_RATE_LIMIT_FIELDS_HPP

/// \file
/// The HTTP fields that tell a client of its limits: `RateLimit-Policy` and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers, structured fields of RFC 9651) and `Retry-After`
/// (RFC 9110, 10.2.3). Text in, text out: for whatever HTTP library the host has.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::resilience {

/// \brief One policy of a `RateLimit-Policy` field.
struct rate_limit_policy {
  std::string name{};      ///< printable ASCII, e.g. `"per-minute"`
  std::int64_t quota = 0;  ///< `q`: so many units, 0 to 10^15 - 1
  std::string unit{};      ///< `qu`: `requests` if empty, else `content-bytes`, ...
  std::optional<std::chrono::seconds> window{};  ///< `w`: in such a time
  std::string partition{};  ///< `pk`: bytes that say whose limit it is; may be empty

  friend bool operator==(const rate_limit_policy&, const rate_limit_policy&) = default;
};

/// \brief One limit of a `RateLimit` field: what is left of a policy.
struct rate_limit_state {
  std::string name{};                           ///< of the policy
  std::int64_t remaining = 0;                   ///< `r`, 0 to 10^15 - 1
  std::optional<std::chrono::seconds> reset{};  ///< `t`: until the quota is whole again
  std::string partition{};                      ///< `pk`

  friend bool operator==(const rate_limit_state&, const rate_limit_state&) = default;
};

/// \brief The policy of a limiter: the tokens that come in a window of whole seconds.
///
/// The window is the limit's period where that is whole seconds (1,000 a minute: `q=1000;w=60`), else
/// the shortest that whole tokens come in (1 in 1.5 s: `q=2;w=3`; 7 in 250 ms: `q=28;w=1`). A burst
/// beyond it makes it so many times as long that the quota holds the burst (10 a second, burst 25:
/// `q=30;w=3`), so that a `RateLimit` field never has more left than the quota. A pace for which an
/// exact window would be longer than a minute and four periods is rounded down, never up.
///
/// Whoever spreads the quota over the window is never refused. A smaller burst than the quota (100 a
/// second, burst 40: `q=100;w=1`) is not in the policy, for the draft has no word for it: what may be
/// taken at once is what `RateLimit` has left.
[[nodiscard]] SCALEKIT_EXPORT rate_limit_policy policy_of(std::string name, const rate& r);

/// \brief What a decision says: what is left, and when all is back (rounded up to a second).
[[nodiscard]] SCALEKIT_EXPORT rate_limit_state state_of(std::string name, const decision& d);

/// \brief The value of a `RateLimit-Policy` field, e.g. `"burst";q=100;w=60`; of a `RateLimit`
/// field, e.g. `"burst";r=50;t=30`. Empty for an empty list, for then the field is left out. \par
/// Errors `invalid_argument` for a name that is empty or not printable ASCII, a unit that is not
/// printable ASCII, or a number out of range.
[[nodiscard]] SCALEKIT_EXPORT result<std::string> to_field(
    const std::vector<rate_limit_policy>& policies
);
[[nodiscard]] SCALEKIT_EXPORT result<std::string> to_field(
    const std::vector<rate_limit_state>& states
);

/// \brief Reads such a field (several lines of one are joined by commas first). Parameters that are
/// not known are skipped, of one that is there twice the last counts, as the RFCs say.
/// \par Errors `invalid_argument` if it is not a list of strings or tokens with parameters, if `q`
/// or `r` is missing or negative, or a known parameter is of another type; the whole field is then
/// to be ignored. `limit_exceeded` if it is longer than 8 KiB or has more than 64 members.
[[nodiscard]] SCALEKIT_EXPORT result<std::vector<rate_limit_policy>> parse_rate_limit_policy(
    std::string_view field
);
[[nodiscard]] SCALEKIT_EXPORT result<std::vector<rate_limit_state>> parse_rate_limit(
    std::string_view field
);

/// \brief The value of a `Retry-After` field in seconds: `wait` rounded up, from 0 to 2^31 - 1.
[[nodiscard]] SCALEKIT_EXPORT std::string retry_after_seconds(duration wait);

/// \brief The same as a date, `Sun, 06 Nov 1994 08:49:37 GMT`, rounded up to a second.
[[nodiscard]] SCALEKIT_EXPORT std::string retry_after_date(system_time when);

/// \brief How long a `Retry-After` field asks to wait: seconds, or a date in any of the three forms
/// of RFC 9110 (a past one is 0; `now` is the wall clock). A longer wait than `most` counts as
/// `most`, for a server may say anything.
/// \par Errors `invalid_argument` for anything else.
[[nodiscard]] SCALEKIT_EXPORT result<duration> parse_retry_after(
    std::string_view field, system_time now, duration most = std::chrono::hours(24)
);

}  // namespace scalekit::inline v0::resilience

#endif
