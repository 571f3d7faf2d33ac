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
  explicit kept(std::shared_ptr<circuit_breaker> b) : breaker(std::move(b)) {}
  std::shared_ptr<circuit_breaker> breaker;
  std::atomic<bool> used = false;  // since the hand last went by
  std::pair<const std::string, kept>* next = nullptr;
};

using breaker_map = std::unordered_map<std::string, kept, text_hash, std::equal_to<>>;

}  // namespace

struct breaker_registry::impl {
  explicit impl(registry_options o) : options(std::move(o)) {}

  // The second-chance algorithm: the hand goes round until it is at one that is closed and has not
  // been used since it last went by. Each use makes it pass once, so what a search costs has been
  // paid for, but for those that are not closed. Two rounds without one: none is closed.
  bool find_victim(steady_time now) {
    for (std::size_t i = 0; i < 2 * breakers.size(); ++i) {
      kept& k = behind->second.next->second;
      if (k.breaker->state(now) == breaker_state::closed && !k.used.exchange(false)) return true;
      behind = behind->second.next;
    }
    return false;
  }

  void remove_at_hand() noexcept {
    breaker_map::value_type* const gone = behind->second.next;
    behind->second.next = gone->second.next;
    if (gone == behind) behind = nullptr;
    breakers.erase(breakers.find(gone->first));
  }

  // Behind the hand, which comes to it last.
  void link(breaker_map::value_type& fresh) noexcept {
    fresh.second.next = behind != nullptr ? behind->second.next : &fresh;
    if (behind != nullptr) behind->second.next = &fresh;
    behind = &fresh;
  }

  const registry_options options;
  mutable std::shared_mutex mutex;
  breaker_map breakers;
  breaker_map::value_type* behind = nullptr;  // a ring of all of them; the hand is at its next
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
      // Only if it is news: many threads read what one of them would write.
      std::atomic<bool>& used = found->second.used;
      if (!used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
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
  const bool full = impl_->breakers.size() >= impl_->options.max_keys;
  if (full && !impl_->find_victim(now)) {
    return error(errc::limit_exceeded, "breaker_registry: max_keys breakers, and none is closed");
  }
  const auto added = impl_->breakers.try_emplace(std::string(key), fresh).first;
  if (full) impl_->remove_at_hand();
  impl_->link(*added);
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
