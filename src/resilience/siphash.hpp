// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_SIPHASH_HPP
#define SCALEKIT_SRC_RESILIENCE_SIPHASH_HPP

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// SipHash-1-3 of one or more texts, each with its length, under a secret key.
class siphash {
 public:
  siphash(std::uint64_t k0, std::uint64_t k1) noexcept
      : v_{k0 ^ 0x736f6d6570736575U,
           k1 ^ 0x646f72616e646f6dU,
           k0 ^ 0x6c7967656e657261U,
           k1 ^ 0x7465646279746573U} {}

  /// One word for a text below eight bytes, the length on top; for another the length, which no
  /// such word is, and its words. So different texts are different words, wherever one ends.
  siphash& add(std::string_view text) noexcept {
    const std::uint64_t size = text.size();
    if (size < 8) {
      absorb(tail(text) | size << 56);
      return *this;
    }
    absorb(size | std::uint64_t{0xff} << 56);
    for (; text.size() >= 8; text.remove_prefix(8)) absorb(load<std::uint64_t>(text.data()));
    if (!text.empty()) absorb(tail(text));
    return *this;
  }

  [[nodiscard]] std::uint64_t finish() noexcept {
    v_[2] ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  template <class Word>
  static std::uint64_t load(const char* p) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
      std::uint64_t w = 0;
      for (std::size_t i = 0; i < sizeof(Word); ++i) {
        w |= std::uint64_t{static_cast<unsigned char>(p[i])} << 8 * i;
      }
      return w;
    }
    Word w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }
  /// The bytes of a text below eight, without a loop.
  static std::uint64_t tail(std::string_view t) noexcept {
    const std::size_t n = t.size();
    if (n >= 4) {
      const std::uint64_t end = load<std::uint32_t>(t.data() + n - 4);
      return load<std::uint32_t>(t.data()) | end << 8 * (n - 4);
    }
    if (n == 0) return 0;
    const auto at = [t](std::size_t i) { return load<unsigned char>(t.data() + i) << 8 * i; };
    return at(0) | at(n / 2) | at(n - 1);
  }
  void absorb(std::uint64_t m) noexcept {
    v_[3] ^= m;
    round();
    v_[0] ^= m;
  }
  void round() noexcept {
    v_[0] += v_[1];
    v_[2] += v_[3];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[1];
    v_[0] += v_[3];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] = std::rotl(v_[2], 32);
  }

  std::uint64_t v_[4];
};

}  // namespace scalekit::inline v0::resilience

#endif
