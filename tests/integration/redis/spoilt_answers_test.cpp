// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/testing/redis_conformance.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;
using redis::reply;

namespace {

/// What becomes of one answer of a server.
enum class spoiling { to_an_error, to_null, to_arrays_of_errors, to_empty_arrays };

reply spoilt(const reply& r, spoiling how) {
  const auto elements = r.as_array();
  if (how == spoiling::to_null) return {};
  if (how == spoiling::to_empty_arrays) return reply(std::vector<reply>{});
  if (how == spoiling::to_an_error || !elements) return reply(redis::to_error("ERR spoilt"));
  std::vector<reply> errors;
  for (const reply& element : *elements) errors.push_back(spoilt(element, how));
  return reply(std::move(errors));
}

/// What the clients of one case share.
struct mischief {
  spoiling how = spoiling::to_an_error;
  int spoilt_call = 0;  ///< counted from 1
  std::atomic<int> calls{0};
  std::atomic<int> cut{0};  ///< 1: the next request is lost; 2: the next answer
  std::atomic<bool> silent{false};

  [[nodiscard]] bool spoils() { return ++calls == spoilt_call; }
};

/// A sound client but for one answer, and with faults made at will.
class spoiling_client final : public redis::commander {
 public:
  spoiling_client(redis::commander& inner, mischief& m) : inner_(&inner), mischief_(&m) {}

  result<reply> command(redis::arguments words) override {
    return faulty<reply>([&]() -> result<reply> {
      auto answer = inner_->command(words);
      if (!mischief_->spoils()) return answer;
      return spoilt(answer ? *answer : reply(answer.error()), mischief_->how);
    });
  }
  result<std::vector<reply>> pipeline(std::span<const redis::arguments> commands) override {
    return faulty<std::vector<reply>>([&]() -> result<std::vector<reply>> {
      auto answers = inner_->pipeline(commands);
      if (!answers || !mischief_->spoils()) return answers;
      if (mischief_->how == spoiling::to_empty_arrays) return std::vector<reply>{};
      for (reply& r : *answers) r = spoilt(r, mischief_->how);
      return answers;
    });
  }

 private:
  template <class T, class F>
  result<T> faulty(F call) {
    const error lost(errc::outcome_unknown, "lost");
    const int cut = mischief_->cut.exchange(0);
    if (cut == 1 || mischief_->silent) return lost;
    auto answer = call();
    if (cut == 2) return lost;
    return answer;
  }

  redis::commander* inner_;
  mischief* mischief_;
};

class fixture final : public testing::redis_fixture {
 public:
  fixture(redis::commander& inner, spoiling how, int call) : inner_(&inner) {
    mischief_.how = how;
    mischief_.spoilt_call = call;
  }
  result<std::unique_ptr<redis::commander>> connect() override {
    return std::unique_ptr<redis::commander>(new spoiling_client(*inner_, mischief_));
  }
  bool cut_next(testing::cut_point where) override {
    mischief_.cut = where == testing::cut_point::request ? 1 : 2;
    return true;
  }
  bool restart_server() override { return true; }
  bool pause_server() override { return mischief_.silent = true; }
  void resume_server() override { mischief_.silent = false; }

  [[nodiscard]] bool has_spoilt() const { return mischief_.calls >= mischief_.spoilt_call; }

 private:
  redis::commander* inner_;
  mischief mischief_;
};

}  // namespace

TEST_CASE("whichever answer is wrong, a conformance case ends, and each notices some") {
  skip_unless(redis_server::is_installed(), "redis-server");
  const redis_server server;
  const auto sound = redis::client::open({.port = server.port()});
  REQUIRE(sound);
  constexpr int most_calls = 10;
  for (const auto& c : testing::redis_conformance_cases()) {
    if (c.name.find("MiB") != c.name.npos) continue;  // as others, but for the time they take
    CAPTURE(c.name);
    int noticed = 0;
    bool spoilt_one = true;
    for (int call = 1; call <= most_calls && spoilt_one; ++call) {
      for (const auto how :
           {spoiling::to_an_error,
            spoiling::to_null,
            spoiling::to_arrays_of_errors,
            spoiling::to_empty_arrays}) {
        fixture f(**sound, how, call);
        const auto outcome = c.run(f);
        CHECK(outcome.verdict != testing::verdict::skipped);
        spoilt_one = f.has_spoilt();
        if (!spoilt_one) break;  // the case makes fewer calls
        noticed += outcome.verdict == testing::verdict::failed ? 1 : 0;
      }
    }
    CHECK(noticed > 0);
  }
}
