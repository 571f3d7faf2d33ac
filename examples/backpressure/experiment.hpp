// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_EXPERIMENT_HPP
#define BACKPRESSURE_EXPERIMENT_HPP

#include "load.hpp"
#include "partner.hpp"

#include <scalekit/clock.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <vector>

namespace backpressure {

enum class scenario : std::uint8_t {
  spike,  ///< five times the load for the middle third
  outage  ///< the load stays, and the partner is down for the middle third
};
enum class arm : std::uint8_t { without, with };

/// A run has three thirds; the second is that of the spike or the outage.
struct run_plan {
  scenario what = scenario::spike;
  arm how = arm::without;
  scalekit::duration length{};
  [[nodiscard]] scalekit::duration begins() const { return length / 3; }
  [[nodiscard]] scalekit::duration ends() const { return length / 3 * 2; }
};

/// One point of the curves, a \ref point_width wide; rates are a second.
struct point {
  double offered = 0;
  double answered = 0;
  double reached = 0;  ///< attempts that the partner saw
  double throttled = 0;
  double p95_ms = 0;  ///< of the calls due then that were answered; NaN if none was
};
inline constexpr scalekit::duration point_width = tick * 5;

/// Of latencies; NaN if there are none.
struct percentiles {
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;
};

struct run_result {
  run_plan plan;
  std::uint64_t calls = 0, answered = 0, failed = 0, refused = 0, abandoned = 0;
  std::uint64_t attempts = 0, retries = 0;
  std::uint64_t reached = 0;    ///< attempts that the partner saw the end of
  std::uint64_t done = 0;       ///< of these: 200
  std::uint64_t throttled = 0;  ///< 429
  std::uint64_t broken = 0;     ///< 503 and 504
  percentiles all{}, before{}, during{};
  double goodput = 0;         ///< calls answered a second
  double goodput_during = 0;  ///< of those due in the middle third, for each of its seconds
  double reached_before = 0;  ///< attempts a second in the first third
  double reached_after = 0;   ///< the same in the first second of the last third
  double peak_before = 0;     ///< the same in the busiest 100 ms of the first third
  double peak_after = 0;      ///< and of the first second of the last third
  std::vector<point> curve{};

  [[nodiscard]] double throttled_share() const {
    return reached == 0 ? 0 : static_cast<double>(throttled) / static_cast<double>(reached);
  }
  [[nodiscard]] double retries_per_call() const {
    return calls == 0 ? 0 : static_cast<double>(retries) / static_cast<double>(calls);
  }
  /// How many times as long the p95 of the middle third is as that of the first.
  [[nodiscard]] double p95_ratio() const { return during.p95_ms / before.p95_ms; }
  /// How many times as high the peak after is as that before.
  [[nodiscard]] double herd() const { return peak_before == 0 ? 0 : peak_after / peak_before; }
};

/// \brief Starts a partner, sends it the load of the plan, and measures.
/// \par Errors what the server or the client gives if they cannot be opened.
[[nodiscard]] scalekit::result<run_result> run_once(const run_plan& plan);

}  // namespace backpressure

#endif
