// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_SPLITTER_SCAN_HPP
#define SCALEKIT_SRC_CSV_SPLITTER_SCAN_HPP

/// \file
/// Where lines and records end in a block of a file, when it is not yet known, or known, whether
/// the block begins in quotes.

#include "csv/block_masks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace scalekit::inline v0::csv::splitting {

struct marks {
  char delimiter = ',';
  std::optional<char> quote = '"';
};

/// The two bytes before a block, the nearest last. Line ends before the first one, since a record
/// may begin there.
using bytes_before = std::array<char, 2>;
inline constexpr bytes_before file_begin{'\n', '\n'};

/// Walks over a block 64 bytes at a time. Bit i of a mask tells of byte i.
class block_walker {
 public:
  block_walker(std::string_view block, const bytes_before& before, const marks& m) noexcept
      : rest_(block), marks_(m) {
    std::array<char, masks::block_bytes> context{};
    std::copy(before.begin(), before.end(), context.end() - before.size());
    look_at(context.data());
  }

  /// Moves to the next 64 bytes, or fewer at the end; false if there are none.
  bool next() noexcept {
    if (rest_.empty()) return false;
    const std::size_t n = std::min(rest_.size(), masks::block_bytes);
    valid_ = masks::lowest(n);
    previous_ = current_;
    if (n == masks::block_bytes) {
      look_at(rest_.data());
    } else {
      std::array<char, masks::block_bytes> padded{};
      std::memcpy(padded.data(), rest_.data(), n);
      look_at(padded.data());
    }
    in_quotes_ = masks::prefix_xor(current_.quote) ^ masks::all_if(in_quotes_ >> 63);
    rest_.remove_prefix(n);
    return true;
  }

  /// If the block begins outside quotes: from each opening quote to before its closing one. The
  /// complement, if it begins inside.
  [[nodiscard]] std::uint64_t in_quotes() const noexcept { return in_quotes_; }
  [[nodiscard]] std::uint64_t line_ends() const noexcept { return current_.line_feed & valid_; }
  /// Line ends with nothing before them on the line.
  [[nodiscard]] std::uint64_t blank_line_ends() const noexcept {
    const std::uint64_t after_line = after(&kinds::line_feed);
    const std::uint64_t after_crlf =
        after(&kinds::carriage_return) & (current_.line_feed << 2 | previous_.line_feed >> 62);
    return line_ends() & (after_line | after_crlf);
  }
  /// Carriage returns not followed by a line feed, each told of by the byte that follows.
  [[nodiscard]] std::uint64_t after_lone_carriage_returns() const noexcept {
    return after(&kinds::carriage_return) & ~current_.line_feed & valid_;
  }
  /// Quotes that cannot open a field: there is something before them on it.
  [[nodiscard]] std::uint64_t no_opening_quotes() const noexcept {
    const std::uint64_t may_open =
        after(&kinds::delimiter) | after(&kinds::line_feed) | after(&kinds::quote);
    return current_.quote & ~may_open & valid_;
  }
  /// Bytes behind a quote that cannot have closed a field, since it goes on.
  [[nodiscard]] std::uint64_t after_no_closing_quotes() const noexcept {
    const std::uint64_t may_follow =
        current_.delimiter | current_.line_feed | current_.carriage_return | current_.quote;
    return after(&kinds::quote) & ~may_follow & valid_;
  }

 private:
  struct kinds {
    std::uint64_t quote = 0;
    std::uint64_t delimiter = 0;
    std::uint64_t line_feed = 0;
    std::uint64_t carriage_return = 0;
  };

  void look_at(const char* p) noexcept {
    const auto block = masks::native_block::load(p);
    current_.quote = marks_.quote ? block.equal(*marks_.quote) : 0;
    current_.delimiter = block.equal(marks_.delimiter);
    current_.line_feed = block.equal('\n');
    current_.carriage_return = block.equal('\r');
  }

  [[nodiscard]] std::uint64_t after(std::uint64_t kinds::*kind) const noexcept {
    return current_.*kind << 1 | previous_.*kind >> 63;
  }

  std::string_view rest_;
  marks marks_;
  kinds previous_;
  kinds current_;
  std::uint64_t in_quotes_ = 0;
  std::uint64_t valid_ = 0;
};

/// What a block adds up to; of a pair, the first holds if it begins outside quotes, the second if
/// inside.
struct block_sums {
  std::uint64_t lines = 0;
  std::array<std::uint64_t, 2> records{};  ///< that end in the block
  std::array<bool, 2> regular{true, true};
  bool flips = false;  ///< an odd number of quotes
};

[[nodiscard]] inline block_sums add_up(
    std::string_view block, const bytes_before& before, const marks& m
) noexcept {
  block_sums sums;
  std::uint64_t ends = 0;
  std::uint64_t stray_outside = 0;
  std::uint64_t stray_inside = 0;
  block_walker at(block, before, m);
  // Whether the byte before is in quotes, were the block to begin outside.
  std::uint64_t last_in_quotes = 0;
  while (at.next()) {
    const std::uint64_t in = at.in_quotes();
    const std::uint64_t filled = at.line_ends() & ~at.blank_line_ends();
    sums.lines += masks::count(at.line_ends());
    ends += masks::count(filled);
    sums.records[0] += masks::count(filled & ~in);

    // An opening quote lies in what it opens; what it closed lies before a closing one.
    const std::uint64_t before_in = in << 1 | last_in_quotes;
    const std::uint64_t lone = at.after_lone_carriage_returns();
    stray_outside |=
        lone | (at.no_opening_quotes() & in) | (at.after_no_closing_quotes() & ~before_in);
    stray_inside |=
        lone | (at.no_opening_quotes() & ~in) | (at.after_no_closing_quotes() & before_in);
    last_in_quotes = in >> 63;
  }
  sums.records[1] = ends - sums.records[0];
  sums.regular = {stray_outside == 0, stray_inside == 0};
  sums.flips = last_in_quotes != 0;
  return sums;
}

}  // namespace scalekit::inline v0::csv::splitting

#endif
