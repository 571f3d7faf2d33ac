// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/backoff.hpp>

#include <algorithm>
#include <cmath>

namespace scalekit::inline v0::resilience {

namespace {

// Uniform in [low, high], both ends included.
duration uniform(duration low, duration high, random_source& random) noexcept {
  if (high <= low) return low;
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + duration(static_cast<duration::rep>(random.below(span)));
}

}  // namespace

result<backoff> backoff::make(backoff_options o) {
  auto fine = option_check("backoff")
                  .require(within(o.base, duration(1), a_year), "base", "must be above 0")
                  .require(within(o.cap, o.base, a_year), "cap", "must be base to a year")
                  .require(within(o.factor, 1, 10), "factor", "must be 1 to 10")
                  .done();
  if (!fine) return fine.error();
  return backoff(o);
}

duration backoff::ceiling(std::uint32_t n) const noexcept {
  const double grown = static_cast<double>(options_.base.count()) * std::pow(options_.factor, n);
  return std::min(from_double(grown), options_.cap);
}

duration backoff::next(std::uint32_t n, duration previous, random_source& random) const noexcept {
  const duration most = ceiling(n);
  switch (options_.jitter) {
    case jitter::none:
      return most;
    case jitter::full:
      return uniform(duration::zero(), most, random);
    case jitter::equal:
      return uniform(most - most / 2, most, random);
    case jitter::decorrelated:
      break;
  }
  if (previous <= duration::zero()) return uniform(duration::zero(), options_.base, random);
  const duration high = previous > options_.cap / 3 ? options_.cap : previous * 3;
  return uniform(options_.base, std::max(high, options_.base), random);
}

}  // namespace scalekit::inline v0::resilience
