// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_OPTION_CHECK_HPP
#define SCALEKIT_SRC_RESILIENCE_OPTION_CHECK_HPP

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/result.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// Remembers the first option that is out of range.
class option_check {
 public:
  explicit option_check(std::string_view what) noexcept : what_(what) {}

  /// `rule` says what holds, e.g. `"must be above 0 and at most 1"`.
  option_check& require(bool holds, std::string_view option, std::string_view rule) {
    if (holds || !message_.empty()) return *this;
    message_.append(what_).append(": ").append(option).append(" ").append(rule);
    return *this;
  }

  [[nodiscard]] result<void> done() const {
    if (message_.empty()) return {};
    return error(errc::invalid_argument, message_);
  }

 private:
  std::string_view what_;
  std::string message_;
};

/// The longest wait or window that makes sense; keeps sums of a few far from the end of the clock.
inline constexpr duration a_year = std::chrono::hours(24 * 365);

[[nodiscard]] constexpr bool within(duration d, duration low, duration high) noexcept {
  return low <= d && d <= high;
}
/// False for what is not a number, too.
[[nodiscard]] constexpr bool within(double d, double low, double high) noexcept {
  return low <= d && d <= high;
}

}  // namespace scalekit::inline v0::resilience

#endif
