// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_GCRA_HPP
#define SCALEKIT_SRC_RESILIENCE_GCRA_HPP

/// \file
/// A bucket as rows and tables keep it, and the rule of it; the Lua script and the SQL statements
/// say the same in their own words.

#include <scalekit/resilience/rate.hpp>

#include <cstdint>

namespace scalekit::inline v0::resilience::gcra {

/// The bucket is full again at `full_us + part / parts` microseconds. `part` may equal `parts`.
struct bucket {
  std::int64_t full_us = 0;
  std::int64_t part = 0;
  std::int64_t paused_us = 0;  ///< nothing is given before
};

/// What is missing in the bucket, in parts of a microsecond; one more than a bucket holds if it is
/// more than a bucket holds.
[[nodiscard]] std::int64_t debt(const bucket& b, std::int64_t now, const rate& r) noexcept;

/// How many tokens can be had now.
[[nodiscard]] std::int64_t available(const bucket& b, std::int64_t now, const rate& r) noexcept;

/// Takes `n` tokens. \pre n <= available()
void take(bucket& b, std::int64_t now, const rate& r, std::int64_t n) noexcept;

/// Gives back what `n` tokens taken at `taken_us` are still worth: their time, less the time since.
/// `worth_us` is the time they took to come. Nothing if a cool-down has ended since, or goes on.
void give_back(bucket& b, std::int64_t now, std::int64_t taken_us, std::int64_t worth_us) noexcept;

/// Nothing is given before `until_us`, and then one token and no more at once.
void cool_down(bucket& b, std::int64_t until_us, const rate& r) noexcept;

/// Goes over from one limit to another; the fraction is rounded up.
void adopt(bucket& b, const rate& before, const rate& after) noexcept;

/// Takes `n` tokens if they can be had. \pre 0 <= n <= r.burst()
[[nodiscard]] decision decide(bucket& b, std::int64_t now, const rate& r, std::int64_t n) noexcept;

/// A decision about `n` tokens; `b` is the bucket after it.
[[nodiscard]] decision describe(
    const bucket& b, std::int64_t now, const rate& r, std::int64_t n, bool allowed
) noexcept;

}  // namespace scalekit::inline v0::resilience::gcra

#endif
