// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/manual_clock.hpp>

#include <algorithm>

namespace scalekit::inline v0::testing {

namespace {
constexpr std::int64_t start_of_2024_ns = 1'704'067'200'000'000'000;
}

manual_clock::manual_clock() noexcept
    : steady_ns_(duration(std::chrono::hours(1)).count()), system_ns_(start_of_2024_ns) {}

steady_time manual_clock::steady_now() const noexcept {
  return steady_time(duration(steady_ns_.load()));
}

system_time manual_clock::system_now() const noexcept {
  return std::chrono::floor<std::chrono::microseconds>(
      std::chrono::time_point<std::chrono::system_clock, duration>(duration(system_ns_.load()))
  );
}

void manual_clock::sleep_for(duration wait) {
  sleeps_.fetch_add(1);
  advance(std::max(wait, duration::zero()));
}

void manual_clock::advance(duration by) noexcept {
  steady_ns_.fetch_add(by.count());
  system_ns_.fetch_add(by.count());
}

void manual_clock::set_system(system_time to) noexcept {
  system_ns_.store(duration(to.time_since_epoch()).count());
}

void manual_clock::step_system(std::chrono::microseconds by) noexcept {
  system_ns_.fetch_add(duration(by).count());
}

}  // namespace scalekit::inline v0::testing
