// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_KEYED_LIMITER_HPP
#define SCALEKIT_RESILIENCE_KEYED_LIMITER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace scalekit::inline v0::resilience {

struct keyed_limiter_options {
  /// Of each key.
  rate per_key{};
  /// Of all keys together; none: no such limit.
  std::optional<rate> common{};
  /// Buckets held at most, 64 to 2^24; rounded up to a power of two. Some 50 bytes each, taken at
  /// once.
  std::size_t max_keys = 65'536;
  /// Per cent of the buckets, and of the common limit, that one tenant can have, 12 to 100. With 25
  /// it takes four tenants in flood to shut out a fifth.
  int tenant_share = 25;
  random_source* random = nullptr;  ///< null: the kernel's; for the seed of the hash
};

/// \brief A decision about a key, with what a refund needs to know of the common limit.
struct keyed_decision : decision {
  receipt taken_of_tenant{};
  receipt taken_of_all{};

  friend bool operator==(const keyed_decision&, const keyed_decision&) = default;
};

/// \brief A picture of a keyed limiter.
struct keyed_limiter_stats {
  std::size_t in_use = 0;    ///< buckets that are not full
  std::size_t capacity = 0;  ///< buckets there are room for
  std::uint64_t shared = 0;  ///< calls decided by a shared bucket, for want of room
};

/// \brief A token bucket for each key of each tenant, in bounded memory, fair between tenants.
///
/// Only a bucket that is full again is forgotten, and forgetting that loses nothing: a key never
/// gets more than its limit by being forgotten. Where there is no room for a new key, its calls are
/// decided by a bucket that all such keys of its tenant share, with the limit of one key; where
/// there is not even room for that, by one that all such tenants share. A key that later gets a
/// bucket of its own starts with the debt of the shared one. So a shortage of room admits less,
/// never more.
///
/// A tenant in flood, with one key or a million, neither evicts another's buckets (it holds at most
/// its share of each part of the table) nor takes more than its share of the common limit.
///
/// Keys are held as 64-bit hashes under a secret seed (SipHash-1-3, Aumasson and Bernstein): nobody
/// can choose keys that collide, and two that do share one bucket.
///
/// \par Thread-safety  Safe for concurrent calls; each locks a 16-bucket part of the table. No call
/// allocates.
class SCALEKIT_EXPORT keyed_limiter {
 public:
  /// \par Errors `invalid_argument` naming `max_keys` or `tenant_share` if out of range, or
  /// `common` if a tenant's share of it is less than a rate can be.
  [[nodiscard]] static result<std::unique_ptr<keyed_limiter>> open(
      const keyed_limiter_options& options, steady_time start
  );
  ~keyed_limiter();

  /// \brief Takes `cost` tokens of the key's limit and, if there is one, of the common limit: of
  /// both or of neither (tokens of a shared bucket are not given back). A cost above the burst or
  /// below zero is refused with `retry_after == never`.
  [[nodiscard]] keyed_decision take(
      steady_time now, std::string_view tenant, std::string_view key, std::int64_t cost = 1
  ) noexcept;

  /// \brief Gives back up to `cost` tokens of a call that was allowed and did not act, to the key
  /// and to the common limit, as \ref token_bucket::refund does: less what time has given since.
  /// Nothing to a bucket that was shared, nor of a limit that has changed meanwhile. At once, only
  /// once, and no more than was taken.
  void refund(
      steady_time now,
      std::string_view tenant,
      std::string_view key,
      const keyed_decision& d,
      std::int64_t cost = 1
  ) noexcept;

  /// \brief The limit of one key as a limiter by itself, for a \ref limit_gate.
  /// \par Thread-safety  As the limiter.
  class bound_key {
   public:
    [[nodiscard]] keyed_decision take(steady_time now, std::int64_t cost = 1) const noexcept {
      return all_->take(now, tenant_, key_, cost);
    }
    void refund(steady_time now, const keyed_decision& d, std::int64_t cost = 1) const noexcept {
      all_->refund(now, tenant_, key_, d, cost);
    }

   private:
    friend class keyed_limiter;
    bound_key(keyed_limiter& all, std::string_view tenant, std::string_view key) noexcept
        : all_(&all), tenant_(tenant), key_(key) {}
    keyed_limiter* all_;
    std::string_view tenant_;
    std::string_view key_;
  };
  /// \brief The limiter and both texts must outlive what it returns.
  [[nodiscard]] bound_key bind(std::string_view tenant, std::string_view key) noexcept {
    return {*this, tenant, key};
  }

  /// \brief Changes the limit of each key without forgetting what was taken.
  void set_limit(const rate& per_key) noexcept;

  [[nodiscard]] keyed_limiter_stats stats(steady_time now) const noexcept;

 private:
  struct state;
  explicit keyed_limiter(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::resilience

#endif
