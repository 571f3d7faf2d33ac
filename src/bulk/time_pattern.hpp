// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_TIME_PATTERN_HPP
#define SCALEKIT_SRC_BULK_TIME_PATTERN_HPP

#include <scalekit/result.hpp>
#include <scalekit/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What a text says, whether or not there is such a day or time.
struct time_parts {
  civil_time civil = {.year = 0, .month = 0, .day = 0};
  std::optional<int> zone = {};  ///< minutes east of UTC
  bool finer = false;            ///< digits other than zero behind the microsecond
  bool in_range = true;          ///< the hour by `%I`, and the zone
};

/// \brief A pattern of \ref date_limits, compiled.
class time_pattern {
 public:
  enum class use { date, timestamp };

  /// \par Errors `invalid_argument` saying what is wrong with it.
  [[nodiscard]] static result<time_pattern> compile(std::string_view pattern, use what);
  /// \brief RFC 3339, with `T`, `t` or a blank, a fraction or none, a zone or none.
  [[nodiscard]] static time_pattern rfc3339();

  /// \brief Whether the text has the form.
  [[nodiscard]] bool parse(std::string_view text, time_parts& out) const noexcept;

  /// \brief How the last day of 2024 is written, at a quarter to seven in the evening.
  [[nodiscard]] std::string example() const;

 private:
  enum class part : std::uint8_t {
    literal,
    year,
    month,
    day,
    hour,
    hour12,
    minute,
    second,
    half,
    milliseconds,
    fraction,
    zone,
    // Those of RFC 3339 that a pattern cannot spell.
    date_time_separator,
    fraction_if_any,
    zone_if_any
  };
  struct step {
    part what = part::literal;
    char literal = '\0';
    bool one_digit = false;  ///< enough
  };
  class scanner;

  static std::optional<part> part_of(char letter) noexcept;
  [[nodiscard]] std::string_view fault(use what) const;
  [[nodiscard]] std::size_t count(part p) const noexcept;

  std::vector<step> steps_;
};

}  // namespace scalekit::inline v0::bulk

#endif
