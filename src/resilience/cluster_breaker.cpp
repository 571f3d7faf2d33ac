// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/random.hpp>
#include <scalekit/resilience/cluster_breaker.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>
#include <vector>

namespace scalekit::inline v0::resilience {

namespace {

using std::chrono::milliseconds;

std::int64_t ticks(steady_time t) noexcept { return t.time_since_epoch().count(); }

result<void> check(const cluster_options& o) {
  return option_check("cluster_breaker")
      .require(!o.key.empty() && o.key.size() <= 100, "key", "must be 1 to 100 bytes")
      .require(o.node.size() <= 64, "node", "must be at most 64 bytes")
      .require(o.quorum > 0 && o.quorum <= 1, "quorum", "must be above 0, at most 1")
      .require(o.minimum_votes >= 1, "minimum_votes", "must be at least 1")
      .require(
          within(o.refresh, milliseconds(1), cluster_breaker::believed_for / 2),
          "refresh",
          "must be 1 to 125 ms"
      )
      .require(
          within(o.vote_ttl, 2 * o.refresh, std::chrono::hours(1)),
          "vote_ttl",
          "must be 2 refresh to an hour"
      )
      .require(
          within(o.lost_for, o.refresh, std::chrono::hours(1)),
          "lost_for",
          "must be refresh to an hour"
      )
      .require(o.probes >= 1 && o.probes <= 100, "probes", "must be 1 to 100")
      .done();
}

bool is_failing(breaker_state s) noexcept {
  return s == breaker_state::open || s == breaker_state::half_open;
}

bool is_working(breaker_state s) noexcept {
  return s == breaker_state::closed || s == breaker_state::ramping;
}

}  // namespace

struct cluster_breaker::impl {
  impl(circuit_breaker& breaker, breaker_store& shared, cluster_options o)
      : own(breaker), store(shared), options(std::move(o)) {}

  result<void> poll(steady_time now);
  [[nodiscard]] breaker_report report(steady_time now);
  void follow(const breaker_poll& heard, const breaker_report& said, steady_time now);
  void lost(steady_time now);
  [[nodiscard]] bool alone(steady_time now) const noexcept;
  [[nodiscard]] bool is_about_to_hear(steady_time now) const noexcept;
  [[nodiscard]] breaker_admission lease(breaker_admission local, steady_time now);
  [[nodiscard]] breaker_admission take_spare(breaker_admission local, steady_time now);
  void give_back(std::uint64_t lease);
  void settle_leases(steady_time now);
  void hurry(steady_time now);
  [[nodiscard]] breaker_admission deny(const breaker_admission& local, steady_time now);
  [[nodiscard]] std::string holder(std::uint64_t lease) const {
    return run_id + ":" + std::to_string(lease);
  }
  [[nodiscard]] bool due(steady_time now) const noexcept {
    return ticks(now) >= next_poll.load(std::memory_order_acquire);
  }

  circuit_breaker& own;
  breaker_store& store;
  const cluster_options options;
  // For leases: no other node's, nor that of a node that bore the same name before.
  const std::string run_id = random_source::system().hex_id();
  const duration lease_time = own.options().probe_timeout;
  std::atomic<std::int64_t> next_poll{first_tick};
  std::atomic<std::int64_t> heard_until{first_tick};  // until when the last poll is believed
  std::atomic<std::int64_t> next_lease{first_tick};
  std::atomic<std::uint64_t> leases{0};
  std::atomic<std::uint64_t> probes_denied{0};
  std::atomic<std::uint64_t> store_failures{0};
  std::atomic<bool> is_lost{false};  // the store, when it was last asked
  // One thread at a time polls: until when what it hears would be believed.
  std::atomic<std::int64_t> polling{first_tick};

  // Owned by whoever polls.
  bool has_polled = false;
  // At the last poll; written by whoever polls.
  std::atomic<bool> was_failing{false};
  std::uint64_t opened_for_us = 0;  // how often our own breaker had opened when votes opened it
  bool followed = false;            // open for others' votes, not for our own calls
  std::uint64_t vote_epoch = 0;

  mutable std::mutex mutex;  // guards what follows; never held over a round trip
  cluster_stats counts;
  // With `refresh_by::tick`: a lease for the next probe, and those that are to be given back.
  std::uint64_t spare = 0;
  steady_time spare_until;
  std::vector<std::uint64_t> returned;
};

// What was seen at the last poll and what is seen now tell whether our own probes closed it.
breaker_report cluster_breaker::impl::report(steady_time now) {
  const breaker_stats s = own.stats(now);
  breaker_stance stance = breaker_stance::well;
  if (is_failing(s.state)) {
    if (followed && s.opened > opened_for_us) followed = false;  // our own probes failed since
    if (!followed) stance = breaker_stance::failing;
    was_failing = true;
  } else if (was_failing) {
    if (is_working(s.state)) stance = breaker_stance::recovered;
    followed = was_failing = false;
  }
  return {options.key, options.node, stance, vote_epoch, options.vote_ttl};
}

void cluster_breaker::impl::follow(
    const breaker_poll& heard, const breaker_report& said, steady_time now
) {
  const bool voided = heard.epoch > vote_epoch && said.stance != breaker_stance::recovered;
  vote_epoch = heard.epoch;
  const bool first = !has_polled;  // we have just come: an old epoch is no news
  has_polled = true;
  bool opens = false;
  bool closes = false;
  if (was_failing) {
    closes = voided && !first;
  } else {
    const auto share = static_cast<std::uint32_t>(std::ceil(options.quorum * heard.nodes));
    opens = heard.failing >= std::max(share, options.minimum_votes) && is_working(own.state(now));
  }
  // Its listener is called in here: no lock is held.
  if (closes) own.close(now);
  if (opens) own.open(now);
  if (closes) followed = was_failing = false;
  if (opens) {
    followed = was_failing = true;
    opened_for_us = own.stats(now).opened;
  }
  const std::scoped_lock lock(mutex);
  ++counts.polls;
  counts.poll = heard;
  if (closes) ++counts.closed_by_peers;
  if (opens) ++counts.opened_by_votes;
}

void cluster_breaker::impl::lost(steady_time now) {
  store_failures.fetch_add(1, std::memory_order_relaxed);
  is_lost.store(true, std::memory_order_relaxed);
  heard_until.store(first_tick, std::memory_order_relaxed);
  next_poll.store(ticks(later(now, options.lost_for)), std::memory_order_relaxed);
}

bool cluster_breaker::impl::alone(steady_time now) const noexcept {
  return ticks(now) >= heard_until.load(std::memory_order_relaxed);
}

// A poll that has been under way for longer than it would be believed is as good as lost.
bool cluster_breaker::impl::is_about_to_hear(steady_time now) const noexcept {
  return ticks(now) < polling.load(std::memory_order_acquire) &&
         !is_lost.load(std::memory_order_relaxed);
}

result<void> cluster_breaker::impl::poll(steady_time now) {
  std::int64_t nobody = first_tick;
  const std::int64_t until = ticks(later(now, believed_for));
  if (!polling.compare_exchange_strong(nobody, until, std::memory_order_acquire)) return {};
  struct done {
    std::atomic<std::int64_t>& flag;
    ~done() { flag.store(first_tick, std::memory_order_release); }
  } const at_the_end{polling};
  if (!due(now)) return {};
  // Who sees that none is due any more sees that one is under way.
  next_poll.store(ticks(later(now, options.refresh)), std::memory_order_release);
  const breaker_report said = report(now);
  auto heard = store.exchange(said);
  if (!heard) {
    // A recovery that was not heard is told again: to tell it twice does nothing.
    if (said.stance == breaker_stance::recovered) was_failing = true;
    lost(now);
    return std::move(heard).error();
  }
  follow(*heard, said, now);
  is_lost.store(false, std::memory_order_relaxed);
  heard_until.store(until, std::memory_order_relaxed);
  if (options.refresh_by == refresh_by::tick) settle_leases(now);
  return {};
}

// A trip is news, once: the vote goes out with the next call.
void cluster_breaker::impl::hurry(steady_time now) {
  if (was_failing.load(std::memory_order_relaxed) || alone(now)) return;
  if (is_failing(own.state(now))) next_poll.store(ticks(now), std::memory_order_relaxed);
}

// Our own breaker has let a probe through; the cluster has a say too.
breaker_admission cluster_breaker::impl::lease(breaker_admission local, steady_time now) {
  // In this order: what ends a poll is seen with what it has heard.
  const bool waits = is_about_to_hear(now);
  if (alone(now)) return waits ? deny(local, now) : local;
  if (options.refresh_by == refresh_by::tick) return take_spare(local, now);
  if (ticks(now) < next_lease.load(std::memory_order_relaxed)) return deny(local, now);
  const std::uint64_t mine = leases.fetch_add(1, std::memory_order_relaxed) + 1;
  auto got = store.lease_probe(options.key, holder(mine), options.probes, lease_time);
  if (!got) {
    lost(now);
    return local;
  }
  if (*got == probe_lease::taken) {
    next_lease.store(ticks(later(now, options.refresh / 4)), std::memory_order_relaxed);
    return deny(local, now);
  }
  local.permit.lease = mine;
  return local;
}

breaker_admission cluster_breaker::impl::take_spare(breaker_admission local, steady_time now) {
  {
    const std::scoped_lock lock(mutex);
    if (now < spare_until) local.permit.lease = std::exchange(spare, 0);
  }
  return local.permit.lease != 0 ? local : deny(local, now);
}

// If this is lost, the lease runs out by itself.
void cluster_breaker::impl::give_back(std::uint64_t lease) {
  if (options.refresh_by == refresh_by::caller) {
    static_cast<void>(store.return_probe(options.key, holder(lease)));
    return;
  }
  const std::scoped_lock lock(mutex);
  returned.push_back(lease);
}

// What the calls since the last tick have left to do, and a lease for the next probe.
void cluster_breaker::impl::settle_leases(steady_time now) {
  std::vector<std::uint64_t> done;
  bool has_spare = false;
  {
    const std::scoped_lock lock(mutex);
    done.swap(returned);
    has_spare = spare != 0 && now < spare_until;
  }
  for (const std::uint64_t lease : done) {
    static_cast<void>(store.return_probe(options.key, holder(lease)));
  }
  if (has_spare || own.state(now) != breaker_state::half_open) return;
  const std::uint64_t fresh = leases.fetch_add(1, std::memory_order_relaxed) + 1;
  auto got = store.lease_probe(options.key, holder(fresh), options.probes, lease_time);
  if (!got) return lost(now);
  if (*got == probe_lease::taken) return;
  const std::scoped_lock lock(mutex);
  spare = fresh;
  spare_until = later(now, lease_time);
}

breaker_admission cluster_breaker::impl::deny(const breaker_admission& local, steady_time now) {
  own.after(local.permit, outcome_kind::cancelled, now);
  probes_denied.fetch_add(1, std::memory_order_relaxed);
  return {false, breaker_state::half_open, {}, options.refresh};
}

result<std::unique_ptr<cluster_breaker>> cluster_breaker::make(
    circuit_breaker& own, breaker_store& store, cluster_options options
) {
  if (auto fine = check(options); !fine) return fine.error();
  if (options.node.empty()) options.node = random_source::system().hex_id();
  auto i = std::make_unique<impl>(own, store, std::move(options));
  return std::unique_ptr<cluster_breaker>(new cluster_breaker(std::move(i)));
}

cluster_breaker::cluster_breaker(std::unique_ptr<impl> i) noexcept : impl_(std::move(i)) {}
cluster_breaker::~cluster_breaker() = default;

breaker_admission cluster_breaker::before(steady_time now) {
  if (impl_->options.refresh_by == refresh_by::caller && impl_->due(now)) {
    static_cast<void>(impl_->poll(now));  // counted; until the next one we are alone
  }
  breaker_admission a = impl_->own.before(now);
  return a.permit.probe == 0 ? a : impl_->lease(a, now);
}

void cluster_breaker::after(const breaker_permit& permit, outcome_kind kind, steady_time now) {
  impl_->own.after(permit, kind, now);
  if (permit.probe == 0) {
    if (kind == outcome_kind::transient) impl_->hurry(now);
    return;
  }
  if (permit.lease != 0) impl_->give_back(permit.lease);
  // What the probes have decided is news.
  if (!impl_->alone(now)) impl_->next_poll.store(ticks(now), std::memory_order_relaxed);
}

result<void> cluster_breaker::tick(steady_time now) {
  return impl_->due(now) ? impl_->poll(now) : result<void>();
}

cluster_stats cluster_breaker::stats(steady_time now) const {
  const std::scoped_lock lock(impl_->mutex);
  cluster_stats s = impl_->counts;
  s.alone = impl_->alone(now);
  s.probes_denied = impl_->probes_denied.load(std::memory_order_relaxed);
  s.store_failures = impl_->store_failures.load(std::memory_order_relaxed);
  return s;
}

const circuit_breaker& cluster_breaker::own() const noexcept { return impl_->own; }

}  // namespace scalekit::inline v0::resilience
