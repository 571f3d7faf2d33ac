// SPDX-License-Identifier: BSL-1.0
#include "load.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <thread>

namespace backpressure {

using namespace scalekit;

std::vector<duration> arrivals(
    const std::vector<phase>& phases, duration until, std::uint64_t seed
) {
  std::mt19937_64 random(seed);
  std::vector<duration> due;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    // A Poisson process has no memory: each phase may begin afresh.
    duration at = phases[i].from;
    const duration end = i + 1 < phases.size() ? phases[i + 1].from : until;
    for (;;) {
      const double uniform = (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53;
      at += std::chrono::duration_cast<duration>(
          std::chrono::duration<double>(-std::log(uniform) / phases[i].rate)
      );
      if (at >= end) break;
      due.push_back(at);
    }
  }
  return due;
}

std::vector<call_record> run_load(
    caller& who,
    const std::vector<duration>& due,
    unsigned threads,
    steady_time origin,
    duration until
) {
  std::vector<call_record> calls(due.size());
  std::atomic<std::size_t> next{0};
  const auto since_origin = [origin] { return clock::system().steady_now() - origin; };
  const auto work = [&] {
    for (std::size_t i = next++; i < due.size(); i = next++) {
      sleeper::system().sleep_for(due[i] - since_origin());
      calls[i].due = due[i];
      if (since_origin() < until) calls[i].report = who.call(origin + due[i], i);
      calls[i].ended = since_origin();
    }
  };
  std::vector<std::jthread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back(work);
  all.clear();
  return calls;
}

}  // namespace backpressure
