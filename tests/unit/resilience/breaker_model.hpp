// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_RESILIENCE_BREAKER_MODEL_HPP
#define SCALEKIT_TESTS_UNIT_RESILIENCE_BREAKER_MODEL_HPP

#include <scalekit/resilience/circuit_breaker.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace scalekit_tests {

/// A breaker as its doc block describes it, with no thought of speed or threads: it keeps every
/// call and counts anew each time. Times are whole seconds, and a window of time is 16 of them.
class breaker_model {
 public:
  using breaker_options = scalekit::resilience::breaker_options;
  using breaker_state = scalekit::resilience::breaker_state;
  using outcome_kind = scalekit::resilience::outcome_kind;
  using duration = scalekit::duration;
  using steady_time = scalekit::steady_time;

  explicit breaker_model(const breaker_options& o) : o_(o), open_for_(o.open_for) {}

  /// The number of the call, if it was admitted.
  std::optional<std::size_t> before(steady_time now) {
    let_time_pass(now);
    if (state == breaker_state::open) return {};
    if (state == breaker_state::half_open && out() + done() >= o_.probes) return {};
    if (state == breaker_state::ramping) {
      const double t = seconds(now - closed_at_) / seconds(o_.ramp);
      credit_ += std::max(o_.ramp_floor, t);
      if (credit_ < 1) return {};
      credit_ -= 1;
    }
    calls_.push_back({generation, now, now, fate::out, false, state == breaker_state::half_open});
    return calls_.size() - 1;
  }

  void after(std::size_t which, outcome_kind kind, steady_time now) {
    call& c = calls_[which];
    const bool looks = c.probe && state == breaker_state::half_open;
    if (looks) expire_probes(now);
    const bool counts = kind == outcome_kind::ok || kind == outcome_kind::transient;
    if (c.generation == generation && c.is == fate::out) {
      const bool good = kind == outcome_kind::ok;
      c.is = !counts ? fate::returned : good ? fate::good : fate::bad;
      c.ended = now;
      c.slow = counts && o_.slow_call > duration(0) && now - c.started >= o_.slow_call;
      order_.push_back(which);
    }
    if (looks) return judge_probes(now);
    const bool mine = c.generation == generation && !c.probe;
    if (mine && counts && too_bad(now)) open(now);
  }

  struct window_counts {
    std::uint32_t calls = 0, failures = 0, slow = 0;
  };
  [[nodiscard]] window_counts window(steady_time now) const {
    window_counts w;
    for (auto i = order_.rbegin(); i != order_.rend(); ++i) {
      const call& c = calls_[*i];
      const bool by_calls = o_.window == scalekit::resilience::breaker_window_kind::calls;
      if (c.generation != generation || (by_calls && w.calls == o_.window_calls)) break;
      if (c.is == fate::returned || (!by_calls && now - c.ended >= o_.window_time)) continue;
      ++w.calls;
      if (c.is == fate::bad) ++w.failures;
      if (c.slow) ++w.slow;
    }
    return w;
  }
  [[nodiscard]] std::uint32_t out() const { return with(fate::out); }

  breaker_state state = breaker_state::closed;
  std::uint64_t generation = 0;
  std::uint64_t opened = 0;

 private:
  enum class fate : std::uint8_t { out, good, bad, returned };
  struct call {
    std::uint64_t generation;
    steady_time started;
    steady_time ended;
    fate is;
    bool slow;
    bool probe;
  };

  static double seconds(duration d) { return static_cast<double>(d.count()) / 1e9; }
  // Exact, for rates of whole percents.
  static bool reaches(std::uint32_t n, std::uint32_t of, double rate) {
    return std::lround(rate * 100) * static_cast<long>(of) <= 100L * n;
  }
  [[nodiscard]] std::uint32_t with(fate f) const {
    return static_cast<std::uint32_t>(std::ranges::count_if(calls_, [&](const call& c) {
      return c.generation == generation && c.is == f;
    }));
  }
  [[nodiscard]] std::uint32_t done() const { return with(fate::good) + with(fate::bad); }
  [[nodiscard]] std::uint32_t slow() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(calls_, [&](const call& c) {
      return c.generation == generation && c.slow;
    }));
  }

  void let_time_pass(steady_time now) {
    if (state == breaker_state::open && now >= open_until_) change_to(breaker_state::half_open);
    if (state == breaker_state::half_open) {
      expire_probes(now);
      judge_probes(now);
    }
    if (state == breaker_state::ramping && now - closed_at_ >= o_.ramp) {
      state = breaker_state::closed;
    }
  }

  void expire_probes(steady_time now) {
    for (call& c : calls_) {
      const bool lost = c.generation == generation && c.is == fate::out;
      if (lost && now - c.started >= o_.probe_timeout) c.is = fate::bad;
    }
  }

  // As soon as the calls still to come could not change it: as if they all went well, and all
  // badly.
  void judge_probes(steady_time now) {
    const std::uint32_t bad = with(fate::bad), left = o_.probes - done(), slow_ones = slow();
    const bool by_slow = o_.slow_call > duration(0);
    const auto fails = [&](std::uint32_t failures, std::uint32_t slow_calls) {
      return reaches(failures, o_.probes, o_.failure_rate) ||
             (by_slow && reaches(slow_calls, o_.probes, o_.slow_rate));
    };
    if (fails(bad, slow_ones)) return open(now);
    if (!fails(bad + left, slow_ones + left)) {
      closed_at_ = now;
      has_closed_ = true;
      credit_ = 0;
      change_to(o_.ramp > duration(0) ? breaker_state::ramping : breaker_state::closed);
    }
  }

  [[nodiscard]] bool too_bad(steady_time now) const {
    const window_counts w = window(now);
    if (w.calls < o_.minimum_calls) return false;
    return reaches(w.failures, w.calls, o_.failure_rate) ||
           (o_.slow_call > duration(0) && reaches(w.slow, w.calls, o_.slow_rate));
  }

  void open(steady_time now) {
    const bool rested =
        state != breaker_state::half_open && has_closed_ && now - closed_at_ >= o_.healthy_after;
    open_for_ = opened == 0 || rested ? o_.open_for : std::min(open_for_ * 2, o_.max_open_for);
    ++opened;
    open_until_ = now + open_for_;
    change_to(breaker_state::open);
  }

  void change_to(breaker_state to) {
    state = to;
    ++generation;
    order_.clear();
  }

  breaker_options o_;
  std::vector<call> calls_;
  std::vector<std::size_t> order_;  // of their ends, in this generation
  duration open_for_;
  steady_time open_until_;
  steady_time closed_at_;
  bool has_closed_ = false;
  double credit_ = 0;
};

}  // namespace scalekit_tests

#endif
