// SPDX-License-Identifier: BSL-1.0
#include "resilience/bucket_table.hpp"
#include "resilience/siphash.hpp"

#include <scalekit/resilience/keyed_limiter.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::size_t fewest_keys = 64;
constexpr std::size_t most_keys = std::size_t{1} << 24;
constexpr int least_share = 12;  // two ways of sixteen

// Half as often as keys, for there are fewer tenants.
constexpr std::size_t keys_per_tenant = 2;

rate share_of(const rate& r, int percent, result<void>& problem) {
  auto share = rate::make(
      {.tokens = r.tokens(),
       .period = r.period() * 100 / percent,
       .burst = std::max<std::int64_t>(r.burst() * percent / 100, 1)}
  );
  // A period that a hundredth does not divide is rounded up to a microsecond.
  if (!share) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(r.period() * 100 / percent);
    share = rate::make(
        {.tokens = r.tokens(),
         .period = us,
         .burst = std::max<std::int64_t>(r.burst() * percent / 100, 1)}
    );
  }
  if (share) return *share;
  problem = std::move(share).error().with_context("keyed_limiter: common");
  return {};
}

std::int64_t floor_us(steady_time t) noexcept {
  return std::chrono::floor<std::chrono::microseconds>(t).time_since_epoch().count();
}

void fold(decision& d, const decision& other) noexcept {
  d.allowed = d.allowed && other.allowed;
  d.remaining = std::min(d.remaining, other.remaining);
  d.retry_after = std::max(d.retry_after, other.retry_after);
  d.reset_after = std::max(d.reset_after, other.reset_after);
}

}  // namespace

struct keyed_limiter::state {
  std::uint64_t k0;
  std::uint64_t k1;
  bucket_table keys;
  // What limits them all: each tenant to its share, and all together.
  struct together {
    bucket_table tenants;
    token_bucket all;
  };
  std::unique_ptr<together> common{};

  struct hashed {
    std::uint64_t tenant;
    std::uint64_t key;  // of both
  };
  [[nodiscard]] hashed hashes(std::string_view tenant, std::string_view key) const noexcept {
    siphash of_tenant = siphash(k0, k1).add(tenant);
    siphash of_both = of_tenant;
    return {of_tenant.finish(), of_both.add(key).finish()};
  }
};

keyed_limiter::keyed_limiter(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
keyed_limiter::~keyed_limiter() = default;

result<std::unique_ptr<keyed_limiter>> keyed_limiter::open(
    const keyed_limiter_options& options, steady_time start
) {
  const auto refuse = [](const char* why) {
    return error(errc::invalid_argument, std::string("keyed_limiter: ") + why);
  };
  if (options.max_keys < fewest_keys || options.max_keys > most_keys) {
    return refuse("max_keys must be 64 to 2^24");
  }
  if (options.tenant_share < least_share || options.tenant_share > 100) {
    return refuse("tenant_share must be 12 to 100");
  }
  constexpr std::size_t ways = bucket_table::ways;
  const std::size_t sets = std::bit_ceil(options.max_keys) / ways;
  const auto tenant_ways =
      std::max<std::size_t>(ways * static_cast<std::size_t>(options.tenant_share) / 100, 2);
  random_source& random = options.random != nullptr ? *options.random : random_source::system();
  std::unique_ptr<state> s(new state{
      random.next(), random.next(), {sets, tenant_ways, options.per_key}});
  if (options.common) {
    result<void> problem;
    const rate share = share_of(*options.common, options.tenant_share, problem);
    if (!problem) return problem.error();
    const std::size_t tenant_sets = std::max<std::size_t>(sets / keys_per_tenant, 1);
    s->common.reset(new state::together{{tenant_sets, ways, share}, {*options.common, start}});
  }
  return std::unique_ptr<keyed_limiter>(new keyed_limiter(std::move(s)));
}

keyed_decision keyed_limiter::take(
    steady_time now, std::string_view tenant, std::string_view key, std::int64_t cost
) noexcept {
  const std::int64_t us = floor_us(now);
  const auto [t, k] = state_->hashes(tenant, key);
  keyed_decision d{state_->keys.take(us, t, k, cost)};
  if (!d.allowed || !state_->common) return d;

  state::together& common = *state_->common;
  const decision mine = common.tenants.take(us, t, t, cost);
  if (!mine.allowed) {
    state_->keys.refund(us, t, k, d.taken, cost);
    fold(d, mine);
    return d;
  }
  const decision all = common.all.take(now, cost);
  if (!all.allowed) {
    common.tenants.refund(us, t, t, mine.taken, cost);
    state_->keys.refund(us, t, k, d.taken, cost);
  }
  fold(d, mine);
  fold(d, all);
  d.taken_of_tenant = mine.taken;
  d.taken_of_all = all.taken;
  return d;
}

void keyed_limiter::refund(
    steady_time now,
    std::string_view tenant,
    std::string_view key,
    const keyed_decision& d,
    std::int64_t cost
) noexcept {
  if (!d.allowed || cost <= 0) return;
  const std::int64_t us = floor_us(now);
  const auto [t, k] = state_->hashes(tenant, key);
  state_->keys.refund(us, t, k, d.taken, cost);
  if (!state_->common) return;
  state_->common->tenants.refund(us, t, t, d.taken_of_tenant, cost);
  state_->common->all.refund(now, {.allowed = true, .taken = d.taken_of_all}, cost);
}

void keyed_limiter::set_limit(const rate& per_key) noexcept { state_->keys.set_rate(per_key); }

keyed_limiter_stats keyed_limiter::stats(steady_time now) const noexcept {
  const std::int64_t us = floor_us(now);
  return {
      .in_use = state_->keys.in_use(us),
      .capacity = state_->keys.capacity(),
      .shared = state_->keys.shared()};
}

}  // namespace scalekit::inline v0::resilience
