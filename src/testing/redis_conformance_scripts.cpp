// SPDX-License-Identifier: BSL-1.0
#include "testing/redis_conformance_support.hpp"

#include <algorithm>
#include <vector>

namespace scalekit::inline v0::testing {

namespace {

constexpr std::string_view increment = R"(
  local n = tonumber(redis.call('GET', KEYS[1]) or '0')
  redis.call('SET', KEYS[1], n + tonumber(ARGV[1]))
  return n + tonumber(ARGV[1])
)";

conformance_outcome keys_and_args(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "script"));
  redis::script s("return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}");
  const std::string other = k.name() + ":other";
  const std::string binary("a\0\r\n", 4);
  for (int i = 0; i < 2; ++i) {
    SCALEKIT_TRY(answer, s.run(k.client(), {k.name(), other}, {binary}));
    SCALEKIT_TRY(parts, answer.as_array());
    SCALEKIT_EXPECT(parts.size() == 5);
    SCALEKIT_EXPECT(holds(parts[0], k.name()));
    SCALEKIT_EXPECT(holds(parts[1], other));
    SCALEKIT_EXPECT(holds(parts[2], binary));
    SCALEKIT_EXPECT(holds(parts[3], 2));
    SCALEKIT_EXPECT(holds(parts[4], 1));
  }
  return {};
}

conformance_outcome forgotten(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "flush"));
  redis::script s{std::string(increment)};
  for (std::int64_t i = 1; i <= 3; ++i) {
    SCALEKIT_TRY(answer, s.run(k.client(), {k.name()}, {"1"}));
    SCALEKIT_EXPECT(holds(answer, i));
    SCALEKIT_EXPECT_OK(k.client().command({"SCRIPT", "FLUSH"}));
  }
  return {};
}

conformance_outcome raised(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "raise"));
  SCALEKIT_EXPECT_OK(k.client().command({"RPUSH", k.name(), "x"}));
  redis::script wrong_type{std::string(increment)};
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, wrong_type.run(k.client(), {k.name()}, {"1"}));
  redis::script own("return redis.error_reply('OOM by hand')");
  SCALEKIT_EXPECT_ERROR(errc::limit_exceeded, own.run(k.client(), {}));
  redis::script misspelt("return (");
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, misspelt.run(k.client(), {}));
  return {};
}

conformance_outcome across_slots(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "slots"));
  redis::script s("return redis.call('SET', KEYS[1], 'x')");
  auto refused = s.run(k.client(), {k.name(), "sk_conformance:{elsewhere}"});
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, refused);
  SCALEKIT_EXPECT(refused.error().message().find(k.name()) != std::string::npos);
  SCALEKIT_TRY(untouched, k.client().command({"GET", k.name()}));
  SCALEKIT_EXPECT(untouched.is_null());
  return {};
}

// The first use of a script by all threads at once too.
conformance_outcome atomic(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "atomic"));
  constexpr std::size_t threads = 8;
  constexpr std::size_t each = 200;
  redis::script s{std::string(increment)};
  std::vector<std::vector<std::int64_t>> seen(threads);
  const auto failure = in_threads(threads, [&](std::size_t t) -> result<void> {
    for (std::size_t i = 0; i < each; ++i) {
      auto answer = s.run(k.client(), {k.name()}, {"1"});
      if (!answer) return answer.error();
      auto n = answer->as_integer();
      if (!n) return n.error();
      seen[t].push_back(*n);
    }
    return {};
  });
  if (failure) return failed_at(__FILE__, __LINE__, *failure);
  std::vector<std::int64_t> all;
  for (const auto& part : seen) {
    SCALEKIT_EXPECT(std::ranges::is_sorted(part));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::ranges::sort(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCALEKIT_EXPECT(static_cast<std::size_t>(all[i]) == i + 1);
  }
  return {};
}

constexpr redis_conformance_case cases[] = {
    {"scripts/keys and arguments arrive", keys_and_args},
    {"scripts/a server that forgot them", forgotten},
    {"scripts/errors they raise", raised},
    {"scripts/keys in two slots are refused", across_slots},
    {"scripts/are atomic under 8 threads", atomic},
};

}  // namespace

std::span<const redis_conformance_case> redis_script_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
