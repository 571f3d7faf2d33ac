// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_STACK_HPP
#define SCALEKIT_RESILIENCE_STACK_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/result.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace scalekit::inline v0::resilience {

/// \brief The layers of a \ref stack; what has no value is left out. By default a breaker, and
/// retries paid for by a budget.
struct stack_options {
  std::optional<load_shedder_options> shedder = {};
  std::optional<rate> limit = {};  ///< of a token bucket
  std::optional<adaptive_throttle_options> throttle = {};
  std::optional<breaker_options> breaker = breaker_options{};
  std::optional<retry_options> retry = retry_options{};
  ratio_budget_options budget = {};  ///< of the retries
  std::optional<bulkhead_options> bulkhead = {};
  std::optional<adaptive_limit_options> concurrency = {};  ///< in place of `bulkhead`
  /// The rest as in \ref pipeline_options; the two of the limiter have no effect without `limit`.
  duration limiter_wait = duration::zero();
  duration longest_cool_down = std::chrono::seconds(30);
  duration timeout = duration::zero();
  outcome on_exception = pipeline_options().on_exception;
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  sleeper* wait = nullptr;                 ///< null: really sleeps
  random_source* random = nullptr;         ///< null: the kernel's
};

/// \brief What each layer says of itself; no value where there is none.
struct stack_stats {
  pipeline_stats calls{};
  std::optional<load_shedder_stats> shedder{};
  std::optional<decision> limiter{};  ///< what is left, taking nothing
  std::optional<adaptive_throttle_stats> throttle{};
  std::optional<breaker_stats> breaker{};
  std::optional<retry_budget_stats> budget{};
  std::optional<bulkhead_stats> bulkhead{};
  std::optional<adaptive_limit_stats> concurrency{};
};

/// \brief A pipeline that owns its layers: all the rules for one callee in one object.
///
/// Where pipelines share a layer, or one is of another type (a limit of a cluster, a keyed one), own
/// the layers and make a \ref pipeline of them instead.
///
/// \code
/// auto partner = resilience::stack::make({.limit = rate, .bulkhead = {{.max_concurrent = 16}}});
/// auto answer = (*partner)->call([&](const attempt& a) { return http.post(body, a.deadline); });
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls. The clock, the sleeper and the source of randomness
/// must outlive it.
class SCALEKIT_EXPORT stack {
 public:
  /// \par Errors `invalid_argument`, naming the layer and its option.
  [[nodiscard]] static result<std::unique_ptr<stack>> make(const stack_options& options = {});
  stack(const stack&) = delete;
  stack& operator=(const stack&) = delete;

  /// \brief As \ref pipeline::call.
  template <class F>
  auto call(F&& f, const call_options& options = {}) {
    return calls_->call(std::forward<F>(f), options);
  }
  template <class F, class Classify>
  auto call(F&& f, const call_options& options, Classify&& classify) {
    return calls_->call(std::forward<F>(f), options, std::forward<Classify>(classify));
  }

  /// \brief For all that takes a pipeline.
  [[nodiscard]] resilience::pipeline& pipeline() const noexcept { return *calls_; }

  /// \brief One layer, null where it is left out: to force the breaker, to change the limit.
  [[nodiscard]] load_shedder* shedder() const noexcept { return shedder_.get(); }
  [[nodiscard]] token_bucket* limiter() const noexcept { return limiter_.get(); }
  [[nodiscard]] adaptive_throttle* throttle() const noexcept { return throttle_.get(); }
  [[nodiscard]] circuit_breaker* breaker() const noexcept { return breaker_.get(); }
  [[nodiscard]] retry_budget* budget() const noexcept { return budget_.get(); }
  [[nodiscard]] resilience::bulkhead* bulkhead() const noexcept { return bulkhead_.get(); }
  [[nodiscard]] adaptive_limit* concurrency() const noexcept { return concurrency_.get(); }

  [[nodiscard]] stack_stats stats() const;

 private:
  stack() = default;
  [[nodiscard]] result<void> fill(const stack_options& options);

  std::unique_ptr<load_shedder> shedder_;
  std::unique_ptr<token_bucket> limiter_;
  std::unique_ptr<adaptive_throttle> throttle_;
  std::unique_ptr<circuit_breaker> breaker_;
  std::unique_ptr<retry_policy> retry_;
  std::unique_ptr<ratio_budget> budget_;
  std::unique_ptr<resilience::bulkhead> bulkhead_;
  std::unique_ptr<adaptive_limit> concurrency_;
  std::unique_ptr<resilience::pipeline> calls_;
  const scalekit::clock* clock_ = nullptr;
};

}  // namespace scalekit::inline v0::resilience

#endif
