// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_DIGITS_HPP
#define SCALEKIT_SRC_CSV_DIGITS_HPP

/// \file
/// Integers to decimal digits, two at a time. Each function writes at `p` and returns the end.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace scalekit::inline v0::csv {

inline constexpr std::size_t max_digits = 20;

namespace detail {

constexpr std::array<char, 200> make_pairs() {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
inline constexpr auto pairs = make_pairs();

constexpr std::array<std::uint64_t, max_digits> make_powers() {
  std::array<std::uint64_t, max_digits> powers{};
  std::uint64_t p = 1;
  for (auto& power : powers) {
    power = p;
    p *= 10;
  }
  return powers;
}
inline constexpr auto powers_of_ten = make_powers();

}  // namespace detail

/// \pre `v < 100`
inline char* put_two(char* p, std::uint64_t v) noexcept {
  std::memcpy(p, &detail::pairs[2 * v], 2);
  return p + 2;
}

/// \pre `v` has at most `width` digits
inline char* put_padded(char* p, std::uint64_t v, std::size_t width) noexcept {
  for (std::size_t i = width; i > 0; v /= 10) p[--i] = static_cast<char>('0' + v % 10);
  return p + width;
}

inline std::size_t count_digits(std::uint64_t v) noexcept {
  v |= 1;  // zero has one digit, and no other number's count depends on its lowest bit
  // 1233 / 4096 is log10(2), near enough for 64 bits: the guess is the logarithm, or one above it.
  const auto guess = static_cast<std::size_t>(std::bit_width(v)) * 1233 >> 12;
  return guess + (v >= detail::powers_of_ten[guess] ? 1 : 0);
}

inline char* put_unsigned(char* p, std::uint64_t v) noexcept {
  char* const end = p + count_digits(v);
  char* q = end;
  while (v >= 100) {
    q -= 2;
    put_two(q, v % 100);
    v /= 100;
  }
  if (v >= 10) {
    put_two(q - 2, v);
  } else {
    q[-1] = static_cast<char>('0' + v);
  }
  return end;
}

/// The distance of a number from zero, the lowest one included.
inline std::uint64_t magnitude(std::int64_t v) noexcept {
  const auto bits = static_cast<std::uint64_t>(v);
  return v < 0 ? 0 - bits : bits;
}

inline char* put_signed(char* p, std::int64_t v) noexcept {
  *p = '-';
  return put_unsigned(p + (v < 0), magnitude(v));
}

/// \brief `units` of 10^-scale each: 5 with scale 2 is `0.05`.
inline char* put_scaled(
    char* p, std::uint64_t units, std::size_t scale, char decimal_separator
) noexcept {
  if (scale == 0) return put_unsigned(p, units);
  const std::size_t digits = count_digits(units);
  if (digits <= scale) {
    const std::size_t zeros = scale + 1 - digits;
    std::memset(p, '0', zeros);
    put_unsigned(p + zeros, units);
  } else {
    put_unsigned(p, units);
  }
  char* const point = p + (digits > scale ? digits - scale : 1);
  std::memmove(point + 1, point, scale);
  *point = decimal_separator;
  return point + 1 + scale;
}

}  // namespace scalekit::inline v0::csv

#endif
