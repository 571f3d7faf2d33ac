// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/resilience/rolling_counts.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

rolling_counts::rolling_counts(duration window) noexcept
    : bucket_ns_(std::max<std::int64_t>(window.count() / static_cast<std::int64_t>(buckets), 1)),
      next_roll_(first_tick) {}

void rolling_counts::take_back(counts what) noexcept {
  if (what.third != 0) third_.fetch_sub(what.third, std::memory_order_relaxed);
  pair_.fetch_sub(pack(what), std::memory_order_relaxed);
}

counts rolling_counts::read(steady_time now) noexcept {
  if (ticks(now) >= next_roll_.load(std::memory_order_relaxed)) roll(ticks(now));
  const std::uint64_t base_pair = base_pair_.load(std::memory_order_acquire);
  const std::uint64_t base_third = base_third_.load(std::memory_order_acquire);
  const words sum = totals();
  return unpack(sum.pair - base_pair, sum.third - base_third);
}

rolling_counts::words rolling_counts::totals() const noexcept {
  return {pair_.load(std::memory_order_relaxed), third_.load(std::memory_order_relaxed)};
}

void rolling_counts::rebase() noexcept {
  const words& oldest = starts_[(newest_ + 1) % buckets];
  base_pair_.store(oldest.pair, std::memory_order_release);
  base_third_.store(oldest.third, std::memory_order_release);
}

void rolling_counts::clear() noexcept {
  const std::scoped_lock lock(mutex_);
  starts_.fill(totals());
  rebase();
}

void rolling_counts::roll(std::int64_t now) noexcept {
  const std::scoped_lock lock(mutex_);
  const std::int64_t due = next_roll_.load(std::memory_order_relaxed);
  if (now < due) return;  // another thread was first
  const words sum = totals();
  const auto behind = static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(due);
  const std::uint64_t steps = behind / static_cast<std::uint64_t>(bucket_ns_) + 1;
  std::int64_t next = last_tick;
  if (!started_ || steps >= buckets) {
    if (started_) starts_.fill(sum);
    started_ = true;
    if (now <= last_tick - bucket_ns_) next = now + bucket_ns_;
  } else {
    for (std::uint64_t i = 0; i < steps; ++i) {
      newest_ = (newest_ + 1) % buckets;
      starts_[newest_] = sum;
    }
    const auto by = static_cast<std::int64_t>(steps) * bucket_ns_;
    if (due <= last_tick - by) next = due + by;
  }
  rebase();
  next_roll_.store(next, std::memory_order_relaxed);
}

}  // namespace scalekit::inline v0::resilience
