// SPDX-License-Identifier: BSL-1.0
#include "resilience/bucket_table.hpp"

#include <algorithm>

namespace scalekit::inline v0::resilience {

namespace {

const gcra::bucket& fuller_debt(const gcra::bucket& a, const gcra::bucket& b) noexcept {
  const bool less = a.full_us < b.full_us || (a.full_us == b.full_us && a.part < b.part);
  return less ? b : a;
}

}  // namespace

bucket_table::bucket_table(std::size_t sets, std::size_t tenant_ways, const rate& r)
    : count_(sets), tenant_ways_(tenant_ways), sets_(new set[sets]) {
  for (std::size_t i = 0; i < count_; ++i) sets_[i].in_force = r;
}

std::size_t bucket_table::find(const set& s, std::uint64_t tenant, std::uint64_t key) noexcept {
  for (std::size_t i = 0; i < ways; ++i) {
    if (s.key[i] == key && s.what[i] == kind::key && s.tenant[i] == tenant) return i;
  }
  return ways;
}

// The bucket that decides for a key. One place of a tenant's share is for the keys that find none.
// What such a bucket has given to a key is part of its debt, so a key that leaves it takes the debt
// along.
gcra::bucket& bucket_table::place(
    set& s, std::int64_t now, std::uint64_t tenant, std::uint64_t key, bool& own
) noexcept {
  own = true;
  if (const std::size_t i = find(s, tenant, key); i != ways) return s.bucket[i];
  std::size_t free = ways;
  std::size_t pooled = ways;
  std::size_t keys = 0;
  for (std::size_t i = 0; i < ways; ++i) {
    if (!s.busy(i, now)) {
      if (free == ways) free = i;
    } else if (s.tenant[i] == tenant) {
      if (s.what[i] == kind::shared) pooled = i;
      if (s.what[i] == kind::key) ++keys;
    }
  }
  const auto put = [&](kind what) -> gcra::bucket& {
    gcra::bucket debt = s.spill;
    if (pooled != ways) debt = fuller_debt(debt, s.bucket[pooled]);
    s.key[free] = key;
    s.tenant[free] = tenant;
    s.what[free] = what;
    return s.bucket[free] = debt;
  };
  if (free != ways && keys + 1 < tenant_ways_) return put(kind::key);
  own = false;
  shared_.fetch_add(1, std::memory_order_relaxed);
  if (pooled != ways) return s.bucket[pooled];
  return free != ways ? put(kind::shared) : s.spill;
}

decision bucket_table::take(
    std::int64_t now, std::uint64_t tenant, std::uint64_t key, std::int64_t cost
) noexcept {
  set& s = at(key);
  const std::scoped_lock lock(s.mutex);
  now = s.latest = std::max(now, s.latest);
  if (cost < 0 || cost > s.in_force.burst()) return {.retry_after = never};
  bool own = false;
  decision d = gcra::decide(place(s, now, tenant, key, own), now, s.in_force, cost);
  d.taken.generation = own ? s.generation : 0;
  return d;
}

void bucket_table::refund(
    std::int64_t now,
    std::uint64_t tenant,
    std::uint64_t key,
    const decision::receipt& taken,
    std::int64_t cost
) noexcept {
  if (taken.generation == 0) return;
  set& s = at(key);
  const std::scoped_lock lock(s.mutex);
  now = std::max(now, s.latest);
  const std::size_t i = find(s, tenant, key);
  if (i == ways || taken.generation != s.generation) return;
  cost = std::min(cost, s.in_force.burst());
  gcra::give_back(s.bucket[i], now, taken.mark, s.in_force.time_for(cost).count());
}

void bucket_table::set_rate(const rate& r) noexcept {
  for (std::size_t n = 0; n < count_; ++n) {
    set& s = sets_[n];
    const std::scoped_lock lock(s.mutex);
    for (gcra::bucket& b : s.bucket) gcra::adopt(b, s.in_force, r);
    gcra::adopt(s.spill, s.in_force, r);
    s.in_force = r;
    ++s.generation;
  }
}

std::size_t bucket_table::in_use(std::int64_t now) const noexcept {
  std::size_t busy = 0;
  for (std::size_t n = 0; n < count_; ++n) {
    const set& s = sets_[n];
    const std::scoped_lock lock(s.mutex);
    for (std::size_t i = 0; i < ways; ++i) busy += s.busy(i, std::max(now, s.latest)) ? 1U : 0U;
  }
  return busy;
}

}  // namespace scalekit::inline v0::resilience
