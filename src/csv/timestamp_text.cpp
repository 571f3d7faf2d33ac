// SPDX-License-Identifier: BSL-1.0
#include "csv/timestamp_text.hpp"

#include "csv/digits.hpp"

#include <cstring>

namespace scalekit::inline v0::csv {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::uint64_t positive(std::int64_t v) noexcept { return static_cast<std::uint64_t>(v); }

char* put_year(char* p, int year) noexcept {
  if (year >= 0 && year <= 9999) return put_padded(p, positive(year), 4);
  *p = year < 0 ? '-' : '+';
  return put_padded(p + 1, magnitude(year), 6);
}

}  // namespace

result<void> check_timestamp_pattern(std::string_view pattern) {
  const auto bad = [](std::string why) {
    return error(errc::invalid_argument, "timestamp_pattern: " + std::move(why));
  };
  if (pattern.empty()) return bad("is empty; use e.g. \"%Y-%m-%d %H:%M:%S\"");
  if (pattern.size() > timestamp_text::max_pattern) return bad("is longer than 64 bytes");
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    ++i;
    if (i == pattern.size() ||
        std::string_view("YmdHMSLf%").find(pattern[i]) == std::string_view::npos) {
      return bad(
          "offset " + std::to_string(i - 1) + ": after % one of Y m d H M S L f % must follow"
      );
    }
  }
  return {};
}

timestamp_text::timestamp_text(const dialect& d)
    : style_(d.timestamp_style), fraction_(d.timestamp_fraction), pattern_(d.timestamp_pattern) {
  switch (style_) {
    case timestamp_style::rfc3339:
      others_ = "+-T:.Z";
      break;
    case timestamp_style::space_separated:
      others_ = "+- :.";
      break;
    case timestamp_style::pattern:
      others_ = "+-";
      for (std::size_t i = 0; i < pattern_.size(); ++i) {
        if (pattern_[i] != '%') {
          others_ += pattern_[i];
        } else if (pattern_[++i] == '%') {
          others_ += '%';
        }
      }
      break;
    default:
      others_ = "-";
  }
}

char* timestamp_text::put(char* p, system_time t) noexcept {
  const std::int64_t micros = t.time_since_epoch().count();
  switch (style_) {
    case timestamp_style::epoch_seconds:
      return put_signed(p, floor_div(micros, 1'000'000));
    case timestamp_style::epoch_milliseconds:
      return put_signed(p, floor_div(micros, 1'000));
    case timestamp_style::epoch_microseconds:
      return put_signed(p, micros);
    default:
      break;
  }
  const std::int64_t day = floor_div(micros, micros_per_day);
  if (day != day_) remember(day);
  // Not `micros - day * micros_per_day`: on the first representable day the product overflows.
  const std::int64_t rest = micros % micros_per_day;
  const std::int64_t in_day = rest < 0 ? rest + micros_per_day : rest;
  return style_ == timestamp_style::pattern ? put_pattern(p, in_day) : put_standard(p, in_day);
}

void timestamp_text::remember(std::int64_t day) noexcept {
  day_ = day;
  // A moment of that day which does not overflow even on the first and the last one.
  const std::int64_t instant = day < 0 ? (day + 1) * micros_per_day - 1 : day * micros_per_day;
  date_ = to_civil(system_time(std::chrono::microseconds(instant)));
  char* p = put_year(date_text_.data(), date_.year);
  *p++ = '-';
  p = put_two(p, date_.month);
  *p++ = '-';
  p = put_two(p, date_.day);
  *p++ = style_ == timestamp_style::space_separated ? ' ' : 'T';
  date_size_ = static_cast<std::size_t>(p - date_text_.data());
}

char* timestamp_text::put_standard(char* p, std::int64_t in_day) const noexcept {
  std::memcpy(p, date_text_.data(), date_text_.size());
  p += date_size_;
  const auto seconds = static_cast<std::uint32_t>(in_day / micros_per_second);
  p = put_two(p, seconds / 3600);
  *p++ = ':';
  p = put_two(p, seconds / 60 % 60);
  *p++ = ':';
  p = put_two(p, seconds % 60);
  p = put_fraction(p, positive(in_day % micros_per_second));
  if (style_ == timestamp_style::rfc3339) *p++ = 'Z';
  return p;
}

char* timestamp_text::put_fraction(char* p, std::uint64_t micros) const noexcept {
  if (fraction_ == second_fraction::none) return p;
  const bool may_be_absent =
      fraction_ == second_fraction::automatic || fraction_ == second_fraction::shortest;
  if (may_be_absent && micros == 0) return p;
  *p++ = '.';
  if (fraction_ == second_fraction::shortest) {
    p = put_padded(p, micros, 6);
    while (p[-1] == '0') --p;
    return p;
  }
  const bool millis = fraction_ == second_fraction::milliseconds ||
                      (fraction_ == second_fraction::automatic && micros % 1000 == 0);
  return millis ? put_padded(p, micros / 1000, 3) : put_padded(p, micros, 6);
}

char* timestamp_text::put_pattern(char* p, std::int64_t in_day) const noexcept {
  const auto seconds = static_cast<std::uint32_t>(in_day / micros_per_second);
  const std::uint64_t micros = positive(in_day % micros_per_second);
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    if (pattern_[i] != '%') {
      *p++ = pattern_[i];
      continue;
    }
    switch (pattern_[++i]) {
      case 'Y':
        p = put_year(p, date_.year);
        break;
      case 'm':
        p = put_two(p, date_.month);
        break;
      case 'd':
        p = put_two(p, date_.day);
        break;
      case 'H':
        p = put_two(p, seconds / 3600);
        break;
      case 'M':
        p = put_two(p, seconds / 60 % 60);
        break;
      case 'S':
        p = put_two(p, seconds % 60);
        break;
      case 'L':
        p = put_padded(p, micros / 1000, 3);
        break;
      case 'f':
        p = put_padded(p, micros, 6);
        break;
      default:
        *p++ = '%';
    }
  }
  return p;
}

}  // namespace scalekit::inline v0::csv
