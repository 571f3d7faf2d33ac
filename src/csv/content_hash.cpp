// SPDX-License-Identifier: BSL-1.0
#include "csv/content_hash.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace scalekit::inline v0::csv {

namespace {

// The fractional digits of pi, as good as any that nobody chose.
constexpr std::array<std::uint64_t, 4> keys{
    0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89};

/// Both halves of the product, folded into one.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t low_a = a & 0xffffffff;
  const std::uint64_t low_b = b & 0xffffffff;
  const std::uint64_t low = low_a * low_b;
  const std::uint64_t middle = (a >> 32) * low_b + (low >> 32);
  const std::uint64_t other_middle = low_a * (b >> 32) + (middle & 0xffffffff);
  const std::uint64_t high = (a >> 32) * (b >> 32) + (middle >> 32) + (other_middle >> 32);
  return (a * b) ^ high;
#endif
}

std::uint64_t word(const char* p) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, p, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

constexpr std::size_t stride = 48;

using lanes = std::array<std::uint64_t, 3>;

void take(lanes& s, const char* p) noexcept {
  for (std::size_t i = 0; i < 3; ++i) {
    s[i] = fold(word(p + 16 * i) ^ keys[i], word(p + 16 * i + 8) ^ s[i]);
  }
}

}  // namespace

std::uint64_t hash_block(std::string_view block) noexcept {
  lanes s{keys[1], keys[2], keys[3]};
  const char* p = block.data();
  std::size_t left = block.size();
  for (; left >= stride; left -= stride, p += stride) take(s, p);
  if (left != 0) {
    std::array<char, stride> last{};
    std::memcpy(last.data(), p, left);
    take(s, last.data());
  }
  return fold(s[0] ^ s[1] ^ s[2], block.size() ^ keys[3]);
}

void content_hasher::add(std::uint64_t block_hash, std::size_t length) noexcept {
  state_ = fold(state_ ^ block_hash, keys[0]);
  length_ += length;
}

std::uint64_t content_hasher::value() const noexcept {
  return fold(state_ ^ keys[1], length_ ^ keys[2]);
}

}  // namespace scalekit::inline v0::csv
