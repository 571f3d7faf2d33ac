// SPDX-License-Identifier: BSL-1.0
#include "resilience/redis_limiter_script.hpp"
#include "resilience/store_support.hpp"

#include <scalekit/resilience/redis_limiter_store.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::resilience {

namespace {

constexpr std::size_t longest_prefix = 200;
constexpr std::chrono::milliseconds longest_keep = std::chrono::hours(24 * 366);
constexpr std::size_t numbers_of_a_row = 9;

std::string with_prelude(std::string_view body) {
  return std::string(limiter_prelude).append(body);
}

// The words of a call; `words` first, for the views point into it.
struct call {
  std::vector<std::string> words{};
  std::vector<std::string_view> keys{};
  std::vector<std::string_view> args{};

  call(
      std::string_view prefix,
      const std::string& keep,
      std::span<const limit_claim> claims,
      std::int64_t extra = -1
  ) {
    words.reserve(claims.size() * 7 + 2);
    words.push_back(keep);
    for (const limit_claim& c : claims) {
      for (const std::int64_t n :
           {c.cost, store::least(c), c.version, c.rate.parts(), c.rate.step(), c.rate.burst()}) {
        words.push_back(std::to_string(n));
      }
    }
    if (extra >= 0) words.push_back(std::to_string(extra));
    args.assign(words.begin(), words.end());
    for (const limit_claim& c : claims) {
      keys.emplace_back(words.emplace_back(std::string(prefix).append(c.name)));
    }
  }
};

result<store::row> to_row(std::span<const std::int64_t> n) {
  auto in_force = store::stored_rate(n[6], n[7], n[8]);
  if (!in_force) return in_force.error();
  return store::row{
      .granted = n[0],
      .bucket = {.full_us = n[1], .part = n[2], .paused_us = n[3]},
      .in_force = *in_force,
      .version = n[5],
      .fresh = n[4] != 0,
  };
}

}  // namespace

redis_limiter_store::redis_limiter_store(redis::commander& on, redis_limiter_options options)
    : redis_(on),
      prefix_(std::move(options.prefix)),
      keep_ms_(std::to_string(options.keep.count())),
      take_(with_prelude(limiter_take)),
      give_back_(std::string(limiter_give_back)),
      cool_down_(with_prelude(limiter_cool_down)) {}

result<std::unique_ptr<redis_limiter_store>> redis_limiter_store::open(
    redis::commander& on, redis_limiter_options options
) {
  const auto refuse = [](const char* why) {
    return error(errc::invalid_argument, std::string("redis_limiter_store: ") + why);
  };
  if (options.prefix.size() > longest_prefix) return refuse("prefix must be at most 200 bytes");
  if (options.keep < std::chrono::milliseconds(1) || options.keep > longest_keep) {
    return refuse("keep must be 1 ms to 366 days");
  }
  return std::unique_ptr<redis_limiter_store>(new redis_limiter_store(on, std::move(options)));
}

result<limit_answer> redis_limiter_store::take(std::span<const limit_claim> claims) {
  if (auto sound = store::check(claims); !sound) return sound.error();
  const call c(prefix_, keep_ms_, claims);
  auto said = take_.run(redis_, c.keys, c.args);
  if (!said) return std::move(said).error().with_context("redis_limiter_store: take");
  auto list = said->as_array();
  if (!list) return list.error();
  std::vector<std::int64_t> numbers;
  for (const redis::reply& one : *list) {
    auto n = one.as_integer();
    if (!n) return n.error();
    numbers.push_back(*n);
  }
  if (numbers.size() != 1 + claims.size() * numbers_of_a_row) {
    return error(errc::data_corrupted, "redis_limiter_store: the script answered out of turn");
  }
  std::vector<store::row> rows;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    auto row = to_row(std::span(numbers).subspan(1 + i * numbers_of_a_row, numbers_of_a_row));
    if (!row) return row.error();
    rows.push_back(*row);
  }
  return store::answer(claims, rows, numbers.front());
}

result<void> redis_limiter_store::give_back(
    std::string_view name, const limit_grant& grant, std::int64_t tokens
) {
  if (auto sound = store::check_name(name); !sound) return sound;
  const std::int64_t n = std::clamp<std::int64_t>(tokens, 0, grant.granted);
  if (n == 0) return {};
  const std::string key = prefix_ + std::string(name);
  const std::string worth = std::to_string(grant.in_force.time_for(n).count());
  const std::string taken = std::to_string(grant.verdict.taken.mark);
  auto done = give_back_.run(redis_, {key}, {worth, taken});
  if (!done) return std::move(done).error().with_context("redis_limiter_store: give_back");
  return {};
}

result<void> redis_limiter_store::cool_down(const limit_claim& claim, duration wait) {
  if (auto sound = store::check({&claim, 1}); !sound) return sound;
  const std::int64_t us = store::pause_us(wait);
  if (us == 0) return {};
  const call c(prefix_, keep_ms_, {&claim, 1}, us);
  auto done = cool_down_.run(redis_, c.keys, c.args);
  if (!done) return std::move(done).error().with_context("redis_limiter_store: cool_down");
  return {};
}

}  // namespace scalekit::inline v0::resilience
