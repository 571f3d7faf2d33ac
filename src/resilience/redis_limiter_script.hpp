// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP
#define SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP

#include <string_view>

namespace scalekit::inline v0::resilience {

// An instant is a pair (us, part) with part < parts, or equal to it after a change of rate; a token
// is whole + rest / parts microseconds. No product exceeds 2^51, see rate::make, so floor() of a
// quotient is exact.
//
// ARGV of a claim: cost, least, version, parts, step, burst.
inline constexpr std::string_view limiter_prelude = R"lua(
local floor = math.floor
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function later(b, us, part, n)
  local sum = part + n * b.rest
  local carry = floor(sum / b.parts)
  return us + n * b.whole + carry, sum - carry * b.parts
end

local function use_rate(b, parts, step, burst)
  if b.parts and b.parts ~= parts and b.part > 0 then b.part = parts end
  b.parts, b.step, b.burst = parts, step, burst
  b.whole = floor(step / parts)
  b.rest = step - b.whole * parts
end

local function load(key, version, parts, step, burst)
  local b = {us = 0, part = 0, paused = 0, version = version}
  local value = redis.call('GET', key)
  if value then
    local v, us, part, paused, p, s, n =
      string.match(value, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
    if not v then return nil end
    b.version, b.us, b.part, b.paused = tonumber(v), tonumber(us), tonumber(part), tonumber(paused)
    b.parts = tonumber(p)
    if b.version > version then
      use_rate(b, b.parts, tonumber(s), tonumber(n))
      return b
    end
    b.version = version
  else
    b.fresh = 1
  end
  use_rate(b, parts, step, burst)
  return b
end

local function save(key, b, keep)
  local live = b.us > b.paused and b.us or b.paused
  local px = floor((live - now) / 1000) + 2
  if px < keep then px = keep end
  local value = string.format('%.0f %.0f %.0f %.0f %.0f %.0f %.0f',
    b.version, b.us, b.part, b.paused, b.parts, b.step, b.burst)
  redis.call('SET', key, value, 'PX', px)
end
)lua";

inline constexpr std::string_view limiter_take = R"lua(
local buckets, grants, allowed = {}, {}, true
for i = 1, #KEYS do
  local a = i * 6 - 4
  local cost, least = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local b = load(KEYS[i], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]),
    tonumber(ARGV[a + 5]))
  if not b then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[i]) end
  local us, part = b.us, b.part
  if us < now then us, part = now, 0 end
  local end_us, end_part = later(b, now, 0, b.burst)
  local function fits(n)
    local u, p = later(b, us, part, n)
    return u < end_us or (u == end_us and p <= end_part)
  end
  local n = cost
  if not fits(n) then
    n = -1
    if least < cost then
      n = floor(((end_us - us) + (end_part - part) / b.parts) / (b.whole + b.rest / b.parts))
      if n > cost then n = cost elseif n < 0 then n = 0 end
      while n > 0 and not fits(n) do n = n - 1 end
      while n < cost and fits(n + 1) do n = n + 1 end
    end
  end
  if n < least or b.paused > now then n = -1 end
  if n < 0 then allowed = false end
  b.start, b.start_part = us, part
  buckets[i], grants[i] = b, n
end
local out = {now}
for i = 1, #KEYS do
  local b, n = buckets[i], grants[i]
  if allowed and n > 0 then
    b.us, b.part = later(b, b.start, b.start_part, n)
    save(KEYS[i], b, tonumber(ARGV[1]))
  end
  local o = i * 9 - 8
  out[o + 1], out[o + 2], out[o + 3], out[o + 4], out[o + 5] = n, b.us, b.part, b.paused, b.fresh or 0
  out[o + 6], out[o + 7], out[o + 8], out[o + 9] = b.version, b.parts, b.step, b.burst
end
return out
)lua";

// ARGV: the time of the tokens, the instant at which they were taken.
inline constexpr std::string_view limiter_give_back = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local value = redis.call('GET', KEYS[1])
if not value then return 0 end
local v, us, rest = string.match(value, '^(%d+) (%d+)( .*)$')
if not v then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[1]) end
local left = tonumber(ARGV[1])
if now > tonumber(ARGV[2]) then left = left - (now - tonumber(ARGV[2])) end
if left > 0 then
  us = tonumber(us) - left
  if us < 0 then us = 0 end
  redis.call('SET', KEYS[1], v .. string.format(' %.0f', us) .. rest, 'KEEPTTL')
end
return 0
)lua";

// ARGV: keep, cost, least, version, parts, step, burst, wait.
inline constexpr std::string_view limiter_cool_down = R"lua(
local b = load(KEYS[1], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
if not b then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[1]) end
local till = now + tonumber(ARGV[8])
if b.paused < till then b.paused = till end
local us, part = later(b, till, 0, b.burst - 1)
if us > b.us or (us == b.us and part > b.part) then b.us, b.part = us, part end
save(KEYS[1], b, tonumber(ARGV[1]))
return 0
)lua";

}  // namespace scalekit::inline v0::resilience

#endif
