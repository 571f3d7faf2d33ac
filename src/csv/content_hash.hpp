// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_CONTENT_HASH_HPP
#define SCALEKIT_SRC_CSV_CONTENT_HASH_HPP

/// \file
/// The content hash of a file: blocks hashed by themselves, on any thread, and folded in order.
///
/// A block is read as little-endian words of 64 bits, six at a time (zeros fill up the last six),
/// by three lanes that each multiply two words, with the lane's state and a constant mixed in, and
/// fold the 128 bits of the product into 64, as Wang Yi's wyhash does.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::csv {

/// Of all blocks of a file but the last.
inline constexpr std::size_t hashed_block_bytes = std::size_t{256} * 1024;

[[nodiscard]] std::uint64_t hash_block(std::string_view block) noexcept;

class content_hasher {
 public:
  /// The next block, by its hash and length.
  void add(std::uint64_t block_hash, std::size_t length) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept;

 private:
  std::uint64_t state_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace scalekit::inline v0::csv

#endif
