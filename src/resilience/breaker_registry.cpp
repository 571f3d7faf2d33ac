// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/breaker_registry.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace scalekit::inline v0::resilience {

namespace {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept {
    return std::hash<std::string_view>{}(s);
  }
};

struct kept {
  std::shared_ptr<circuit_breaker> breaker;
  std::atomic<std::int64_t> used;
  kept(std::shared_ptr<circuit_breaker> b, std::int64_t at) : breaker(std::move(b)), used(at) {}
};

std::int64_t ticks(steady_time t) noexcept { return t.time_since_epoch().count(); }

}  // namespace

struct breaker_registry::impl {
  explicit impl(registry_options o) : options(std::move(o)) {}

  // The closed one that has gone unused for longest goes; false if there is none.
  bool make_room(steady_time now) {
    auto oldest = breakers.end();
    for (auto it = breakers.begin(); it != breakers.end(); ++it) {
      if (it->second.breaker->state(now) != breaker_state::closed) continue;
      if (oldest == breakers.end() || it->second.used.load() < oldest->second.used.load()) {
        oldest = it;
      }
    }
    if (oldest == breakers.end()) return false;
    breakers.erase(oldest);
    return true;
  }

  const registry_options options;
  mutable std::shared_mutex mutex;
  std::unordered_map<std::string, kept, text_hash, std::equal_to<>> breakers;
};

result<std::unique_ptr<breaker_registry>> breaker_registry::make(registry_options options) {
  auto fine = option_check("breaker_registry")
                  .require(
                      options.max_keys >= 1 && options.max_keys <= 1'000'000,
                      "max_keys",
                      "must be 1 to 1,000,000"
                  )
                  .done();
  if (!fine) return fine.error();
  auto sample = circuit_breaker::make(options.breaker);
  if (!sample) return sample.error();
  return std::unique_ptr<breaker_registry>(
      new breaker_registry(std::make_unique<impl>(std::move(options)))
  );
}

breaker_registry::breaker_registry(std::unique_ptr<impl> i) noexcept : impl_(std::move(i)) {}
breaker_registry::~breaker_registry() = default;

result<std::shared_ptr<circuit_breaker>> breaker_registry::get(
    std::string_view key, steady_time now
) {
  {
    const std::shared_lock lock(impl_->mutex);
    if (const auto found = impl_->breakers.find(key); found != impl_->breakers.end()) {
      found->second.used.store(ticks(now), std::memory_order_relaxed);
      return found->second.breaker;
    }
  }
  breaker_options options = impl_->options.breaker;
  options.name = key;
  auto made = circuit_breaker::make(std::move(options));
  if (!made) return made.error();
  auto fresh = std::make_shared<circuit_breaker>(*std::move(made));
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->breakers.find(key);
  if (found != impl_->breakers.end()) return found->second.breaker;  // another was first
  if (impl_->breakers.size() >= impl_->options.max_keys && !impl_->make_room(now)) {
    return error(errc::limit_exceeded, "breaker_registry: max_keys breakers, and none is closed");
  }
  impl_->breakers.try_emplace(std::string(key), fresh, ticks(now));
  return fresh;
}

std::size_t breaker_registry::size() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->breakers.size();
}

std::vector<std::pair<std::string, breaker_stats>> breaker_registry::stats(steady_time now) const {
  const std::shared_lock lock(impl_->mutex);
  std::vector<std::pair<std::string, breaker_stats>> out;
  out.reserve(impl_->breakers.size());
  for (const auto& [key, k] : impl_->breakers) out.emplace_back(key, k.breaker->stats(now));
  return out;
}

}  // namespace scalekit::inline v0::resilience
