// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_CIRCUIT_BREAKER_HPP
#define SCALEKIT_RESILIENCE_CIRCUIT_BREAKER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0::resilience {

enum class breaker_state : std::uint8_t {
  closed,        ///< calls go through and are counted
  open,          ///< no call goes through
  half_open,     ///< a few calls go through, to see whether the callee is back
  ramping,       ///< closed again, but only a growing share of the calls goes through
  forced_open,   ///< an operator has opened it; no call goes through
  forced_closed  ///< an operator has closed it; all calls go through and none counts
};
/// \brief The spelling, e.g. `"half_open"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(breaker_state s) noexcept;

enum class breaker_window_kind : std::uint8_t {
  calls,  ///< the last `window_calls` calls, however long ago
  time    ///< the calls of the last `window_time`
};

/// \brief What a breaker's listener is told.
struct breaker_event {
  std::string_view name;  ///< the breaker's
  breaker_state from = breaker_state::closed;
  breaker_state to = breaker_state::closed;
  steady_time at;
  std::uint64_t generation = 0;  ///< grows with every change: orders events of several threads
};

struct breaker_options {
  /// Says which breaker it is in events.
  std::string name = {};
  breaker_window_kind window = breaker_window_kind::time;
  /// For a window of calls: how many, 1 to 100,000.
  std::uint32_t window_calls = 100;
  /// For a window of time: how long, 1 ms to a day.
  duration window_time = std::chrono::seconds(10);
  /// Fewer calls in the window than these say nothing. At least 1; for a window of calls at most
  /// its size.
  std::uint32_t minimum_calls = 20;
  /// Opens when this share of the window's calls failed: above 0, at most 1.
  double failure_rate = 0.5;
  /// A call that took this long is slow. 0: none is.
  duration slow_call = std::chrono::seconds(60);
  /// Opens when this share of the window's calls was slow: above 0, at most 1.
  double slow_rate = 1.0;
  /// How long it stays open the first time; twice as long each time that the probes fail.
  duration open_for = std::chrono::seconds(1);
  duration max_open_for = std::chrono::seconds(30);
  /// Having been closed for so long, it begins with `open_for` again.
  duration healthy_after = std::chrono::seconds(30);
  /// Calls that decide whether it closes, by the same two rates; no more are let through. 1 to
  /// 1,000.
  std::uint32_t probes = 5;
  /// A probe that has not been reported for so long has failed: a lost one must not hold the
  /// breaker half-open for ever.
  duration probe_timeout = std::chrono::seconds(30);
  /// After closing, the share of calls let through grows for so long. 0: all at once.
  duration ramp = std::chrono::seconds(10);
  /// The share let through at the beginning of the ramp, 0 to 1.
  double ramp_floor = 0.1;
  /// The share is `(t / ramp)^(1 / aggression)`: 1 grows evenly, above it fast first. 0.1 to 10.
  double ramp_aggression = 1.0;
  /// Called after each change, on the thread that caused it, with no lock held. Must not throw.
  std::function<void(const breaker_event&)> listener = {};
};

/// \brief The right to make one call; hand it back to \ref circuit_breaker::after.
struct breaker_permit {
  std::uint64_t generation = 0;
  std::uint64_t probe = 0;  ///< which probe this is; 0: an ordinary call
  steady_time started = {};
  std::uint64_t lease = 0;  ///< the cluster's leave to probe; set by \ref cluster_breaker alone
};

/// \brief Whether a call may go out.
struct breaker_admission {
  bool admitted = false;
  breaker_state state = breaker_state::closed;  ///< the one that decided
  breaker_permit permit = {};                   ///< if admitted
  duration retry_after = {};                    ///< if not, and a wait is known; else 0
  explicit operator bool() const noexcept { return admitted; }
};

struct breaker_stats {
  breaker_state state = breaker_state::closed;
  std::uint64_t generation = 0;
  std::uint32_t calls = 0, failures = 0, slow = 0;  ///< in the window
  std::uint32_t probes_out = 0;                     ///< probes that are on their way
  duration open_for = {};                           ///< how long it is, or was last, open
  std::uint64_t opened = 0;                         ///< times it has opened
  std::uint64_t rejected = 0;                       ///< calls not let through
  std::uint64_t stale = 0;           ///< results that came after the state had changed
  std::uint64_t expired_probes = 0;  ///< probes that were never reported
};

/// \brief Stops calling what is failing, and finds out with a few calls when it is back.
///
/// Only `ok` and `transient` outcomes count (and slow calls among both). `throttled`, `permanent`
/// and `cancelled` say nothing of the callee's health: they give the permit back, as if the call
/// had not been made. Every change of state begins a generation, and a result that belongs to an
/// earlier one is ignored: calls that hung when the breaker opened do not close or open it later.
/// Probes are leases: one that is not reported in time has failed, so nothing can wedge it
/// half-open; a late report is ignored. The decision of the probes falls as soon as it is certain.
///
/// Sans-I/O: it sees no clock and starts nothing. Its state changes within its own calls alone.
///
/// \par Thread-safety  Safe for concurrent calls; closed or open, it takes no lock. A rate that
/// several threads cross at once is acted upon by one of them, or by the next call; a result that
/// is being counted just as the state changes may count after the change.
/// \par Complexity  O(1), no allocation; half-open, O(probes).
class SCALEKIT_EXPORT circuit_breaker {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<circuit_breaker> make(breaker_options options = {});
  circuit_breaker(circuit_breaker&&) noexcept;
  circuit_breaker& operator=(circuit_breaker&&) noexcept;
  ~circuit_breaker();

  /// \brief Asks to make a call. Whoever is admitted reports to \ref after, whatever happens.
  [[nodiscard]] breaker_admission before(steady_time now) noexcept;
  /// \brief Reports what became of the call.
  void after(const breaker_permit& permit, outcome_kind kind, steady_time now) noexcept;

  /// \brief Opens or closes it until \ref release.
  void force_open(steady_time now) noexcept;
  void force_closed(steady_time now) noexcept;
  /// \brief Ends what was forced: closed, with an empty window.
  void release(steady_time now) noexcept;

  /// \brief Opens it as if its own rates had; nothing unless it is closed or ramping. For what
  /// knows of the callee's failure from elsewhere, such as \ref cluster_breaker.
  void open(steady_time now) noexcept;
  /// \brief Closes it as if its own probes had, with the ramp; nothing unless it is open or
  /// half-open.
  void close(steady_time now) noexcept;

  /// \brief The state that a call would meet now: open turns half-open when its time is over.
  [[nodiscard]] breaker_state state(steady_time now) const noexcept;
  [[nodiscard]] breaker_stats stats(steady_time now) const noexcept;
  [[nodiscard]] const breaker_options& options() const noexcept;

 private:
  struct impl;
  explicit circuit_breaker(std::unique_ptr<impl> i) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::resilience

#endif
