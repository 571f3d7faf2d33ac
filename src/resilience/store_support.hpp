// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_STORE_SUPPORT_HPP
#define SCALEKIT_SRC_RESILIENCE_STORE_SUPPORT_HPP

/// \file
/// What the limiter stores share.

#include "resilience/gcra.hpp"

#include <scalekit/resilience/limiter_store.hpp>

#include <cstdint>
#include <span>

namespace scalekit::inline v0::resilience::store {

[[nodiscard]] result<void> check(std::span<const limit_claim> claims);
[[nodiscard]] result<void> check_name(std::string_view name);

/// A pause as the stores take it: whole microseconds, rounded up.
[[nodiscard]] std::int64_t pause_us(duration wait) noexcept;

/// What a backend says of one claim, after its step.
struct row {
  std::int64_t granted = -1;  ///< -1: refused
  gcra::bucket bucket{};
  rate in_force{};
  std::int64_t version = 0;
  bool fresh = false;
  bool newer = false;  ///< by a version above the stored one: to be stored, come what may
};

/// The fewest tokens that the claim can use.
[[nodiscard]] inline std::int64_t least(const limit_claim& c) noexcept {
  return c.least == 0 ? c.cost : c.least;
}

/// The rate that a backend stored, from its numbers.
[[nodiscard]] result<rate> stored_rate(std::int64_t parts, std::int64_t step, std::int64_t burst);

/// Decides about claims whose buckets are at hand: `rows` holds what is stored of each, and then
/// what is to be. Whether all are allowed; if not, nothing was taken of any.
[[nodiscard]] bool decide(
    std::span<const limit_claim> claims, std::span<row> rows, std::int64_t now
) noexcept;

[[nodiscard]] limit_answer answer(
    std::span<const limit_claim> claims, std::span<const row> rows, std::int64_t now
);

}  // namespace scalekit::inline v0::resilience::store

#endif
