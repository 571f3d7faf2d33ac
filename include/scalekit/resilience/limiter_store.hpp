// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LIMITER_STORE_HPP
#define SCALEKIT_RESILIENCE_LIMITER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::resilience {

/// \brief What is asked of one limit that many processes share.
struct limit_claim {
  /// Which limit: 1 to 200 bytes of any kind.
  std::string_view name{};
  resilience::rate rate{};
  /// How many tokens are wanted, 0 to the burst. 0: only a look.
  std::int64_t cost = 1;
  /// The fewest tokens that are of use, at most `cost`: as many as there are, from this number up,
  /// are granted. 0: all of `cost` or none.
  std::int64_t least = 0;
  /// Of the rate, 0 to 2^53, one more with each change of it. The store keeps the rate of the
  /// highest version it has met with the bucket: where processes are updated one after another,
  /// those that lag behind are judged by the new rate, even where it has only refused so far, or
  /// was only used for a look. (Of a bucket from which nothing was ever taken a store may keep
  /// nothing.) A change does not fill the bucket again: the instant at which it is full stays.
  std::int64_t version = 0;
};

/// \brief What became of one claim.
struct limit_grant {
  std::int64_t granted = 0;  ///< tokens taken; 0 if any claim of the call was refused
  decision verdict{};
  resilience::rate in_force{};  ///< the rate it was judged by
  std::int64_t version = 0;     ///< of that rate
  /// The store knew nothing of this limit, so it was taken as full: it is new, has been idle for
  /// long, or the store has lost its state.
  bool fresh = false;
};

/// \brief What became of all claims of a call.
struct limit_answer {
  bool allowed = false;
  duration retry_after{};             ///< the longest of the refused claims'
  system_time at{};                   ///< the store's own time of the decision
  std::vector<limit_grant> grants{};  ///< one for each claim, in their order
};

/// \brief Limits that many processes share.
///
/// Each call is one atomic step and one round trip (on MySQL two): no get is followed by a set. The
/// time is the store's, so that the clocks of the processes do not matter. In every window of w
/// microseconds of that time, no more than `burst + w * tokens / period` are granted, as long as
/// the store keeps its state; when it loses it, each bucket counts as full once (see \ref
/// limit_grant::fresh).
///
/// \par Thread-safety  Implementations must allow concurrent calls.
/// \par Errors of every call: `invalid_argument` naming the member of the claim that is out of
/// range; `unavailable`, `busy`, `timed_out` from the backend, nothing was taken;
/// `outcome_unknown`, the tokens may have been taken (they come back with time); `data_corrupted`
/// if what is stored is not what a limiter wrote.
class SCALEKIT_EXPORT limiter_store {
 public:
  limiter_store() = default;
  limiter_store(const limiter_store&) = delete;
  limiter_store& operator=(const limiter_store&) = delete;
  virtual ~limiter_store();

  /// Claims of one call at most.
  static constexpr std::size_t most_claims = 16;

  /// \brief Takes what all claims ask for, or nothing.
  /// \par Errors besides: `invalid_argument` for no claims, too many, or two of one name.
  [[nodiscard]] virtual result<limit_answer> take(std::span<const limit_claim> claims) = 0;

  /// \brief As many tokens of one limit as there are, up to `claim.cost`: how tokens are fetched in
  /// blocks. Refused if there is not even one.
  [[nodiscard]] result<limit_answer> allow_at_most(limit_claim claim);

  /// \brief Gives back `tokens` that `grant` gave for `name` and that were not used: at most what
  /// time has not given back already, as \ref token_bucket::refund explains. What was granted
  /// before a cool-down is worth nothing from then on.
  [[nodiscard]] virtual result<void> give_back(
      std::string_view name, const limit_grant& grant, std::int64_t tokens
  ) = 0;

  /// \brief Grants nothing of the limit to anybody for `wait` (a Retry-After; up to two years), and
  /// then begins with an empty bucket. `claim.cost` and `claim.least` are ignored.
  [[nodiscard]] virtual result<void> cool_down(const limit_claim& claim, duration wait) = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
