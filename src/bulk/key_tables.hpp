// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_KEY_TABLES_HPP
#define SCALEKIT_SRC_BULK_KEY_TABLES_HPP

#include <scalekit/random.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

struct hash128 {
  std::uint64_t low = 0;  ///< even, and never 0: the tables below need both
  std::uint64_t high = 0;
};

/// A hash with a random seed: who does not know it cannot make two keys collide.
class key_hash {
 public:
  explicit key_hash(random_source& random);
  [[nodiscard]] hash128 operator()(std::string_view key) const noexcept;

 private:
  std::array<std::uint64_t, 4> seed_{};
};

/// Finds the hashes that come more than once, at eight bytes a slot: 64 bits of each, so that two
/// different ones may pass for one, which is for its user to find out. Open-addressed, of a size
/// that is given; the place of a hash is its front.
class repeated_keys {
 public:
  /// How many keys go into so many bytes before looking for one becomes long.
  [[nodiscard]] static constexpr std::size_t capacity(std::size_t bytes) noexcept {
    return std::bit_floor(bytes / sizeof(std::uint64_t)) / 4 * 3;
  }
  /// \pre `expected` is at most capacity(bytes)
  explicit repeated_keys(std::size_t expected);

  void add(std::uint64_t low) noexcept;
  /// More keys came than there are slots.
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  /// Those that came more than once, in order. The table is empty then, and its memory free.
  [[nodiscard]] std::vector<std::uint64_t> take();

 private:
  void insert(std::uint64_t low) noexcept;

  std::vector<std::uint64_t> slots_;  // 0: free; the last bit: it came again
  unsigned shift_;
  std::size_t keys_ = 0;
  bool overflowed_ = false;
  // What comes waits a little for its slot to arrive from memory.
  std::array<std::uint64_t, 16> pending_{};
  std::size_t next_ = 0;
};

/// The row that holds a key, so far.
struct key_holder {
  std::uint64_t low = 0;  // 0: the slot is free
  std::uint64_t high = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  // 0: no row yet
};

/// The holders of given keys, open-addressed.
class key_holders {
 public:
  [[nodiscard]] static constexpr std::size_t capacity(std::size_t bytes) noexcept {
    return std::bit_floor(bytes / sizeof(key_holder)) / 4 * 3;
  }
  /// `keys`: the lower halves of their hashes, each once.
  explicit key_holders(std::span<const std::uint64_t> keys);

  /// Null if the key is none of those.
  [[nodiscard]] key_holder* find(const hash128& key) noexcept;
  [[nodiscard]] std::size_t index_of(const key_holder& held) const noexcept {
    return static_cast<std::size_t>(&held - slots_.data());
  }
  [[nodiscard]] const key_holder& at(std::size_t index) const noexcept { return slots_[index]; }

 private:
  std::vector<key_holder> slots_;
  unsigned shift_;
};

}  // namespace scalekit::inline v0::bulk

#endif
