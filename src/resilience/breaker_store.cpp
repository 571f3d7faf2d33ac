// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/breaker_store.hpp>

namespace scalekit::inline v0::resilience {

std::string_view to_string(breaker_stance s) noexcept {
  switch (s) {
    case breaker_stance::well:
      return "well";
    case breaker_stance::failing:
      return "failing";
    case breaker_stance::recovered:
      return "recovered";
  }
  return "unknown";
}

breaker_store::~breaker_store() = default;

}  // namespace scalekit::inline v0::resilience
