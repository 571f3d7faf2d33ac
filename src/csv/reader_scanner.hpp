// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_READER_SCANNER_HPP
#define SCALEKIT_SRC_CSV_READER_SCANNER_HPP

#include "csv/block_masks.hpp"
#include "csv/csv_marks.hpp"
#include "csv/position_queue.hpp"
#include "csv/utf8.hpp"

#include <scalekit/csv/reader_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace scalekit::inline v0::csv {

/// \brief Finds where fields and records end, 64 bytes at a time, as long as the text is what RFC
/// 4180 describes; where it is not (or needs a closer look), it stops, and all it has said about
/// records that end before that place holds.
///
/// Inside quotes is where the number of quotes so far is odd. That is what a character-by-character
/// reading finds as long as each opening quote follows a delimiter, a line end or a closing quote
/// (then it is the second of a doubled one), and each closing quote is followed by a delimiter, a
/// line end or an opening one: so these two are checked.
class scanner {
 public:
  /// The best that this machine has, or those that every machine has.
  enum class blocks_used : std::uint8_t { best, native };

  scanner(const reader_options& o, text_encoding encoding, blocks_used blocks = blocks_used::best);

  /// A record begins at `at`; what was found before is forgotten.
  void restart(std::uint32_t at) noexcept;
  /// All positions have become less by so much.
  void move(std::uint32_t by) noexcept;

  [[nodiscard]] bool can_scan(std::uint32_t end) const noexcept {
    return !stopped_ && end - at_ >= masks::block_bytes;
  }
  /// Scans a window of the text, or up to the last whole block before `end`.
  /// \pre `can_scan(end) && !has_record()`
  void scan(const char* text, std::uint32_t end);

  /// The text up to here has been scanned.
  [[nodiscard]] std::uint32_t at() const noexcept { return at_; }
  /// At the next record, the scanner can go no further.
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  /// How much is kept of a record whose end is not found yet.
  [[nodiscard]] std::size_t pending() const noexcept { return last_ - next_ + inner_.size(); }

  [[nodiscard]] bool has_record() const noexcept { return next_record_ != complete_; }
  /// Where the next record ends: at its LF, or at the CR that ends it, an LF behind it or not.
  [[nodiscard]] std::uint32_t record_end() const noexcept { return records_[next_record_]; }
  /// The ends of its fields, in order; the last of them is that of the record.
  [[nodiscard]] const std::uint32_t* ends() const noexcept { return ends_.data() + next_; }
  /// Whether it has so many fields. \pre `columns > 0`
  [[nodiscard]] bool has_columns(std::size_t columns) const noexcept {
    return columns <= last_ - next_ && ends_[next_ + columns - 1] == record_end();
  }

  /// Whether it may have quotes; doubled ones; bytes that are not ASCII, if the encoding is
  /// Latin-1. It may seem so if both what is before and what is behind it has them.
  [[nodiscard]] bool has_quotes() const noexcept { return quotes_in_.front() < record_end(); }
  [[nodiscard]] bool has_doubled_quotes() const noexcept {
    return doubled_in_.front() < record_end();
  }
  [[nodiscard]] bool has_high_bytes() const noexcept { return high_in_.front() < record_end(); }

  /// Goes past the next record, of `n` fields; returns how many line ends it has in quotes.
  std::uint64_t take(std::size_t n) noexcept {
    const std::uint32_t end = record_end();
    take_bare(n);
    quotes_in_.drop_before(end);
    doubled_in_.drop_before(end);
    high_in_.drop_before(end);
    return inner_.drop_before(end);
  }
  /// The same for a record without quotes, nor bytes as above.
  void take_bare(std::size_t n) noexcept {
    next_ += n;
    ++next_record_;
  }

 private:
  /// What one block leaves to the next.
  struct carry {
    std::uint64_t inside = 0;     // all ones in quotes
    std::uint64_t after_end = 1;  // one if a delimiter or a line end was last
    std::uint64_t after_quote = 0;
  };
  struct quoted {
    std::uint64_t inside;
    std::uint64_t bad;
    std::uint64_t closed;  // what is behind a closing quote and may be a CR at best
  };
  struct closer_look {
    std::uint64_t bad;
    std::uint64_t cr;
  };

  void make_room();
  template <class Read>
  [[gnu::always_inline]] inline void scan_window(const char* text, std::uint32_t stop);
  void scan_plain_window(const char* text, std::uint32_t stop);
  void scan_wide_window(const char* text, std::uint32_t stop);
  void scan_wide_text_window(const char* text, std::uint32_t stop);
  [[gnu::always_inline]] inline quoted follow_quotes(
      const masks::csv_marks& found, std::uint32_t at, carry& c
  );
  std::uint64_t complete_marks(const char* p, masks::csv_marks& found) noexcept;
  template <class Read, class Block>
  [[gnu::always_inline]] inline closer_look look_closer(
      const Block& block, std::uint32_t at, std::uint64_t inside, std::uint64_t lines
  );
  void note_inner(std::uint64_t lines, std::uint32_t at);

  masks::csv_alphabet chars_;
  bool quotes_;
  bool nuls_;
  bool escapes_;
  bool comments_;
  bool any_line_end_;
  bool check_utf8_;
  bool latin1_;
  bool wide_;

  std::vector<std::uint32_t> ends_;
  std::size_t next_ = 0;  // the first end of the next record
  std::size_t last_ = 0;
  std::vector<std::uint32_t> records_;  // those ends that are a record's
  std::size_t next_record_ = 0;
  std::size_t complete_ = 0;
  std::size_t last_record_ = 0;
  position_queue inner_;  // the line ends in quotes
  // From the first to the last such byte of each block that has any.
  position_queue quotes_in_;
  position_queue doubled_in_;
  position_queue high_in_;
  std::uint32_t at_ = 0;
  bool stopped_ = false;
  carry carry_;
  std::uint64_t after_line_ = 1;  // one if a line end was last
  std::uint64_t after_cr_ = 0;
  utf8::block_checker utf8_;
  // Where blocks with bytes that are not ASCII are many, to ask first costs more than to check all.
  bool much_text_ = false;
  std::uint32_t text_blocks_ = 0;
  std::array<char, masks::block_bytes> before_{};  // the last block
};

}  // namespace scalekit::inline v0::csv

#endif
