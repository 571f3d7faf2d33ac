// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/numeric.hpp"

#include "adapters/postgres/wire.hpp"

#include <limits>

namespace scalekit::inline v0::postgres {

namespace {

void append_padded(std::string& out, unsigned n, int digits) {
  char text[10];
  for (int i = digits; i-- > 0; n /= 10) text[i] = static_cast<char>('0' + n % 10);
  out.append(text, static_cast<std::size_t>(digits));
}

}  // namespace

// Four 16-bit numbers (digits, weight of the first, sign, scale for show), then digits of base
// 10,000; see numeric_send in the server's numeric.c.
bool append_numeric(std::string& out, std::string_view binary) {
  if (binary.size() < 8) return false;
  const int count = load_i16(binary.data());
  const int weight = load_i16(binary.data() + 2);
  const auto sign = static_cast<std::uint16_t>(load_i16(binary.data() + 4));
  const int scale = load_i16(binary.data() + 6);
  if (count < 0 || scale < 0 || binary.size() != 8 + 2 * static_cast<std::size_t>(count)) {
    return false;
  }
  switch (sign) {
    case 0xC000:
      out += "NaN";
      return true;
    case 0xD000:
      out += "Infinity";
      return true;
    case 0xF000:
      out += "-Infinity";
      return true;
    case 0x4000:
      out += '-';
      break;
    default:
      break;
  }
  const auto digit = [&](int i) {
    return i >= 0 && i < count ? static_cast<unsigned>(load_i16(binary.data() + 8 + 2 * i)) : 0U;
  };
  if (weight < 0) out += '0';
  for (int i = 0; i <= weight; ++i) {
    if (i == 0) {
      out += std::to_string(digit(0));
    } else {
      append_padded(out, digit(i), 4);
    }
  }
  if (scale == 0) return true;
  out += '.';
  const std::size_t end = out.size() + static_cast<std::size_t>(scale);
  for (int i = weight + 1; out.size() < end; ++i) append_padded(out, digit(i), 4);
  out.resize(end);
  return true;
}

void append_date(std::string& out, std::int32_t days_since_2000) {
  if (days_since_2000 == std::numeric_limits<std::int32_t>::max()) {
    out += "infinity";
    return;
  }
  if (days_since_2000 == std::numeric_limits<std::int32_t>::min()) {
    out += "-infinity";
    return;
  }
  // Hinnant's civil_from_days in 64 bits: PostgreSQL's years go far beyond std::chrono's.
  const std::int64_t z = std::int64_t{days_since_2000} + 10957 + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto of_era = static_cast<unsigned>(z - era * 146097);
  const unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * of_year + 2) / 153;
  const unsigned day = of_year - (153 * shifted_month + 2) / 5 + 1;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  std::int64_t year = std::int64_t{year_of_era} + era * 400 + (month <= 2 ? 1 : 0);
  const bool before_christ = year <= 0;
  if (before_christ) year = 1 - year;
  const std::string text = std::to_string(year);
  out.append(text.size() < 4 ? 4 - text.size() : 0, '0').append(text);
  out += '-';
  append_padded(out, month, 2);
  out += '-';
  append_padded(out, day, 2);
  if (before_christ) out += " BC";
}

void append_uuid(std::string& out, std::string_view binary) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t i = 0; i < binary.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    const auto byte = static_cast<unsigned char>(binary[i]);
    out += hex[byte >> 4U];
    out += hex[byte & 0xFU];
  }
}

}  // namespace scalekit::inline v0::postgres
