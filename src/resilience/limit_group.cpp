// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/limit_group.hpp>

#include <algorithm>

namespace scalekit::inline v0::resilience {

namespace {

void fold(group_decision& all, const decision& one, std::size_t index) noexcept {
  const bool tighter = one.retry_after != all.retry_after ? one.retry_after > all.retry_after
                                                          : one.remaining < all.remaining;
  if (index == 0 || tighter) all.tightest = index;
  all.remaining = index == 0 ? one.remaining : std::min(all.remaining, one.remaining);
  all.retry_after = std::max(all.retry_after, one.retry_after);
  all.reset_after = std::max(all.reset_after, one.reset_after);
}

}  // namespace

result<limit_group> limit_group::make(std::span<token_bucket* const> buckets) {
  if (buckets.empty() || buckets.size() > group_decision::most) {
    return error(errc::invalid_argument, "limit_group: 1 to 8 buckets are decided together");
  }
  limit_group g;
  for (token_bucket* b : buckets) {
    const auto end = g.buckets_.begin() + static_cast<std::ptrdiff_t>(g.size_);
    if (b == nullptr || std::find(g.buckets_.begin(), end, b) != end) {
      return error(errc::invalid_argument, "limit_group: a bucket is null or given twice");
    }
    g.buckets_[g.size_++] = b;
  }
  return g;
}

group_decision limit_group::take(steady_time now, std::int64_t cost) const noexcept {
  // A look first: most refusals then take nothing, and name the longest wait.
  group_decision seen;
  bool open = true;
  for (std::size_t i = 0; i < size_; ++i) {
    const decision d = buckets_[i]->peek(now, cost);
    open = open && d.allowed;
    fold(seen, d, i);
  }
  if (!open) return seen;

  group_decision all;
  for (std::size_t i = 0; i < size_; ++i) {
    const decision d = buckets_[i]->take(now, cost);
    fold(all, d, i);
    all.taken[i] = d.taken;
    if (d.allowed) continue;
    for (std::size_t k = 0; k < i; ++k) {
      buckets_[k]->refund(now, {.allowed = true, .taken = all.taken[k]}, cost);
    }
    all.taken = {};
    return all;
  }
  all.allowed = true;
  return all;
}

void limit_group::refund(steady_time now, const group_decision& d, std::int64_t cost)
    const noexcept {
  if (!d.allowed) return;
  for (std::size_t i = 0; i < size_; ++i) {
    buckets_[i]->refund(now, {.allowed = true, .taken = d.taken[i]}, cost);
  }
}

}  // namespace scalekit::inline v0::resilience
