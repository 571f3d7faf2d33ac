// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_BREAKER_IMPL_HPP
#define SCALEKIT_SRC_RESILIENCE_BREAKER_IMPL_HPP

#include "resilience/breaker_window.hpp"

#include <scalekit/resilience/circuit_breaker.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace scalekit::inline v0::resilience {

/// The breaker's state machine. `word` holds generation and state and is all that a call on a
/// closed breaker looks at; everything else changes under the mutex.
struct circuit_breaker::impl {
  struct probe {
    std::uint64_t id = 0;  // 0: free
    steady_time expires;
  };
  using change = std::optional<breaker_event>;

  explicit impl(breaker_options o);

  void force(breaker_state to, steady_time now) noexcept;
  void open_from_outside(steady_time now) noexcept;
  void close_from_outside(steady_time now) noexcept;
  [[nodiscard]] breaker_stats stats(steady_time now) noexcept;

  [[nodiscard]] breaker_state state() const noexcept {
    return static_cast<breaker_state>(word.load(std::memory_order_acquire) & 7U);
  }
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return word.load(std::memory_order_acquire) >> 3U;
  }

  // Without the lock.
  [[nodiscard]] breaker_admission before_other(breaker_state seen, steady_time now) noexcept;
  void after_probe(const breaker_permit& p, outcome_kind kind, steady_time now) noexcept;
  void trip(std::uint64_t seen_generation, steady_time now) noexcept;
  void tell(const change& c) const noexcept;
  [[nodiscard]] bool too_bad(const counts& c) const noexcept;
  [[nodiscard]] bool is_slow(const breaker_permit& p, steady_time now) const noexcept;

  // Under the lock.
  [[nodiscard]] breaker_state state_at(steady_time now) const noexcept;
  [[nodiscard]] change move_to(breaker_state to, steady_time now) noexcept;
  [[nodiscard]] change open_now(steady_time now) noexcept;
  [[nodiscard]] change close_now(steady_time now) noexcept;
  [[nodiscard]] change judge_probes(steady_time now) noexcept;
  void expire_probes(steady_time now) noexcept;
  [[nodiscard]] breaker_admission admit_probe(steady_time now) noexcept;
  [[nodiscard]] breaker_admission admit_in_ramp(steady_time now, change& told) noexcept;
  [[nodiscard]] breaker_admission reject(breaker_state by, duration wait) noexcept;

  const breaker_options options;
  const std::uint32_t failures_needed;  // of the probes, to open
  const std::uint32_t slow_needed;
  std::atomic<std::uint64_t> word{0};  // generation << 3 | state
  breaker_window window;
  std::atomic<steady_time> open_until{};  // written before the state says so
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> stale{0};

  std::mutex mutex;
  duration open_for{};
  std::uint64_t opened = 0;
  std::optional<steady_time> closed_at;  // none: it has never been open
  double ramp_credit = 0;
  std::vector<probe> probes;
  std::uint64_t last_probe = 0;
  std::uint32_t probes_out = 0, probes_done = 0, probes_failed = 0, probes_slow = 0;
  std::uint64_t expired_probes = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
