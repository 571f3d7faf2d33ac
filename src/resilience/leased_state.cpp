// SPDX-License-Identifier: BSL-1.0
#include "resilience/leased_state.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

__extension__ using wide = __int128;

// A refusal is remembered no longer, for tokens may be given back and limits changed.
constexpr duration longest_memory = std::chrono::seconds(1);
// When a refill that somebody else does may have come.
constexpr duration moment = std::chrono::milliseconds(1);

double seconds_of(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

}  // namespace

result<lease_terms> terms_of(const rate& r, duration hold) {
  const std::int64_t us = std::chrono::floor<std::chrono::microseconds>(hold).count();
  const auto tokens =
      static_cast<std::int64_t>(std::min(wide{us} * r.parts() / r.step(), wide{r.burst() / 4}));
  auto at_store =
      rate::make({.tokens = r.tokens(), .period = r.period(), .burst = r.burst() - tokens});
  if (!at_store) return at_store.error();
  return lease_terms{.at_store = *at_store, .hold = r.time_for(tokens)};
}

leased_limiter::state::state(
    limiter_store& s, leased_options o, const lease_terms& t, const rate& own
)
    : store(s),
      options(std::move(o)),
      clock(options.clock != nullptr ? *options.clock : clock::system()),
      random(options.random != nullptr ? *options.random : random_source::system()),
      block(clock.steady_now()),
      dearest(most_cost(t.at_store)),
      terms(t),
      whole(options.rate),
      version(options.version),
      nodes(options.nodes),
      last_fetch(clock.steady_now()),
      share(own, clock.steady_now()) {}

// As many as were used here in a block's time, by the average of now and before.
std::int64_t leased_limiter::state::wanted(steady_time at, std::int64_t least) {
  // A shorter time says too little.
  const double elapsed = std::max(seconds_of(at - last_fetch), 1e-3);
  const std::int64_t spent = asked_for.load(std::memory_order_relaxed) - block.left();
  const double used = static_cast<double>(std::max<std::int64_t>(spent, 0));
  tokens_per_second = (tokens_per_second + used / elapsed) / 2;
  last_fetch = at;
  const std::int64_t most = std::clamp<std::int64_t>(
      terms.at_store.burst() / nodes, least, std::max(lease_block::most, least)
  );
  if (terms.hold <= duration::zero()) return least;
  const double block_tokens = tokens_per_second * seconds_of(options.block_time);
  if (block_tokens >= static_cast<double>(most)) return most;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(block_tokens), least, most);
}

void leased_limiter::state::note_failure(steady_time at) noexcept {
  store_failures.fetch_add(1, std::memory_order_relaxed);
  degraded.store(true, std::memory_order_release);
  duration wait = options.probe_base;
  for (int i = 0; i < failures && wait < options.probe_max; ++i) wait *= 2;
  wait = std::min(wait, options.probe_max);
  ++failures;
  const auto half = static_cast<std::uint64_t>(wait.count() / 2);
  const auto jitter = static_cast<std::int64_t>(random.below(half + 1));
  probe_at.store(at + wait / 2 + duration(jitter), std::memory_order_release);
}

// A bucket that cannot be full yet, and of which the store knows nothing.
void leased_limiter::state::note_loss(const limit_answer& a) noexcept {
  const limit_grant& g = a.grants.front();
  if (g.fresh && full_at > a.at) state_losses.fetch_add(1, std::memory_order_relaxed);
  full_at = a.at + std::chrono::floor<std::chrono::microseconds>(g.verdict.reset_after);
}

result<decision> leased_limiter::state::fetch(std::int64_t least, std::int64_t spend) {
  const steady_time sent = now();
  least = std::max<std::int64_t>(least, 1);
  const limit_claim claim{
      .name = options.name,
      .rate = terms.at_store,
      .cost = wanted(sent, least),
      .least = least,
      .version = version};
  round_trips.fetch_add(1, std::memory_order_relaxed);
  auto answer = store.take({&claim, 1});
  const steady_time back = now();
  if (!answer) {
    note_failure(back);
    return answer.error();
  }
  failures = 0;
  degraded.store(false, std::memory_order_release);
  note_loss(*answer);
  const limit_grant& grant = answer->grants.front();
  if (!answer->allowed) {
    asked_for.store(0, std::memory_order_relaxed);
    refused_cost.store(least);
    refused_until.store(back + std::min(grant.verdict.retry_after, longest_memory));
    return decision{
        .retry_after = grant.verdict.retry_after, .reset_after = grant.verdict.reset_after};
  }
  granted.fetch_add(static_cast<std::uint64_t>(grant.granted), std::memory_order_relaxed);
  // Down to nothing, but not into debt: without the store the share's rate is there at once.
  share.debit(back, std::min(grant.granted, share.peek(back, 0).remaining));
  asked_for.store(grant.granted, std::memory_order_relaxed);
  low_water.store(grant.granted / 4, std::memory_order_relaxed);
  if (terms.hold > duration::zero() && back - sent >= terms.hold) {
    // A process that was stopped in the meantime comes too late.
    dropped.fetch_add(static_cast<std::uint64_t>(grant.granted), std::memory_order_relaxed);
    return decision{.retry_after = moment};
  }
  const lease_block::content old = block.empty();
  lease_block::content fresh{.tokens = grant.granted - spend, .until = sent + terms.hold};
  if (old.tokens > 0 && old.until > back) {
    fresh = {old.tokens + fresh.tokens, std::min(old.until, fresh.until)};
  } else {
    dropped.fetch_add(static_cast<std::uint64_t>(old.tokens), std::memory_order_relaxed);
    last_grant = grant;
  }
  return allowed(fresh.tokens, block.fill(fresh));
}

// How long the store will still refuse so many tokens, as far as is known.
duration leased_limiter::state::known_refusal(steady_time at, std::int64_t cost) const noexcept {
  if (cost < refused_cost.load()) return duration::zero();
  return std::max(refused_until.load() - at, duration::zero());
}

decision leased_limiter::state::take_locally(steady_time at, std::int64_t cost) {
  local_takes.fetch_add(1, std::memory_order_relaxed);
  const duration until_probe = std::max(probe_at.load() - at, moment);
  if (options.when_gone == without_store::closed) return {.retry_after = until_probe};
  decision d = share.take(at, cost);
  // More than a share holds, but the store may have it again.
  if (d.retry_after == never) d.retry_after = until_probe;
  return d;
}

decision leased_limiter::state::take_slowly(steady_time at, std::int64_t cost) {
  if (cost > dearest.load(std::memory_order_relaxed)) return {.retry_after = never};
  if (options.executor) {
    if (degraded.load(std::memory_order_acquire)) {
      if (at >= probe_at.load(std::memory_order_acquire)) ask_for_refill(cost);
      return take_locally(at, cost);
    }
    if (const duration wait = known_refusal(at, cost); wait > duration::zero()) {
      return {.retry_after = wait};
    }
    ask_for_refill(cost);
    return {.retry_after = moment};
  }
  std::unique_lock lock(fetching, std::defer_lock);
  if (degraded.load(std::memory_order_acquire)) {
    // One call tries; the others do not wait for it.
    if (at < probe_at.load(std::memory_order_acquire) || !lock.try_lock()) {
      return take_locally(at, cost);
    }
  } else {
    lock.lock();
    at = now();  // the wait may have been longer than a token is good for
    // Whoever had the lock may have left something.
    std::int64_t mark = 0;
    if (const std::int64_t left = block.take(at, cost, mark); left >= 0) return allowed(left, mark);
    if (degraded.load(std::memory_order_acquire)) {
      lock.unlock();
      return take_locally(at, cost);
    }
  }
  if (const duration wait = known_refusal(at, cost); wait > duration::zero()) {
    return {.retry_after = wait};
  }
  auto fetched = fetch(cost, cost);
  if (fetched) return *fetched;
  lock.unlock();
  return take_locally(now(), cost);
}

namespace {

// Who holds it is to refill; when it ends, used or not, somebody else may be asked.
class turn {
 public:
  explicit turn(std::atomic<bool>& taken) noexcept : taken_(&taken) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() { end(); }
  void end() noexcept {
    if (taken_ != nullptr) std::exchange(taken_, nullptr)->store(false, std::memory_order_release);
  }

 private:
  std::atomic<bool>* taken_;
};

}  // namespace

void leased_limiter::state::ask_for_refill(std::int64_t least) {
  asked_least.store(least, std::memory_order_relaxed);
  if (asked.exchange(true, std::memory_order_acq_rel)) return;
  // An executor may throw, or drop the task: the turn ends all the same.
  options.executor([self = shared_from_this(), mine = std::make_shared<turn>(asked)] {
    const std::scoped_lock lock(self->fetching);
    mine->end();
    const std::int64_t wish = self->asked_least.load(std::memory_order_relaxed);
    if (wish > self->dearest.load(std::memory_order_relaxed)) return;
    static_cast<void>(self->fetch(wish, 0));
  });
}

}  // namespace scalekit::inline v0::resilience
