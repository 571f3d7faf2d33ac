// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"

#include <algorithm>
#include <utility>

namespace ledger {

using namespace scalekit;

class measures::recent final : public metrics::sink {
 public:
  explicit recent(metrics::histogram next) : next_(std::move(next)) { kept_.reserve(capacity); }

  void record(double seconds) noexcept override {
    next_.observe(seconds);
    const std::lock_guard lock(mutex_);
    if (kept_.size() < capacity) {
      kept_.push_back(seconds * 1e3);
    } else {
      kept_[count_ % capacity] = seconds * 1e3;
    }
    ++count_;
  }

  [[nodiscard]] timing_summary summary() const {
    timing_summary out;
    {
      const std::lock_guard lock(mutex_);
      out.count = count_;
      const auto oldest = kept_.size() < capacity ? 0 : count_ % capacity;
      out.latest.assign(kept_.begin() + static_cast<std::ptrdiff_t>(oldest), kept_.end());
      out.latest.insert(
          out.latest.end(), kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(oldest)
      );
    }
    if (out.latest.empty()) return out;
    auto sorted = out.latest;
    std::ranges::sort(sorted);
    out.p50 = sorted[(sorted.size() - 1) / 2];
    out.p95 = sorted[(sorted.size() - 1) * 95 / 100];
    out.max = sorted.back();
    return out;
  }

 private:
  static constexpr std::size_t capacity = 4096;
  metrics::histogram next_;
  mutable std::mutex mutex_;
  std::vector<double> kept_;  // a ring once it is full
  std::uint64_t count_ = 0;
};

metrics::histogram measures::make_histogram(
    std::string_view name, std::string_view help, std::span<const double> bounds
) {
  const std::lock_guard lock(mutex_);
  auto at = recent_.find(name);
  if (at == recent_.end()) {
    auto made = std::make_shared<recent>(prometheus_.make_histogram(name, help, bounds));
    at = recent_.emplace(std::string(name), std::move(made)).first;
  }
  return metrics::histogram(at->second);
}

timing_summary measures::timing(std::string_view name) const {
  std::shared_ptr<recent> found;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = recent_.find(name); at != recent_.end()) found = at->second;
  }
  return found != nullptr ? found->summary() : timing_summary();
}

}  // namespace ledger
