// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_CSV_MARKS_HPP
#define SCALEKIT_SRC_CSV_CSV_MARKS_HPP

/// \file
/// What the reader's scanner asks of every 64 bytes, in one go, whatever class of blocks it uses.

#include "csv/block_masks.hpp"
#include "csv/wide_utf8.hpp"

#include <cstdint>

namespace scalekit::inline v0::csv::masks {

/// The characters that mean something. Those that do not are CR again, which is looked for anyhow.
struct csv_alphabet {
  char delimiter;
  char quote;
  char nul;
  char escape;
  char comment;
};

struct csv_marks {
  std::uint64_t quotes;
  std::uint64_t delimiters;
  std::uint64_t lines;  // LF
  bool rare;            // whether any byte is a CR, another of the alphabet, or not ASCII
};

// What follows says how a scanner reads blocks: `is_plain` if the dialect has neither escapes nor
// comments, `checks_utf8` if it has `utf8_errors`, to be asked of every block.

/// Of a dialect without escapes and comments.
template <class Block>
struct plain_marks {
  using block = Block;
  static constexpr bool is_plain = true;
  static constexpr bool checks_utf8 = false;
  [[gnu::always_inline]] static inline csv_marks of(const char* p, csv_alphabet chars) noexcept {
    const auto b = Block::load(p);
    return {
        b.equal(chars.quote),
        b.equal(chars.delimiter),
        b.equal('\n'),
        b.any_high_or('\r', chars.nul)};
  }
};

#if defined(SCALEKIT_CSV_WIDE_BLOCKS)
/// The same of UTF-8 that is checked whether it is ASCII or not, which makes what is not ASCII
/// nothing rare.
struct wide_text_marks {
  using block = wide_block;
  static constexpr bool is_plain = true;
  static constexpr bool checks_utf8 = true;
  [[gnu::always_inline]] static inline csv_marks of(const char* p, csv_alphabet chars) noexcept {
    csv_marks found = plain_marks<block>::of(p, chars);
    found.rare = block::load(p).equal('\r', chars.nul) != 0;
    return found;
  }
  [[gnu::always_inline]] static inline std::uint64_t utf8_errors(
      const char* p, const char* before
  ) noexcept {
    return utf8::wide_errors(p, before);
  }
};
#endif

template <class Block>
struct all_marks {
  using block = Block;
  static constexpr bool is_plain = false;
  static constexpr bool checks_utf8 = false;
  [[gnu::always_inline]] static inline csv_marks of(const char* p, csv_alphabet chars) noexcept {
    const auto b = Block::load(p);
    return {
        b.equal(chars.quote),
        b.equal(chars.delimiter),
        b.equal('\n'),
        b.any_high_or('\r', chars.nul, chars.escape, chars.comment)};
  }
};

}  // namespace scalekit::inline v0::csv::masks

#endif
