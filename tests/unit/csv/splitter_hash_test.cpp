// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/splitter.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>

using namespace scalekit;

namespace {

constexpr std::size_t block = std::size_t{256} * 1024;

std::uint64_t hash_of(std::string_view text) {
  csv::memory_file file(text);
  return csv::content_hash(file).value();
}

/// The definition, a byte and a bit at a time: what the library does must never differ from it.
namespace twin {

constexpr std::array<std::uint64_t, 4> keys{
    0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89};

/// Long multiplication in base 2.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (int bit = 63; bit >= 0; --bit) {
    high = high << 1 | low >> 63;
    low <<= 1;
    if ((b >> bit & 1) == 0) continue;
    low += a;
    high += low < a ? 1 : 0;
  }
  return high ^ low;
}

std::uint64_t hash_block(std::string_view text) {
  std::array<std::uint64_t, 3> lane{keys[1], keys[2], keys[3]};
  for (std::size_t at = 0; at < text.size(); at += 48) {
    std::array<std::uint64_t, 6> words{};
    for (std::size_t i = 0; i < 48 && at + i < text.size(); ++i) {
      words[i / 8] |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (i % 8 * 8);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      lane[i] = fold(words[2 * i] ^ keys[i], words[2 * i + 1] ^ lane[i]);
    }
  }
  return fold(lane[0] ^ lane[1] ^ lane[2], text.size() ^ keys[3]);
}

std::uint64_t hash(std::string_view text) {
  std::uint64_t state = 0;
  for (std::size_t at = 0; at < text.size(); at += block) {
    state = fold(state ^ hash_block(text.substr(at, block)), keys[0]);
  }
  return fold(state ^ keys[1], text.size() ^ keys[2]);
}

}  // namespace twin

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(size);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

}  // namespace

TEST_CASE("the hash is what it is defined to be, at every length around its strides and blocks") {
  for (std::size_t size = 0; size <= 200; ++size) {
    CAPTURE(size);
    CHECK(hash_of(random_bytes(size)) == twin::hash(random_bytes(size)));
  }
  for (const std::size_t size : {block - 1, block, block + 1, 2 * block, 2 * block + 47}) {
    CAPTURE(size);
    CHECK(hash_of(random_bytes(size)) == twin::hash(random_bytes(size)));
  }
}

TEST_CASE("the hash never changes: hosts have stored it") {
  CHECK(hash_of("") == 0x48e364fbb422201e);
  CHECK(hash_of("a") == 0x406f55b6ee927e73);
  CHECK(hash_of("id,name\n1,Ada\n") == 0x1b02a7c598ec93c0);
  CHECK(hash_of(std::string(block + 1, '\0')) == 0x42273ecf3ecb245a);
}

TEST_CASE("every bit, the length and the order count") {
  const std::string text = random_bytes(300);
  std::set<std::uint64_t> seen{hash_of(text)};
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    CHECK(seen.insert(hash_of(other)).second);
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(seen.insert(hash_of(text.substr(0, size))).second);
  }
  for (std::size_t zeros = 0; zeros < 200; ++zeros) {
    CHECK(seen.insert(hash_of(std::string(zeros + 1, '\0'))).second);
  }
  const std::string a = random_bytes(block);
  const std::string b = random_bytes(block - 48) + std::string(48, 'b');
  CHECK(hash_of(a + b) != hash_of(b + a));
}
