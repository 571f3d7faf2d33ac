// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/stack.hpp>

namespace scalekit::inline v0::resilience {

namespace {

// Makes a layer where there are options for it, by its own `make`.
template <class Layer, class Options>
result<void> make_layer(std::unique_ptr<Layer>& into, const std::optional<Options>& options) {
  if (!options) return {};
  auto made = Layer::make(*options);
  if (!made) return made.error();
  if constexpr (requires { into = *std::move(made); }) {
    into = *std::move(made);
  } else {
    into = std::make_unique<Layer>(*std::move(made));
  }
  return {};
}

}  // namespace

result<std::unique_ptr<stack>> stack::make(const stack_options& o) {
  std::unique_ptr<stack> s(new stack);
  if (auto ok = s->fill(o); !ok) return ok.error();
  return s;
}

result<void> stack::fill(const stack_options& o) {
  clock_ = o.clock != nullptr ? o.clock : &scalekit::clock::system();
  if (o.limit) limiter_ = std::make_unique<token_bucket>(*o.limit, clock_->steady_now());
  const std::optional budget = o.retry ? std::optional(o.budget) : std::nullopt;
  if (auto ok = make_layer(shedder_, o.shedder); !ok) return ok;
  if (auto ok = make_layer(throttle_, o.throttle); !ok) return ok;
  if (auto ok = make_layer(breaker_, o.breaker); !ok) return ok;
  if (auto ok = make_layer(retry_, o.retry); !ok) return ok;
  if (auto ok = make_layer(budget_, budget); !ok) return ok;
  if (auto ok = make_layer(bulkhead_, o.bulkhead); !ok) return ok;
  if (auto ok = make_layer(concurrency_, o.concurrency); !ok) return ok;
  auto calls = resilience::pipeline::make({
      .shedder = shedder_.get(),
      .limiter = limiter_ != nullptr ? limit_gate(*limiter_) : limit_gate(),
      .limiter_wait = limiter_ != nullptr ? o.limiter_wait : duration::zero(),
      .longest_cool_down = limiter_ != nullptr ? o.longest_cool_down : duration::zero(),
      .throttle = throttle_.get(),
      .breaker = breaker_.get(),
      .retry = retry_.get(),
      .budget = budget_.get(),
      .bulkhead = bulkhead_.get(),
      .concurrency = concurrency_.get(),
      .timeout = o.timeout,
      .on_exception = o.on_exception,
      .clock = clock_,
      .wait = o.wait,
      .random = o.random,
  });
  if (!calls) return calls.error();
  calls_ = *std::move(calls);
  return {};
}

stack_stats stack::stats() const {
  const steady_time now = clock_->steady_now();
  stack_stats s{.calls = calls_->stats()};
  if (shedder_ != nullptr) s.shedder = shedder_->stats();
  if (limiter_ != nullptr) s.limiter = limiter_->peek(now, 0);
  if (throttle_ != nullptr) s.throttle = throttle_->stats(now);
  if (breaker_ != nullptr) s.breaker = breaker_->stats(now);
  if (budget_ != nullptr) s.budget = budget_->stats();
  if (bulkhead_ != nullptr) s.bulkhead = bulkhead_->stats();
  if (concurrency_ != nullptr) s.concurrency = concurrency_->stats();
  return s;
}

}  // namespace scalekit::inline v0::resilience
