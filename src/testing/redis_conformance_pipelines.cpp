// SPDX-License-Identifier: BSL-1.0
#include "testing/redis_conformance_support.hpp"

#include <vector>

namespace scalekit::inline v0::testing {

namespace {

using redis::arguments;

// Commands whose words live somewhere, for a pipeline only borrows them.
class command_list {
 public:
  void add(std::vector<std::string> words) { owned_.push_back(std::move(words)); }
  [[nodiscard]] result<std::vector<redis::reply>> run(redis::commander& r) const {
    std::vector<std::vector<std::string_view>> views;
    views.reserve(owned_.size());
    for (const auto& words : owned_) views.emplace_back(words.begin(), words.end());
    const std::vector<arguments> commands(views.begin(), views.end());
    return r.pipeline(commands);
  }

 private:
  std::vector<std::vector<std::string>> owned_;
};

conformance_outcome empty(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  SCALEKIT_TRY(none, r->pipeline({}));
  SCALEKIT_EXPECT(none.empty());
  SCALEKIT_TRY(pong, text(*r, {"PING"}));
  SCALEKIT_EXPECT(pong == "PONG");
  return {};
}

conformance_outcome in_order(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "order"));
  command_list commands;
  for (int i = 0; i < 1000; ++i) commands.add({"INCR", k.name()});
  SCALEKIT_TRY(replies, commands.run(k.client()));
  SCALEKIT_EXPECT(replies.size() == 1000);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    SCALEKIT_TRY(n, replies[i].as_integer());
    SCALEKIT_EXPECT(static_cast<std::size_t>(n) == i + 1);
  }
  return {};
}

conformance_outcome error_in_the_middle(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "middle"));
  command_list commands;
  commands.add({"SET", k.name(), "5"});
  commands.add({"LPUSH", k.name(), "x"});
  commands.add({"INCR", k.name()});
  SCALEKIT_TRY(replies, commands.run(k.client()));
  SCALEKIT_EXPECT(replies.size() == 3);
  SCALEKIT_EXPECT(replies[0].is_ok());
  SCALEKIT_EXPECT(replies[1].is_error());
  SCALEKIT_EXPECT(replies[1].failure().code() == errc::invalid_argument);
  SCALEKIT_EXPECT(replies[1].failure().message().starts_with("WRONGTYPE"));
  SCALEKIT_TRY(n, replies[2].as_integer());
  SCALEKIT_EXPECT(n == 6);
  return {};
}

conformance_outcome many_commands(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  constexpr std::size_t count = 100'000;
  command_list commands;
  for (std::size_t i = 0; i < count; ++i) commands.add({"ECHO", std::to_string(i)});
  SCALEKIT_TRY(replies, commands.run(*r));
  SCALEKIT_EXPECT(replies.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    SCALEKIT_EXPECT(holds(replies[i], std::to_string(i)));
  }
  return {};
}

// More both ways than all buffers between hold: who writes everything before it reads anything
// never ends.
conformance_outcome large_both_ways(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  constexpr std::size_t count = 64;
  const std::string padding(std::size_t{1} << 20U, '.');
  command_list commands;
  for (std::size_t i = 0; i < count; ++i) commands.add({"ECHO", std::to_string(i) + padding});
  SCALEKIT_TRY(replies, commands.run(*r));
  SCALEKIT_EXPECT(replies.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    SCALEKIT_EXPECT(holds(replies[i], std::to_string(i) + padding));
  }
  return {};
}

conformance_outcome transaction(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "multi"));
  command_list commands;
  commands.add({"MULTI"});
  commands.add({"SET", k.name(), "1"});
  commands.add({"LPUSH", k.name(), "x"});
  commands.add({"INCR", k.name()});
  commands.add({"EXEC"});
  commands.add({"GET", k.name()});
  auto replies = commands.run(k.client());
  if (!replies && replies.error().code() == errc::not_supported) {
    return skipped("this client has no transactions: " + replies.error().message());
  }
  SCALEKIT_EXPECT_OK(replies);
  SCALEKIT_EXPECT(replies->size() == 6);
  SCALEKIT_TRY(done, (*replies)[4].as_array());
  SCALEKIT_EXPECT(done.size() == 3);
  SCALEKIT_EXPECT(done[0].is_ok());
  SCALEKIT_EXPECT(done[1].is_error());
  SCALEKIT_EXPECT(holds(done[2], 2));
  SCALEKIT_EXPECT(holds((*replies)[5], "2"));
  return {};
}

conformance_outcome transaction_refused_whole(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "abort"));
  command_list commands;
  commands.add({"MULTI"});
  commands.add({"SET", k.name(), "1"});
  commands.add({"SET", k.name()});
  commands.add({"EXEC"});
  auto replies = commands.run(k.client());
  if (!replies && replies.error().code() == errc::not_supported) {
    return skipped("this client has no transactions: " + replies.error().message());
  }
  SCALEKIT_EXPECT_OK(replies);
  SCALEKIT_EXPECT(replies->size() == 4);
  SCALEKIT_EXPECT((*replies)[3].is_error());
  SCALEKIT_TRY(missing, k.client().command({"GET", k.name()}));
  SCALEKIT_EXPECT(missing.is_null());
  return {};
}

constexpr redis_conformance_case cases[] = {
    {"pipelines/an empty one", empty},
    {"pipelines/answers come in order", in_order},
    {"pipelines/an error in the middle", error_in_the_middle},
    {"pipelines/100,000 commands", many_commands},
    {"pipelines/64 MiB both ways", large_both_ways},
    {"pipelines/a transaction", transaction},
    {"pipelines/a transaction refused as a whole", transaction_refused_whole},
};

}  // namespace

std::span<const redis_conformance_case> redis_pipeline_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
