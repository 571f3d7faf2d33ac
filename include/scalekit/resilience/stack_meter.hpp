// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_STACK_METER_HPP
#define SCALEKIT_RESILIENCE_STACK_METER_HPP

#include <scalekit/export.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/resilience/stack.hpp>
#include <scalekit/result.hpp>

#include <memory>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// \brief Publishes what a stack says of itself, whenever it is told to: before a scrape, or by a
/// timer. Calls themselves count nothing more for it.
///
/// The series are `scalekit_resilience_<callee>_...`: `calls_ok_total` and so on for each
/// \ref outcome_kind, `refused_breaker_total` and so on for each \ref layer, `retries_total`,
/// `breaker_opened_total`; and, as levels, `breaker_open` (1 if open or half-open), `in_flight`, `waiting`,
/// `concurrency_limit`, `limiter_tokens`, `shed_level`. A layer that is left out stays at 0.
/// A retry that was given up after it was published stays in `retries_total`.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT stack_meter {
 public:
  /// \param callee  becomes a part of the names: letters, digits and `_`
  /// \par Errors `invalid_argument` if it has anything else, or is empty.
  [[nodiscard]] static result<std::unique_ptr<stack_meter>> make(
      metrics::registry& registry, std::string_view callee
  );
  ~stack_meter();
  stack_meter(const stack_meter&) = delete;
  stack_meter& operator=(const stack_meter&) = delete;

  /// \brief Brings the series to what `now` says. Give it one stack's, in order.
  void publish(const stack_stats& now);

 private:
  struct state;
  explicit stack_meter(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::resilience

#endif
