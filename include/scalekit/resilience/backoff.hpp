// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_BACKOFF_HPP
#define SCALEKIT_RESILIENCE_BACKOFF_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>

namespace scalekit::inline v0::resilience {

/// How a delay is drawn below its ceiling (Brooker, "Exponential Backoff And Jitter").
enum class jitter : std::uint8_t {
  none,         ///< the ceiling itself; callers that failed together come back together
  full,         ///< between 0 and the ceiling: the least work for the callee
  equal,        ///< between half the ceiling and the ceiling: never at once
  decorrelated  ///< between `base` and three times the last delay, at most `cap`
};

struct backoff_options {
  /// The ceiling of the first delay. Above 0.
  duration base = std::chrono::milliseconds(50);
  /// No delay is longer. At least `base`, at most a year.
  duration cap = std::chrono::seconds(20);
  /// What the ceiling grows by each time, 1 to 10.
  double factor = 2.0;
  resilience::jitter jitter = resilience::jitter::full;
};

/// \brief Delays that grow, and that are spread so that callers who failed together do not come
/// back together.
///
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT backoff {
 public:
  backoff() = default;
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<backoff> make(backoff_options options);

  /// \brief The longest that the delay before retry `n` (from 0) can be, save `decorrelated`.
  [[nodiscard]] duration ceiling(std::uint32_t n) const noexcept;

  /// \brief The delay before retry `n` (from 0). `previous` is the one before it, which
  /// `decorrelated` alone looks at; without one that draws as `full` does.
  [[nodiscard]] duration next(std::uint32_t n, duration previous, random_source& random)
      const noexcept;

  [[nodiscard]] const backoff_options& options() const noexcept { return options_; }

 private:
  explicit backoff(backoff_options options) noexcept : options_(options) {}
  backoff_options options_;
};

}  // namespace scalekit::inline v0::resilience

#endif
