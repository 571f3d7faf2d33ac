// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_RETRY_HPP
#define SCALEKIT_RESILIENCE_RETRY_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/backoff.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/retry_budget.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// Whether doing a call twice is the same as doing it once. An HTTP request says so itself:
/// `repeatable_of` in `resilience/http_call.hpp`.
enum class repeatable : std::uint8_t {
  if_no_effect,  ///< retried only if the attempt certainly did nothing
  always         ///< idempotent, by its nature or by an idempotency key
};

/// What a wait that the callee asked for (`Retry-After`) does to the delay `t`.
enum class retry_after_rule : std::uint8_t {
  ignore,   ///< nothing
  bounded,  ///< `max(t, min(asked, t + slack))`, as the AWS SDKs do
  obey      ///< `max(t, asked)`; no retry at all where `asked` is beyond `longest_asked`
};

struct retry_options {
  /// Attempts in all, the first included; at least 1. With 1 nothing is retried.
  std::uint32_t max_attempts = 3;
  backoff_options backoff = {};
  /// In place of `backoff.base` after a `throttled` attempt. Above 0, at most `backoff.cap`.
  duration throttled_base = std::chrono::seconds(1);
  retry_after_rule on_retry_after = retry_after_rule::bounded;
  duration slack = std::chrono::seconds(5);           ///< of `bounded`
  duration longest_asked = std::chrono::seconds(60);  ///< of `obey`
  /// How long one attempt may take; the call is told, and has to keep to it. 0: as long as the
  /// deadline allows.
  duration try_timeout = duration::zero();
};

/// Why a call is not tried again.
enum class retry_verdict : std::uint8_t {
  retry,  ///< it is
  succeeded,
  permanent,       ///< would fail again
  cancelled,       ///< nobody waits for it any more
  attempts_spent,  ///< `max_attempts` have been made
  effect_unknown,  ///< it may have been done already, and is not idempotent
  deadline,        ///< it would begin after the deadline
  asked_too_long,  ///< the callee asked for a longer wait than `longest_asked`
  budget_spent     ///< the budget did not pay
};
/// \brief The spelling, e.g. `"budget_spent"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(retry_verdict v) noexcept;

struct retry_step {
  retry_verdict verdict = retry_verdict::succeeded;
  duration delay = {};  ///< if it is to be retried: how long to wait first
  explicit operator bool() const noexcept { return verdict == retry_verdict::retry; }
};

/// \brief Options that have been checked.
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT retry_policy {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<retry_policy> make(retry_options options = {});
  [[nodiscard]] const retry_options& options() const noexcept { return options_; }

 private:
  friend class retry_call;
  retry_policy(const retry_options& o, const backoff& usual, const backoff& throttled) noexcept
      : options_(o), usual_(usual), throttled_(throttled) {}
  retry_options options_;
  backoff usual_;
  backoff throttled_;
};

/// What one logical call is bound by.
struct retry_terms {
  repeatable repeat = repeatable::if_no_effect;
  steady_time deadline = steady_time::max();
};

/// \brief One logical call and its attempts. It decides; somebody else calls, and waits.
///
/// \code
/// retry_call call(policy, budget, {.repeat = repeatable::always});
/// for (;;) {
///   auto answer = ask(call.begin(now()));       // begin: until when the attempt may take
///   auto next = call.after(classify(answer), now(), random);
///   if (!next) return answer;
///   wait.sleep_for(next.delay);
/// }
/// \endcode
///
/// Retries `transient` and `throttled` outcomes, if nothing stands against it: see
/// \ref retry_verdict. Every retry is paid for by the budget, in this order, so that what would not
/// be retried anyway costs nothing.
///
/// \par Thread-safety  One thread at a time. What it was given must outlive it.
class SCALEKIT_EXPORT retry_call {
 public:
  /// `budget` may be null only where something else bounds retries.
  retry_call(const retry_policy& policy, retry_budget* budget, retry_terms terms) noexcept
      : policy_(&policy), budget_(budget), terms_(terms) {}

  /// \brief An attempt begins; returns until when it may take (`steady_time::max()`: for ever).
  steady_time begin(steady_time now) noexcept {
    owed_ = false;
    if (attempts_++ == 0 && budget_ != nullptr) budget_->on_call(now);
    const bool bounded = policy_->options_.try_timeout != duration::zero();
    return bounded ? try_deadline(now) : terms_.deadline;
  }
  /// \brief It has ended.
  [[nodiscard]] retry_step after(
      const outcome& o, steady_time now, random_source& random
  ) noexcept {
    if (!o.is_ok()) return after_failure(o, now, random);
    if (budget_ != nullptr) budget_->on_success(last_cost_);
    return {};
  }

  /// \brief The retry that was decided on is not made after all: its cost goes back to the budget.
  /// False if there is none.
  bool give_up(steady_time now) noexcept;
  /// \brief Whether a retry has been decided on and not begun.
  [[nodiscard]] bool owed() const noexcept { return owed_; }

  /// \brief Attempts begun so far.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  [[nodiscard]] steady_time try_deadline(steady_time now) const noexcept;
  [[nodiscard]] retry_step after_failure(
      const outcome& o, steady_time now, random_source& random
  ) noexcept;
  [[nodiscard]] retry_verdict verdict(const outcome& o) const noexcept;
  [[nodiscard]] duration draw(const outcome& o, random_source& random) noexcept;

  const retry_policy* policy_;
  retry_budget* budget_;
  retry_terms terms_;
  std::uint32_t attempts_ = 0;
  std::uint32_t last_cost_ = 0;
  bool owed_ = false;
  steady_time paid_at_ = {};
  duration previous_ = {};
};

}  // namespace scalekit::inline v0::resilience

#endif
