// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_CLUSTER_BREAKER_HPP
#define SCALEKIT_RESILIENCE_CLUSTER_BREAKER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/breaker_store.hpp>
#include <scalekit/resilience/circuit_breaker.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

/// Who talks to the store.
enum class refresh_by : std::uint8_t {
  caller,  ///< the call that finds the last poll too old; the others go on with what is known
  /// \ref cluster_breaker::tick alone, from a timer of the host: calls do no round trip at all, and
  /// a probe takes a lease that the last tick has brought along.
  tick
};

struct cluster_options {
  /// What the nodes call the callee. 1 to 100 bytes.
  std::string key = {};
  /// This node's name, the same in no other; 1 to 64 bytes. Empty: random.
  std::string node = {};
  /// It opens here once this share of the nodes alive has opened it: above 0, at most 1.
  double quorum = 0.5;
  /// And so many nodes at least, that one with a broken network is not believed. At least 1.
  std::uint32_t minimum_votes = 2;
  /// How old a poll may get before the next, and how often to call \ref cluster_breaker::tick where
  /// that is what polls. 1 ms to 125 ms: half of the time for which a poll is believed, so that one
  /// that is late is no gap.
  duration refresh = std::chrono::milliseconds(100);
  /// How long a node that says nothing counts as alive and its vote as given; at least 2 `refresh`.
  duration vote_ttl = std::chrono::seconds(5);
  /// After the store has failed, how long this node goes by its own breaker alone before it asks
  /// again. At least `refresh`.
  duration lost_for = std::chrono::seconds(1);
  /// Probes under way in the whole cluster at most, 1 to 100.
  std::uint32_t probes = 3;
  resilience::refresh_by refresh_by = resilience::refresh_by::caller;
};

struct cluster_stats {
  breaker_poll poll;  ///< the last one
  bool alone = true;  ///< no poll that is believed: by its own breaker only
  std::uint64_t polls = 0;
  std::uint64_t store_failures = 0;
  std::uint64_t opened_by_votes = 0;  ///< times that others' votes opened it
  std::uint64_t closed_by_peers = 0;  ///< times that others' probes closed it
  std::uint64_t probes_denied = 0;    ///< for want of a lease
};

/// \brief A circuit breaker that hears of other nodes' troubles, and shares its own.
///
/// It is open if its own breaker is, or if enough nodes say so (`max(minimum_votes, ceil(quorum *
/// nodes alive))`); a node votes while its own calls have opened it, not because others' votes
/// have. Probes need a lease of the cluster, so that a callee coming back meets `probes` calls and
/// not a few from each node. The first node whose probes succeed ends the epoch: all votes are
/// void, and every node closes, with its ramp, at its next poll.
///
/// Nothing is shared, locked or waited for during a call. A poll is one round trip every `refresh`
/// at most, and is believed for 250 ms from when it was asked. A node that has none to believe,
/// because the store is lost or the ticks have stopped, goes by its own breaker alone, probes
/// included. One whose poll is just under way, and did not fail the last time, lets no probe go
/// until it has heard, or 250 ms are over.
///
/// \par Thread-safety  Safe for concurrent calls. Breaker and store must outlive it.
class SCALEKIT_EXPORT cluster_breaker {
 public:
  /// `own` must be asked and told through this object only.
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<cluster_breaker>> make(
      circuit_breaker& own, breaker_store& store, cluster_options options
  );
  ~cluster_breaker();

  /// How long what a poll has said counts.
  static constexpr duration believed_for = std::chrono::milliseconds(250);

  /// \brief As \ref circuit_breaker::before. With `refresh_by::caller` it may do a round trip, and
  /// a probe does one more.
  [[nodiscard]] breaker_admission before(steady_time now);
  /// \brief As \ref circuit_breaker::after. A probe's lease is given back: one round trip, or with
  /// the next tick.
  void after(const breaker_permit& permit, outcome_kind kind, steady_time now);

  /// \brief Polls if it is time to.
  /// \par Errors what the store gave.
  result<void> tick(steady_time now);

  [[nodiscard]] cluster_stats stats(steady_time now) const;
  [[nodiscard]] const circuit_breaker& own() const noexcept;

 private:
  struct impl;
  explicit cluster_breaker(std::unique_ptr<impl> i) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::resilience

#endif
