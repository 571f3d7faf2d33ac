// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP
#define SCALEKIT_SRC_RESILIENCE_REDIS_LIMITER_SCRIPT_HPP

#include <string_view>

namespace scalekit::inline v0::resilience {

// An instant is a pair (us, part) with part < parts, or equal to it after a change of rate; a token
// is whole + rest / parts microseconds. No product exceeds 2^51, see rate::make, so floor() of a
// quotient and the remainder are exact.
//
// A value is `us part paused`, then the rate with its version, as text: if that is the caller's
// too, as it nearly always is, nothing of it need be taken apart. Most of a call's time is Lua
// making tables, strings and numbers, so load() returns what it finds one by one.
//
// ARGV from a on, for each claim: rate as `version parts step burst`, parts, whole, rest, burst.
inline constexpr std::string_view limiter_prelude = R"lua(
local floor, match = math.floor, string.match
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function later(us, part, n, parts, whole, rest)
  local sum = part + n * rest
  return us + n * whole + floor(sum / parts), sum % parts
end

local function load(key, a)
  local rate, parts, whole, rest, burst =
    ARGV[a], ARGV[a + 1] + 0, ARGV[a + 2] + 0, ARGV[a + 3] + 0, ARGV[a + 4] + 0
  local value = redis.call('GET', key)
  if not value then return 0, 0, 0, 0, rate, parts, whole, rest, burst end
  local us, part, paused, kept = match(value, '^(%d+) (%d+) (%d+) (.+)$')
  if not us then return nil end
  us, part, paused = us + 0, part + 0, paused + 0
  if kept == rate then return us, part, paused, 1, rate, parts, whole, rest, burst end
  local version, its_parts, step, its_burst = match(kept, '^(%d+) (%d+) (%d+) (%d+)$')
  if not version then return nil end
  its_parts = its_parts + 0
  if version + 0 > match(rate, '^%d+') + 0 then
    return us, part, paused, 2, kept, its_parts, floor(step / its_parts), step % its_parts,
      its_burst + 0
  end
  if its_parts ~= parts and part > 0 then part = parts end
  local known = 1
  if version + 0 < match(rate, '^%d+') + 0 then known = 3 end
  return us, part, paused, known, rate, parts, whole, rest, burst
end

local function save(key, us, part, paused, rate, keep)
  local px = floor(((us > paused and us or paused) - now) / 1000) + 2
  if px < keep + 0 then px = keep end
  redis.call('SET', key, string.format('%.0f %.0f %.0f %s', us, part, paused, rate), 'PX', px)
end
)lua";

// ARGV: keep; then for each claim cost, least and what load() takes. The answer: now; then for each
// claim granted or -1, us, part, paused, and whether the bucket was known; 2: by a newer rate,
// which follows as version, parts, step, burst; 3: by an older one. Then the claim's is kept, even
// if it grants nothing: else those that lag behind would go on by the old one.
inline constexpr std::string_view limiter_take = R"lua(
local rows, allowed = {}, true
for i = 1, #KEYS do
  local a = i * 7 - 5
  local us, part, paused, known, rate, parts, whole, rest, burst = load(KEYS[i], a + 2)
  if not us then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[i]) end
  local cost, least = ARGV[a] + 0, ARGV[a + 1] + 0
  local from, from_part = us, part
  if us < now then from, from_part = now, 0 end
  local end_us, end_part = later(now, 0, burst, parts, whole, rest)
  local n = cost
  local next_us, next_part = later(from, from_part, n, parts, whole, rest)
  if cost > 0 and (next_us > end_us or (next_us == end_us and next_part > end_part)) then
    n = -1
    if least < cost then
      n = floor(((end_us - from) + (end_part - from_part) / parts) / (whole + rest / parts))
      if n > cost then n = cost elseif n < 0 then n = 0 end
      local function fits(k)
        local u, p = later(from, from_part, k, parts, whole, rest)
        return u < end_us or (u == end_us and p <= end_part)
      end
      while n > 0 and not fits(n) do n = n - 1 end
      while n < cost and fits(n + 1) do n = n + 1 end
      next_us, next_part = later(from, from_part, n, parts, whole, rest)
    end
  end
  if n < least or paused > now then n, allowed = -1, false end
  rows[i] = {n, us, part, paused, known, rate, next_us, next_part}
end
local out, o = {now}, 1
for i = 1, #KEYS do
  local n, us, part, paused, known, rate, next_us, next_part = unpack(rows[i])
  local takes = allowed and n > 0
  if takes then us, part = next_us, next_part end
  if takes or known == 3 then
    save(KEYS[i], us, part, paused, rate, ARGV[1])
  end
  out[o + 1], out[o + 2], out[o + 3], out[o + 4], out[o + 5] = n, us, part, paused, known
  o = o + 5
  if known == 2 then
    for number in string.gmatch(rate, '%d+') do
      o = o + 1
      out[o] = number + 0
    end
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
local us, rest, paused = string.match(value, '^(%d+)( %d+ (%d+) .+)$')
if not us then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[1]) end
local left, taken = tonumber(ARGV[1]), tonumber(ARGV[2])
if now > taken then left = left - (now - taken) end
if left > 0 and taken >= tonumber(paused) then
  us = tonumber(us) - left
  if us < 0 then us = 0 end
  redis.call('SET', KEYS[1], string.format('%.0f', us) .. rest, 'KEEPTTL')
end
return 0
)lua";

// ARGV: keep, what load() takes, wait.
inline constexpr std::string_view limiter_cool_down = R"lua(
local us, part, paused, known, rate, parts, whole, rest, burst = load(KEYS[1], 2)
if not us then return redis.error_reply('ERR scalekit: not a limiter: ' .. KEYS[1]) end
local till = now + tonumber(ARGV[7])
if paused < till then paused = till end
local then_us, then_part = later(till, 0, burst - 1, parts, whole, rest)
if then_us > us or (then_us == us and then_part > part) then us, part = then_us, then_part end
save(KEYS[1], us, part, paused, rate, ARGV[1])
return 0
)lua";

}  // namespace scalekit::inline v0::resilience

#endif
