// SPDX-License-Identifier: BSL-1.0
#include "csv/transcode.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace scalekit::inline v0::csv {

namespace {

constexpr std::uint32_t byte_of(char c) noexcept { return static_cast<unsigned char>(c); }

/// 0x80 to 0x9F in Windows-1252; the five it leaves open are the control characters of Latin-1 (the
/// Encoding Standard, index windows-1252).
constexpr std::array<std::uint16_t, 32> windows_1252{
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

char* put(char* out, std::uint32_t code_point) noexcept {
  const auto byte = [&out](std::uint32_t value) { *out++ = static_cast<char>(value); };
  const auto continuation = [&](int shift) { byte(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    continuation(0);
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    continuation(6);
    continuation(0);
  } else {
    byte(0xF0 | code_point >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
  return out;
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return byte_of(c) < 0x80; });
}

char* latin1_to_utf8(char* out, std::string_view text) noexcept {
  for (const char c : text) {
    const std::uint32_t b = byte_of(c);
    out = put(out, b >= 0x80 && b < 0xA0 ? windows_1252[b - 0x80] : b);
  }
  return out;
}

char* utf16_decoder::put_unit(char* out, std::uint32_t unit) noexcept {
  const bool first_half = unit >= 0xD800 && unit < 0xDC00;
  const bool second_half = unit >= 0xDC00 && unit < 0xE000;
  if (surrogate_ != 0) {
    const std::uint32_t first = std::exchange(surrogate_, 0);
    if (second_half) return put(out, 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
    out = put(out, first);
  }
  if (first_half) {
    surrogate_ = unit;
    return out;
  }
  return put(out, unit);
}

char* utf16_decoder::decode(char* out, std::span<const char> in) noexcept {
  for (const char c : in) {
    const std::uint32_t b = byte_of(c);
    if (odd_byte_ < 0) {
      odd_byte_ = static_cast<int>(b);
      continue;
    }
    const auto before = static_cast<std::uint32_t>(std::exchange(odd_byte_, -1));
    out = put_unit(out, big_endian_ ? before << 8 | b : b << 8 | before);
  }
  return out;
}

char* utf16_decoder::finish(char* out) noexcept {
  if (surrogate_ != 0) out = put(out, std::exchange(surrogate_, 0));
  if (odd_byte_ >= 0) *out++ = '\xC0';
  odd_byte_ = -1;
  return out;
}

std::uint64_t utf16_size(std::string_view utf8) noexcept {
  std::uint64_t units = 0;
  for (const char c : utf8) {
    const std::uint32_t b = byte_of(c);
    units += (b & 0xC0U) != 0x80 ? 1U : 0U;
    units += b >= 0xF0 ? 1U : 0U;
  }
  return 2 * units;
}

}  // namespace scalekit::inline v0::csv
