// SPDX-License-Identifier: BSL-1.0
#include <scalekit/clock.hpp>

#include <thread>

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

sleeper& sleeper::system() noexcept {
  static thread_sleeper& instance = *new thread_sleeper;
  return instance;
}

}  // namespace scalekit::inline v0
