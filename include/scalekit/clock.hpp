// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CLOCK_HPP
#define SCALEKIT_CLOCK_HPP

/// \file
/// Time as a dependency. Production code passes `clock::system()`; a test passes
/// `testing::manual_clock` and moves it by hand.

#include <scalekit/export.hpp>

#include <chrono>

namespace scalekit::inline v0 {

using duration = std::chrono::nanoseconds;
/// Monotonic instants: for elapsed time, deadlines inside one process.
using steady_time = std::chrono::time_point<std::chrono::steady_clock, duration>;
/// UTC instants with the resolution every backend keeps: for persisted deadlines and stamps.
using system_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// \brief Reads both clocks. Pure algorithms take `now` instead; objects hold a `const clock&`.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT clock {
 public:
  clock() = default;
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock();

  [[nodiscard]] virtual steady_time steady_now() const noexcept = 0;
  [[nodiscard]] virtual system_time system_now() const noexcept = 0;

  /// \brief The machine's clocks; never destroyed.
  [[nodiscard]] static const clock& system() noexcept;

  /// \brief The same, but `steady_now` counts the ticks of an x86-64 processor's time-stamp counter
  /// from where \ref system was a millisecond ago at most: half the cost or less, for limiters and
  /// breakers that are asked millions of times a second.
  ///
  /// It is within a microsecond of \ref system while the kernel slews that by no more than NTP's half
  /// a thousandth (and within what a faster slew makes in a millisecond, at worst), so two answers
  /// may be out of order by as much; the algorithms of scalekit bear that. Where the kernel itself
  /// did not trust the counter when this was first called, or on another processor, it is \ref
  /// system.
  [[nodiscard]] static const clock& fast() noexcept;
};

/// \brief Waits on behalf of a synchronous driver. Policies only *return* delays; nothing in
/// scalekit waits except through one of these, given by the caller.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT sleeper {
 public:
  sleeper() = default;
  sleeper(const sleeper&) = delete;
  sleeper& operator=(const sleeper&) = delete;
  virtual ~sleeper();

  /// \brief Blocks the calling thread for at least `wait`; returns at once if it is not positive.
  virtual void sleep_for(duration wait) = 0;

  /// \brief Really sleeps; never destroyed.
  [[nodiscard]] static sleeper& system() noexcept;
};

}  // namespace scalekit::inline v0

#endif
