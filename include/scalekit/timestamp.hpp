// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TIMESTAMP_HPP
#define SCALEKIT_TIMESTAMP_HPP

/// \file
/// UTC instants as text: RFC 3339 and HTTP dates. No locale, no allocation on the hot path,
/// proleptic Gregorian calendar, years 0000-9999. Algorithm: Howard Hinnant, "chrono-compatible
/// low-level date algorithms" (days_from_civil, civil_from_days).

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace scalekit::inline v0 {

/// \brief A UTC instant taken apart; `month` and `day` count from 1.
struct civil_time {
  int year = 1970;
  unsigned month = 1, day = 1, hour = 0, minute = 0, second = 0, microsecond = 0;
  unsigned weekday = 4;  ///< 0 is Sunday; filled by \ref to_civil only.
};

[[nodiscard]] SCALEKIT_EXPORT civil_time to_civil(system_time t) noexcept;
/// \pre The fields are in range and the year in -290000..290000; `weekday` is ignored.
[[nodiscard]] SCALEKIT_EXPORT system_time from_civil(const civil_time& c) noexcept;

/// How many digits of the second RFC 3339 text carries.
enum class second_fraction {
  automatic,     ///< none if it is zero, else 3 if that is exact, else 6
  none,          ///< cut off (not rounded)
  milliseconds,  ///< cut off to 3
  microseconds,  ///< always 6
  shortest       ///< as many as are exact, none if it is zero (as PostgreSQL prints)
};

/// \brief Room for the longest text \ref write_rfc3339 makes.
inline constexpr std::size_t rfc3339_max = 32;

/// \brief Writes e.g. `2024-05-06T07:08:09.123456Z` to `out`; returns the length.
///
/// An instant outside the years 0000-9999 is written as the nearest one inside, so order is kept.
/// \pre `out` has \ref rfc3339_max characters.
SCALEKIT_EXPORT std::size_t write_rfc3339(
    char* out,
    system_time t,
    second_fraction fraction = second_fraction::automatic,
    char separator = 'T'
) noexcept;

[[nodiscard]] SCALEKIT_EXPORT std::string to_rfc3339(
    system_time t, second_fraction fraction = second_fraction::automatic
);

/// \brief Parses RFC 3339 with `Z` or an offset, `T`, `t` or a blank between date and time, and up
/// to 9 fraction digits (beyond 6 they are cut off). A leap second (`:60`) is refused: no backend
/// can store one.
/// \par Errors `invalid_argument` naming what is wrong: the shape, a field out of range, 30
/// February, an offset that leads out of the years 0000-9999.
[[nodiscard]] SCALEKIT_EXPORT result<system_time> parse_rfc3339(std::string_view text);

/// \brief `Mon, 06 May 2024 07:08:09 GMT` (RFC 9110 section 5.6.7), bounded as \ref write_rfc3339.
[[nodiscard]] SCALEKIT_EXPORT std::string to_http_date(system_time t);

/// \brief Parses exactly what that writes; the two obsolete forms of RFC 9110 are refused.
/// \par Errors `invalid_argument`: the shape, no such date or time of day, or another day's name.
[[nodiscard]] SCALEKIT_EXPORT result<system_time> parse_http_date(std::string_view text);

}  // namespace scalekit::inline v0

#endif
