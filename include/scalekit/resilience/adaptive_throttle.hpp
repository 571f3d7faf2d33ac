// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_ADAPTIVE_THROTTLE_HPP
#define SCALEKIT_RESILIENCE_ADAPTIVE_THROTTLE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/rolling_counts.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace scalekit::inline v0::resilience {

struct adaptive_throttle_options {
  /// Calls that are sent for each one that the callee accepts; 1 to 10. Less saves the callee work,
  /// more finds out sooner that it is back.
  double k = 2.0;
  /// 1 ms to a day.
  duration window = std::chrono::minutes(2);
  /// Never is a larger share of the calls refused, 0 to 1: some must find out that the callee is
  /// back.
  double most_refused = 0.9;
  /// Fewer calls in the window than these are never refused.
  std::uint32_t minimum_calls = 20;
};

struct adaptive_throttle_stats {
  std::uint32_t calls = 0;     ///< in the window, with those refused here
  std::uint32_t accepted = 0;  ///< in the window
  std::uint64_t refused = 0;   ///< here, ever
};

/// \brief Sends an overloaded callee about `k` times what it accepts, and refuses the rest here.
///
/// The chance of a refusal is `max(0, (calls - k * accepted) / (calls + 1))` over a sliding window
/// (Beyer et al., "Site Reliability Engineering", chapter 21). A call counts when it is made, not
/// when it ends, so that a callee that answers slowly is seen at once.
///
/// \par Thread-safety  Safe for concurrent calls; takes no lock.
/// \par Complexity  O(1), no allocation; random bits are drawn only while it refuses some.
class SCALEKIT_EXPORT adaptive_throttle {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<adaptive_throttle>> make(
      adaptive_throttle_options options = {}
  );

  /// \brief Whether to make a call; it is counted either way.
  [[nodiscard]] bool admit(steady_time now, random_source& random) noexcept;
  /// \brief What became of a call that was made: all but `transient` and `throttled` count as
  /// accepted.
  void after(outcome_kind kind, steady_time now) noexcept;

  /// \brief The chance of a refusal now.
  [[nodiscard]] double refusal(steady_time now) noexcept;
  [[nodiscard]] adaptive_throttle_stats stats(steady_time now) noexcept;

 private:
  explicit adaptive_throttle(adaptive_throttle_options options) noexcept;
  [[nodiscard]] double refusal_for(counts in_window) const noexcept;

  const adaptive_throttle_options options_;
  rolling_counts window_;  // calls, accepted
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace scalekit::inline v0::resilience

#endif
