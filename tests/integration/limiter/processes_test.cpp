// SPDX-License-Identifier: BSL-1.0
// Several processes with several threads each on one limit, over a real store: what they are
// admitted together, in every window.
#include "../../unit/resilience/limiter_support.hpp"
#include "backend.hpp"
#include "forked_process.hpp"

#include <scalekit/resilience/leased_limiter.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace resilience = scalekit::resilience;
using limiter_test::open_backend;
using limiter_test::rate_of;
using resilience::limit_claim;
using scalekit::clock;
using scalekit::duration;
using scalekit::steady_time;
using namespace std::chrono_literals;

namespace {

// Instants of admissions, in microseconds, one a token.
using admissions = std::vector<std::int64_t>;

// A process of its own that runs `work` and hands over what it was admitted.
class process {
 public:
  explicit process(const std::function<admissions()>& work)
      : forked_([&](int stream) {
          const admissions log = work();
          if (!scalekit_tests::write_all(stream, log.data(), log.size() * sizeof log[0])) {
            throw std::runtime_error("nobody listens");
          }
        }) {}

  void pause() const { forked_.send(SIGSTOP); }
  void resume() const { forked_.send(SIGCONT); }

  // To its end.
  void collect(admissions& into) const {
    std::int64_t us = 0;
    while (scalekit_tests::read_all(forked_.stream(), &us, sizeof us)) into.push_back(us);
  }

 private:
  scalekit_tests::forked_process forked_;
};

template <class Work>
admissions on_threads(int threads, const Work& work) {
  std::mutex mutex;
  admissions all;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      const admissions own = work();
      const std::scoped_lock lock(mutex);
      all.insert(all.end(), own.begin(), own.end());
    });
  }
  for (std::thread& t : running) t.join();
  return all;
}

std::int64_t micros(steady_time t) { return t.time_since_epoch() / 1us; }
std::int64_t now_us() { return micros(clock::system().steady_now()); }

// In no window more than the burst and what came in it; `slack` is what reading a clock may lose.
void check_windows(admissions log, const resilience::rate& r, std::int64_t slack_us = 0) {
  std::ranges::sort(log);
  std::int64_t worst = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    for (std::size_t k = i; k < log.size(); ++k) {
      const auto admitted = static_cast<std::int64_t>(k - i + 1);
      const std::int64_t allowed = r.burst() * r.step() + (log[k] - log[i] + slack_us) * r.parts();
      worst = std::max(worst, admitted * r.step() - allowed);
    }
  }
  CHECK(worst <= 0);
}

// A clock that is off by an hour, and runs on.
class wrong_clock final : public scalekit::clock {
 public:
  explicit wrong_clock(duration by) : by_(by) {}
  [[nodiscard]] steady_time steady_now() const noexcept override {
    return clock::system().steady_now() + by_;
  }
  [[nodiscard]] scalekit::system_time system_now() const noexcept override {
    return clock::system().system_now() + std::chrono::floor<std::chrono::microseconds>(by_);
  }

 private:
  duration by_;
};

constexpr duration run_time = 1500ms;

admissions use_directly(const resilience::rate& r, int threads) {
  const auto b = open_backend();
  return on_threads(threads, [&] {
    admissions own;
    const std::int64_t end = now_us() + run_time / 1us;
    while (now_us() < end) {
      const std::array claims{
          limit_claim{.name = "one", .rate = r}, limit_claim{.name = "two", .rate = r}};
      const auto a = b->store().take(claims);
      if (a && a->allowed) own.push_back(a->at.time_since_epoch().count());
    }
    return own;
  });
}

admissions use_leased(
    const resilience::rate& r, int threads, duration clock_error, duration time = run_time
) {
  const auto b = open_backend();
  const wrong_clock own_clock(clock_error);
  const auto limiter =
      resilience::leased_limiter::open(
          b->store(), {.name = "leased", .rate = r, .nodes = 3, .clock = &own_clock}
      )
          .value();
  return on_threads(threads, [&] {
    admissions own;
    const std::int64_t end = now_us() + time / 1us;
    while (now_us() < end) {
      if (limiter->take(own_clock.steady_now()).allowed) own.push_back(now_us());
    }
    return own;
  });
}

}  // namespace

TEST_CASE("two processes with eight threads each, on two limits at once") {
  limiter_test::start_server();
  const auto r = rate_of(200, 1s, 50);
  admissions all;
  {
    const process other([&] { return use_directly(r, 8); });
    all = use_directly(r, 8);
    other.collect(all);
  }
  CHECK(all.size() > 100);
  check_windows(all, r);  // by the store's own clock: to the token
  // Both limits were taken from alike.
  const auto b = open_backend();
  const std::array look{
      limit_claim{.name = "one", .rate = r, .cost = 0},
      limit_claim{.name = "two", .rate = r, .cost = 0}};
  const auto left = b->store().take(look).value();
  CHECK(left.grants[0].verdict.reset_after == left.grants[1].verdict.reset_after);
}

TEST_CASE("leased: three processes, one with a clock an hour ahead, one an hour behind") {
  limiter_test::start_server();
  const auto r = rate_of(2000, 1s, 200);
  admissions all;
  {
    const process ahead([&] { return use_leased(r, 4, 1h); });
    const process behind([&] { return use_leased(r, 4, -1h); });
    all = use_leased(r, 4, 0s);
    ahead.collect(all);
    behind.collect(all);
  }
  CHECK(all.size() > 1000);
  // The admission is written down after it was made, so the window may be seen shorter than it was.
  check_windows(all, r, 20'000);
}

TEST_CASE("leased: a process that is stopped with tokens in hand does not come back with them") {
  limiter_test::start_server();
  const auto r = rate_of(2000, 1s, 400);
  admissions all;
  {
    const process other([&] { return use_leased(r, 2, 0s, 2s); });
    all = use_leased(r, 2, 0s, 300ms);
    other.pause();
    const admissions alone = use_leased(r, 2, 0s, 700ms);
    all.insert(all.end(), alone.begin(), alone.end());
    other.resume();
    const admissions again = use_leased(r, 2, 0s, 500ms);
    all.insert(all.end(), again.begin(), again.end());
    other.collect(all);
  }
  CHECK(all.size() > 1000);
  check_windows(all, r, 20'000);
}
