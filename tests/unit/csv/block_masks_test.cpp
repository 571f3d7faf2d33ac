// SPDX-License-Identifier: BSL-1.0
#include "csv/block_masks.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <random>
#include <vector>

namespace masks = scalekit::csv::masks;
using masks::native_block;
using masks::scalar_block;

namespace {

using block_text = std::array<char, masks::block_bytes>;

/// Every byte value occurs; how often `,` and `"` do varies from text to text.
block_text random_block(std::mt19937& random) {
  const unsigned share = random() % 256;
  block_text text;
  for (char& c : text) {
    const auto r = random();
    c = (r & 255U) < share ? (r >> 8) % 2 == 0 ? ',' : '"' : static_cast<char>(r >> 16);
  }
  return text;
}

template <class Block>
bool same_masks(const block_text& text, char a, char b) {
  const auto native = Block::load(text.data());
  const auto scalar = scalar_block::load(text.data());
  const char high = static_cast<char>(static_cast<unsigned char>(a) | 0x80U);
  return native.equal(a) == scalar.equal(a) && native.equal(a, b) == scalar.equal(a, b) &&
         native.high() == scalar.high() && native.above(high) == scalar.above(high) &&
         native.any_high_or(a) == scalar.any_high_or(a) &&
         native.any_high_or(a, b, '\0') == scalar.any_high_or(a, b, '\0');
}

}  // namespace

TEST_CASE("the masks of a block are those of its bytes") {
  std::mt19937 random(1);
  bool all_same = true;
  for (int i = 0; i < 20'000; ++i) {
    const auto text = random_block(random);
    all_same = all_same && same_masks<native_block>(text, ',', '"');
    all_same = all_same &&
               same_masks<native_block>(text, static_cast<char>(random()), static_cast<char>(i));
  }
  CHECK(all_same);
}

#if defined(SCALEKIT_CSV_WIDE_BLOCKS)

namespace {

/// More than the block's own bits, so that what is written too much is seen to be overwritten.
std::vector<std::uint32_t> wide_positions(std::uint64_t a, std::uint64_t b) {
  std::vector<std::uint32_t> out(2 * masks::block_bytes);
  std::uint32_t* end = masks::wide_block::put_positions<8>(out.data(), a, 1000);
  end = masks::wide_block::put_positions<8>(end, b, 5000);
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

std::vector<std::uint32_t> positions(std::uint64_t a, std::uint64_t b) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < 64; ++i) {
    if ((a >> i & 1) != 0) out.push_back(1000 + i);
  }
  for (std::uint32_t i = 0; i < 64; ++i) {
    if ((b >> i & 1) != 0) out.push_back(5000 + i);
  }
  return out;
}

}  // namespace

TEST_CASE("the masks of a wide block are the same") {
  if (!masks::has_wide_blocks()) return;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto text = random_block(random);
    REQUIRE(same_masks<masks::wide_block>(text, ',', '"'));
    REQUIRE(same_masks<masks::wide_block>(text, static_cast<char>(random()), static_cast<char>(i)));
  }
}

TEST_CASE("a wide block puts the positions of all bits") {
  if (!masks::has_wide_blocks()) return;
  std::mt19937_64 random(3);
  CHECK(wide_positions(0, 0).empty());
  CHECK(wide_positions(~std::uint64_t{0}, ~std::uint64_t{0}).size() == 128);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t a = i % 3 == 0 ? random() | random() : random() & random() & random();
    const std::uint64_t b = random();
    REQUIRE(wide_positions(a, b) == positions(a, b));
  }
}

#endif

TEST_CASE("each byte has its own bit, whatever its value") {
  for (std::size_t at = 0; at < masks::block_bytes; ++at) {
    for (int value = 1; value < 256; ++value) {
      block_text text{};
      const char c = static_cast<char>(value);
      text[at] = c;
      const std::uint64_t bit = std::uint64_t{1} << at;
      const auto block = native_block::load(text.data());
      REQUIRE(block.equal(c) == bit);
      REQUIRE(block.equal(c, 'x') == bit);
      REQUIRE(block.high() == (value >= 0x80 ? bit : 0));
      REQUIRE((block.above('\xBF') & block.high()) == (value > 0xBF ? bit : 0));
      REQUIRE(block.any_high_or('"') == (value >= 0x80 || c == '"'));
    }
  }
}

TEST_CASE("prefix_xor is set from an opening quote to before its closing one") {
  CHECK(masks::prefix_xor(0) == 0);
  CHECK(masks::prefix_xor(0b100'0010) == 0b011'1110);
  CHECK(masks::prefix_xor(std::uint64_t{1} << 63) == std::uint64_t{1} << 63);
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random() & random();
    std::uint64_t expected = 0;
    std::uint64_t parity = 0;
    for (int k = 0; k < 64; ++k) {
      parity ^= bits >> k & 1;
      expected |= parity << k;
    }
    REQUIRE(masks::prefix_xor(bits) == expected);
  }
}

TEST_CASE("counting and the small masks") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = i % 2 == 0 ? random() : random() & random() & random();
    REQUIRE(masks::count(bits) == static_cast<unsigned>(std::popcount(bits)));
  }
  CHECK(masks::count(0) == 0);
  CHECK(masks::count(~std::uint64_t{0}) == 64);
  CHECK(masks::lowest(0) == 0);
  CHECK(masks::lowest(1) == 1);
  CHECK(masks::lowest(63) == ~std::uint64_t{0} >> 1);
  CHECK(masks::lowest(64) == ~std::uint64_t{0});
  CHECK(masks::all_if(0) == 0);
  CHECK(masks::all_if(1) == ~std::uint64_t{0});
}
