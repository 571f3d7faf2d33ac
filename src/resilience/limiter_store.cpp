// SPDX-License-Identifier: BSL-1.0
#include "resilience/store_support.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::size_t longest_name = 200;
constexpr std::int64_t last_version = std::int64_t{1} << 53;
constexpr std::int64_t longest_pause_us = std::int64_t{1} << 46;

error refuse(std::string why) {
  return {errc::invalid_argument, "limiter store: " + std::move(why)};
}

}  // namespace

limiter_store::~limiter_store() = default;

result<limit_answer> limiter_store::allow_at_most(limit_claim claim) {
  claim.least = std::min<std::int64_t>(claim.cost, 1);
  return take({&claim, 1});
}

namespace store {

result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return refuse("name must be 1 to 200 bytes");
  return {};
}

result<void> check(std::span<const limit_claim> claims) {
  if (claims.empty() || claims.size() > limiter_store::most_claims) {
    return refuse("1 to 16 claims are decided together");
  }
  for (auto c = claims.begin(); c != claims.end(); ++c) {
    if (auto named = check_name(c->name); !named) return named;
    if (c->cost < 0 || c->cost > c->rate.burst()) {
      return refuse("cost must be 0 to the burst, " + std::to_string(c->rate.burst()));
    }
    if (c->least < 0 || c->least > c->cost) return refuse("least must be 0 to the cost");
    if (c->version < 0 || c->version > last_version) return refuse("version must be 0 to 2^53");
    if (std::any_of(claims.begin(), c, [&](const limit_claim& o) { return o.name == c->name; })) {
      return refuse("two claims have the name " + std::string(c->name));
    }
  }
  return {};
}

std::int64_t pause_us(duration wait) noexcept {
  if (wait <= duration::zero()) return 0;
  using std::chrono::microseconds;
  return std::min(
      std::chrono::floor<microseconds>(wait - duration(1)).count() + 1, longest_pause_us
  );
}

result<rate> stored_rate(std::int64_t parts, std::int64_t step, std::int64_t burst) {
  constexpr std::int64_t longest_step_us =
      std::chrono::microseconds(std::chrono::hours(24 * 366)).count();
  if (step > 0 && step <= longest_step_us && burst > 0) {
    auto r =
        rate::make({.tokens = parts, .period = std::chrono::microseconds(step), .burst = burst});
    if (r) return r;
  }
  return error(errc::data_corrupted, "limiter store: the stored rate is out of range");
}

bool decide(std::span<const limit_claim> claims, std::span<row> rows, std::int64_t now) noexcept {
  bool allowed = true;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const limit_claim& c = claims[i];
    row& r = rows[i];
    r.newer = !r.fresh && c.version > r.version;
    if (c.version >= r.version) {
      gcra::adopt(r.bucket, r.in_force, c.rate);
      r.in_force = c.rate;
      r.version = c.version;
    }
    const std::int64_t there = gcra::available(r.bucket, now, r.in_force);
    const bool refused = there < least(c) || r.bucket.paused_us > now;
    r.granted = refused ? -1 : std::min(there, c.cost);
    allowed = allowed && !refused;
  }
  if (!allowed) return false;
  for (row& r : rows) gcra::take(r.bucket, now, r.in_force, r.granted);
  return true;
}

limit_answer answer(
    std::span<const limit_claim> claims, std::span<const row> rows, std::int64_t now
) {
  limit_answer a;
  a.allowed = std::ranges::none_of(rows, [](const row& r) { return r.granted < 0; });
  a.at = system_time(std::chrono::microseconds(now));
  a.grants.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const row& r = rows[i];
    limit_grant g{.in_force = r.in_force, .version = r.version, .fresh = r.fresh};
    g.granted = a.allowed ? r.granted : 0;
    g.verdict = gcra::describe(r.bucket, now, r.in_force, least(claims[i]), r.granted >= 0);
    if (r.granted < 0) a.retry_after = std::max(a.retry_after, g.verdict.retry_after);
    a.grants.push_back(g);
  }
  return a;
}

}  // namespace store

}  // namespace scalekit::inline v0::resilience
