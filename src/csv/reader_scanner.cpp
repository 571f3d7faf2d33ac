// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_scanner.hpp"

#include <algorithm>
#include <bit>

namespace scalekit::inline v0::csv {

namespace {

/// Text and ends of a window stay in the first-level cache until the fields are taken.
constexpr std::uint32_t window_bytes = 16 * 1024;
constexpr std::uint32_t block_bytes = masks::block_bytes;

/// Appends the positions of the bits: eight at once, whether there are so many or not, since the
/// branches that this saves would often be mispredicted. What is too much is overwritten later.
inline std::uint32_t* put_positions(
    std::uint32_t* out, std::uint64_t bits, std::uint32_t at
) noexcept {
  const unsigned count = masks::count(bits);
  const auto put = [&](unsigned i) {
    out[i] = at + static_cast<std::uint32_t>(std::countr_zero(bits));
    bits &= bits - 1;
  };
  for (unsigned i = 0; i < 8; ++i) put(i);
  for (unsigned i = 8; i < count; ++i) put(i);
  return out + count;
}

}  // namespace

scanner::scanner(const reader_options& o, text_encoding encoding)
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
      latin1_(encoding == text_encoding::latin1) {}

void scanner::restart(std::uint32_t at) noexcept {
  next_ = complete_ = last_ = 0;
  inner_.clear();
  inner_next_ = 0;
  at_ = at;
  stopped_ = false;
  carry_ = {};
  utf8_.reset();
  seen_ = before_ = {};
}

void scanner::move(std::uint32_t by) noexcept {
  if (by == 0) return;
  at_ -= by;
  for (std::size_t i = next_; i < last_; ++i) ends_[i] -= by;
  for (std::size_t i = inner_next_; i < inner_.size(); ++i) inner_[i] -= by;
}

void scanner::make_room() {
  const auto at = [](auto& v, std::size_t i) { return v.begin() + static_cast<std::ptrdiff_t>(i); };
  if (next_ != 0) std::copy(at(ends_, next_), at(ends_, last_), ends_.begin());
  last_ -= next_;
  next_ = complete_ = 0;
  inner_.erase(inner_.begin(), at(inner_, inner_next_));
  inner_next_ = 0;
  const std::size_t needed = last_ + window_bytes + block_bytes;
  if (ends_.size() < needed) ends_.resize(needed);
}

void scanner::scan(const char* text, std::uint32_t end) {
  if (complete_ != 0) before_ = {};
  before_.doubled |= seen_.doubled;
  before_.high |= seen_.high;
  seen_ = {};
  make_room();
  const std::size_t known = last_;
  const bool plain = quotes_ && !escapes_ && !comments_ && !any_line_end_;
  plain ? scan_blocks<true>(text, end) : scan_blocks<false>(text, end);
  find_last_record(text, known);
}

template <bool Plain>
void scanner::scan_blocks(const char* text, std::uint32_t end) {
  const std::uint32_t whole = end - at_ - (end - at_) % block_bytes;
  const std::uint32_t stop = at_ + std::min(whole, window_bytes);
  std::uint32_t* out = ends_.data() + last_;
  // Copied, for a store through `out` might change a member that is a character.
  const alphabet chars = chars_;
  carry c = carry_;
  c.doubled = 0;
  std::uint32_t at = at_;
  for (; at < stop && !stopped_; at += block_bytes) {
    auto [ends, bad] = scan_block<Plain>(text + at, at, chars, c);
    if (bad != 0) [[unlikely]] {
      ends &= masks::lowest(static_cast<std::size_t>(std::countr_zero(bad)));
      stopped_ = true;
    }
    out = put_positions(out, ends, at);
  }
  at_ = at;
  carry_ = c;
  seen_.doubled = c.doubled;
  last_ = static_cast<std::size_t>(out - ends_.data());
}

// Inlined, so that what is carried from block to block stays in registers.
template <bool Plain>
[[gnu::always_inline]] inline scanner::block_ends scanner::scan_block(
    const char* p, std::uint32_t at, alphabet chars, carry& c
) {
  const auto block = masks::native_block::load(p);
  const std::uint64_t quotes = Plain || quotes_ ? block.equal(chars.quote) : 0;
  std::uint64_t all = block.equal(chars.delimiter, '\n');
  std::uint64_t cr = 0;
  std::uint64_t after_cr = 0;
  if (!Plain && any_line_end_) {
    cr = block.equal('\r');
    all |= cr;
    after_cr = cr << 1 | c.after_cr;
    c.after_cr = cr >> 63;
  }
  const std::uint64_t inside = quotes == 0 ? c.inside : masks::prefix_xor(quotes) ^ c.inside;
  const std::uint64_t ends = all & ~inside;
  const std::uint64_t opening = quotes & inside;
  const std::uint64_t after_quote = (quotes ^ opening) << 1 | c.after_quote;
  const std::uint64_t in_field = opening & ~(ends << 1 | c.after_end);
  c.doubled |= in_field;
  std::uint64_t bad = in_field & ~after_quote;
  const bool rare = Plain ? block.any_high_or('\r', chars.nul)
                          : block.any_high_or('\r', chars.nul, chars.escape, chars.comment);
  if (rare || !Plain || c.after_cr != 0 || utf8_.expects_more()) {
    bad |= look_closer<Plain>(block, inside, ends, c, cr);
  }
  bad |= after_quote & ~(ends | quotes | cr);
  if ((all & inside) != 0) note_inner_lines(block, inside, after_cr, at);
  c.inside = masks::all_if(inside >> 63);
  c.after_end = ends >> 63;
  c.after_quote = (quotes ^ opening) >> 63;
  return {ends, bad};
}

template <bool Plain>
std::uint64_t scanner::look_closer(
    const masks::native_block& block,
    std::uint64_t inside,
    std::uint64_t ends,
    carry& c,
    std::uint64_t& cr
) {
  std::uint64_t bad = 0;
  if (Plain || !any_line_end_) {
    cr = block.equal('\r');
    const std::uint64_t after_cr = (cr & ~inside) << 1 | c.after_cr;
    c.after_cr = (cr & ~inside) >> 63;
    if (after_cr != 0) bad |= after_cr & ~block.equal('\n');
  }
  if (nuls_) bad |= block.equal('\0');
  if (check_utf8_) bad |= utf8_.errors(block);
  if (latin1_) seen_.high |= block.high();
  if (Plain) return bad;
  if (escapes_) bad |= block.equal(chars_.escape);
  if (comments_) {
    const std::uint64_t lines = ends & ~block.equal(chars_.delimiter);
    bad |= block.equal(chars_.comment) & (lines << 1 | c.after_line);
    c.after_line = lines >> 63;
  }
  return bad;
}

void scanner::note_inner_lines(
    const masks::native_block& block, std::uint64_t inside, std::uint64_t after_cr, std::uint32_t at
) {
  std::uint64_t lines = block.equal('\n') & ~after_cr;
  if (any_line_end_) lines |= block.equal('\r');
  for (lines &= inside; lines != 0; lines &= lines - 1) {
    inner_.push_back(at + static_cast<std::uint32_t>(std::countr_zero(lines)));
  }
}

/// The first `known` ends have been found not to end a record, but for a CR that was the last one.
void scanner::find_last_record(const char* text, std::size_t known) noexcept {
  const auto ends_record = [&](std::uint32_t end) {
    // Whether an LF follows this CR will show in the next window.
    const bool undecided = any_line_end_ && end + 1 == at_ && text[end] == '\r';
    return text[end] != chars_.delimiter && !undecided;
  };
  complete_ = last_;
  const std::size_t least = known == 0 ? 0 : known - 1;
  while (complete_ != least && !ends_record(ends_[complete_ - 1])) --complete_;
  if (complete_ == least) complete_ = 0;
}

}  // namespace scalekit::inline v0::csv
