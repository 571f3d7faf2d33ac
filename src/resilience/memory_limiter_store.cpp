// SPDX-License-Identifier: BSL-1.0
#include "resilience/store_support.hpp"

#include <scalekit/resilience/memory_limiter_store.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::resilience {

namespace {

struct entry {
  gcra::bucket bucket;
  rate in_force;
  std::int64_t version = 0;
};

}  // namespace

struct memory_limiter_store::state {
  const clock& time;
  std::size_t most;
  mutable std::mutex mutex{};
  std::map<std::string, entry, std::less<>> entries{};

  [[nodiscard]] std::int64_t now() const { return time.system_now().time_since_epoch().count(); }

  // Before anything is looked up, for it forgets full buckets; but not for names that are there, or
  // every call would go through all buckets once there are as many as may be.
  void make_room(std::int64_t at, std::span<const limit_claim> claims) {
    if (entries.size() + claims.size() <= most) return;
    if (std::ranges::all_of(claims, [&](const auto& c) { return entries.contains(c.name); }))
      return;
    std::erase_if(entries, [at](const auto& e) {
      return e.second.bucket.full_us < at && e.second.bucket.paused_us <= at;
    });
  }

  // The claim's entry, with the newer of the two rates.
  entry* touch(const limit_claim& c, bool& fresh) {
    auto found = entries.find(c.name);
    fresh = found == entries.end();
    if (fresh) {
      if (entries.size() >= most) return nullptr;
      found = entries.emplace(std::string(c.name), entry{{}, c.rate, c.version}).first;
    }
    entry& e = found->second;
    if (c.version >= e.version) {
      gcra::adopt(e.bucket, e.in_force, c.rate);
      e.in_force = c.rate;
      e.version = c.version;
    }
    return &e;
  }
};

memory_limiter_store::memory_limiter_store(const clock& time, std::size_t most_names)
    : state_(new state{time, most_names}) {}

memory_limiter_store::~memory_limiter_store() = default;

namespace {

error full() {
  return {errc::limit_exceeded, "memory limiter store: as many buckets in use as may be"};
}

}  // namespace

result<limit_answer> memory_limiter_store::take(std::span<const limit_claim> claims) {
  if (auto sound = store::check(claims); !sound) return sound.error();
  const std::scoped_lock lock(state_->mutex);
  const std::int64_t now = state_->now();
  state_->make_room(now, claims);
  std::vector<store::row> rows;
  for (const limit_claim& c : claims) {
    bool fresh = false;
    const entry* e = state_->touch(c, fresh);
    if (e == nullptr) return full();
    rows.push_back(
        {.bucket = e->bucket, .in_force = e->in_force, .version = e->version, .fresh = fresh}
    );
  }
  if (store::decide(claims, rows, now)) {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      state_->entries.find(claims[i].name)->second.bucket = rows[i].bucket;
    }
  }
  return store::answer(claims, rows, now);
}

result<void> memory_limiter_store::give_back(
    std::string_view name, const limit_grant& grant, std::int64_t tokens
) {
  if (auto sound = store::check_name(name); !sound) return sound;
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->entries.find(name);
  const std::int64_t n = std::clamp<std::int64_t>(tokens, 0, grant.granted);
  if (found == state_->entries.end() || n == 0) return {};
  gcra::give_back(
      found->second.bucket,
      state_->now(),
      grant.verdict.taken.mark,
      grant.in_force.time_for(n).count()
  );
  return {};
}

result<void> memory_limiter_store::cool_down(const limit_claim& claim, duration wait) {
  if (auto sound = store::check({&claim, 1}); !sound) return sound;
  const std::scoped_lock lock(state_->mutex);
  const std::int64_t now = state_->now();
  state_->make_room(now, {&claim, 1});
  bool fresh = false;
  entry* e = state_->touch(claim, fresh);
  if (e == nullptr) return full();
  const std::int64_t pause = store::pause_us(wait);
  if (pause > 0) gcra::cool_down(e->bucket, now + pause, e->in_force);
  return {};
}

std::size_t memory_limiter_store::size() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->entries.size();
}

void memory_limiter_store::clear() {
  const std::scoped_lock lock(state_->mutex);
  state_->entries.clear();
}

}  // namespace scalekit::inline v0::resilience
