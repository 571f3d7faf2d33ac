// SPDX-License-Identifier: BSL-1.0
#include "experiment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace backpressure {

using namespace scalekit;
using namespace std::chrono_literals;

namespace {

constexpr double usual_load = 60;  // calls a second; the partner allows 100
constexpr double spike = 5;
constexpr unsigned callers = 48;  // threads of the service that calls
constexpr duration time_to_end = 1s;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }
double milliseconds(duration d) { return seconds(d) * 1e3; }

std::vector<phase> load_of(const run_plan& plan) {
  if (plan.what == scenario::outage) return {{.from = 0s, .rate = usual_load}};
  return {
      {.from = 0s, .rate = usual_load},
      {.from = plan.begins(), .rate = usual_load * spike},
      {.from = plan.ends(), .rate = usual_load}};
}

/// The nearest rank of values in order; NaN of none.
double nearest_rank(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

percentiles of_answered(const std::vector<call_record>& calls, duration from, duration until) {
  std::vector<double> ms;
  for (const auto& c : calls) {
    if (c.report.end != call_end::answered || c.due < from || c.due >= until) continue;
    ms.push_back(milliseconds(c.latency()));
  }
  std::ranges::sort(ms);
  return {nearest_rank(ms, 0.5), nearest_rank(ms, 0.95), nearest_rank(ms, 0.99)};
}

std::uint32_t arrived(const std::vector<partner_tick>& ticks, duration from, duration until) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const duration at = tick * static_cast<std::int64_t>(i);
    if (at >= from && at < until) sum += ticks[i].arrived;
  }
  return sum;
}

void count_calls(const std::vector<call_record>& calls, run_result& r) {
  std::uint64_t answered_during = 0;
  for (const auto& c : calls) {
    ++r.calls;
    r.attempts += c.report.attempts;
    if (c.report.attempts > 1) r.retries += c.report.attempts - 1;
    switch (c.report.end) {
      case call_end::answered:
        ++r.answered;
        if (c.due >= r.plan.begins() && c.due < r.plan.ends()) ++answered_during;
        break;
      case call_end::failed:
        ++r.failed;
        break;
      case call_end::refused:
        ++r.refused;
        break;
      case call_end::abandoned:
        ++r.abandoned;
        break;
    }
  }
  r.goodput = static_cast<double>(r.answered) / seconds(r.plan.length);
  r.goodput_during =
      static_cast<double>(answered_during) / seconds(r.plan.ends() - r.plan.begins());
}

void count_attempts(const std::vector<partner_tick>& ticks, run_result& r) {
  for (const auto& t : ticks) {
    r.reached += t.arrived;
    r.done += t.done;
    r.throttled += t.throttled;
    r.broken += t.failed;
  }
  const auto rate = [&](duration from, duration until) {
    return arrived(ticks, from, until) / seconds(until - from);
  };
  const duration until = r.plan.ends() + std::min<duration>(1s, r.plan.length - r.plan.ends());
  r.reached_before = rate(0s, r.plan.begins());
  r.reached_after = rate(r.plan.ends(), until);
  const auto peak = [&](duration from, duration to) {
    double most = 0;
    for (; from < to; from += tick) most = std::max(most, rate(from, from + 2 * tick));
    return most;
  };
  r.peak_before = peak(0s, r.plan.begins() - tick);
  r.peak_after = peak(r.plan.ends(), until);
}

void draw_curve(
    const std::vector<call_record>& calls, const std::vector<partner_tick>& ticks, run_result& r
) {
  const auto size = static_cast<std::size_t>(r.plan.length / point_width);
  const double one = 1 / seconds(point_width);
  r.curve.resize(size);
  const auto point_at = [&](duration t) -> point* {
    const auto i = static_cast<std::size_t>(t / point_width);
    return i < size ? &r.curve[i] : nullptr;
  };
  for (const auto& c : calls) {
    if (point* p = point_at(c.due)) p->offered += one;
    if (c.report.end != call_end::answered) continue;
    if (point* p = point_at(c.ended)) p->answered += one;
  }
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    point* p = point_at(tick * static_cast<std::int64_t>(i));
    if (p == nullptr) break;
    p->reached += one * ticks[i].arrived;
    p->throttled += one * ticks[i].throttled;
  }
  for (std::size_t i = 0; i < size; ++i) {
    const duration from = point_width * static_cast<std::int64_t>(i);
    r.curve[i].p95_ms = of_answered(calls, from, from + point_width).p95_ms;
  }
}

result<std::vector<call_record>> send_load(const run_plan& plan, partner& to) {
  auto web =
      http::client::open({.pool = {.max_per_origin = callers, .max_idle_per_origin = callers}});
  if (!web) return web.error();
  auto who = plan.how == arm::with ? make_guarded(**web, to.url()) : make_naive(**web, to.url());
  if (!who) return who.error();
  const auto due = arrivals(load_of(plan), plan.length, 20'240'506);
  const steady_time origin = clock::system().steady_now() + 50ms;  // the threads begin first
  to.begin(
      origin,
      plan.what == scenario::outage ? origin + plan.begins() : steady_time::max(),
      origin + plan.ends()
  );
  return run_load(**who, due, callers, origin, plan.length + time_to_end);
}

}  // namespace

result<run_result> run_once(const run_plan& plan) {
  const partner_model model;
  // A caller that gave up leaves its request behind.
  auto to = partner::start(model, 2 * callers);
  if (!to) return to.error();
  auto calls = send_load(plan, **to);
  if (!calls) return calls.error();
  sleeper::system().sleep_for(model.gateway);
  const auto ticks = (*to)->ticks();
  run_result r{.plan = plan};
  count_calls(*calls, r);
  count_attempts(ticks, r);
  draw_curve(*calls, ticks, r);
  r.all = of_answered(*calls, 0s, plan.length);
  r.before = of_answered(*calls, 0s, plan.begins());
  r.during = of_answered(*calls, plan.begins(), plan.ends());
  return r;
}

}  // namespace backpressure
