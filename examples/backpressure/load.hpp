// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_LOAD_HPP
#define BACKPRESSURE_LOAD_HPP

#include "callers.hpp"

#include <scalekit/clock.hpp>

#include <cstdint>
#include <vector>

namespace backpressure {

/// Calls that come up at `rate` a second from `from` on, until the next phase.
struct phase {
  scalekit::duration from;
  double rate;
};

/// \brief When calls come up: at random, independently of each other and of how the earlier ones
/// fare (a Poisson process). The same seed gives the same times.
[[nodiscard]] std::vector<scalekit::duration> arrivals(
    const std::vector<phase>& phases, scalekit::duration until, std::uint64_t seed
);

/// One call; times are from the beginning of the run.
struct call_record {
  scalekit::duration due{};
  scalekit::duration ended{};
  call_report report{};
  /// With the time it waited for a free thread.
  [[nodiscard]] scalekit::duration latency() const { return ended - due; }
};

/// \brief Makes each call when it is due, or as soon as one of the threads is free; what has not
/// begun by `until` is abandoned. Returns when all threads are done.
[[nodiscard]] std::vector<call_record> run_load(
    caller& who,
    const std::vector<scalekit::duration>& due,
    unsigned threads,
    scalekit::steady_time origin,
    scalekit::duration until
);

}  // namespace backpressure

#endif
