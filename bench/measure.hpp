// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_MEASURE_HPP
#define SCALEKIT_BENCH_MEASURE_HPP

/// \file
/// What the stand-alone benchmark programs share: clocks, percentiles, memory, and giving up.

#include <scalekit/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <time.h>
#include <utility>
#include <vector>

namespace bench {

using steady = std::chrono::steady_clock;

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(scalekit::result<T> r) {
  if (!r) fail(r.error().describe());
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

inline double seconds_since(steady::time_point start) {
  return std::chrono::duration<double>(steady::now() - start).count();
}

/// User and system time of all threads so far.
inline double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Of this program's own memory: what getrusage says may be inherited from the one that started it.
inline long peak_rss_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    long kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

struct spread {
  double p50 = 0, p95 = 0, max = 0;
};

inline spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples[samples.size() * 95 / 100], samples.back()};
}

}  // namespace bench

#endif
