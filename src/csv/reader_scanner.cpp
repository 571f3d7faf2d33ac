// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_scanner.hpp"

#include <algorithm>
#include <bit>

namespace scalekit::inline v0::csv {

namespace {

/// Text and ends of a window stay in the first-level cache until the fields are taken.
constexpr std::uint32_t window_bytes = 16 * 1024;
constexpr std::uint32_t block_bytes = masks::block_bytes;

std::uint32_t first_of(std::uint64_t bits) noexcept {
  return static_cast<std::uint32_t>(std::countr_zero(bits));
}

/// From the first bit to the last.
inline void push(position_queue& queue, std::uint64_t bits, std::uint32_t at) {
  const auto last = static_cast<std::uint32_t>(63 - std::countl_zero(bits));
  queue.push(at + first_of(bits), at + last);
}

/// The block of every machine.
struct native : masks::native_block {
  /// Appends the positions of the bits: as many as are likely at once, whether there are so many or
  /// not, since the branches that this saves would often be mispredicted. What is too much is
  /// overwritten later.
  template <unsigned Likely>
  [[gnu::always_inline]] static inline std::uint32_t* put_positions(
      std::uint32_t* out, std::uint64_t bits, std::uint32_t at
  ) noexcept {
    std::uint32_t* const end = out + masks::count(bits);
    const auto put = [&] {
      *out++ = at + first_of(bits | std::uint64_t{1} << 63);
      bits &= bits - 1;
    };
    for (unsigned i = 0; i < Likely; ++i) put();
    while (bits != 0) put();
    return end;
  }
};

/// Moves what has not been taken to the front, and makes room for a window behind it.
void make_room_behind(std::vector<std::uint32_t>& v, std::size_t& next, std::size_t& last) {
  if (next != 0) {
    std::copy(v.data() + next, v.data() + last, v.data());
    last -= next;
    next = 0;
  }
  const std::size_t needed = last + window_bytes + block_bytes;
  if (v.size() < needed) v.resize(needed);
}

}  // namespace

scanner::scanner(const reader_options& o, text_encoding encoding, blocks_used blocks)
    : chars_{
          .delimiter = o.delimiter,
          .quote = o.quote.value_or('"'),
          .nul = o.nul == nul_policy::report ? '\0' : '\r',
          .escape = o.escape.value_or('\r'),
          .comment = o.comment.value_or('\r')},
      quotes_(o.quote.has_value()),
      nuls_(o.nul == nul_policy::report),
      escapes_(o.escape.has_value()),
      comments_(o.comment.has_value()),
      any_line_end_(o.line_ends == csv::line_ends::any),
      check_utf8_(o.utf8 == utf8_check::report && encoding != text_encoding::latin1),
      latin1_(encoding == text_encoding::latin1),
      wide_(blocks == blocks_used::best && masks::has_wide_blocks()) {}

void scanner::restart(std::uint32_t at) noexcept {
  next_ = last_ = 0;
  next_record_ = complete_ = last_record_ = 0;
  for (position_queue* q : {&inner_, &quotes_in_, &doubled_in_, &high_in_}) q->clear();
  at_ = at;
  stopped_ = false;
  carry_ = {};
  after_line_ = 1;
  after_cr_ = 0;
  utf8_.reset();
  before_.fill(0);
}

void scanner::move(std::uint32_t by) noexcept {
  if (by == 0) return;
  at_ -= by;
  for (std::size_t i = next_; i < last_; ++i) ends_[i] -= by;
  for (std::size_t i = next_record_; i < last_record_; ++i) records_[i] -= by;
  for (position_queue* q : {&inner_, &quotes_in_, &doubled_in_, &high_in_}) q->move(by);
}

void scanner::make_room() {
  make_room_behind(ends_, next_, last_);
  make_room_behind(records_, next_record_, last_record_);
  for (position_queue* q : {&inner_, &quotes_in_, &doubled_in_, &high_in_}) q->compact();
}

inline scanner::quoted scanner::follow_quotes(
    const masks::csv_marks& found, std::uint32_t at, carry& c
) {
  const std::uint64_t inside = masks::prefix_xor(found.quotes) ^ c.inside;
  const std::uint64_t ends = (found.delimiters | found.lines) & ~inside;
  const std::uint64_t opening = found.quotes & inside;
  const std::uint64_t closing = found.quotes ^ opening;
  const std::uint64_t after_quote = closing << 1 | c.after_quote;
  const std::uint64_t in_field = opening & ~(ends << 1 | c.after_end);
  c.inside = masks::all_if(inside >> 63);
  c.after_quote = closing >> 63;
  if (found.quotes != 0) push(quotes_in_, found.quotes, at);
  if (in_field != 0) push(doubled_in_, in_field, at);
  return {inside, in_field & ~after_quote, after_quote & ~(ends | found.quotes)};
}

/// `lines`: those that end a record.
template <class Read, class Block>
scanner::closer_look scanner::look_closer(
    const Block& block, std::uint32_t at, std::uint64_t inside, std::uint64_t lines
) {
  const std::uint64_t cr = block.equal('\r');
  std::uint64_t bad = 0;
  if (Read::is_plain || !any_line_end_) {
    const std::uint64_t after_cr = (cr & ~inside) << 1 | after_cr_;
    after_cr_ = (cr & ~inside) >> 63;
    if (after_cr != 0) bad |= after_cr & ~block.equal('\n');
  }
  if (nuls_) bad |= block.equal('\0');
  if (!Read::checks_utf8 && check_utf8_) {
    bad |= utf8_.errors(block);
    if (block.high() != 0) ++text_blocks_;
  }
  if (latin1_) {
    if (const std::uint64_t high = block.high(); high != 0) push(high_in_, high, at);
  }
  if (Read::is_plain) return {bad, cr};
  if (escapes_) bad |= block.equal(chars_.escape);
  if (comments_) {
    bad |= block.equal(chars_.comment) & (lines << 1 | after_line_);
    after_line_ = lines >> 63;
  }
  return {bad, cr};
}

// Inlined, so that it is compiled for the machine that `Read` is for.
template <class Read>
void scanner::scan_window(const char* text, std::uint32_t stop) {
  std::uint32_t* ends_out = ends_.data() + last_;
  std::uint32_t* records_out = records_.data() + last_record_;
  const masks::csv_alphabet chars = chars_;
  carry c = carry_;
  std::uint32_t at = at_;
  text_blocks_ = 0;
  const char* before = before_.data();
  for (; at < stop; at += block_bytes) {
    masks::csv_marks found = Read::of(text + at, chars);
    const std::uint64_t pairs = Read::is_plain ? 0 : complete_marks(text + at, found);
    const std::uint64_t all = found.delimiters | found.lines;
    quoted q{};
    if ((found.quotes | c.inside | c.after_quote) != 0) {
      q = follow_quotes(found, at, c);
      if (const auto inner = found.lines & ~pairs & q.inside; inner != 0) note_inner(inner, at);
    }
    const std::uint64_t ends = all & ~q.inside;
    if constexpr (Read::checks_utf8) {
      q.bad |= Read::utf8_errors(text + at, before);
      text_blocks_ += std::uint32_t{Read::block::load(text + at).high() != 0};
      before = text + at;
    }
    if (!Read::is_plain || found.rare || after_cr_ != 0 ||
        (!Read::checks_utf8 && utf8_.expects_more())) {
      const closer_look look =
          look_closer<Read>(Read::block::load(text + at), at, q.inside, ends & found.lines);
      q.closed &= ~look.cr;
      q.bad |= look.bad;
    }
    c.after_end = ends >> 63;
    std::uint64_t good = ~pairs;
    if (const std::uint64_t bad = q.bad | q.closed; bad != 0) [[unlikely]] {
      good &= masks::lowest(first_of(bad));
      stopped_ = true;
    }
    ends_out = Read::block::template put_positions<8>(ends_out, ends & good, at);
    records_out =
        Read::block::template put_positions<2>(records_out, ends & found.lines & good, at);
    if (stopped_) [[unlikely]] {
      at += block_bytes;
      break;
    }
  }
  much_text_ = text_blocks_ > (at - at_) / block_bytes / 16;
  at_ = at;
  std::copy_n(text + at - block_bytes, block_bytes, before_.data());
  if (Read::checks_utf8) {  // the next window may need what the last block leaves to it
    utf8_.reset();
    static_cast<void>(utf8_.errors(native::load(before_.data())));
  }
  carry_ = c;
  last_ = static_cast<std::size_t>(ends_out - ends_.data());
  last_record_ = static_cast<std::size_t>(records_out - records_.data());
}

/// What the dialect has beyond a plain one. Returns which LF belong to a CR before them, which ends
/// the line already.
std::uint64_t scanner::complete_marks(const char* p, masks::csv_marks& found) noexcept {
  if (!quotes_) found.quotes = 0;
  if (!any_line_end_) return 0;
  const std::uint64_t cr = masks::native_block::load(p).equal('\r');
  const std::uint64_t pairs = found.lines & (cr << 1 | after_cr_);
  after_cr_ = cr >> 63;
  found.lines |= cr;
  return pairs;
}

#if defined(SCALEKIT_CSV_WIDE_BLOCKS)
[[SCALEKIT_CSV_WIDE]] void scanner::scan_wide_window(const char* text, std::uint32_t stop) {
  scan_window<masks::plain_marks<masks::wide_block>>(text, stop);
}

[[SCALEKIT_CSV_WIDE]] void scanner::scan_wide_text_window(const char* text, std::uint32_t stop) {
  scan_window<masks::wide_text_marks>(text, stop);
}
#endif

void scanner::scan_plain_window(const char* text, std::uint32_t stop) {
#if defined(SCALEKIT_CSV_WIDE_BLOCKS)
  if (wide_ && check_utf8_ && much_text_) return scan_wide_text_window(text, stop);
  if (wide_) return scan_wide_window(text, stop);
#endif
  scan_window<masks::plain_marks<native>>(text, stop);
}

void scanner::note_inner(std::uint64_t lines, std::uint32_t at) {
  for (; lines != 0; lines &= lines - 1) inner_.push(at + first_of(lines), at + first_of(lines));
}

void scanner::scan(const char* text, std::uint32_t end) {
  make_room();
  const std::uint32_t whole = end - at_ - (end - at_) % block_bytes;
  const std::uint32_t stop = at_ + std::min(whole, window_bytes);
  const bool plain = quotes_ && !escapes_ && !comments_ && !any_line_end_;
  if (plain) {
    scan_plain_window(text, stop);
  } else {
    scan_window<masks::all_marks<native>>(text, stop);
  }
  complete_ = last_record_;
  // Whether an LF follows this CR will show in the next window.
  if (any_line_end_ && complete_ != 0) {
    const std::uint32_t last = records_[complete_ - 1];
    if (last + 1 == at_ && text[last] == '\r') --complete_;
  }
}

}  // namespace scalekit::inline v0::csv
