// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_ADAPTIVE_LIMIT_HPP
#define SCALEKIT_RESILIENCE_ADAPTIVE_LIMIT_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace scalekit::inline v0::resilience {

enum class limit_algorithm : std::uint8_t {
  /// One more for each round of calls that went well while at least half the limit was in use;
  /// times
  /// `decrease` when a call failed or was throttled. Needs failures to find the limit.
  aimd,
  /// Compares the round trip of now with that of the long run and shrinks before anything fails:
  /// `limit * clamp(tolerance * long / short, 0.5, 1) + queue`, smoothed (Netflix, Gradient2). A
  /// failed or throttled call cuts as in `aimd`.
  gradient2
};

struct adaptive_limit_options {
  limit_algorithm algorithm = limit_algorithm::gradient2;
  std::uint32_t initial = 20;     ///< between `minimum` and `maximum`
  std::uint32_t minimum = 1;      ///< at least 1
  std::uint32_t maximum = 1'000;  ///< at most 1,000,000
  /// What a failure leaves of the limit, 0.1 to 0.99. Once for all calls that were under way.
  double decrease = 0.9;
  /// How much longer than in the long run a round trip may be before the limit shrinks; 1 to 10.
  double tolerance = 1.5;
  /// How fast the limit follows, above 0 to 1.
  double smoothing = 0.2;
  /// Calls that may queue up at the callee; what the limit grows by.
  std::uint32_t queue = 4;
  /// Round trips are averaged over so long (and ten calls at least) before they move the limit;
  /// 1 us to an hour.
  duration sample = std::chrono::milliseconds(100);
  /// Samples in the long run's average, 10 to 1,000,000: ten minutes by default. A queue at the
  /// callee that stands for that long slowly becomes the measure itself; set `maximum`.
  std::uint32_t long_run = 6'000;
};

/// \brief A call under way; hand it back to \ref adaptive_limit::release.
struct limit_ticket {
  bool admitted = false;
  std::uint32_t in_flight = 0;  ///< with this one
  steady_time started = {};
  explicit operator bool() const noexcept { return admitted; }
};

struct adaptive_limit_stats {
  std::uint32_t limit = 0;
  std::uint32_t in_flight = 0;
  std::uint64_t refused = 0;
  std::uint64_t cuts = 0;  ///< times a failure lowered the limit
  duration long_run = {};  ///< the average round trip; 0 before the first
};

/// \brief Bounds the calls under way by what the callee turns out to bear.
///
/// Round trips of `ok` calls are the measure; `transient` and `throttled` cut the limit;
/// `permanent` and `cancelled` say nothing. A limit that is not in use (less than half of it) does
/// not grow.
///
/// \par Thread-safety  Safe for concurrent calls. A measure that would have to wait for another
/// thread's is left out.
/// \par Complexity  O(1), no allocation.
class SCALEKIT_EXPORT adaptive_limit {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<adaptive_limit>> make(
      adaptive_limit_options options = {}
  );

  [[nodiscard]] limit_ticket try_acquire(steady_time now) noexcept;
  void release(const limit_ticket& ticket, outcome_kind kind, steady_time now) noexcept;

  [[nodiscard]] std::uint32_t limit() const noexcept {
    return limit_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] adaptive_limit_stats stats() const noexcept;

 private:
  explicit adaptive_limit(adaptive_limit_options options) noexcept;
  void cut(const limit_ticket& ticket, steady_time now) noexcept;
  void grow_by_round(const limit_ticket& ticket) noexcept;
  void take_sample(const limit_ticket& ticket, steady_time now) noexcept;
  void follow_gradient(double rtt) noexcept;
  void set(double limit) noexcept;

  const adaptive_limit_options options_;
  std::atomic<std::uint32_t> limit_;
  std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint64_t> refused_{0};

  mutable std::mutex mutex_;  // guards what follows
  double exact_;              // the limit with its fraction
  double sum_ = 0;            // of this sample's round trips, in nanoseconds
  std::uint32_t calls_ = 0;   // in this sample
  std::uint32_t most_in_flight_ = 0;
  steady_time sample_ends_ = steady_time::min();
  double long_run_ = 0;  // nanoseconds
  std::uint32_t samples_ = 0;
  std::uint64_t cuts_ = 0;
  steady_time last_cut_ = steady_time::min();
};

}  // namespace scalekit::inline v0::resilience

#endif
