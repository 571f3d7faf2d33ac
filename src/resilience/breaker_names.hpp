// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_BREAKER_NAMES_HPP
#define SCALEKIT_SRC_RESILIENCE_BREAKER_NAMES_HPP

#include <scalekit/resilience/breaker_store.hpp>

#include <algorithm>
#include <chrono>

namespace scalekit::inline v0::resilience {

inline result<void> check_breaker_names(std::string_view key, std::string_view node) {
  if (key.empty() || key.size() > 100) {
    return error(errc::invalid_argument, "breaker store: key must be 1 to 100 bytes");
  }
  if (node.empty() || node.size() > 64) {
    return error(errc::invalid_argument, "breaker store: node must be 1 to 64 bytes");
  }
  return {};
}

/// What is kept in milliseconds lasts at least one.
inline std::int64_t whole_milliseconds(duration d) noexcept {
  return std::max<std::int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(std::min<duration>(d, std::chrono::hours(24)))
          .count(),
      1
  );
}

}  // namespace scalekit::inline v0::resilience

#endif
