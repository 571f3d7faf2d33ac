// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_FNV_HPP
#define SCALEKIT_SRC_BULK_FNV_HPP

#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// FNV-1a, 64 bits (Fowler, Noll, Vo): tells accidental changes apart; not a cryptographic hash.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3U;
  return hash;
}

}  // namespace scalekit::inline v0::bulk

#endif
