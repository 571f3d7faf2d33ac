// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_WIDE_UTF8_HPP
#define SCALEKIT_SRC_CSV_WIDE_UTF8_HPP

#include "csv/block_masks.hpp"

#include <array>
#include <cstdint>

#if defined(SCALEKIT_CSV_WIDE_BLOCKS)

namespace scalekit::inline v0::csv::utf8 {

namespace detail {

// What can be wrong with two bytes in a row. A bit is an error if all three tables below have it.
inline constexpr std::uint8_t too_short = 1;    // a leading byte, then none that continues
inline constexpr std::uint8_t too_long = 2;     // ASCII, then one that continues
inline constexpr std::uint8_t overlong_3 = 4;   // E0, then below A0
inline constexpr std::uint8_t too_large = 8;    // F4, then from 90 on; above F4, likewise
inline constexpr std::uint8_t surrogate = 16;   // ED, then from A0 on
inline constexpr std::uint8_t overlong_2 = 32;  // C0 or C1
inline constexpr std::uint8_t overlong_4 = 64;  // F0, then below 90; above F4, likewise
// Two that continue: wrong unless the second is the third or fourth byte of a sequence.
inline constexpr std::uint8_t continued = 128;

// As the machine looks them up: sixteen values, in each quarter again.
using table = std::array<std::array<std::uint8_t, 16>, 4>;

inline constexpr table first_high = [] {
  std::array<std::uint8_t, 16> of{};
  of.fill(too_long);
  of[0x8] = of[0x9] = of[0xA] = of[0xB] = continued;
  of[0xC] = too_short | overlong_2;
  of[0xD] = too_short;
  of[0xE] = too_short | overlong_3 | surrogate;
  of[0xF] = too_short | too_large | overlong_4;
  return table{of, of, of, of};
}();

inline constexpr table first_low = [] {
  constexpr std::uint8_t any = too_short | too_long | continued;
  std::array<std::uint8_t, 16> of{};
  of.fill(any | too_large | overlong_4);
  of[0x0] = any | overlong_2 | overlong_3 | overlong_4;
  of[0x1] = any | overlong_2;
  of[0x2] = of[0x3] = any;
  of[0x4] = any | too_large;
  of[0xD] |= surrogate;
  return table{of, of, of, of};
}();

inline constexpr table second_high = [] {
  constexpr std::uint8_t continues = too_long | overlong_2 | continued;
  std::array<std::uint8_t, 16> of{};
  of.fill(too_short);
  of[0x8] = continues | overlong_3 | overlong_4;
  of[0x9] = continues | overlong_3 | too_large;
  of[0xA] = of[0xB] = continues | surrogate | too_large;
  return table{of, of, of, of};
}();

}  // namespace detail

/// \brief What \ref block_checker says of a \ref masks::wide_block, at the same cost for text and
/// ASCII (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021).
///
/// \param p       64 bytes
/// \param before  the 64 bytes before them; zeros at the start of a text
/// \return A bit for each byte that cannot stand where it stands. Of an ill-formed sequence it is
/// one of its bytes or the byte behind it.
[[nodiscard, SCALEKIT_CSV_WIDE]] inline std::uint64_t wide_errors(
    const char* p, const char* before
) noexcept {
  const __m512i now = _mm512_loadu_si512(p);
  const __m512i shifted = _mm512_maskz_alignr_epi64(0xFF, now, _mm512_loadu_si512(before), 6);
  const __m512i one_before = _mm512_alignr_epi8(now, shifted, 15);
  const __m512i two_before = _mm512_alignr_epi8(now, shifted, 14);
  const __m512i three_before = _mm512_alignr_epi8(now, shifted, 13);

  const __m512i half = _mm512_set1_epi8(0x0F);
  const __m512i by_first_high = _mm512_shuffle_epi8(
      _mm512_loadu_si512(&detail::first_high),
      _mm512_and_si512(_mm512_srli_epi16(one_before, 4), half)
  );
  const __m512i by_first_low = _mm512_shuffle_epi8(
      _mm512_loadu_si512(&detail::first_low), _mm512_and_si512(one_before, half)
  );
  const __m512i by_second_high = _mm512_shuffle_epi8(
      _mm512_loadu_si512(&detail::second_high), _mm512_and_si512(_mm512_srli_epi16(now, 4), half)
  );
  const __m512i of_two =
      _mm512_and_si512(_mm512_and_si512(by_first_high, by_first_low), by_second_high);

  // The top bit, which is that of `continued`, where a third or fourth byte is due.
  const __m512i third = _mm512_subs_epu8(two_before, _mm512_set1_epi8(0xE0 - 0x80));
  const __m512i fourth = _mm512_subs_epu8(three_before, _mm512_set1_epi8(0xF0 - 0x80));
  const __m512i due =
      _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8(static_cast<char>(0x80)));
  const __m512i wrong = _mm512_xor_si512(of_two, due);
  return _mm512_test_epi8_mask(wrong, wrong);
}

}  // namespace scalekit::inline v0::csv::utf8

#endif

#endif
