// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_UTF8_HPP
#define SCALEKIT_SRC_CSV_UTF8_HPP

/// \file
/// What is well-formed UTF-8, exactly as Unicode has it (The Unicode Standard 15.0, table 3-7): no
/// overlong forms, no surrogates, nothing above U+10FFFF, nothing cut short.

#include "csv/block_masks.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::csv::utf8 {

/// Where the first ill-formed sequence begins; `npos` if there is none.
[[nodiscard]] std::size_t find_ill_formed(std::string_view text) noexcept;

/// \brief Checks a text block by block: each byte against what the bytes before it ask for.
///
/// A sequence that is cut short shows at the first byte that should have continued it; at the end
/// of a text \ref expects_more tells.
class block_checker {
 public:
  /// The bytes that cannot stand where they stand. Only the first means something: it is that of a
  /// character-by-character reading, or the first byte after what is too short.
  template <class Block>
  [[nodiscard, gnu::always_inline]] std::uint64_t errors(const Block& b) noexcept {
    const std::uint64_t high = b.high();
    if ((high | continue_) == 0) return 0;
    const std::uint64_t from_c0 = b.above('\xBF') & high;
    const std::uint64_t from_c2 = b.above('\xC1') & high;
    const std::uint64_t from_e0 = b.above('\xDF') & high;
    std::uint64_t due = continue_ | from_c2 << 1;
    std::uint64_t wrong = from_c0 & ~from_c2;  // C0 and C1 begin overlong forms only
    continue_ = from_c2 >> 63;
    if ((from_e0 | second_) != 0) {
      const std::uint64_t from_f0 = b.above('\xEF') & high;
      due |= from_e0 << 2 | from_f0 << 3;
      continue_ |= from_e0 >> 62 | from_f0 >> 61;
      wrong |= wrong_second_bytes(b, high) | (b.above('\xF4') & high);
    }
    return wrong | (due ^ (high & ~from_c0));
  }

  /// Whether a sequence is open; if so, the next block must be asked about even if it is ASCII.
  [[nodiscard]] bool expects_more() const noexcept { return continue_ != 0; }
  void reset() noexcept { continue_ = second_ = 0; }

 private:
  /// Behind E0, ED, F0 and F4 not every continuation will do.
  template <class Block>
  [[gnu::always_inline]] std::uint64_t wrong_second_bytes(
      const Block& b, std::uint64_t high
  ) noexcept {
    const std::uint64_t e0 = b.equal('\xE0');
    const std::uint64_t ed = b.equal('\xED');
    const std::uint64_t f0 = b.equal('\xF0');
    const std::uint64_t f4 = b.equal('\xF4');
    const std::uint64_t from_90 = b.above('\x8F') & high;
    const std::uint64_t from_a0 = b.above('\x9F') & high;
    const auto behind = [this](std::uint64_t lead, int bit) {
      return lead << 1 | (second_ >> bit & 1);
    };
    const std::uint64_t wrong = (behind(e0, 0) & ~from_a0) | (behind(ed, 1) & from_a0) |
                                (behind(f0, 2) & ~from_90) | (behind(f4, 3) & from_90);
    second_ = e0 >> 63 | ed >> 63 << 1 | f0 >> 63 << 2 | f4 >> 63 << 3;
    return wrong;
  }

  std::uint64_t continue_ = 0;  // the first bytes of the next block that must continue a sequence
  std::uint64_t second_ = 0;    // which of E0, ED, F0, F4 was the last byte
};

}  // namespace scalekit::inline v0::csv::utf8

#endif
