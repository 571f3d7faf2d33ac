// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "tcp_proxy.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/testing/redis_conformance.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;
using std::chrono::milliseconds;

namespace {

redis_server& server() {
  skip_unless(redis_server::is_installed(), "redis-server");
  static redis_server instance;
  return instance;
}

class fixture : public testing::redis_fixture {
 public:
  result<std::unique_ptr<redis::commander>> connect() override {
    return redis::client::open(options()).transform([](auto c) {
      return std::unique_ptr<redis::commander>(std::move(c));
    });
  }
  bool cut_next(testing::cut_point where) override {
    const bool request = where == testing::cut_point::request;
    proxy_.cut_after(request ? direction::request : direction::reply, 0);
    return true;
  }
  bool restart_server() override {
    server().restart();
    return true;
  }
  bool pause_server() override {
    server().pause();
    return true;
  }
  void resume_server() override { server().resume(); }

 protected:
  virtual redis::client_options options() const {
    return {
        .port = proxy_.port(),
        .connect_timeout = milliseconds(200),
        .command_timeout = patience,
        .acquire_timeout = milliseconds(10'000),
        .backoff_base = milliseconds(5),
        .backoff_max = milliseconds(20),
    };
  }
  // Under a sanitizer, on a busy machine, 64 MiB must pass without such a silence.
  static constexpr milliseconds patience{500};

 private:
  tcp_proxy proxy_{server().port()};
};

class one_connection final : public fixture {
  redis::client_options options() const override {
    auto o = fixture::options();
    o.max_connections = 1;
    return o;
  }
};

std::set<std::string> run_all(testing::redis_fixture& f) {
  std::set<std::string> skipped;
  const auto sum = testing::run_redis_conformance(
      f,
      [&](std::string_view name, const testing::conformance_outcome& outcome) {
        CAPTURE(name);
        CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
        if (outcome.verdict == testing::verdict::skipped) skipped.emplace(name);
      }
  );
  CHECK(sum.passed + sum.failed + sum.skipped == testing::redis_conformance_cases().size());
  return skipped;
}

}  // namespace

TEST_CASE("the client passes everything") {
  fixture f;
  CHECK(run_all(f).empty());
}

TEST_CASE("with one connection for all threads too") {
  one_connection f;
  CHECK(run_all(f).empty());
}

TEST_CASE("case names are distinct") {
  std::set<std::string_view> names;
  for (const auto& c : testing::redis_conformance_cases()) CHECK(names.insert(c.name).second);
}
