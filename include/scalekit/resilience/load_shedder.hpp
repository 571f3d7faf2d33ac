// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LOAD_SHEDDER_HPP
#define SCALEKIT_RESILIENCE_LOAD_SHEDDER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace scalekit::inline v0::resilience {

/// What is shed first: the last of these.
enum class priority : std::uint8_t {
  critical,  ///< never shed for its priority
  high,
  normal,
  low  ///< can be done later, or by somebody else
};

struct load_shedder_options {
  /// A wait in the queue that is no harm, 1 us to an hour.
  duration target = std::chrono::milliseconds(5);
  /// For how long even the shortest wait must have been above the target before something is shed;
  /// a burst is no overload. At least `target`.
  duration interval = std::chrono::milliseconds(100);
  /// Whoever has waited longer is shed in any case: nobody waits for the answer any more. At least
  /// `target`.
  duration longest_wait = std::chrono::seconds(5);
};

enum class shed_verdict : std::uint8_t {
  admitted,
  by_priority,  ///< overloaded, and others matter more
  by_wait       ///< waited twice the target in an overload, or `longest_wait` at any time
};

struct load_shedder_stats {
  std::uint32_t level = 0;  ///< 0: all is well; 1: `low` is shed; 2: `normal` too; 3: `high` too
  std::uint64_t by_priority = 0;
  std::uint64_t by_wait = 0;
};

/// \brief Sheds what has waited in vain, and the least important first, once a queue stands.
///
/// Ask it as work leaves the queue. Where the shortest wait of a whole interval was above the
/// target, the queue is not a burst but a standing one (Nichols and Jacobson, "Controlling Queue
/// Delay", 2012), and another priority is shed; an interval with a wait below the target takes that
/// back. Meanwhile, whoever has waited twice the target is shed too, so that the queue is short
/// again soon.
///
/// \par Thread-safety  Safe for concurrent calls; the lock is taken once an interval.
/// \par Complexity  O(1), no allocation.
class SCALEKIT_EXPORT load_shedder {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<load_shedder>> make(
      load_shedder_options options = {}
  );

  /// \brief Whether to do what was queued at `queued_at`.
  [[nodiscard]] shed_verdict admit(steady_time now, steady_time queued_at, priority p) noexcept;

  [[nodiscard]] std::uint32_t level() const noexcept {
    return level_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] load_shedder_stats stats() const noexcept;

 private:
  explicit load_shedder(load_shedder_options options) noexcept;
  void end_interval(steady_time now) noexcept;
  void note(std::int64_t wait) noexcept;

  const load_shedder_options options_;
  std::atomic<std::int64_t> ends_;
  std::atomic<std::int64_t> shortest_;
  std::atomic<std::uint32_t> level_{0};
  std::atomic<std::uint64_t> by_priority_{0};
  std::atomic<std::uint64_t> by_wait_{0};
  std::mutex mutex_;
};

}  // namespace scalekit::inline v0::resilience

#endif
