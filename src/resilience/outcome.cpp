// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/resilience/outcome.hpp>

namespace scalekit::inline v0::resilience {

std::string_view to_string(outcome_kind kind) noexcept {
  switch (kind) {
    case outcome_kind::ok:
      return "ok";
    case outcome_kind::throttled:
      return "throttled";
    case outcome_kind::transient:
      return "transient";
    case outcome_kind::permanent:
      return "permanent";
    case outcome_kind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

namespace {

outcome_kind kind_of(errc code) noexcept {
  switch (code) {
    case errc::limit_exceeded:
      return outcome_kind::throttled;
    case errc::busy:
    case errc::unavailable:
    case errc::timed_out:
    case errc::outcome_unknown:
      return outcome_kind::transient;
    case errc::cancelled:
      return outcome_kind::cancelled;
    default:
      return outcome_kind::permanent;
  }
}

}  // namespace

outcome classify(const error& e) noexcept {
  const auto wait = e.retry_after();
  return {
      .kind = kind_of(e.code()),
      .effect = e.outcome_unknown() ? effect::unknown : effect::none,
      .retry_after = wait ? std::optional(in_ticks(*wait)) : std::nullopt};
}

}  // namespace scalekit::inline v0::resilience
