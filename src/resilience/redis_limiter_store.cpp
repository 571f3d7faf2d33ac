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
constexpr std::size_t words_of_a_claim = 7;

std::string with_prelude(std::string_view body) {
  return std::string(limiter_prelude).append(body);
}

// The keys and arguments of a call; the views point into the words.
struct call {
  std::vector<std::string> words{};
  std::vector<std::string_view> keys{};
  std::vector<std::string_view> args{};

  call(std::string_view prefix, std::span<const limit_claim> claims, std::size_t more) {
    words.reserve(claims.size() * (1 + words_of_a_claim) + more);
    for (const limit_claim& c : claims) {
      keys.emplace_back(words.emplace_back(std::string(prefix).append(c.name)));
    }
  }
  void add(std::string word) { args.emplace_back(words.emplace_back(std::move(word))); }
  void add(std::int64_t n) { add(std::to_string(n)); }
  void add(const rate& r, std::int64_t version) {
    const std::string parts = std::to_string(r.parts());
    add(std::to_string(version) + " " + parts + " " + std::to_string(r.step()) + " " +
        std::to_string(r.burst()));
    add(parts);
    add(r.step() / r.parts());
    add(r.step() % r.parts());
    add(r.burst());
  }
};

// The numbers of an answer, one after the other; after the first that is missing all are 0.
class numbers {
 public:
  explicit numbers(std::span<const redis::reply> list) noexcept : rest_(list) {}

  std::int64_t next() {
    if (rest_.empty()) failed_ = true;
    if (failed_) return 0;
    const auto n = rest_.front().as_integer();
    rest_ = rest_.subspan(1);
    failed_ = !n;
    return n ? *n : 0;
  }
  [[nodiscard]] bool finished() const noexcept { return !failed_ && rest_.empty(); }

 private:
  std::span<const redis::reply> rest_;
  bool failed_ = false;
};

result<store::row> read_row(numbers& in, const limit_claim& c) {
  store::row row{.in_force = c.rate, .version = c.version};
  row.granted = in.next();
  row.bucket.full_us = in.next();
  row.bucket.part = in.next();
  row.bucket.paused_us = in.next();
  const std::int64_t known = in.next();
  row.fresh = known == 0;
  if (known != 2) return row;
  row.version = in.next();
  const std::int64_t parts = in.next();
  const std::int64_t step = in.next();
  auto stored = store::stored_rate(parts, step, in.next());
  if (!stored) return stored.error();
  row.in_force = *stored;
  return row;
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
  call c(prefix_, claims, 1);
  c.add(keep_ms_);
  for (const limit_claim& claim : claims) {
    c.add(claim.cost);
    c.add(store::least(claim));
    c.add(claim.rate, claim.version);
  }
  auto said = take_.run(redis_, c.keys, c.args);
  if (!said) return std::move(said).error().with_context("redis_limiter_store: take");
  auto list = said->as_array();
  if (!list) return list.error();
  numbers in(*list);
  const std::int64_t now = in.next();
  std::vector<store::row> rows;
  for (const limit_claim& claim : claims) {
    auto row = read_row(in, claim);
    if (!row) return row.error();
    rows.push_back(*row);
  }
  if (!in.finished()) {
    return error(errc::data_corrupted, "redis_limiter_store: the script's answer does not decode");
  }
  return store::answer(claims, rows, now);
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
  call c(prefix_, {&claim, 1}, 2);
  c.add(keep_ms_);
  c.add(claim.rate, claim.version);
  c.add(us);
  auto done = cool_down_.run(redis_, c.keys, c.args);
  if (!done) return std::move(done).error().with_context("redis_limiter_store: cool_down");
  return {};
}

}  // namespace scalekit::inline v0::resilience
