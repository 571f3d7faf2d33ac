// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/fixed_random.hpp>

namespace scalekit::inline v0::testing {

void fixed_random::fill(std::span<std::byte> out) noexcept {
  const std::lock_guard lock(mutex_);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) {
      state_ += 0x9E37'79B9'7F4A'7C15U;
      word = state_;
      word = (word ^ (word >> 30)) * 0xBF58'476D'1CE4'E5B9U;
      word = (word ^ (word >> 27)) * 0x94D0'49BB'1331'11EBU;
      word ^= word >> 31;
    }
    out[i] = static_cast<std::byte>(word >> (8 * (i % 8)) & 255U);
  }
}

}  // namespace scalekit::inline v0::testing
