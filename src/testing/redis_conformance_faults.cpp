// SPDX-License-Identifier: BSL-1.0
#include "testing/redis_conformance_support.hpp"

#include <filesystem>
#include <iterator>

namespace scalekit::inline v0::testing {

namespace {

conformance_outcome eight_threads(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  const auto failure = in_threads(8, [&](std::size_t t) {
    return echo_tags(*r, "thread " + std::to_string(t), 500, failures::none);
  });
  if (failure) return failed_at(__FILE__, __LINE__, *failure);
  return {};
}

std::ptrdiff_t open_files() {
  std::error_code absent;
  const std::filesystem::directory_iterator all("/proc/self/fd", absent);
  return absent ? 0 : std::distance(begin(all), end(all));
}

conformance_outcome open_and_close(redis_fixture& fixture) {
  const std::ptrdiff_t before = open_files();
  for (int i = 0; i < 1000; ++i) {
    SCALEKIT_TRY(r, fixture.connect());
    SCALEKIT_TRY(pong, text(*r, {"PING"}));
    SCALEKIT_EXPECT(pong == "PONG");
  }
  // Others in this process may just have opened some; a leak would show a thousand times.
  SCALEKIT_EXPECT(open_files() < before + 100);
  return {};
}

conformance_outcome request_lost(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "request_lost"));
  if (!fixture.cut_next(cut_point::request)) return skipped("the fixture cannot cut connections");
  SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, k.client().command({"INCR", k.name()}));
  SCALEKIT_TRY(next, persistently(k.client(), {"INCR", k.name()}));
  SCALEKIT_EXPECT(holds(next, 1));
  return {};
}

conformance_outcome reply_lost(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "reply_lost"));
  if (!fixture.cut_next(cut_point::reply)) return skipped("the fixture cannot cut connections");
  SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, k.client().command({"INCR", k.name()}));
  SCALEKIT_TRY(next, persistently(k.client(), {"INCR", k.name()}));
  SCALEKIT_EXPECT(holds(next, 2));  // done once, and not sent again
  return {};
}

conformance_outcome pipeline_lost(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "pipeline_lost"));
  if (!fixture.cut_next(cut_point::reply)) return skipped("the fixture cannot cut connections");
  const std::string_view words[] = {"INCR", k.name()};
  const redis::arguments commands[] = {words, words};
  SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, k.client().pipeline(commands));
  SCALEKIT_TRY(next, persistently(k.client(), {"PING"}));
  SCALEKIT_EXPECT(holds(next, "PONG"));
  return {};
}

conformance_outcome script_lost(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "script_lost"));
  redis::script s("return redis.call('INCR', KEYS[1])");
  SCALEKIT_EXPECT_OK(s.run(k.client(), {k.name()}));
  if (!fixture.cut_next(cut_point::reply)) return skipped("the fixture cannot cut connections");
  SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, s.run(k.client(), {k.name()}));
  SCALEKIT_TRY(next, persistently(k.client(), {"GET", k.name()}));
  SCALEKIT_EXPECT(holds(next, "2"));
  return {};
}

// A connection that died while it lay idle is nobody's failure.
conformance_outcome restart(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "restart"));
  redis::script s("return redis.call('INCR', KEYS[1])");
  SCALEKIT_EXPECT_OK(s.run(k.client(), {k.name()}));
  if (!fixture.restart_server()) return skipped("the fixture cannot restart the server");
  SCALEKIT_TRY(kept, persistently(k.client(), {"GET", k.name()}));
  SCALEKIT_EXPECT(holds(kept, "1"));
  SCALEKIT_TRY(second, s.run(k.client(), {k.name()}));
  SCALEKIT_EXPECT(holds(second, 2));
  return {};
}

// Answers that come after their callers gave up must not become others' answers.
conformance_outcome pause(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "pause"));
  const auto warm = in_threads(4, [&](std::size_t t) {
    return echo_tags(k.client(), "before " + std::to_string(t), 20, failures::none);
  });
  if (warm) return failed_at(__FILE__, __LINE__, *warm);
  if (!fixture.pause_server()) return skipped("the fixture cannot pause the server");
  const auto during = in_threads(4, [&](std::size_t t) {
    return echo_tags(k.client(), "during " + std::to_string(t), 2, failures::allowed);
  });
  auto sent = k.client().command({"INCR", k.name()});
  fixture.resume_server();
  if (during) return failed_at(__FILE__, __LINE__, *during);
  SCALEKIT_EXPECT(!sent);
  SCALEKIT_EXPECT_OK(persistently(k.client(), {"PING"}));
  const auto after = in_threads(4, [&](std::size_t t) {
    return echo_tags(k.client(), "after " + std::to_string(t), 100, failures::none);
  });
  if (after) return failed_at(__FILE__, __LINE__, *after);
  return {};
}

constexpr redis_conformance_case cases[] = {
    {"threads/8 at once, no answer crossed", eight_threads},
    {"connections/1,000 opened and closed", open_and_close},
    {"faults/a request lost", request_lost},
    {"faults/an answer lost", reply_lost},
    {"faults/a pipeline's answers lost", pipeline_lost},
    {"faults/a script's answer lost", script_lost},
    {"faults/the server restarts", restart},
    {"faults/the server pauses, no answer crossed", pause},
};

}  // namespace

std::span<const redis_conformance_case> redis_fault_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
