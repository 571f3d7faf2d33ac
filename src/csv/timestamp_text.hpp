// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_TIMESTAMP_TEXT_HPP
#define SCALEKIT_SRC_CSV_TIMESTAMP_TEXT_HPP

#include <scalekit/clock.hpp>
#include <scalekit/csv/dialect.hpp>
#include <scalekit/result.hpp>
#include <scalekit/timestamp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace scalekit::inline v0::csv {

/// \brief Writes instants as a dialect says. Remembers the last day: in an export instants come in
/// clusters, and the calendar is the costly part.
class timestamp_text {
 public:
  /// Longest pattern, and the most characters any instant takes (`%Y` gives up to 7 for 2).
  static constexpr std::size_t max_pattern = 64;
  static constexpr std::size_t max_size = max_pattern * 4;

  explicit timestamp_text(const dialect& d);

  /// \brief Writes at `p`, at most \ref max_size characters; returns the end.
  [[nodiscard]] char* put(char* p, system_time t) noexcept;

  /// \brief The characters other than digits that an instant may hold.
  [[nodiscard]] std::string_view other_characters() const noexcept { return others_; }

 private:
  void remember(std::int64_t day) noexcept;
  char* put_standard(char* p, std::int64_t in_day) const noexcept;
  char* put_fraction(char* p, std::uint64_t micros) const noexcept;
  char* put_pattern(char* p, std::int64_t in_day) const noexcept;

  timestamp_style style_;
  second_fraction fraction_;
  std::string pattern_;
  std::string others_;

  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();  // no instant falls on it
  civil_time date_;
  std::array<char, 16> date_text_{};  // with the separator after it
  std::size_t date_size_ = 0;
};

/// \brief What is wrong with a pattern, or nothing.
[[nodiscard]] result<void> check_timestamp_pattern(std::string_view pattern);

}  // namespace scalekit::inline v0::csv

#endif
