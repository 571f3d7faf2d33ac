// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_LEASED_STATE_HPP
#define SCALEKIT_SRC_RESILIENCE_LEASED_STATE_HPP

#include "resilience/lease_block.hpp"

#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace scalekit::inline v0::resilience {

/// What of a limit is asked of the store, and what is kept back for tokens that are held.
struct lease_terms {
  rate at_store{};  ///< the limit, less what may be held
  duration hold{};  ///< how long a token may be held
};
[[nodiscard]] result<lease_terms> terms_of(const rate& r, duration hold);

struct leased_limiter::state : std::enable_shared_from_this<state> {
  state(limiter_store& s, leased_options o, const lease_terms& t, const rate& share);

  [[nodiscard]] steady_time now() const noexcept { return clock.steady_now(); }

  [[nodiscard]] decision take_slowly(steady_time at, std::int64_t cost);
  [[nodiscard]] decision take_locally(steady_time at, std::int64_t cost);
  /// With `fetching` held: a round trip for at least `least` tokens, `spend` of which are spent at
  /// once.
  [[nodiscard]] result<decision> fetch(std::int64_t least, std::int64_t spend);
  /// The most that a call can ever take.
  [[nodiscard]] std::int64_t most_cost(const rate& at_store) const noexcept {
    return options.executor ? std::min(at_store.burst(), lease_block::most) : at_store.burst();
  }
  /// Has the executor fetch at least `least`.
  void ask_for_refill(std::int64_t least);
  void drop_block() noexcept {
    const auto tokens = static_cast<std::uint64_t>(block.empty().tokens);
    dropped.fetch_add(tokens, std::memory_order_relaxed);
  }
  /// In a receipt: the tokens came from the block, and `mark` is until when they are good. No
  /// bucket changes its limit so often.
  static constexpr std::uint64_t from_block = ~std::uint64_t{0};
  [[nodiscard]] decision allowed(std::int64_t left, std::int64_t mark) const noexcept {
    return {.allowed = true, .remaining = left, .taken = {mark, from_block}};
  }

  limiter_store& store;
  const leased_options options;
  const scalekit::clock& clock;
  random_source& random;

  lease_block block;
  std::atomic<std::int64_t> low_water{0};  // below it, the executor is asked to refill
  std::atomic<bool> asked{false};
  std::atomic<std::int64_t> asked_least{1};
  std::atomic<std::int64_t> dearest;  // the most that a call can ever take
  std::atomic<bool> degraded{false};
  std::atomic<steady_time> probe_at{steady_time{}};  // not before, while degraded
  // The store has not so many tokens before.
  std::atomic<steady_time> refused_until{steady_time{}};
  std::atomic<std::int64_t> refused_cost{0};
  std::atomic<steady_time> paused_until{steady_time{}};

  std::mutex fetching;  // one round trip at a time; guards what follows
  lease_terms terms;
  rate whole;
  std::int64_t version;
  std::int64_t nodes;
  limit_grant last_grant{};
  system_time full_at{};  // by the store's clock, when it answered last
  steady_time last_fetch{};
  double tokens_per_second = 0;  // used here lately
  int failures = 0;

  token_bucket share;  // kept charged while the store answers

  // Counters: changed under the lock or one by one, read at any time.
  std::atomic<std::int64_t> asked_for{0};
  std::atomic<std::uint64_t> round_trips{0}, granted{0}, dropped{0}, returned{0}, store_failures{0},
      local_takes{0}, state_losses{0};

 private:
  [[nodiscard]] duration known_refusal(steady_time at, std::int64_t cost) const noexcept;
  [[nodiscard]] std::int64_t wanted(steady_time at, std::int64_t least);
  void note_failure(steady_time at) noexcept;
  void note_loss(const limit_answer& a) noexcept;
};

}  // namespace scalekit::inline v0::resilience

#endif
