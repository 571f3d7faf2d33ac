// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_BUCKET_TABLE_HPP
#define SCALEKIT_SRC_RESILIENCE_BUCKET_TABLE_HPP

#include "resilience/gcra.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace scalekit::inline v0::resilience {

/// Buckets by hash, in sets of 16 with a lock each. See keyed_limiter for the rules.
class bucket_table {
 public:
  static constexpr std::size_t ways = 16;

  /// `sets` is a power of two; a tenant holds `tenant_ways` of each set at most, 2 to `ways`.
  bucket_table(std::size_t sets, std::size_t tenant_ways, const rate& r);

  [[nodiscard]] decision take(
      std::int64_t now, std::uint64_t tenant, std::uint64_t key, std::int64_t cost
  ) noexcept;
  /// Gives back what a take that was allowed is still worth; nothing of a shared bucket, nor once
  /// the rate is another.
  void refund(
      std::int64_t now,
      std::uint64_t tenant,
      std::uint64_t key,
      const decision::receipt& taken,
      std::int64_t cost
  ) noexcept;

  void set_rate(const rate& r) noexcept;

  [[nodiscard]] std::size_t in_use(std::int64_t now) const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return count_ * ways; }
  [[nodiscard]] std::uint64_t shared() const noexcept {
    return shared_.load(std::memory_order_relaxed);
  }

 private:
  enum class kind : std::uint8_t { none, key, shared };
  struct set {
    mutable std::mutex mutex;
    std::int64_t latest = 0;  // the clock never goes back, lest a bucket be forgotten too early
    gcra::bucket spill;       // of tenants that have no bucket here
    rate in_force;
    std::uint64_t generation = 1;  // of that rate
    std::array<std::uint64_t, ways> key{};
    std::array<std::uint64_t, ways> tenant{};
    std::array<kind, ways> what{};
    std::array<gcra::bucket, ways> bucket{};

    [[nodiscard]] bool busy(std::size_t i, std::int64_t now) const noexcept {
      return what[i] != kind::none && bucket[i].full_us >= now;
    }
  };

  [[nodiscard]] set& at(std::uint64_t key) const noexcept { return sets_[key & (count_ - 1)]; }
  [[nodiscard]] static std::size_t find(
      const set& s, std::uint64_t tenant, std::uint64_t key
  ) noexcept;
  [[nodiscard]] gcra::bucket& place(
      set& s, std::int64_t now, std::uint64_t tenant, std::uint64_t key, bool& own
  ) noexcept;

  std::size_t count_;
  std::size_t tenant_ways_;
  std::unique_ptr<set[]> sets_;
  std::atomic<std::uint64_t> shared_{0};
};

}  // namespace scalekit::inline v0::resilience

#endif
