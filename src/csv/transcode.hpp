// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_TRANSCODE_HPP
#define SCALEKIT_SRC_CSV_TRANSCODE_HPP

/// \file
/// Latin-1 and UTF-16 to UTF-8.

#include <scalekit/csv/reader_options.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace scalekit::inline v0::csv {

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

/// A byte of Latin-1 becomes at most so many of UTF-8 (the euro sign, 0x80 in Windows-1252).
inline constexpr std::size_t latin1_growth = 3;

/// Writes `text` in UTF-8; `out` has room for \ref latin1_growth times its size. Returns the end.
char* latin1_to_utf8(char* out, std::string_view text) noexcept;

/// \brief UTF-16 in pieces of any size, to UTF-8.
///
/// What is ill-formed stays so, and visibly: a surrogate without its other half is encoded like any
/// other number (which UTF-8 forbids), an odd byte at the end becomes C0 (likewise). So who checks
/// UTF-8 finds it, and every unit of the input can be counted in the output.
class utf16_decoder {
 public:
  /// Two bytes of input become at most three of output; this much more may be left from before.
  static constexpr std::size_t slack = 8;

  utf16_decoder() = default;
  explicit utf16_decoder(text_encoding encoding) noexcept
      : big_endian_(encoding == text_encoding::utf16be) {}

  /// Room for `in.size() / 2 * 3 + slack`. Returns the end of what was written.
  char* decode(char* out, std::span<const char> in) noexcept;
  /// What the last piece has left open. Room for `slack`.
  char* finish(char* out) noexcept;

 private:
  char* put_unit(char* out, std::uint32_t unit) noexcept;

  std::uint32_t surrogate_ = 0;  // the first half of a pair whose second half is to come
  int odd_byte_ = -1;
  bool big_endian_ = false;
};

/// How many bytes of UTF-16 a text from \ref utf16_decoder was made of (an odd one counts as two).
[[nodiscard]] std::uint64_t utf16_size(std::string_view utf8) noexcept;

}  // namespace scalekit::inline v0::csv

#endif
