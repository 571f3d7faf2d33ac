// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BYTES_HPP
#define SCALEKIT_BYTES_HPP

/// \file
/// Views between text and bytes, a comparison that does not leak where two secrets differ,
/// and fixed-width big-endian integers for things that are stored or signed.

#include <scalekit/export.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0 {

using bytes = std::vector<std::byte>;
using bytes_view = std::span<const std::byte>;

[[nodiscard]] inline bytes_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view as_text(bytes_view data) noexcept {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// \brief Equality in time that depends on the lengths only, never on the contents.
[[nodiscard]] SCALEKIT_EXPORT bool constant_time_equal(bytes_view a, bytes_view b) noexcept;

/// \brief Appends `value` as 8 big-endian bytes.
SCALEKIT_EXPORT void append_u64(std::string& out, std::uint64_t value);
/// \brief Appends `value` as 4 big-endian bytes.
SCALEKIT_EXPORT void append_u32(std::string& out, std::uint32_t value);
/// \brief Appends the length as 4 big-endian bytes, then the text: an unambiguous concatenation.
/// \pre `text.size() < 2^32`
SCALEKIT_EXPORT void append_framed(std::string& out, std::string_view text);

/// \brief Takes apart what the `append_` functions wrote; after the first short read every
/// further read yields zero or empty and `ok()` is false.
///
/// \par Thread-safety  One thread at a time. Returned views point into the input.
class SCALEKIT_EXPORT byte_reader {
 public:
  explicit byte_reader(std::string_view input) noexcept : rest_(input) {}

  [[nodiscard]] std::uint8_t u8() noexcept;
  [[nodiscard]] std::uint32_t u32() noexcept;
  [[nodiscard]] std::uint64_t u64() noexcept;
  [[nodiscard]] std::string_view framed() noexcept;
  /// \brief The next `n` bytes.
  [[nodiscard]] std::string_view take(std::size_t n) noexcept;

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// \brief Everything was read and nothing was missing.
  [[nodiscard]] bool finished() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace scalekit::inline v0

#endif
