// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_text.hpp"

#include "csv/block_masks.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace scalekit::inline v0::csv {

namespace {

/// The unescaping of a field may read so far beyond its end.
constexpr std::size_t memory_slack = 16;

struct mark {
  text_encoding encoding;
  std::size_t size;
};

mark mark_of(std::string_view start) noexcept {
  if (start.starts_with("\xEF\xBB\xBF")) return {text_encoding::utf8, 3};
  if (start.starts_with("\xFF\xFE")) return {text_encoding::utf16le, 2};
  if (start.starts_with("\xFE\xFF")) return {text_encoding::utf16be, 2};
  return {text_encoding::utf8, 0};
}

bool is_utf32(std::string_view start) noexcept {
  using namespace std::string_view_literals;
  return start == "\xFF\xFE\0\0"sv || start == "\0\0\xFE\xFF"sv;
}

}  // namespace

text_buffer::text_buffer(byte_source& source, const reader_options& o) noexcept
    : source_(source),
      encoding_(o.encoding),
      buffer_bytes_(o.buffer_bytes),
      max_capacity_(o.max_record_bytes + o.buffer_bytes + 2 * masks::block_bytes) {}

result<void> text_buffer::read_mark() {
  std::array<char, 4> start{};
  std::size_t size = 0;
  while (size < start.size()) {
    auto n = read(std::span(start).subspan(size));
    if (!n) return n.error();
    if (*n == 0) break;
    size += *n;
  }
  const std::string_view text(start.data(), size);
  if (encoding_ == text_encoding::detect && is_utf32(text)) {
    return error{
        errc::not_supported, "csv: the file is in UTF-32; convert it to UTF-8 or UTF-16 first"};
  }
  const mark found = mark_of(text);
  if (encoding_ == text_encoding::detect) encoding_ = found.encoding;
  utf16_ = utf16_decoder(encoding_);
  offset_ = encoding_ == found.encoding ? found.size : 0;
  reallocate(buffer_bytes_);
  const auto rest = std::span(start).first(size).subspan(static_cast<std::size_t>(offset_));
  if (is_utf16()) {
    append_utf16(rest);
  } else {
    std::copy(rest.begin(), rest.end(), memory_.get());
    end_ = static_cast<std::uint32_t>(rest.size());
  }
  return {};
}

void text_buffer::start_at(std::uint64_t offset) noexcept {
  if (encoding_ == text_encoding::detect) encoding_ = text_encoding::utf8;
  utf16_ = utf16_decoder(encoding_);
  offset_ = file_read_ = offset;
}

void text_buffer::reallocate(std::size_t capacity) {
  auto memory = std::make_unique_for_overwrite<char[]>(capacity + memory_slack);
  const std::string_view held = text();
  if (!held.empty()) std::memcpy(memory.get(), held.data(), held.size());
  memory_ = std::move(memory);
  capacity_ = capacity;
  end_ -= std::exchange(begin_, 0);
}

std::uint32_t text_buffer::make_room() {
  const std::uint32_t gone = begin_;
  const std::size_t held = end_ - begin_;
  const bool full = capacity_ - end_ < least_room();
  if (gone != 0 && (gone >= held || (full && capacity_ == max_capacity_))) {
    std::memmove(memory_.get(), memory_.get() + gone, held);
    begin_ = 0;
    end_ -= gone;
  }
  if (capacity_ - end_ >= least_room()) return gone - begin_;
  reallocate(std::min(std::max(2 * capacity_, buffer_bytes_), max_capacity_));
  return gone;
}

result<std::size_t> text_buffer::read(std::span<char> into) {
  auto n = source_.read(into);
  if (n) file_read_ += *n;
  return n;
}

void text_buffer::append_utf16(std::span<const char> raw) noexcept {
  end_ = static_cast<std::uint32_t>(utf16_.decode(memory_.get() + end_, raw) - memory_.get());
}

result<std::uint32_t> text_buffer::fill() {
  const std::uint32_t moved = make_room();
  char* const free = memory_.get() + end_;
  const std::size_t room = capacity_ - end_;
  if (!is_utf16()) {
    auto n = read({free, std::min(room, buffer_bytes_)});
    if (!n) return n.error();
    at_end_ = *n == 0;
    end_ += static_cast<std::uint32_t>(*n);
    return moved;
  }
  raw_.resize(buffer_bytes_);
  auto n =
      read(std::span(raw_).first(std::min(buffer_bytes_, (room - utf16_decoder::slack) / 3 * 2)));
  if (!n) return n.error();
  append_utf16(std::span(raw_).first(*n));
  if (*n == 0) {
    at_end_ = true;
    end_ = static_cast<std::uint32_t>(utf16_.finish(memory_.get() + end_) - memory_.get());
  }
  return moved;
}

}  // namespace scalekit::inline v0::csv
