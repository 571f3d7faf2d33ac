// SPDX-License-Identifier: BSL-1.0
#include "resilience/gcra.hpp"

#include <algorithm>
#include <chrono>

namespace scalekit::inline v0::resilience::gcra {

namespace {
__extension__ using wide = __int128;
using std::chrono::microseconds;
}  // namespace

// All products stay below 2^62, see rate::make.
std::int64_t debt(const bucket& b, std::int64_t now, const rate& r) noexcept {
  if (b.full_us < now) return 0;
  const std::int64_t capacity = r.burst() * r.step();
  const std::int64_t ahead = b.full_us - now;
  if (ahead > r.refill().count()) return capacity + 1;
  return std::min(ahead * r.parts() + b.part, capacity + 1);
}

std::int64_t available(const bucket& b, std::int64_t now, const rate& r) noexcept {
  if (b.paused_us > now) return 0;
  return std::max<std::int64_t>((r.burst() * r.step() - debt(b, now, r)) / r.step(), 0);
}

void take(bucket& b, std::int64_t now, const rate& r, std::int64_t n) noexcept {
  if (n == 0) return;
  const std::int64_t total = debt(b, now, r) + n * r.step();
  // Of most rates a token takes whole microseconds, and a division takes long.
  b.full_us = now + (r.parts() == 1 ? total : total / r.parts());
  b.part = r.parts() == 1 ? 0 : total % r.parts();
}

decision decide(bucket& b, std::int64_t now, const rate& r, std::int64_t n) noexcept {
  const std::int64_t there = r.burst() * r.step() - debt(b, now, r);
  const bool allowed = n == 0 || (b.paused_us <= now && there >= n * r.step());
  if (allowed) take(b, now, r, n);
  return describe(b, now, r, n, allowed);
}

void give_back(bucket& b, std::int64_t now, std::int64_t taken_us, std::int64_t worth_us) noexcept {
  if (taken_us < b.paused_us) return;  // what a cool-down left behind is not the call's
  const std::int64_t left = worth_us - std::max<std::int64_t>(now - taken_us, 0);
  if (left > 0) b.full_us -= left;
}

void cool_down(bucket& b, std::int64_t until_us, const rate& r) noexcept {
  b.paused_us = std::max(b.paused_us, until_us);
  const std::int64_t but_one = (r.burst() - 1) * r.step();
  const bucket then{until_us + but_one / r.parts(), but_one % r.parts(), b.paused_us};
  if (then.full_us > b.full_us || (then.full_us == b.full_us && then.part > b.part)) b = then;
}

void adopt(bucket& b, const rate& before, const rate& after) noexcept {
  if (before.parts() != after.parts() && b.part > 0) b.part = after.parts();
}

decision describe(
    const bucket& b, std::int64_t now, const rate& r, std::int64_t n, bool allowed
) noexcept {
  decision d;
  d.allowed = allowed;
  d.remaining = available(b, now, r);
  const std::int64_t pause = std::max<std::int64_t>(b.paused_us - now, 0);
  const std::int64_t full = b.full_us < now ? 0 : b.full_us - now + (b.part > 0 ? 1 : 0);
  d.reset_after = microseconds(std::max(full, pause));
  if (allowed) {
    d.taken.mark = now;
  } else if (n > r.burst()) {
    d.retry_after = never;
  } else {
    const wide owed = b.full_us < now ? wide{0} : wide{b.full_us - now} * r.parts() + b.part;
    const wide missing = owed + wide{n} * r.step() - wide{r.burst()} * r.step();
    const wide us = missing <= 0 ? wide{0} : (missing + r.parts() - 1) / r.parts();
    d.retry_after = microseconds(std::max(static_cast<std::int64_t>(us), pause));
  }
  return d;
}

}  // namespace scalekit::inline v0::resilience::gcra
