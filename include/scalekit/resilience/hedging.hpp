// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_HEDGING_HPP
#define SCALEKIT_RESILIENCE_HEDGING_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/retry.hpp>
#include <scalekit/resilience/retry_budget.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>

namespace scalekit::inline v0::resilience {

struct hedge_options {
  /// How long an attempt may be without an answer before another is sent beside it; the callee's
  /// p95 is a good value. Above 0.
  duration delay = std::chrono::milliseconds(100);
  /// Attempts sent beside the first, 0 to 10. 0: no hedging.
  std::uint32_t max_hedges = 1;
  const scalekit::clock* clock = nullptr;  ///< that drivers go by; null: the machine's
};

/// \brief Options that have been checked.
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT hedge_policy {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<hedge_policy> make(hedge_options options = {});
  [[nodiscard]] const hedge_options& options() const noexcept { return options_; }

 private:
  explicit hedge_policy(hedge_options o) noexcept : options_(o) {}
  hedge_options options_;
};

enum class hedge_action : std::uint8_t {
  launch,  ///< send an attempt now
  wait,    ///< ask again at `until`, or when an attempt has ended
  finish   ///< nothing more is to be sent; take the answer, or wait for those under way
};

struct hedge_step {
  hedge_action action = hedge_action::finish;
  steady_time until = steady_time::max();
};

/// \brief One logical call that may be under way several times at once; the first answer counts
/// (Dean and Barroso, "The Tail at Scale", 2013).
///
/// Only what is idempotent is hedged: a loser may have taken effect. Every hedge is paid for by the
/// budget. An attempt that fails is followed at once by the next, if there is one left.
///
/// \par Thread-safety  One thread at a time. What it was given must outlive it.
class SCALEKIT_EXPORT hedge_call {
 public:
  hedge_call(const hedge_policy& policy, retry_budget* budget, retry_terms terms) noexcept
      : policy_(&policy), budget_(budget), terms_(terms) {}

  /// \brief What to do now; after `launch` ask again.
  [[nodiscard]] hedge_step next(steady_time now) noexcept;
  /// \brief An attempt has ended. True if its answer is the call's: cancel the others.
  [[nodiscard]] bool ended(const outcome& o) noexcept;

  [[nodiscard]] std::uint32_t launched() const noexcept { return launched_; }

 private:
  [[nodiscard]] bool may_hedge(steady_time now) const noexcept;

  const hedge_policy* policy_;
  retry_budget* budget_;
  retry_terms terms_;
  std::uint32_t launched_ = 0;
  std::uint32_t under_way_ = 0;
  bool settled_ = false;
  bool refused_ = false;
  outcome_kind last_ = outcome_kind::ok;
  steady_time due_ = {};
};

}  // namespace scalekit::inline v0::resilience

#endif
