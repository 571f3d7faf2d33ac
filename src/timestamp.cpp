// SPDX-License-Identifier: BSL-1.0
#include <scalekit/timestamp.hpp>

#include <algorithm>
#include <cstdint>

namespace scalekit::inline v0 {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) noexcept {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<std::int64_t>(y - era * 400);
  const std::int64_t doy =
      (153 * (static_cast<std::int64_t>(m) + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

// What RFC 3339 and HTTP dates can spell: four digits of year.
constexpr system_time first_instant{
    std::chrono::microseconds(days_from_civil(0, 1, 1) * micros_per_day)};
constexpr system_time last_instant{
    std::chrono::microseconds(days_from_civil(10'000, 1, 1) * micros_per_day - 1)};

constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

unsigned days_in_month(int year, unsigned month) noexcept {
  constexpr std::array<unsigned, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : lengths[month - 1];
}

void put2(char* out, unsigned value) noexcept {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

void put_digits(char* out, unsigned value, int width) noexcept {
  for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

/// Takes fixed-width numbers and single characters off the front of a text.
class scanner {
 public:
  explicit scanner(std::string_view text) noexcept : rest_(text) {}

  unsigned number(std::size_t width) noexcept {
    if (rest_.size() < width) return fail();
    unsigned value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  void any_of(std::string_view accepted) noexcept {
    if (rest_.empty() || accepted.find(rest_[0]) == std::string_view::npos) {
      fail();
    } else {
      rest_.remove_prefix(1);
    }
  }

  unsigned fraction_micros() noexcept {
    if (rest_.empty() || rest_[0] != '.') return 0;
    rest_.remove_prefix(1);
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      if (digits < 6) value = value * 10 + static_cast<unsigned>(rest_[digits] - '0');
    }
    if (digits == 0 || digits > 9) return fail();
    for (std::size_t i = digits; i < 6; ++i) value *= 10;
    rest_.remove_prefix(digits);
    return value;
  }

  std::int64_t offset_minutes() noexcept {
    if (rest_ == "Z" || rest_ == "z") return 0;
    if (rest_.size() != 6 || (rest_[0] != '+' && rest_[0] != '-')) return fail();
    const std::int64_t sign = rest_[0] == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    const unsigned hours = number(2);
    any_of(":");
    const unsigned minutes = number(2);
    if (hours > 23 || minutes > 59) return fail();
    return sign * static_cast<std::int64_t>(hours * 60 + minutes);
  }

  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  unsigned fail() noexcept {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

civil_time to_civil(system_time t) noexcept {
  const std::int64_t total = t.time_since_epoch().count();
  std::int64_t days = total / micros_per_day;
  std::int64_t in_day = total % micros_per_day;
  if (in_day < 0) {
    in_day += micros_per_day;
    --days;
  }
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const auto doe = static_cast<unsigned>(z - era * 146'097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  civil_time c;
  c.day = doy - (153 * mp + 2) / 5 + 1;
  c.month = mp < 10 ? mp + 3 : mp - 9;
  c.year = static_cast<int>(static_cast<std::int64_t>(yoe) + era * 400 + (c.month <= 2 ? 1 : 0));
  const auto seconds = static_cast<unsigned>(in_day / micros_per_second);
  c.hour = seconds / 3600;
  c.minute = seconds / 60 % 60;
  c.second = seconds % 60;
  c.microsecond = static_cast<unsigned>(in_day % micros_per_second);
  c.weekday = static_cast<unsigned>(((days + 4) % 7 + 7) % 7);
  return c;
}

system_time from_civil(const civil_time& c) noexcept {
  const std::int64_t seconds = days_from_civil(c.year, c.month, c.day) * 86'400 +
                               static_cast<std::int64_t>(c.hour * 3600 + c.minute * 60 + c.second);
  return system_time(std::chrono::microseconds(seconds * micros_per_second + c.microsecond));
}

std::size_t write_rfc3339(
    char* out, system_time t, second_fraction fraction, char separator
) noexcept {
  const civil_time c = to_civil(std::clamp(t, first_instant, last_instant));
  put_digits(out, static_cast<unsigned>(c.year), 4);
  out[4] = out[7] = '-';
  put2(out + 5, c.month);
  put2(out + 8, c.day);
  out[10] = separator;
  put2(out + 11, c.hour);
  out[13] = out[16] = ':';
  put2(out + 14, c.minute);
  put2(out + 17, c.second);
  int digits = 0;
  switch (fraction) {
    case second_fraction::none:
      break;
    case second_fraction::milliseconds:
      digits = 3;
      break;
    case second_fraction::microseconds:
      digits = 6;
      break;
    case second_fraction::automatic:
      digits = c.microsecond == 0 ? 0 : c.microsecond % 1000 == 0 ? 3 : 6;
      break;
    case second_fraction::shortest:
      digits = c.microsecond == 0 ? 0 : 6;
      break;
  }
  std::size_t n = 19;
  if (digits != 0) {
    out[n++] = '.';
    put_digits(out + n, digits == 3 ? c.microsecond / 1000 : c.microsecond, digits);
    n += static_cast<std::size_t>(digits);
    if (fraction == second_fraction::shortest) {
      while (out[n - 1] == '0') --n;
    }
  }
  out[n++] = 'Z';
  return n;
}

std::string to_rfc3339(system_time t, second_fraction fraction) {
  std::array<char, rfc3339_max> buffer;
  return {buffer.data(), write_rfc3339(buffer.data(), t, fraction)};
}

result<system_time> parse_rfc3339(std::string_view text) {
  scanner in(text);
  civil_time c;
  c.year = static_cast<int>(in.number(4));
  in.any_of("-");
  c.month = in.number(2);
  in.any_of("-");
  c.day = in.number(2);
  in.any_of("Tt ");
  c.hour = in.number(2);
  in.any_of(":");
  c.minute = in.number(2);
  in.any_of(":");
  c.second = in.number(2);
  c.microsecond = in.fraction_micros();
  const std::int64_t offset = in.offset_minutes();
  if (!in.ok()) {
    return error(
        errc::invalid_argument,
        "timestamp: expected the form 2024-05-06T07:08:09[.123456]Z or with an offset like +02:00"
    );
  }
  if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > days_in_month(c.year, c.month)) {
    return error(errc::invalid_argument, "timestamp: no such day in the calendar");
  }
  if (c.hour > 23 || c.minute > 59 || c.second > 59) {
    return error(errc::invalid_argument, "timestamp: no such time of day");
  }
  const system_time t = from_civil(c) - std::chrono::minutes(offset);
  if (t < first_instant || t > last_instant) {
    return error(errc::invalid_argument, "timestamp: in UTC it is outside the years 0000-9999");
  }
  return t;
}

std::string to_http_date(system_time t) {
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  const civil_time c = to_civil(std::clamp(t, first_instant, last_instant));
  std::string out = "Www, 00 Mmm 0000 00:00:00 GMT";
  out.replace(0, 3, days.substr(c.weekday * 3, 3));
  put2(out.data() + 5, c.day);
  out.replace(8, 3, months.substr((c.month - 1) * 3, 3));
  put_digits(out.data() + 12, static_cast<unsigned>(c.year), 4);
  put2(out.data() + 17, c.hour);
  put2(out.data() + 20, c.minute);
  put2(out.data() + 23, c.second);
  return out;
}

result<system_time> parse_http_date(std::string_view text) {
  const error refused(
      errc::invalid_argument, "timestamp: expected the form Mon, 06 May 2024 07:08:09 GMT"
  );
  if (text.size() != 29) return refused;
  const auto month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos) return refused;
  std::string same = "0000-00-00T00:00:00Z";
  same.replace(0, 4, text.substr(12, 4));
  put2(same.data() + 5, static_cast<unsigned>(month / 3 + 1));
  same.replace(8, 2, text.substr(5, 2));
  same.replace(11, 8, text.substr(17, 8));
  auto t = parse_rfc3339(same);
  // What lies between the numbers, and a month that straddles two names, shows here.
  if (!t || to_http_date(*t) != text) return refused;
  return t;
}

}  // namespace scalekit::inline v0
