// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_SPLITTER_TRACKER_HPP
#define SCALEKIT_SRC_CSV_SPLITTER_TRACKER_HPP

#include "csv/splitter_scan.hpp"

#include <scalekit/csv/splitter.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit::inline v0::csv::splitting {

inline constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

/// Decides which records begin a piece.
class cutter {
 public:
  explicit cutter(const split_options& options) noexcept
      : every_records_(options.every_records), every_bytes_(options.every_bytes) {}

  /// Number and offset from which on the next record to begin there begins a piece; one of them.
  [[nodiscard]] std::uint64_t next_record() const noexcept { return next_record_; }
  [[nodiscard]] std::uint64_t next_offset() const noexcept { return next_offset_; }

  void cut(const position& here) {
    points_.push_back(here);
    next_record_ = later(here.record, every_records_);
    next_offset_ = later(here.offset, every_bytes_);
  }
  [[nodiscard]] std::vector<position> points() && noexcept { return std::move(points_); }

 private:
  static std::uint64_t later(std::uint64_t from, std::uint64_t by) noexcept {
    return by == 0 || by > never - from ? never : from + by;
  }

  std::uint64_t every_records_;
  std::uint64_t every_bytes_;
  std::uint64_t next_record_ = 0;
  std::uint64_t next_offset_ = 0;
  std::vector<position> points_;
};

/// Follows the file block by block and cuts it, where parity tells what is in quotes.
class tracker {
 public:
  tracker(const split_options& options, const position& start, const marks& m) noexcept
      : cuts_(options), at_(start), marks_(m) {}

  void take(std::string_view block, const bytes_before& before, const block_sums& sums);

  /// Whether the points can be relied upon. A CR at the very end has no neighbour to show it.
  [[nodiscard]] bool trustworthy() const noexcept { return regular_ && last_ != '\r'; }
  [[nodiscard]] bool in_quotes() const noexcept { return in_quotes_; }
  /// Behind everything taken.
  [[nodiscard]] position end() const noexcept {
    position behind = at_;
    const bool open = in_quotes_ || last_ != '\n';
    behind.record += open ? 1 : 0;
    return behind;
  }
  [[nodiscard]] std::vector<position> points() && noexcept { return std::move(cuts_).points(); }

 private:
  void begin_piece(
      std::string_view block, std::size_t from, std::uint64_t line, std::uint64_t record
  );
  void cut_within(std::string_view block, const bytes_before& before);
  [[nodiscard]] std::size_t piece_end(
      const position& here, std::uint64_t outside, std::uint64_t ends
  ) const noexcept;

  cutter cuts_;
  position at_;  ///< where the next block begins; `record` of what begins or goes on there
  marks marks_;
  bool in_quotes_ = false;
  bool awaiting_ = true;  ///< a piece begins with the next record
  bool regular_ = true;
  char last_ = '\n';
};

}  // namespace scalekit::inline v0::csv::splitting

#endif
