// SPDX-License-Identifier: BSL-1.0
// The algorithm of folly::TokenBucket, recoded: one atomic double, the time at which the bucket was
// empty, moved by compare-and-swap. It is not folly. One JSON object a line; see README.md.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

namespace {

constexpr int calls = 5'000'000;
constexpr int repetitions = 5;

class bucket {
 public:
  bucket(double per_second, double burst, double now)
      : per_second_(per_second), burst_(burst), zero_time_(now - burst / per_second) {}

  bool try_take(double now) {
    double zero = zero_time_.load(std::memory_order_relaxed);
    for (;;) {
      const double balance = std::min((now - zero) * per_second_, burst_);
      if (balance < 1) return false;
      const double next = now - (balance - 1) / per_second_;
      if (zero_time_.compare_exchange_weak(zero, next, std::memory_order_relaxed)) return true;
    }
  }

 private:
  double per_second_;
  double burst_;
  alignas(64) std::atomic<double> zero_time_;
};

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double median(std::array<double, repetitions> values) {
  std::sort(values.begin(), values.end());
  return values[repetitions / 2];
}

template <class Work>
void measure(const char* what, int threads, const Work& work) {
  std::array<double, repetitions> cpu{};
  std::array<double, repetitions> wall{};
  for (std::size_t r = 0; r < repetitions; ++r) {
    const double used = cpu_seconds();
    const double began = steady_seconds();
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&work, what] {
        for (int i = 0; i < calls; ++i) {
          if (!work(i)) {
            std::fprintf(stderr, "%s: call %d went the other way\n", what, i);
            std::exit(1);
          }
        }
      });
    }
    for (std::thread& t : all) t.join();
    const double n = static_cast<double>(calls) * threads * 1e-9;
    cpu[r] = (cpu_seconds() - used) / n;
    wall[r] = (steady_seconds() - began) / n;
  }
  std::printf(
      R"({"peer":"folly's algorithm, recoded","version":"-","what":"%s","how":"CAS of a double",)"
      R"("threads":%d,"ns_per_op":%.1f,"wall_ns_per_op":%.1f,"bytes_per_op":0})"
      "\n",
      what,
      threads,
      median(cpu),
      median(wall)
  );
}

}  // namespace

int main() {
  constexpr double per_second = 1e9;
  constexpr double burst = 1 << 30;
  const double now = steady_seconds();
  for (int threads = 1; threads <= 2; ++threads) {
    bucket own(per_second, burst, now);
    measure("limiter", threads, [&](int) { return own.try_take(steady_seconds()); });
    bucket given(per_second, burst, now);
    measure("limiter, time given", threads, [&](int i) { return given.try_take(now + i * 2e-9); });
  }
  bucket empty(1.0 / 3600, 1, now);
  if (!empty.try_take(now)) return 1;
  measure("limiter, refused", 1, [&](int) { return !empty.try_take(now); });
  return 0;
}
