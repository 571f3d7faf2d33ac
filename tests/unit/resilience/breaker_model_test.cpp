// SPDX-License-Identifier: BSL-1.0
// Every short history of a breaker, from several beginnings, against the model.
#include "breaker_model.hpp"

#include <scalekit/resilience/circuit_breaker.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;
using scalekit_tests::breaker_model;

namespace {

// b: ask. Upper case: the oldest call out, lower case: the newest. O/o ok, F/f failed, C cancelled.
// r: the last one reported is reported again. 1, 3: seconds go by.
constexpr std::string_view actions = "bOoFfC13r";

class pair {
 public:
  explicit pair(const breaker_options& o) : real_(circuit_breaker::make(o).value()), model_(o) {}

  // False if the two differ.
  bool apply(char action) {
    switch (action) {
      case '1':
        now_ += 1s;
        return true;
      case '3':
        now_ += 3s;
        return true;
      case 'b':
        return ask();
      case 'O':
        return report(0, outcome_kind::ok);
      case 'F':
        return report(0, outcome_kind::transient);
      case 'C':
        return report(0, outcome_kind::cancelled);
      case 'o':
        return report(out_.size() - 1, outcome_kind::ok);
      case 'f':
        return report(out_.size() - 1, outcome_kind::transient);
      default:
        return again();
    }
  }

 private:
  struct call {
    breaker_permit permit;
    std::size_t number = 0;
  };

  bool ask() {
    const breaker_admission a = real_.before(now_);
    const auto number = model_.before(now_);
    if (a.admitted != number.has_value()) return false;
    if (a) out_.push_back({a.permit, *number});
    return same();
  }

  bool report(std::size_t which, outcome_kind kind) {
    if (out_.empty()) return true;
    last_ = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    real_.after(last_.permit, kind, now_);
    model_.after(last_.number, kind, now_);
    reported_ = true;
    return same();
  }

  // An ordinary call reported twice counts twice, which is the caller's own fault: probes only.
  bool again() {
    if (!reported_ || last_.permit.probe == 0) return true;
    real_.after(last_.permit, outcome_kind::transient, now_);
    model_.after(last_.number, outcome_kind::transient, now_);
    return same();
  }

  bool same() {
    const breaker_stats s = real_.stats(now_);
    const auto w = model_.window(now_);
    const bool half_open = model_.state == breaker_state::half_open;
    if (s.generation != model_.generation || s.opened != model_.opened) return false;
    if (half_open) return s.probes_out == model_.out();
    return s.calls == w.calls && s.failures == w.failures && s.slow == w.slow;
  }

  circuit_breaker real_;
  breaker_model model_;
  steady_time now_{duration(3600s)};
  std::vector<call> out_;
  call last_;
  bool reported_ = false;
};

std::string first_difference(const breaker_options& o, const std::string& history) {
  pair both(o);
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (!both.apply(history[i])) return history.substr(0, i + 1);
  }
  return {};
}

// All histories that begin with `prefix` and go on for `depth` actions.
std::uint64_t explore(const breaker_options& o, const std::string& prefix, std::size_t depth) {
  std::uint64_t histories = 0;
  std::vector<std::size_t> digits(depth, 0);
  for (;;) {
    std::string history = prefix;
    for (const std::size_t d : digits) history += actions[d];
    const std::string bad = first_difference(o, history);
    if (!bad.empty()) FAIL("differs after " << bad);
    ++histories;
    std::size_t i = 0;
    while (i < depth && ++digits[i] == actions.size()) digits[i++] = 0;
    if (i == depth) return histories;
  }
}

breaker_options tiny(breaker_window_kind window) {
  return {
      .window = window,
      .window_calls = 2,
      .window_time = 16s,
      .minimum_calls = 2,
      .failure_rate = 0.5,
      .slow_call = 3s,
      .slow_rate = 1.0,
      .open_for = 1s,
      .max_open_for = 3s,
      .healthy_after = 4s,
      .probes = 2,
      .probe_timeout = 3s,
      .ramp = 4s,
      .ramp_floor = 0.5};
}

// Closed; open; half-open with a probe out; ramping; open for the second time.
const std::array<std::string, 5> beginnings{"", "bFbF", "bFbF1b", "bFbF1bObO", "bFbF1bF"};

}  // namespace

TEST_CASE("every short history of a breaker is what the model says") {
  std::uint64_t histories = 0;
  for (const auto window : {breaker_window_kind::calls, breaker_window_kind::time}) {
    for (const std::string& prefix : beginnings) histories += explore(tiny(window), prefix, 5);
  }
  MESSAGE(histories, " histories");
}

TEST_CASE("long histories by chance are, too") {
  std::mt19937 random(5);
  const auto one_to = [&](std::uint32_t n) { return static_cast<std::uint32_t>(1 + random() % n); };
  for (int round = 0; round < 3'000; ++round) {
    breaker_options o =
        tiny(round % 2 == 0 ? breaker_window_kind::calls : breaker_window_kind::time);
    o.window_calls = one_to(9);
    o.minimum_calls = one_to(o.window_calls);
    o.probes = one_to(4);
    o.failure_rate = 0.1 * one_to(10);
    o.slow_rate = 0.25 * one_to(4);
    o.ramp = random() % 2 == 0 ? duration(0) : duration(4s);
    std::string history;
    for (int i = 0; i < 200; ++i) history += actions[random() % actions.size()];
    const std::string bad = first_difference(o, history);
    if (!bad.empty()) FAIL("round " << round << " differs after " << bad);
  }
}

TEST_CASE("the deepest exploration" * doctest::skip()) {
  for (const auto window : {breaker_window_kind::calls, breaker_window_kind::time}) {
    for (const std::string& prefix : beginnings) MESSAGE(explore(tiny(window), prefix, 7));
  }
}
