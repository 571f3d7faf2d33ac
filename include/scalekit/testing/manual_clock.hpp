// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_MANUAL_CLOCK_HPP
#define SCALEKIT_TESTING_MANUAL_CLOCK_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>

#include <atomic>
#include <cstdint>

namespace scalekit::inline v0::testing {

/// \brief A clock that stands still until it is moved; sleeping on it moves it.
///
/// Both clocks advance together; `step_system` moves only the wall clock, as NTP or an operator
/// would. Starts at 2024-01-01T00:00:00Z and a steady time of one hour.
/// The wall clock reaches from 1678 to 2261 (64 bits of nanoseconds).
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT manual_clock final : public clock, public sleeper {
 public:
  manual_clock() noexcept;

  [[nodiscard]] steady_time steady_now() const noexcept override;
  [[nodiscard]] system_time system_now() const noexcept override;
  /// \brief Advances by `wait` instead of waiting, and counts the call.
  void sleep_for(duration wait) override;

  void advance(duration by) noexcept;
  /// \brief Sets the wall clock; the steady clock is unaffected.
  void set_system(system_time to) noexcept;
  void step_system(std::chrono::microseconds by) noexcept;

  /// \brief How often something slept on this clock.
  [[nodiscard]] std::uint64_t sleeps() const noexcept { return sleeps_.load(); }

 private:
  std::atomic<std::int64_t> steady_ns_;
  // The wall clock is kept in nanoseconds too, so that many small advances do not lose time.
  std::atomic<std::int64_t> system_ns_;
  std::atomic<std::uint64_t> sleeps_{0};
};

}  // namespace scalekit::inline v0::testing

#endif
