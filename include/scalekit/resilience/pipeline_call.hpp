// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_PIPELINE_CALL_HPP
#define SCALEKIT_RESILIENCE_PIPELINE_CALL_HPP

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/adaptive_limit.hpp>
#include <scalekit/resilience/adaptive_throttle.hpp>
#include <scalekit/resilience/bulkhead.hpp>
#include <scalekit/resilience/call_trace.hpp>
#include <scalekit/resilience/circuit_breaker.hpp>
#include <scalekit/resilience/cluster_breaker.hpp>
#include <scalekit/resilience/limit_gate.hpp>
#include <scalekit/resilience/load_shedder.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/retry.hpp>

#include <cstdint>

namespace scalekit::inline v0::resilience {

class pipeline;

/// \brief The layers around a call; each is left out where it is null. The host owns them all, and
/// may share one among several pipelines.
struct pipeline_options {
  load_shedder* shedder = nullptr;
  /// Asked for each attempt; gets back what an attempt took that a later layer refused, if it has a
  /// `refund` (a token bucket's takes off the time since: after a wait it gives nothing back).
  limit_gate limiter = {};
  /// Where the limiter can `reserve`: how long an attempt may wait for its permits, within its
  /// deadline. 0: what is not there now is refused.
  duration limiter_wait = duration::zero();
  /// Where the limiter has a `cool_down`: an attempt that was throttled with a Retry-After pauses it
  /// for as long, but no longer than this. 0: never. Right for a limiter that stands for the
  /// callee's own limit, wrong for one that other callees share. It is called where the attempt
  /// ends: one that blocks, as a leased limiter's does, does not belong on an event loop.
  duration longest_cool_down = duration::zero();
  adaptive_throttle* throttle = nullptr;
  circuit_breaker* breaker = nullptr;  ///< sees attempts, not calls
  cluster_breaker* cluster = nullptr;  ///< in place of `breaker`
  /// Null: nothing is retried. Needs `budget`.
  const retry_policy* retry = nullptr;
  retry_budget* budget = nullptr;
  resilience::bulkhead* bulkhead = nullptr;  ///< callers wait in its queue, if it has one
  adaptive_limit* concurrency = nullptr;     ///< in place of `bulkhead`
  /// The deadline of a call that has none of its own: so long after it began. 0: none.
  duration timeout = duration::zero();
  /// What an exception that passes through means to the layers; it is never retried.
  outcome on_exception = {outcome_kind::transient, effect::unknown, {}};
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  /// Waits between attempts of \ref pipeline::call, and nowhere else. Null: really sleeps.
  sleeper* wait = nullptr;
  random_source* random = nullptr;  ///< null: the kernel's
};

/// \brief What is particular to one call.
struct call_options {
  steady_time deadline = steady_time::max();
  repeatable repeat = repeatable::if_no_effect;
  resilience::priority priority = priority::normal;
  /// When the work for it was queued, if it was, for the shedder. `min`: just now.
  steady_time queued_at = steady_time::min();
  std::uint32_t cost = 1;       ///< permits it takes from the limiter
  call_trace* trace = nullptr;  ///< filled with what the layers decide
};

/// \brief What the callee is told of its attempt.
struct attempt {
  std::uint32_t number = 1;                   ///< from 1
  steady_time deadline = steady_time::max();  ///< of this attempt; the call has to keep to it
};

/// \brief One call on its way through a pipeline, without I/O: for drivers.
///
/// `enter`, then the call, then `leave`; again for as long as `leave` says retry. Destroyed between
/// the two, or before a retry, it gives back what it holds as for `cancelled`. A retry that is not
/// made, for it was abandoned or a layer refused it, is not paid for.
///
/// \par Thread-safety  One thread at a time. The pipeline and the options must outlive it.
class SCALEKIT_EXPORT pipeline_call {
 public:
  enum class entry : std::uint8_t {
    proceed,  ///< make the call; \ref current is what to tell it
    refused,  ///< the call is over: \ref refusal
    wait,     ///< for the limiter, as long as \ref pause; then `enter` again
    queue     ///< wait for a place in the bulkhead until \ref deadline, then `placed` or `not_placed`
  };

  pipeline_call(pipeline& p, const call_options& options, steady_time now) noexcept;
  pipeline_call(pipeline& p, call_options&& options, steady_time now) = delete;
  pipeline_call(const pipeline_call&) = delete;
  pipeline_call& operator=(const pipeline_call&) = delete;
  ~pipeline_call() {
    if (inside_ || retry_.owed()) abandon_now();
  }

  [[nodiscard]] entry enter(steady_time now);
  /// \brief After `wait`: how long.
  [[nodiscard]] duration pause() const noexcept { return pause_; }
  /// \brief After `queue`: blocks until there is a place.
  [[nodiscard]] entry wait_for_place() noexcept;
  /// \brief After `queue`: the driver has got a place. `refused` if the deadline has passed: then it
  /// is given back.
  [[nodiscard]] entry placed(steady_time now) noexcept;
  /// \brief After `queue`: there will be none; the call is over.
  [[nodiscard]] entry not_placed(steady_time now, errc why) noexcept;
  /// \brief The call came back.
  [[nodiscard]] retry_step leave(const outcome& o, steady_time now) noexcept;
  /// \brief It never will, or is not to be tried again: gives back what it holds, counting as
  /// `kind`, and ends.
  void abandon(outcome_kind kind, steady_time now) noexcept;

  [[nodiscard]] attempt current() const noexcept { return {retry_.attempts(), try_deadline_}; }
  [[nodiscard]] steady_time deadline() const noexcept { return deadline_; }
  /// \brief Why it was refused.
  [[nodiscard]] error refusal() const;

 private:
  void abandon_now() noexcept;
  void give_up_retry(steady_time now) noexcept;
  void refund(steady_time now) noexcept;
  void cool_down(steady_time now, duration wait) noexcept;
  [[nodiscard]] entry refuse(layer by, errc code, duration wait, steady_time now) noexcept;
  [[nodiscard]] entry refuse_inside(layer by, errc code, duration wait, steady_time now) noexcept;
  [[nodiscard]] entry pass_limiter(steady_time now);
  [[nodiscard]] bool pass_breaker(steady_time now);
  [[nodiscard]] entry take_place(steady_time now) noexcept;
  [[nodiscard]] entry begin(steady_time now) noexcept;
  void give_back(outcome_kind kind, steady_time now) noexcept;
  void end(outcome_kind kind) noexcept;
  void trace(const trace_entry& e) const noexcept {
    if (options_.trace != nullptr) options_.trace->add(e);
  }
  void passed(layer by, steady_time now) const noexcept {
    if (options_.trace != nullptr) note(by, trace_event::passed, now);
  }
  void note(layer by, trace_event what, steady_time now) const noexcept;

  pipeline& pipeline_;
  const call_options& options_;
  steady_time deadline_;
  steady_time try_deadline_;
  retry_call retry_;
  breaker_permit breaker_;
  limit_ticket ticket_;
  limit_gate::receipt taken_;  // of the limiter, while has_limit_
  duration pause_ = {};
  bool inside_ = false;     // holds permits
  bool has_limit_ = false;  // permits of the limiter, not yet used
  bool has_place_ = false;  // of the bulkhead
  bool has_breaker_ = false;
  bool has_throttle_ = false;  // it has counted the attempt
  outcome_kind last_ = outcome_kind::ok;
  layer refused_by_ = layer::deadline;
  errc refused_with_ = errc::internal;
  duration refused_wait_ = {};
};

}  // namespace scalekit::inline v0::resilience

#endif
