// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_BLOCK_MASKS_HPP
#define SCALEKIT_SRC_CSV_BLOCK_MASKS_HPP

/// \file
/// Text, 64 bytes at a time, as bit masks: bit i tells of byte i. What a byte-by-byte machine asks
/// of one byte after the other is then asked of 64 at once (Langdale and Lemire, "Parsing gigabytes
/// of JSON per second", 2019).
///
/// \code
/// const auto block = masks::native_block::load(p);           // reads exactly 64 bytes
/// const std::uint64_t quotes = block.equal('"');
/// const std::uint64_t inside = masks::prefix_xor(quotes) ^ carried;  // see prefix_xor
/// const std::uint64_t ends = block.equal('\n') & ~inside;
/// carried = masks::all_if(inside >> 63);
/// \endcode
///
/// `scalar_block` is the meaning of the class and serves every machine without SSE2 or NEON; both
/// of these belong to the baseline of their architecture, so `native_block` is chosen when
/// compiling. `wide_block` is for those x86-64 machines that turn out to have AVX-512 at run time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define SCALEKIT_CSV_WIDE_BLOCKS 1
#define SCALEKIT_CSV_WIDE gnu::target("avx512bw,avx512vbmi2,bmi,popcnt")
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace scalekit::inline v0::csv::masks {

inline constexpr std::size_t block_bytes = 64;

/// Bit i of the result is the parity of the bits 0 to i. Of a mask of quotes: set from each opening
/// quote up to the byte before its closing one, the opening quote included. (By shifts: as fast
/// here as a carry-less multiplication, which not every machine has.)
[[nodiscard]] constexpr std::uint64_t prefix_xor(std::uint64_t bits) noexcept {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ bits << 32;
}

/// All ones for 1, zero for 0.
[[nodiscard]] constexpr std::uint64_t all_if(std::uint64_t bit) noexcept { return 0 - bit; }

/// The lowest `n` bits; n is at most 64.
[[nodiscard]] constexpr std::uint64_t lowest(std::size_t n) noexcept {
  return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
}

/// How many bits are set. `std::popcount` would be a call into the compiler's library on x86-64,
/// whose baseline has no such instruction.
[[nodiscard]] constexpr unsigned count(std::uint64_t bits) noexcept {
  bits -= (bits >> 1) & 0x5555555555555555U;
  bits = (bits & 0x3333333333333333U) + ((bits >> 2) & 0x3333333333333333U);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FU;
  return static_cast<unsigned>((bits * 0x0101010101010101U) >> 56);
}

class scalar_block {
 public:
  static scalar_block load(const char* p) noexcept {
    scalar_block b;
    std::memcpy(b.bytes_.data(), p, block_bytes);
    return b;
  }

  /// The bytes that are `c`.
  [[nodiscard]] std::uint64_t equal(char c) const noexcept {
    return where([c](char b) { return b == c; });
  }
  /// The bytes that are `a` or `b`.
  [[nodiscard]] std::uint64_t equal(char a, char b) const noexcept { return equal(a) | equal(b); }
  /// The bytes from 0x80 on, which are not ASCII.
  [[nodiscard]] std::uint64_t high() const noexcept {
    return where([](char b) { return static_cast<signed char>(b) < 0; });
  }
  /// The bytes greater than `c`, which is 0x80 or more, and those below 0x80: the order is that of
  /// signed bytes, which is what the machines have.
  [[nodiscard]] std::uint64_t above(char c) const noexcept {
    return where([c](char b) { return static_cast<signed char>(b) > static_cast<signed char>(c); });
  }
  /// Whether any byte is one of the characters or from 0x80 on; cheaper than the masks.
  template <class... Chars>
  [[nodiscard]] bool any_high_or(Chars... characters) const noexcept {
    return (high() | (equal(characters) | ...)) != 0;
  }

 private:
  template <class Is>
  [[nodiscard]] std::uint64_t where(Is is) const noexcept {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < block_bytes; ++i) {
      bits |= static_cast<std::uint64_t>(is(bytes_[i])) << i;
    }
    return bits;
  }

  std::array<char, block_bytes> bytes_;
};

#if defined(__SSE2__)

class simd_block {
 public:
  static simd_block load(const char* p) noexcept {
    const auto part = [p](std::size_t i) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    };
    return {part(0), part(1), part(2), part(3)};
  }

  [[nodiscard]] std::uint64_t equal(char c) const noexcept {
    const __m128i k = _mm_set1_epi8(c);
    return where([k](__m128i x) { return _mm_cmpeq_epi8(x, k); });
  }
  [[nodiscard]] std::uint64_t equal(char a, char b) const noexcept {
    const __m128i k = _mm_set1_epi8(a);
    const __m128i l = _mm_set1_epi8(b);
    return where([k, l](__m128i x) {
      return _mm_or_si128(_mm_cmpeq_epi8(x, k), _mm_cmpeq_epi8(x, l));
    });
  }
  [[nodiscard]] std::uint64_t high() const noexcept {
    return where([](__m128i x) { return x; });
  }
  [[nodiscard]] std::uint64_t above(char c) const noexcept {
    const __m128i k = _mm_set1_epi8(c);
    return where([k](__m128i x) { return _mm_cmpgt_epi8(x, k); });
  }
  template <class... Chars>
  [[nodiscard]] bool any_high_or(Chars... characters) const noexcept {
    const auto one = [&](__m128i x) {
      __m128i found = x;
      ((found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8(characters)))), ...);
      return found;
    };
    const __m128i left = _mm_or_si128(one(v_[0]), one(v_[1]));
    const __m128i right = _mm_or_si128(one(v_[2]), one(v_[3]));
    return _mm_movemask_epi8(_mm_or_si128(left, right)) != 0;
  }

 private:
  simd_block(__m128i a, __m128i b, __m128i c, __m128i d) noexcept : v_{a, b, c, d} {}

  template <class Compare>
  [[nodiscard]] std::uint64_t where(Compare compare) const noexcept {
    const auto bits = [&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(compare(v_[i]))));
    };
    return (bits(0) | bits(1) << 16) | (bits(2) << 32 | bits(3) << 48);
  }

  __m128i v_[4];
};
using native_block = simd_block;

#elif defined(__aarch64__) && defined(__ARM_NEON)

class simd_block {
 public:
  static simd_block load(const char* p) noexcept {
    const auto part = [p](std::size_t i) {
      return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p + 16 * i));
    };
    return {part(0), part(1), part(2), part(3)};
  }

  [[nodiscard]] std::uint64_t equal(char c) const noexcept {
    const uint8x16_t k = vdupq_n_u8(static_cast<std::uint8_t>(c));
    return where([k](uint8x16_t x) { return vceqq_u8(x, k); });
  }
  [[nodiscard]] std::uint64_t equal(char a, char b) const noexcept {
    const uint8x16_t k = vdupq_n_u8(static_cast<std::uint8_t>(a));
    const uint8x16_t l = vdupq_n_u8(static_cast<std::uint8_t>(b));
    return where([k, l](uint8x16_t x) { return vorrq_u8(vceqq_u8(x, k), vceqq_u8(x, l)); });
  }
  [[nodiscard]] std::uint64_t high() const noexcept {
    const uint8x16_t k = vdupq_n_u8(0x80);
    return where([k](uint8x16_t x) { return vcgeq_u8(x, k); });
  }
  [[nodiscard]] std::uint64_t above(char c) const noexcept {
    const int8x16_t k = vdupq_n_s8(static_cast<std::int8_t>(c));
    return where([k](uint8x16_t x) { return vcgtq_s8(vreinterpretq_s8_u8(x), k); });
  }
  template <class... Chars>
  [[nodiscard]] bool any_high_or(Chars... characters) const noexcept {
    const auto one = [&](uint8x16_t x) {
      uint8x16_t found = vcgeq_u8(x, vdupq_n_u8(0x80));
      const auto is = [x](char c) { return vceqq_u8(x, vdupq_n_u8(static_cast<std::uint8_t>(c))); };
      ((found = vorrq_u8(found, is(characters))), ...);
      return found;
    };
    const uint8x16_t left = vorrq_u8(one(v_[0]), one(v_[1]));
    const uint8x16_t right = vorrq_u8(one(v_[2]), one(v_[3]));
    return vmaxvq_u8(vorrq_u8(left, right)) != 0;
  }

 private:
  simd_block(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) noexcept : v_{a, b, c, d} {}

  template <class Compare>
  [[nodiscard]] std::uint64_t where(Compare compare) const noexcept {
    // Each byte keeps its own bit of eight; three pairwise additions gather the eight bits.
    const uint8x16_t weight = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201U));
    const auto weighed = [&](std::size_t i) { return vandq_u8(compare(v_[i]), weight); };
    const uint8x16_t left = vpaddq_u8(weighed(0), weighed(1));
    const uint8x16_t right = vpaddq_u8(weighed(2), weighed(3));
    const uint8x16_t pairs = vpaddq_u8(left, right);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)), 0);
  }

  uint8x16_t v_[4];
};
using native_block = simd_block;

#else
using native_block = scalar_block;
#endif

#if !defined(SCALEKIT_CSV_WIDE_BLOCKS)
[[nodiscard]] inline bool has_wide_blocks() noexcept { return false; }
#else

/// Whether this machine has what \ref wide_block needs: Intel's since 2019, AMD's since 2022.
[[nodiscard]] inline bool has_wide_blocks() noexcept {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0 &&
         __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("popcnt") != 0;
}

/// \brief The same by AVX-512, in a fraction of the instructions, for functions that are marked
/// `SCALEKIT_CSV_WIDE`.
///
/// Only in such a function, and what is inlined into it, do its members become instructions; so it
/// keeps no vector, whose form in memory and calls would depend on the machine compiled for.
class wide_block {
 public:
  static wide_block load(const char* p) noexcept { return wide_block(p); }

  [[nodiscard, SCALEKIT_CSV_WIDE]] std::uint64_t equal(char c) const noexcept {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p_), _mm512_set1_epi8(c));
  }
  [[nodiscard, SCALEKIT_CSV_WIDE]] std::uint64_t equal(char a, char b) const noexcept {
    return equal(a) | equal(b);
  }
  [[nodiscard, SCALEKIT_CSV_WIDE]] std::uint64_t high() const noexcept {
    return _mm512_movepi8_mask(_mm512_loadu_si512(p_));
  }
  [[nodiscard, SCALEKIT_CSV_WIDE]] std::uint64_t above(char c) const noexcept {
    return _mm512_cmpgt_epi8_mask(_mm512_loadu_si512(p_), _mm512_set1_epi8(c));
  }
  template <class... Chars>
  [[nodiscard, SCALEKIT_CSV_WIDE]] bool any_high_or(Chars... characters) const noexcept {
    return (high() | (equal(characters) | ...)) != 0;
  }

  /// Appends the positions of the bits, the block being at `at`; writes multiples of 64 bytes.
  /// (How many are likely makes no difference here.)
  template <unsigned Likely>
  [[nodiscard, SCALEKIT_CSV_WIDE]] static std::uint32_t* put_positions(
      std::uint32_t* out, std::uint64_t bits, std::uint32_t at
  ) noexcept {
    __m512i set = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(every_place.data()));
    const auto count = static_cast<int>(_mm_popcnt_u64(bits));
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
    for (int i = 0;; i += 16) {
      const __m128i low = _mm512_maskz_extracti32x4_epi32(0xF, set, 0);
      const __m512i next = _mm512_maskz_cvtepu8_epi32(0xFFFF, low);
      _mm512_storeu_si512(out + i, _mm512_add_epi32(next, base));
      if (i + 16 >= count) return out + count;
      set = _mm512_maskz_shuffle_i32x4(0xFFFF, set, set, 0b111001);
    }
  }

 private:
  explicit wide_block(const char* p) noexcept : p_(p) {}

  static constexpr auto every_place = [] {
    std::array<std::uint8_t, block_bytes> places{};
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::uint8_t>(i);
    return places;
  }();

  const char* p_;
};

#endif

}  // namespace scalekit::inline v0::csv::masks

#endif
