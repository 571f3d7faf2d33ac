// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_names.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/memory_breaker_store.hpp>

namespace scalekit::inline v0::resilience {

memory_breaker_store::entry& memory_breaker_store::at(std::string_view key, steady_time now) {
  auto found = entries_.find(key);
  if (found == entries_.end()) found = entries_.emplace(std::string(key), entry{}).first;
  entry& e = found->second;
  std::erase_if(e.nodes, [&](const auto& n) { return n.second.expires <= now; });
  std::erase_if(e.probes, [&](const auto& p) { return p.second <= now; });
  return e;
}

result<breaker_poll> memory_breaker_store::exchange(const breaker_report& r) {
  if (auto fine = check_breaker_names(r.key, r.node); !fine) return fine.error();
  const steady_time now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  entry& e = at(r.key, now);
  e.nodes.insert_or_assign(std::string(r.node), member{later(now, r.ttl), r.stance, r.epoch});
  if (r.stance == breaker_stance::recovered && r.epoch == e.epoch) ++e.epoch;
  breaker_poll poll{static_cast<std::uint32_t>(e.nodes.size()), 0, e.epoch};
  for (const auto& [name, m] : e.nodes) {
    if (m.stance == breaker_stance::failing && m.epoch == e.epoch) ++poll.failing;
  }
  return poll;
}

result<probe_lease> memory_breaker_store::lease_probe(
    std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  const steady_time now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  entry& e = at(key, now);
  if (e.probes.size() >= most) return probe_lease::taken;
  e.probes.insert_or_assign(std::string(holder), later(now, ttl));
  return probe_lease::granted;
}

result<void> memory_breaker_store::return_probe(std::string_view key, std::string_view holder) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  const std::scoped_lock lock(mutex_);
  entry& e = at(key, clock_.steady_now());
  if (const auto mine = e.probes.find(holder); mine != e.probes.end()) e.probes.erase(mine);
  return {};
}

}  // namespace scalekit::inline v0::resilience
