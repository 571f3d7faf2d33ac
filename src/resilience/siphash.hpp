// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_SIPHASH_HPP
#define SCALEKIT_SRC_RESILIENCE_SIPHASH_HPP

#include <bit>
#include <cstdint>
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

  siphash& add(std::string_view text) noexcept {
    std::string_view rest = text;
    for (; rest.size() >= 8; rest.remove_prefix(8)) absorb(word(rest.substr(0, 8)));
    absorb(word(rest));
    absorb(text.size());
    return *this;
  }

  [[nodiscard]] std::uint64_t finish() noexcept {
    v_[2] ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  static std::uint64_t word(std::string_view bytes) noexcept {
    std::uint64_t w = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      w |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return w;
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
