// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_SCAN_HPP
#define SCALEKIT_SRC_CSV_SCAN_HPP

/// \file
/// The two passes over a text: copy it while looking for special characters, and, only where one
/// was found, copy it while doubling quotes. Written once over a 16-byte block (SSE2, NEON), and
/// once byte by byte, which is the meaning of the two and serves every other machine.
///
/// Neither reads outside the text. Both may write up to 15 bytes beyond what they report.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace scalekit::inline v0::csv::scan {

inline constexpr std::size_t block_size = 16;

/// The characters that make a field need quotes, each spread over a block. None may be NUL.
class special_characters {
 public:
  static constexpr std::size_t count = 4;

  special_characters(char delimiter, char quote) noexcept {
    const std::array<char, count> all{delimiter, quote, '\n', '\r'};
    for (std::size_t i = 0; i < count; ++i) spread_[i].fill(all[i]);
  }
  [[nodiscard]] const char* block(std::size_t i) const noexcept { return spread_[i].data(); }
  [[nodiscard]] bool contains(char c) const noexcept {
    return c == spread_[0][0] || c == spread_[1][0] || c == spread_[2][0] || c == spread_[3][0];
  }

 private:
  alignas(block_size) std::array<std::array<char, block_size>, count> spread_;
};

struct scalar {
  static bool copy_and_find(
      char* out, std::string_view text, const special_characters& special
  ) noexcept {
    bool found = false;
    for (const char c : text) {
      *out++ = c;
      found |= special.contains(c);
    }
    return found;
  }

  static char* copy_doubling(char* out, std::string_view text, char quote) noexcept {
    for (const char c : text) {
      *out++ = c;
      // Stored either way and kept only if it was a quote: no branch to mispredict.
      *out = c;
      out += c == quote;
    }
    return out;
  }
};

#if defined(__SSE2__)
#define SCALEKIT_CSV_HAS_BLOCK 1

class block {
 public:
  static constexpr int bits_per_byte = 1;

  static block load(const char* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static block of(std::uint64_t low, std::uint64_t high) noexcept {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  }
  static block filled(char c) noexcept { return _mm_set1_epi8(c); }
  void store(char* p) const noexcept { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v_); }
  [[nodiscard]] block equal(block other) const noexcept { return _mm_cmpeq_epi8(v_, other.v_); }
  block operator|(block other) const noexcept { return _mm_or_si128(v_, other.v_); }
  /// `bits_per_byte` bits for each byte of a comparison, lowest first.
  [[nodiscard]] std::uint64_t bits() const noexcept {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(v_)));
  }

 private:
  block(__m128i v) noexcept : v_(v) {}
  __m128i v_;
};

#elif defined(__aarch64__) && defined(__ARM_NEON)
#define SCALEKIT_CSV_HAS_BLOCK 1

class block {
 public:
  static constexpr int bits_per_byte = 4;

  static block load(const char* p) noexcept {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  static block of(std::uint64_t low, std::uint64_t high) noexcept {
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
  }
  static block filled(char c) noexcept { return vdupq_n_u8(static_cast<std::uint8_t>(c)); }
  void store(char* p) const noexcept { vst1q_u8(reinterpret_cast<std::uint8_t*>(p), v_); }
  [[nodiscard]] block equal(block other) const noexcept { return vceqq_u8(v_, other.v_); }
  block operator|(block other) const noexcept { return vorrq_u8(v_, other.v_); }
  [[nodiscard]] std::uint64_t bits() const noexcept {
    // Narrowing by four bits leaves a nibble of each byte (Danila Kutenin, 2022).
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(v_), 4)), 0);
  }

 private:
  block(uint8x16_t v) noexcept : v_(v) {}
  uint8x16_t v_;
};

#endif

#if defined(SCALEKIT_CSV_HAS_BLOCK)

template <class T>
T load_as(const char* p) noexcept {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void store_as(char* p, T v) noexcept {
  std::memcpy(p, &v, sizeof v);
}

struct blockwise {
  static bool copy_and_find(
      char* out, std::string_view text, const special_characters& special
  ) noexcept {
    const char* s = text.data();
    const std::size_t n = text.size();
    if (n < block_size) return matches(copy_short(out, s, n), special).bits() != 0;
    // The last block overlaps the one before it, so nothing past the end is read.
    const block last = block::load(s + n - block_size);
    block found = matches(last, special);
    for (std::size_t i = 0; i + block_size < n; i += block_size) {
      const block b = block::load(s + i);
      b.store(out + i);
      found = found | matches(b, special);
    }
    last.store(out + n - block_size);
    return found.bits() != 0;
  }

  static char* copy_doubling(char* out, std::string_view text, char quote) noexcept {
    const char* s = text.data();
    const char* const end = s + text.size();
    const block quotes = block::filled(quote);
    while (static_cast<std::size_t>(end - s) >= block_size) {
      const block b = block::load(s);
      b.store(out);
      const std::uint64_t hits = b.equal(quotes).bits();
      if (hits == 0) {
        s += block_size;
        out += block_size;
        continue;
      }
      const int through = std::countr_zero(hits) / block::bits_per_byte + 1;
      s += through;
      out += through;
      *out++ = quote;
    }
    return scalar::copy_doubling(out, {s, static_cast<std::size_t>(end - s)}, quote);
  }

 private:
  static block matches(block b, const special_characters& special) noexcept {
    return (b.equal(block::load(special.block(0))) | b.equal(block::load(special.block(1)))) |
           (b.equal(block::load(special.block(2))) | b.equal(block::load(special.block(3))));
  }

  /// Copies fewer than 16 bytes by two loads that may overlap; the block holds every byte of the
  /// text at least once, and otherwise NULs, which are never special.
  static block copy_short(char* out, const char* s, std::size_t n) noexcept {
    if (n >= 8) {
      const auto low = load_as<std::uint64_t>(s);
      const auto high = load_as<std::uint64_t>(s + n - 8);
      store_as(out, low);
      store_as(out + n - 8, high);
      return block::of(low, high);
    }
    if (n >= 4) {
      const auto low = load_as<std::uint32_t>(s);
      const auto high = load_as<std::uint32_t>(s + n - 4);
      store_as(out, low);
      store_as(out + n - 4, high);
      return block::of(low, high);
    }
    if (n == 0) return block::of(0, 0);
    out[0] = s[0];
    out[n / 2] = s[n / 2];
    out[n - 1] = s[n - 1];
    const auto byte = [&](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(s[i])};
    };
    return block::of(byte(0) | byte(n / 2) << 8, byte(n - 1));
  }
};

using native = blockwise;
#else
using native = scalar;
#endif

}  // namespace scalekit::inline v0::csv::scan

#endif
