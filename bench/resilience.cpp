// SPDX-License-Identifier: BSL-1.0
// What the rules of resilience cost a call that goes well: each alone, and five layers together.
#include <scalekit/clock.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/resilience/retry.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <utility>

namespace {

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

template <class T>
T must(result<T> r) {
  if (!r) std::abort();
  return *std::move(r);
}

const scalekit::clock& time_source() { return scalekit::clock::system(); }

void clock_read(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(time_source().steady_now());
}
BENCHMARK(clock_read);

void clock_read_fast(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(scalekit::clock::fast().steady_now());
}
BENCHMARK(clock_read_fast);

void breaker_closed(benchmark::State& state, breaker_window_kind window) {
  static circuit_breaker by_calls =
      must(circuit_breaker::make({.window = breaker_window_kind::calls}));
  static circuit_breaker by_time = must(circuit_breaker::make());
  circuit_breaker& breaker = window == breaker_window_kind::calls ? by_calls : by_time;
  for (auto _ : state) {
    const steady_time now = time_source().steady_now();
    const breaker_admission a = breaker.before(now);
    breaker.after(a.permit, outcome_kind::ok, now);
  }
}
BENCHMARK_CAPTURE(breaker_closed, calls, breaker_window_kind::calls)->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(breaker_closed, time, breaker_window_kind::time)->Threads(1)->Threads(2);

void breaker_closed_without_clock(benchmark::State& state) {
  circuit_breaker breaker = must(circuit_breaker::make());
  steady_time now{duration(3600s)};
  for (auto _ : state) {
    const breaker_admission a = breaker.before(now);
    breaker.after(a.permit, outcome_kind::ok, now);
    now += 100ns;
  }
}
BENCHMARK(breaker_closed_without_clock);

void breaker_open(benchmark::State& state) {
  circuit_breaker breaker = must(circuit_breaker::make());
  breaker.force_open({});
  for (auto _ : state) benchmark::DoNotOptimize(breaker.before(time_source().steady_now()));
}
BENCHMARK(breaker_open);

void retry_first_attempt(benchmark::State& state) {
  static const retry_policy policy = must(retry_policy::make());
  static const auto budget = must(ratio_budget::make());
  for (auto _ : state) {
    const steady_time now = time_source().steady_now();
    retry_call call(policy, budget.get(), {});
    benchmark::DoNotOptimize(call.begin(now));
    benchmark::DoNotOptimize(call.after({}, now, random_source::system()));
  }
}
BENCHMARK(retry_first_attempt)->Threads(1)->Threads(2);

void bulkhead_free(benchmark::State& state) {
  static const auto places = must(bulkhead::make());
  for (auto _ : state) {
    if (places->try_acquire()) places->release();
  }
}
BENCHMARK(bulkhead_free)->Threads(1)->Threads(2);

void limit_adaptive(benchmark::State& state, limit_algorithm algorithm) {
  static const auto aimd = must(adaptive_limit::make({.algorithm = limit_algorithm::aimd}));
  static const auto gradient = must(adaptive_limit::make());
  adaptive_limit& limit = algorithm == limit_algorithm::aimd ? *aimd : *gradient;
  for (auto _ : state) {
    const limit_ticket t = limit.try_acquire(time_source().steady_now());
    limit.release(t, outcome_kind::ok, time_source().steady_now());
  }
}
BENCHMARK_CAPTURE(limit_adaptive, aimd, limit_algorithm::aimd)->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(limit_adaptive, gradient2, limit_algorithm::gradient2)->Threads(1)->Threads(2);

// Limiter, breaker, retry with its budget, bulkhead, deadline; reads the clock twice.
struct five_layers {
  const scalekit::clock* clock = nullptr;
  // More than can be asked for, so that no call is refused.
  token_bucket limiter{
      must(rate::make({.tokens = 1'000'000'000, .period = 1s, .burst = 1'000'000})),
      time_source().steady_now()};
  circuit_breaker breaker = must(circuit_breaker::make());
  retry_policy retry = must(retry_policy::make());
  std::unique_ptr<ratio_budget> budget = must(ratio_budget::make());
  std::unique_ptr<bulkhead> places = must(bulkhead::make());
  std::unique_ptr<pipeline> whole = must(pipeline::make(
      {.limiter = limiter,
       .breaker = &breaker,
       .retry = &retry,
       .budget = budget.get(),
       .bulkhead = places.get(),
       .timeout = 1s,
       .clock = clock}
  ));
};

void pipeline_of_five(benchmark::State& state) {
  static five_layers layers;
  for (auto _ : state) benchmark::DoNotOptimize(layers.whole->call([] { return 42; }));
}
BENCHMARK(pipeline_of_five)->Threads(1)->Threads(2);

void pipeline_of_five_fast_clock(benchmark::State& state) {
  static five_layers layers{.clock = &scalekit::clock::fast()};
  for (auto _ : state) benchmark::DoNotOptimize(layers.whole->call([] { return 42; }));
}
BENCHMARK(pipeline_of_five_fast_clock)->Threads(1)->Threads(2);

void pipeline_of_five_refusing(benchmark::State& state) {
  static five_layers layers;
  layers.breaker.force_open({});
  for (auto _ : state) benchmark::DoNotOptimize(layers.whole->call([] { return 42; }));
}
BENCHMARK(pipeline_of_five_refusing);

void pipeline_of_none(benchmark::State& state) {
  static const auto whole = must(pipeline::make({}));
  for (auto _ : state) benchmark::DoNotOptimize(whole->call([] { return 42; }));
}
BENCHMARK(pipeline_of_none);

}  // namespace

BENCHMARK_MAIN();
