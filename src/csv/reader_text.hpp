// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_READER_TEXT_HPP
#define SCALEKIT_SRC_CSV_READER_TEXT_HPP

#include "csv/transcode.hpp"

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/reader_options.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::csv {

/// \brief The stretch of the file that is in memory, between what has been consumed and what is
/// still to be read. UTF-16 has become UTF-8 here; Latin-1 has not.
///
/// What is still needed moves to the front once that costs no more than what was consumed before
/// it, so that moving costs at most one copy of the file, whatever the source's pieces.
class text_buffer {
 public:
  text_buffer(byte_source& source, const reader_options& o) noexcept;

  /// Looks for a byte order mark and settles the encoding.
  [[nodiscard]] result<void> read_mark();
  /// There is no mark: `offset` is that of the source's first byte.
  void start_at(std::uint64_t offset) noexcept;

  [[nodiscard]] text_encoding encoding() const noexcept { return encoding_; }
  [[nodiscard]] bool is_utf16() const noexcept {
    return encoding_ == text_encoding::utf16le || encoding_ == text_encoding::utf16be;
  }

  /// Positions in the memory, below 2^32; those from `begin` to `end` hold text.
  [[nodiscard]] const char* data() const noexcept { return memory_.get(); }
  [[nodiscard]] std::uint32_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint32_t end() const noexcept { return end_; }
  [[nodiscard]] std::string_view text() const noexcept {
    return {data() + begin_, std::size_t{end_} - begin_};
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// Nothing will follow.
  [[nodiscard]] bool at_end() const noexcept { return at_end_; }

  void consume(std::size_t n) noexcept {
    begin_ += static_cast<std::uint32_t>(n);
    offset_ += file_size({data() + begin_ - n, n});
    if (is_utf16() && offset_ > file_read_) offset_ = file_read_;  // an odd byte at the end
  }
  /// The same of a file that is not in UTF-16.
  void consume_as_is(std::size_t n) noexcept {
    begin_ += static_cast<std::uint32_t>(n);
    offset_ += n;
  }
  /// Where in the file `begin` is.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// How many bytes of the file became this text.
  [[nodiscard]] std::uint64_t file_size(std::string_view text) const noexcept {
    return is_utf16() ? utf16_size(text) : text.size();
  }

  /// Reads more, or finds the end. Returns by how much all positions have become less; after an
  /// error they mean nothing.
  /// \pre No more is held than the longest record and a block behind it.
  [[nodiscard]] result<std::uint32_t> fill();

 private:
  std::uint32_t make_room();
  void reallocate(std::size_t capacity);
  [[nodiscard]] result<std::size_t> read(std::span<char> into);
  void append_utf16(std::span<const char> raw) noexcept;
  [[nodiscard]] std::size_t least_room() const noexcept { return is_utf16() ? 16 : 1; }

  byte_source& source_;
  text_encoding encoding_;
  std::size_t buffer_bytes_;
  std::size_t max_capacity_;
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t file_read_ = 0;  // where in the file the next byte of the source is
  bool at_end_ = false;
  utf16_decoder utf16_;
  std::vector<char> raw_;  // UTF-16 as it was read
};

}  // namespace scalekit::inline v0::csv

#endif
