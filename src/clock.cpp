// SPDX-License-Identifier: BSL-1.0
#include "tick_clock.hpp"

#include <scalekit/clock.hpp>

#include <cstddef>
#include <cstdio>
#include <new>
#include <string_view>
#include <thread>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace scalekit::inline v0 {

clock::~clock() = default;
sleeper::~sleeper() = default;

namespace {

class machine_clock final : public clock {
 public:
  steady_time steady_now() const noexcept override {
    return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
  }
  system_time system_now() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()
    );
  }
};

#if defined(__x86_64__)

struct time_stamp_counter {
  static std::uint64_t ticks() noexcept { return __rdtsc(); }
  static std::int64_t nanoseconds() noexcept {
    return clock::system().steady_now().time_since_epoch().count();
  }
};

class counting_clock final : public clock {
 public:
  steady_time steady_now() const noexcept override { return steady_time(duration(ticks_.now())); }
  system_time system_now() const noexcept override { return clock::system().system_now(); }

 private:
  mutable tick_clock<time_stamp_counter> ticks_;
};

// The kernel has checked that it runs evenly, and on all processors alike, before it uses it.
bool kernel_counts_ticks() noexcept {
  std::FILE* const file =
      std::fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
  if (file == nullptr) return false;
  char name[16];
  const std::size_t size = std::fread(name, 1, sizeof(name), file);
  std::fclose(file);
  return std::string_view(name, size) == "tsc\n";
}

const clock& fastest() noexcept {
  if (!kernel_counts_ticks()) return clock::system();
  alignas(counting_clock) static std::byte room[sizeof(counting_clock)];
  return *new (room) counting_clock;
}

#else

const clock& fastest() noexcept { return clock::system(); }

#endif

class thread_sleeper final : public sleeper {
 public:
  void sleep_for(duration wait) override {
    if (wait > duration::zero()) std::this_thread::sleep_for(wait);
  }
};

}  // namespace

const clock& clock::system() noexcept {
  static const machine_clock& instance = *new machine_clock;
  return instance;
}

const clock& clock::fast() noexcept {
  static const clock& instance = fastest();
  return instance;
}

sleeper& sleeper::system() noexcept {
  static thread_sleeper& instance = *new thread_sleeper;
  return instance;
}

}  // namespace scalekit::inline v0
