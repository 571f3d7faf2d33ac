// SPDX-License-Identifier: BSL-1.0
#include "csv/splitter_tracker.hpp"

#include <algorithm>
#include <bit>

namespace scalekit::inline v0::csv::splitting {

void tracker::take(std::string_view block, const bytes_before& before, const block_sums& sums) {
  if (block.empty()) return;
  regular_ = regular_ && sums.regular[in_quotes_ ? 1 : 0];
  if (!regular_) return;
  const std::uint64_t ends = sums.records[in_quotes_ ? 1 : 0];
  if (awaiting_) begin_piece(block, 0, at_.line, at_.record);
  const bool due =
      at_.record + ends >= cuts_.next_record() || at_.offset + block.size() >= cuts_.next_offset();
  if (due && !awaiting_) cut_within(block, before);
  at_.offset += block.size();
  at_.line += sums.lines;
  at_.record += ends;
  in_quotes_ ^= sums.flips;
  last_ = block.back();
}

/// A piece begins with the first record from there on; blank lines are none.
void tracker::begin_piece(
    std::string_view block, std::size_t from, std::uint64_t line, std::uint64_t record
) {
  awaiting_ = true;
  for (std::size_t i = from; i < block.size(); ++i) {
    if (block[i] == '\n') {
      ++line;
    } else if (block[i] != '\r') {
      cuts_.cut({at_.offset + i, line, record});
      awaiting_ = false;
      return;
    }
  }
}

void tracker::cut_within(std::string_view block, const bytes_before& before) {
  block_walker walker(block, before, marks_);
  const std::uint64_t begun_in_quotes = masks::all_if(in_quotes_ ? 1 : 0);
  position here = at_;
  while (walker.next()) {
    const std::uint64_t lines = walker.line_ends();
    const std::uint64_t outside = lines & ~(walker.in_quotes() ^ begun_in_quotes);
    const std::uint64_t ends = outside & ~walker.blank_line_ends();
    for (;;) {
      const std::size_t i = piece_end(here, outside, ends);
      if (i == masks::block_bytes) break;
      const std::uint64_t through = masks::lowest(i + 1);
      begin_piece(
          block,
          static_cast<std::size_t>(here.offset - at_.offset) + i + 1,
          here.line + masks::count(lines & through),
          here.record + masks::count(ends & through)
      );
      if (awaiting_) return;
    }
    here.offset += masks::block_bytes;
    here.line += masks::count(lines);
    here.record += masks::count(ends);
  }
}

/// Which of 64 bytes is the last of a piece's last line; 64 if none.
std::size_t tracker::piece_end(const position& here, std::uint64_t outside, std::uint64_t ends)
    const noexcept {
  if (cuts_.next_offset() != never) {
    const std::uint64_t last = cuts_.next_offset() - 1;
    const std::uint64_t too_early = last > here.offset ? last - here.offset : 0;
    const std::uint64_t early =
        masks::lowest(std::min<std::uint64_t>(too_early, masks::block_bytes));
    return static_cast<std::size_t>(std::countr_zero(outside & ~early));
  }
  const std::uint64_t wanted = cuts_.next_record() - here.record;
  if (masks::count(ends) < wanted) return masks::block_bytes;
  for (std::uint64_t i = 1; i < wanted; ++i) ends &= ends - 1;
  return static_cast<std::size_t>(std::countr_zero(ends));
}

}  // namespace scalekit::inline v0::csv::splitting
