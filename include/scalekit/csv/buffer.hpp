// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_BUFFER_HPP
#define SCALEKIT_CSV_BUFFER_HPP

#include <scalekit/export.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::csv {

/// \brief Characters waiting to be written: grows, keeps its memory when cleared, and always has
/// \ref slack bytes to spare, so that a wide store may run over its end.
///
/// \code
/// char* p = out.prepare(20);      // room for 20 characters
/// out.commit(write_at(p));        // of which so many were written
/// \endcode
///
/// \par Thread-safety  One thread at a time. Pointers and views hold until the next `prepare`,
/// `append` or destruction.
class SCALEKIT_EXPORT buffer {
 public:
  static constexpr std::size_t slack = 64;

  buffer() = default;
  buffer(buffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        end_(std::exchange(other.end_, nullptr)),
        limit_(std::exchange(other.limit_, nullptr)) {}
  buffer& operator=(buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    end_ = std::exchange(other.end_, nullptr);
    limit_ = std::exchange(other.limit_, nullptr);
    return *this;
  }
  ~buffer() = default;

  /// \brief Where the next `n` characters go; what lies there, slack included, may be overwritten.
  [[nodiscard]] char* prepare(std::size_t n) { return prepare_at(end_, n); }

  /// \brief \ref commit_to and \ref prepare in one: for a loop that keeps the write position in a
  /// register.
  [[nodiscard]] char* prepare_at(char* p, std::size_t n) {
    end_ = p;
    // Not `<`: a buffer without memory has no slack, even for no characters.
    if (static_cast<std::size_t>(limit_ - p) <= n) [[unlikely]] {
      grow(n);
      return end_;
    }
    return p;
  }

  /// \brief Takes over `n` characters written at what \ref prepare returned.
  /// \pre `n` is at most what was prepared.
  void commit(std::size_t n) noexcept { end_ += n; }

  /// \brief Takes over what was written up to `p`, which lies in the room prepared last.
  void commit_to(char* p) noexcept { end_ = p; }

  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(prepare(text.size()), text.data(), text.size());
    commit(text.size());
  }

  /// \brief Forgets the characters, keeps the memory.
  void clear() noexcept { end_ = memory_.get(); }

  [[nodiscard]] const char* data() const noexcept { return memory_.get(); }
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(end_ - memory_.get());
  }
  [[nodiscard]] bool empty() const noexcept { return end_ == memory_.get(); }
  /// \brief How many characters it has memory for, slack not counted.
  [[nodiscard]] std::size_t capacity() const noexcept {
    return static_cast<std::size_t>(limit_ - memory_.get());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {data(), size()}; }

 private:
  void grow(std::size_t n);

  std::unique_ptr<char[]> memory_;
  char* end_ = nullptr;
  char* limit_ = nullptr;  // `slack` bytes before the end of the memory
};

}  // namespace scalekit::inline v0::csv

#endif
