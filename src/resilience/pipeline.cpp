// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"

#include <scalekit/resilience/pipeline.hpp>

namespace scalekit::inline v0::resilience {

result<std::unique_ptr<pipeline>> pipeline::make(pipeline_options o) {
  const bool retries = o.retry != nullptr && o.retry->options().max_attempts > 1;
  auto fine =
      option_check("pipeline")
          .require(
              !retries || o.budget != nullptr, "budget", "must be there where there is a retry"
          )
          .require(
              o.breaker == nullptr || o.cluster == nullptr, "cluster", "takes the place of breaker"
          )
          .require(
              o.bulkhead == nullptr || o.concurrency == nullptr,
              "concurrency",
              "takes the place of bulkhead"
          )
          .require(within(o.timeout, {}, a_year), "timeout", "must be 0 to a year")
          .require(
              within(o.limiter_wait, {}, o.limiter.reserves() ? a_year : duration::zero()),
              "limiter_wait",
              "must be 0 to a year, and 0 where the limiter has no reserve()"
          )
          .require(
              within(o.longest_cool_down, {}, o.limiter.cools_down() ? a_year : duration::zero()),
              "longest_cool_down",
              "must be 0 to a year, and 0 where the limiter has no cool_down()"
          )
          .done();
  if (!fine) return fine.error();
  return std::unique_ptr<pipeline>(new pipeline(o));
}

pipeline::pipeline(const pipeline_options& o) noexcept
    : options_(o),
      clock_(o.clock != nullptr ? *o.clock : scalekit::clock::system()),
      wait_(o.wait != nullptr ? *o.wait : sleeper::system()),
      random_(o.random != nullptr ? *o.random : random_source::system()) {}

pipeline_stats pipeline::stats() const noexcept {
  pipeline_stats s;
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    s.ended[i] = ended_[i].load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < refused_.size(); ++i) {
    s.refused[i] = refused_[i].load(std::memory_order_relaxed);
  }
  s.retries = retries_.load(std::memory_order_relaxed);
  return s;
}

}  // namespace scalekit::inline v0::resilience
