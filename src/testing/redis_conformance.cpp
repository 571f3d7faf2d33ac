// SPDX-License-Identifier: BSL-1.0
#include "testing/redis_conformance_support.hpp"

#include <scalekit/clock.hpp>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

redis_fixture::~redis_fixture() = default;

std::span<const redis_conformance_case> redis_conformance_cases() {
  static const std::vector<redis_conformance_case> all = [] {
    std::vector<redis_conformance_case> cases;
    for (const auto& part :
         {redis_reply_cases(), redis_pipeline_cases(), redis_script_cases(), redis_fault_cases()}) {
      cases.insert(cases.end(), part.begin(), part.end());
    }
    return cases;
  }();
  return all;
}

conformance_summary run_redis_conformance(
    redis_fixture& fixture,
    const std::function<void(std::string_view, const conformance_outcome&)>& report
) {
  return run_cases(redis_conformance_cases(), fixture, report);
}

result<scratch_key> scratch_key::make(redis_fixture& fixture, std::string_view name) {
  auto client = fixture.connect();
  if (!client) return client.error();
  scratch_key made(*std::move(client), "sk_conformance:{" + std::string(name) + "}");
  if (auto gone = persistently(made.client(), {"DEL", made.name()}); !gone) return gone.error();
  return made;
}

scratch_key::~scratch_key() {
  if (client_ != nullptr) static_cast<void>(persistently(*client_, {"DEL", name_}));
}

result<std::int64_t> integer(redis::commander& r, redis::arguments words) {
  auto answer = r.command(words);
  if (!answer) return answer.error();
  return answer->as_integer();
}

result<std::string> text(redis::commander& r, redis::arguments words) {
  auto answer = r.command(words);
  if (!answer) return answer.error();
  return answer->as_text().transform([](std::string_view t) { return std::string(t); });
}

bool holds(const redis::reply& r, std::int64_t expected) {
  const auto value = r.as_integer();
  return value && *value == expected;
}

bool holds(const redis::reply& r, std::string_view expected) {
  const auto value = r.as_text();
  return value && *value == expected;
}

result<redis::reply> persistently(redis::commander& r, redis::arguments words) {
  constexpr int most_tries = 200;
  for (int tries = 1;; ++tries) {
    auto answer = r.command(words);
    if (answer || !answer.error().retryable() || tries == most_tries) return answer;
    const auto asked = answer.error().retry_after().value_or(std::chrono::milliseconds(0));
    sleeper::system().sleep_for(asked + std::chrono::milliseconds(1));
  }
}

std::optional<std::string> in_threads(
    std::size_t threads, const std::function<result<void>(std::size_t)>& work
) {
  std::mutex mutex;
  std::optional<std::string> first;
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      auto done = work(i);
      if (done) return;
      const std::lock_guard lock(mutex);
      if (!first) first = "thread " + std::to_string(i) + ": " + done.error().describe();
    });
  }
  for (std::thread& t : running) t.join();
  return first;
}

result<void> echo_tags(redis::commander& r, std::string_view tag, std::size_t count, failures f) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string sent = std::string(tag) + ":" + std::to_string(i);
    auto came = text(r, {"ECHO", sent});
    if (!came && came.error().code() != errc::data_corrupted && f == failures::allowed) continue;
    if (!came) return came.error();
    if (*came != sent) {
      return error(errc::internal, "sent \"" + sent + "\", got the answer \"" + *came + "\"");
    }
  }
  return {};
}

}  // namespace scalekit::inline v0::testing
