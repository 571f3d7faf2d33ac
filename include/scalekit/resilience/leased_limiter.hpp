// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LEASED_LIMITER_HPP
#define SCALEKIT_RESILIENCE_LEASED_LIMITER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/limiter_store.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

/// What a node does while the store cannot be reached.
enum class without_store {
  local_share,  ///< it keeps to its share of the limit: the limit divided by the number of nodes
  closed        ///< it admits nothing
};

struct leased_options {
  std::string name{};        ///< of the limit, as \ref limit_claim::name
  resilience::rate rate{};   ///< of all nodes together
  std::int64_t version = 0;  ///< of the rate, as \ref limit_claim::version
  /// How many nodes use the limit, 1 to 1,000,000; see \ref leased_limiter::set_nodes.
  std::int64_t nodes = 1;
  /// A block is as many tokens as this node has lately used in such a time: between one token (or
  /// the call's cost) and the burst divided by the number of nodes. Up to 1 s.
  duration block_time = std::chrono::milliseconds(50);
  /// A token that has not been used so long after it was asked for is dropped, so that a node that
  /// was paused does not come back with old tokens; up to 10 s. That much of the rate, or a quarter
  /// of the burst if that is less, is kept back from the burst: this is what makes the limit hold
  /// in every window. 0: tokens are fetched call by call, and the burst is whole.
  duration hold = std::chrono::milliseconds(100);
  without_store when_gone = without_store::local_share;
  /// After the n-th failure in a row the store is left alone for a random time, half to whole of
  /// `probe_base * 2^(n-1)`, at most `probe_max`; then one call tries it. 1 ms to 1 hour.
  duration probe_base = std::chrono::milliseconds(100);
  duration probe_max = std::chrono::seconds(5);
  /// Runs refills. Empty: the call that finds the block used up makes the round trip itself, and
  /// calls at the same time wait for it. Else no call waits: one that finds nothing is refused for
  /// a moment, and refills are asked for when a quarter of a block is left. With an
  /// executor no call can take more than 2^20 - 1 tokens.
  std::function<void(std::function<void()>)> executor{};
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  random_source* random = nullptr;         ///< null: the kernel's
};

/// \brief A picture of a leased limiter, and what it has counted since it was opened.
struct leased_stats {
  bool degraded = false;             ///< the store cannot be reached just now
  std::int64_t held = 0;             ///< tokens at hand
  std::int64_t block = 0;            ///< tokens asked for last
  std::uint64_t round_trips = 0;     ///< calls of the store
  std::uint64_t granted = 0;         ///< tokens that the store granted
  std::uint64_t dropped = 0;         ///< of those, not used in time
  std::uint64_t returned = 0;        ///< of those, given back
  std::uint64_t store_failures = 0;  ///< calls of the store that failed
  std::uint64_t local_takes = 0;     ///< calls decided without the store while it was gone
  std::uint64_t state_losses = 0;    ///< times the store had forgotten what was taken from it
};

/// \brief A share of a limit that many processes have, taken in blocks and spent in nanoseconds.
///
/// A block is debited in the store before any token of it is spent, and what is not spent within
/// `hold` is dropped. So however many nodes there are, whatever their clocks show, and if some of
/// them are paused or killed: in every window of w microseconds, all nodes together admit no more
/// than `burst + w * tokens / period`, as long as all of them use the same rate and `hold`, the
/// store answers, and it keeps its state. What blocks cost is use, not safety: up to a block per
/// node may lie idle.
///
/// Without the store a node goes over to its share of the limit, in a bucket that has been charged
/// all along, so that going over is no second burst; all nodes together keep to the limit if
/// `nodes` is right. One call at a time, further and further apart, tries the store. When a store
/// has lost its state, each bucket counts as full once: at most one burst too many, and counted.
///
/// \par Example
/// \code
/// auto partner = resilience::leased_limiter::open(store, {.name = "partner", .rate = rate, .nodes
/// = 4}); if (auto d = (*partner)->take(clock.steady_now()); !d.allowed) return
/// wait(d.retry_after); \endcode
///
/// \par Thread-safety  Safe for concurrent calls, but for \ref close. The store and the clock must
/// outlive it, and every task that it gave to the executor.
class SCALEKIT_EXPORT leased_limiter {
 public:
  /// \par Errors `invalid_argument` naming the option; nothing is fetched yet.
  [[nodiscard]] static result<std::unique_ptr<leased_limiter>> open(
      limiter_store& store, leased_options options
  );
  /// Tokens at hand are lost until they come again: \ref close gives them back.
  ~leased_limiter();

  /// \brief Takes `cost` tokens; `remaining` is what this node holds. Lock-free and without the
  /// store while the block lasts. `now` is the steady time of the options' clock. A cost above the
  /// burst, less what `hold` keeps back of it, is refused with `retry_after == never`.
  [[nodiscard]] decision take(steady_time now, std::int64_t cost = 1);

  /// \brief Gives back `cost` tokens of a call that was allowed and did not act: to the block, if
  /// they came from it and it is still good; else, without the store, as \ref token_bucket::refund
  /// does. Give back at once, and only once.
  void refund(steady_time now, const decision& d, std::int64_t cost = 1) noexcept;

  /// \brief Fetches a block now, in this thread, if none is at hand and one can be held; for hosts
  /// that call it themselves.
  /// \par Errors of the store; `limit_exceeded` with `retry_after()` if it has no token.
  [[nodiscard]] result<void> refill();

  /// \brief Admits nothing for `wait`, here at once and on the other nodes when their block is used
  /// up or dropped: what a Retry-After asks for.
  /// \par Errors of the store; this node keeps to it all the same.
  [[nodiscard]] result<void> cool_down(duration wait);

  /// \brief How many nodes there are now: from the host's own membership, or its deployment.
  /// \par Errors `invalid_argument` if it is out of range.
  [[nodiscard]] result<void> set_nodes(std::int64_t nodes);

  /// \brief Goes over to another rate, which the store takes over if `version` is higher.
  /// \par Errors `invalid_argument` naming the option.
  [[nodiscard]] result<void> set_limit(const rate& r, std::int64_t version);

  /// \brief Gives back what is at hand. The limiter can be used on: it will fetch again.
  /// \par Errors of the store; the tokens are dropped then, and come again with time.
  [[nodiscard]] result<void> close();

  [[nodiscard]] leased_stats stats() const;

 private:
  struct state;
  explicit leased_limiter(std::shared_ptr<state> s) noexcept;
  std::shared_ptr<state> state_;
};

}  // namespace scalekit::inline v0::resilience

#endif
