// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP
#define SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP

#include <string_view>

namespace scalekit::inline v0::resilience {

// An instant is a pair (us, part) with part < parts, or equal to it after a change of rate; a token
// is whole + rest / parts microseconds. No product exceeds 2^51, see rate::make, so floor() of a
// quotient is exact.
//
// ARGV from a on, for each claim: version, rate as text, parts, whole, rest, burst.
inline constexpr std::string_view limiter_prelude = R"lua(
local floor = math.floor
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function later(b, us, part, n)
  local sum = part + n * b.rest
  local carry = floor(sum / b.parts)
  return us + n * b.whole + carry, sum - carry * b.parts
end

local function load(key, a)
  local b = {us = 0, part = 0, paused = 0, next = 0, next_part = 0, known = 0,
    version = ARGV[a], rate = ARGV[a + 1], parts = tonumber(ARGV[a + 2]),
    whole = tonumber(ARGV[a + 3]), rest = tonumber(ARGV[a + 4]), burst = tonumber(ARGV[a + 5])}
  local value = redis.call('GET', key)
  if not value then return b end
  local version, us, part, paused, rate =
    string.match(value, '^(%d+) (%d+) (%d+) (%d+) (%d+ %d+ %d+)$')
  if not version then return nil end
  b.us, b.part, b.paused, b.known = tonumber(us), tonumber(part), tonumber(paused), 1
  if version == b.version and rate == b.rate then return b end
  local parts, step, burst = string.match(rate, '^(%d+) (%d+) (%d+)$')
  parts, step = tonumber(parts), tonumber(step)
  if tonumber(version) > tonumber(b.version) then
    b.version, b.rate, b.known = version, rate, 2
    b.parts, b.step, b.burst = parts, step, tonumber(burst)
    b.whole = floor(step / parts)
    b.rest = step - b.whole * parts
  elseif parts ~= b.parts and b.part > 0 then
    b.part = b.parts
  end
  return b
end

local function save(key, b, keep)
  local live = b.us > b.paused and b.us or b.paused
  local px = floor((live - now) / 1000) + 2
  if px < keep then px = keep end
  redis.call('SET', key,
    string.format('%s %.0f %.0f %.0f %s', b.version, b.us, b.part, b.paused, b.rate), 'PX', px)
end
)lua";

// ARGV: keep; then for each claim cost, least and what load() takes. The answer: now; then for each
// claim granted or -1, us, part, paused, and whether the bucket was known; 2: by a newer rate,
// which follows as version, parts, step, burst.
inline constexpr std::string_view limiter_take = R"lua(
local buckets, grants, allowed = {}, {}, true
for i = 1, #KEYS do
  local a = i * 8 - 6
  local cost, least = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local b = load(KEYS[i], a + 2)
  if not b then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[i]) end
  local us, part = b.us, b.part
  if us < now then us, part = now, 0 end
  local end_us, end_part = later(b, now, 0, b.burst)
  local n = cost
  b.next, b.next_part = later(b, us, part, n)
  if b.next > end_us or (b.next == end_us and b.next_part > end_part) then
    n = -1
    if least < cost then
      n = floor(((end_us - us) + (end_part - part) / b.parts) / (b.whole + b.rest / b.parts))
      if n > cost then n = cost elseif n < 0 then n = 0 end
      local function fits(k)
        local u, p = later(b, us, part, k)
        return u < end_us or (u == end_us and p <= end_part)
      end
      while n > 0 and not fits(n) do n = n - 1 end
      while n < cost and fits(n + 1) do n = n + 1 end
      b.next, b.next_part = later(b, us, part, n)
    end
  end
  if n < least or b.paused > now then n, allowed = -1, false end
  buckets[i], grants[i] = b, n
end
local out, o = {now}, 1
for i = 1, #KEYS do
  local b, n = buckets[i], grants[i]
  if allowed and n > 0 then
    b.us, b.part = b.next, b.next_part
    save(KEYS[i], b, tonumber(ARGV[1]))
  end
  out[o + 1], out[o + 2], out[o + 3], out[o + 4], out[o + 5] = n, b.us, b.part, b.paused, b.known
  o = o + 5
  if b.known == 2 then
    out[o + 1], out[o + 2], out[o + 3], out[o + 4] = tonumber(b.version), b.parts, b.step, b.burst
    o = o + 4
  end
end
return out
)lua";

// ARGV: the time of the tokens, the instant at which they were taken.
inline constexpr std::string_view limiter_give_back = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local value = redis.call('GET', KEYS[1])
if not value then return 0 end
local v, us, part, paused, rest = string.match(value, '^(%d+) (%d+) (%d+) (%d+)( .*)$')
if not v then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[1]) end
local left, taken = tonumber(ARGV[1]), tonumber(ARGV[2])
if now > taken then left = left - (now - taken) end
if left > 0 and taken >= tonumber(paused) then
  us = tonumber(us) - left
  if us < 0 then us = 0 end
  redis.call('SET', KEYS[1], string.format('%s %.0f %s %s', v, us, part, paused) .. rest, 'KEEPTTL')
end
return 0
)lua";

// ARGV: keep, what load() takes, wait.
inline constexpr std::string_view limiter_cool_down = R"lua(
local b = load(KEYS[1], 2)
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
