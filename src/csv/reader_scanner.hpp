// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_READER_SCANNER_HPP
#define SCALEKIT_SRC_CSV_READER_SCANNER_HPP

#include "csv/block_masks.hpp"
#include "csv/utf8.hpp"

#include <scalekit/csv/reader_options.hpp>

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
  scanner(const reader_options& o, text_encoding encoding);

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
  [[nodiscard]] std::size_t pending() const noexcept {
    return last_ - next_ + (inner_.size() - inner_next_);
  }

  [[nodiscard]] bool has_record() const noexcept { return next_ != complete_; }
  /// The ends of the next record's fields, in order; the one that is no delimiter ends the record.
  [[nodiscard]] const std::uint32_t* ends() const noexcept { return ends_.data() + next_; }
  /// Goes past `n` ends, of a record that ends before `end`; returns how many line ends it has in
  /// quotes.
  std::uint64_t take(std::size_t n, std::uint32_t end) noexcept {
    next_ += n;
    std::uint64_t lines = 0;
    for (; inner_next_ != inner_.size() && inner_[inner_next_] < end; ++inner_next_) ++lines;
    return lines;
  }
  /// Whether any quoted field of the next record may have a doubled quote inside.
  [[nodiscard]] bool doubled_quotes() const noexcept {
    return (seen_.doubled | before_.doubled) != 0;
  }
  /// Whether the next record may have bytes that are not ASCII, if the encoding is Latin-1.
  [[nodiscard]] bool high_bytes() const noexcept { return (seen_.high | before_.high) != 0; }

 private:
  /// The characters that mean something. Those that do not are CR again, which is looked for
  /// anyhow.
  struct alphabet {
    char delimiter;
    char quote;
    char nul;
    char escape;
    char comment;
  };
  /// What one block leaves to the next, and what has been seen.
  struct carry {
    std::uint64_t inside = 0;      // all ones in quotes
    std::uint64_t after_end = 1;   // one if a delimiter or a line end was last
    std::uint64_t after_line = 1;  // one if a line end was last
    std::uint64_t after_quote = 0;
    std::uint64_t after_cr = 0;
    std::uint64_t doubled = 0;  // whether a quote was doubled in this window
  };
  struct marks {
    std::uint64_t doubled = 0;
    std::uint64_t high = 0;
  };
  struct block_ends {
    std::uint64_t ends;
    std::uint64_t bad;
  };

  void make_room();
  template <bool Plain>
  void scan_blocks(const char* text, std::uint32_t end);
  template <bool Plain>
  block_ends scan_block(const char* p, std::uint32_t at, alphabet chars, carry& c);
  template <bool Plain>
  std::uint64_t look_closer(
      const masks::native_block& block,
      std::uint64_t inside,
      std::uint64_t ends,
      carry& c,
      std::uint64_t& cr
  );
  void note_inner_lines(
      const masks::native_block& block,
      std::uint64_t inside,
      std::uint64_t after_cr,
      std::uint32_t at
  );
  void find_last_record(const char* text, std::size_t known) noexcept;

  alphabet chars_;
  bool quotes_;
  bool nuls_;
  bool escapes_;
  bool comments_;
  bool any_line_end_;
  bool check_utf8_;
  bool latin1_;

  std::vector<std::uint32_t> ends_;
  std::size_t next_ = 0;      // the first end of the next record
  std::size_t complete_ = 0;  // behind the last end of a record
  std::size_t last_ = 0;
  std::vector<std::uint32_t> inner_;  // the line ends in quotes
  std::size_t inner_next_ = 0;
  std::uint32_t at_ = 0;
  bool stopped_ = false;
  carry carry_;
  utf8::block_checker utf8_;
  marks seen_;    // since the last window began
  marks before_;  // before it, in the record that was open then
};

}  // namespace scalekit::inline v0::csv

#endif
