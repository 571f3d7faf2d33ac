// SPDX-License-Identifier: BSL-1.0
#include "resilience/leased_state.hpp"
#include "resilience/store_support.hpp"

#include <scalekit/resilience/leased_limiter.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::int64_t most_nodes = 1'000'000;
constexpr std::int64_t last_version = std::int64_t{1} << 53;

error refuse(const char* why) {
  return {errc::invalid_argument, std::string("leased_limiter: ") + why};
}

result<void> check(const leased_options& o) {
  using namespace std::chrono_literals;
  if (auto named = store::check_name(o.name); !named) return refuse("name must be 1 to 200 bytes");
  if (o.version < 0 || o.version > last_version) return refuse("version must be 0 to 2^53");
  if (o.nodes < 1 || o.nodes > most_nodes) return refuse("nodes must be 1 to 1,000,000");
  if (o.block_time < 0ns || o.block_time > 1s) return refuse("block_time must be 0 to 1 s");
  if (o.hold < 0ns || o.hold > 10s) return refuse("hold must be 0 to 10 s");
  if (o.probe_base < 1ms || o.probe_base > 1h) return refuse("probe_base must be 1 ms to 1 h");
  if (o.probe_max < o.probe_base || o.probe_max > 1h) {
    return refuse("probe_max must be probe_base to 1 h");
  }
  return {};
}

}  // namespace

leased_limiter::leased_limiter(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
leased_limiter::~leased_limiter() = default;

result<std::unique_ptr<leased_limiter>> leased_limiter::open(
    limiter_store& store, leased_options options
) {
  if (auto sound = check(options); !sound) return sound.error();
  auto terms = terms_of(options.rate, options.hold);
  if (!terms) return std::move(terms).error().with_context("leased_limiter");
  if (options.executor && terms->hold <= duration::zero()) {
    return refuse("executor needs a hold, and a burst of 4 tokens or more");
  }
  auto share = options.rate.share(options.nodes);
  if (!share) return std::move(share).error().with_context("leased_limiter: nodes");
  auto s = std::make_shared<state>(store, std::move(options), *terms, *share);
  return std::unique_ptr<leased_limiter>(new leased_limiter(std::move(s)));
}

decision leased_limiter::take(steady_time now, std::int64_t cost) {
  state& s = *state_;
  const steady_time paused = s.paused_until.load(std::memory_order_relaxed);
  if (now < paused) return {.retry_after = paused - now};
  if (cost < 0) return {.retry_after = never};
  std::int64_t mark = 0;
  const std::int64_t left = s.block.take(now, cost, mark);
  if (left < 0) return s.take_slowly(now, cost);
  if (s.options.executor && left < s.low_water.load(std::memory_order_relaxed))
    s.ask_for_refill(cost);
  return s.allowed(left, mark);
}

void leased_limiter::refund(steady_time now, const decision& d, std::int64_t cost) noexcept {
  if (!d.allowed || cost <= 0) return;
  state& s = *state_;
  if (d.taken.generation != state::from_block) return s.share.refund(now, d, cost);
  if (now < s.paused_until.load(std::memory_order_relaxed)) return;
  s.block.put_back(now, cost, d.taken.mark);
}

result<void> leased_limiter::refill() {
  const std::scoped_lock lock(state_->fetching);
  const bool holds_nothing = state_->terms.hold <= duration::zero();
  if (holds_nothing || state_->block.held(state_->now()) > 0) return {};
  auto d = state_->fetch(1, 0);
  if (!d) return d.error();
  if (d->allowed) return {};
  return error(errc::limit_exceeded, "leased_limiter: the store has no token now")
      .with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(d->retry_after));
}

result<void> leased_limiter::cool_down(duration wait) {
  if (wait <= duration::zero()) return {};
  const steady_time now = state_->now();
  const steady_time until = now + std::min<duration>(wait, std::chrono::hours(24 * 366));
  steady_time paused = state_->paused_until.load();
  // As long a pause is known, here and in the store.
  if (paused >= until && !state_->degraded.load()) return {};
  while (paused < until && !state_->paused_until.compare_exchange_weak(paused, until)) {
  }
  state_->share.cool_down(now, wait);
  const std::scoped_lock lock(state_->fetching);
  state_->drop_block();
  return state_->store.cool_down(
      {.name = state_->options.name, .rate = state_->terms.at_store, .version = state_->version},
      wait
  );
}

result<void> leased_limiter::set_nodes(std::int64_t nodes) {
  if (nodes < 1 || nodes > most_nodes) return refuse("nodes must be 1 to 1,000,000");
  const std::scoped_lock lock(state_->fetching);
  auto share = state_->whole.share(nodes);
  if (!share) return std::move(share).error().with_context("leased_limiter: nodes");
  state_->nodes = nodes;
  state_->share.set_limit(state_->now(), *share);
  return {};
}

result<void> leased_limiter::set_limit(const rate& r, std::int64_t version) {
  if (version < 0 || version > last_version) return refuse("version must be 0 to 2^53");
  auto terms = terms_of(r, state_->options.hold);
  if (!terms) return std::move(terms).error().with_context("leased_limiter: rate");
  const std::scoped_lock lock(state_->fetching);
  auto share = r.share(state_->nodes);
  if (!share) return std::move(share).error().with_context("leased_limiter: rate");
  state_->whole = r;
  state_->version = version;
  state_->terms = *terms;
  state_->dearest.store(state_->most_cost(terms->at_store), std::memory_order_relaxed);
  state_->share.set_limit(state_->now(), *share);
  state_->refused_until.store(steady_time{});
  return {};
}

result<void> leased_limiter::close() {
  const std::scoped_lock lock(state_->fetching);
  const lease_block::content left = state_->block.empty();
  const auto tokens = static_cast<std::uint64_t>(left.tokens);
  if (left.tokens == 0) return {};
  if (left.until <= state_->now()) {
    state_->dropped.fetch_add(tokens, std::memory_order_relaxed);
    return {};
  }
  auto done = state_->store.give_back(state_->options.name, state_->last_grant, left.tokens);
  (done ? state_->returned : state_->dropped).fetch_add(tokens, std::memory_order_relaxed);
  return done;
}

leased_stats leased_limiter::stats() const {
  const state& s = *state_;
  return {
      .degraded = s.degraded.load(),
      .held = s.block.held(s.now()),
      .block = s.asked_for.load(),
      .round_trips = s.round_trips.load(),
      .granted = s.granted.load(),
      .dropped = s.dropped.load(),
      .returned = s.returned.load(),
      .store_failures = s.store_failures.load(),
      .local_takes = s.local_takes.load(),
      .state_losses = s.state_losses.load()};
}

}  // namespace scalekit::inline v0::resilience
