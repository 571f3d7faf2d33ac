// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_names.hpp"

#include <scalekit/resilience/redis_breaker_store.hpp>

#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

// KEYS: nodes, failing, epoch. ARGV: node, stance, the vote's epoch, ttl in ms.
redis::script& exchange_script() {
  static redis::script s(R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local node, stance, vote, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, node)
redis.call('PEXPIRE', KEYS[1], ttl * 2)
local epoch = tonumber(redis.call('GET', KEYS[3]) or '0')
if stance == 'failing' and vote == epoch then
  redis.call('ZADD', KEYS[2], now + ttl, node)
  redis.call('PEXPIRE', KEYS[2], ttl * 2)
else
  redis.call('ZREM', KEYS[2], node)
end
if stance == 'recovered' and vote == epoch then
  epoch = epoch + 1
  redis.call('SET', KEYS[3], epoch)
  redis.call('DEL', KEYS[2])
end
redis.call('PEXPIRE', KEYS[3], 86400000)
return {redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2]), epoch}
)lua");
  return s;
}

// KEYS: probes. ARGV: holder, most, ttl in ms.
redis::script& lease_script() {
  static redis::script s(R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
local latest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], latest[2] - now + 1)
return 1
)lua");
  return s;
}

result<std::uint64_t> number(const redis::reply& r) {
  auto n = r.as_integer();
  if (!n) return n.error();
  return static_cast<std::uint64_t>(*n);
}

}  // namespace

redis_breaker_store::redis_breaker_store(redis::commander& on, std::string prefix)
    : redis_(on), prefix_(std::move(prefix)) {}

std::string redis_breaker_store::name(std::string_view key, std::string_view what) const {
  std::string out = prefix_;
  return out.append("{").append(key).append("}:").append(what);
}

result<breaker_poll> redis_breaker_store::exchange(const breaker_report& r) {
  if (auto fine = check_breaker_names(r.key, r.node); !fine) return fine.error();
  const std::string nodes = name(r.key, "nodes");
  const std::string failing = name(r.key, "failing");
  const std::string epoch = name(r.key, "epoch");
  const std::string vote = std::to_string(r.epoch);
  const std::string ttl = std::to_string(whole_milliseconds(r.ttl));
  auto answer = exchange_script().run(
      redis_, {nodes, failing, epoch}, {r.node, to_string(r.stance), vote, ttl}
  );
  if (!answer) return std::move(answer).error().with_context("breaker store");
  auto parts = answer->as_array();
  if (!parts) return parts.error();
  if (parts->size() != 3) return error(errc::data_corrupted, "breaker store: not three numbers");
  auto alive = number((*parts)[0]);
  auto votes = number((*parts)[1]);
  auto now = number((*parts)[2]);
  if (!alive) return alive.error();
  if (!votes) return votes.error();
  if (!now) return now.error();
  return breaker_poll{static_cast<std::uint32_t>(*alive), static_cast<std::uint32_t>(*votes), *now};
}

result<probe_lease> redis_breaker_store::lease_probe(
    std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  const std::string places = std::to_string(most);
  const std::string ms = std::to_string(whole_milliseconds(ttl));
  auto answer = lease_script().run(redis_, {name(key, "probes")}, {holder, places, ms});
  if (!answer) return std::move(answer).error().with_context("breaker store");
  auto got = number(*answer);
  if (!got) return got.error();
  return *got == 1 ? probe_lease::granted : probe_lease::taken;
}

result<void> redis_breaker_store::return_probe(std::string_view key, std::string_view holder) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  auto answer = redis_.command({"ZREM", name(key, "probes"), holder});
  if (!answer) return std::move(answer).error().with_context("breaker store");
  return {};
}

}  // namespace scalekit::inline v0::resilience
