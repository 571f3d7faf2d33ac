// SPDX-License-Identifier: BSL-1.0
#include "redis_backend.hpp"

#include "backend.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/resilience/redis_limiter_store.hpp>

#include <string>

namespace limiter_test {

namespace {

class redis_backend final : public backend {
 public:
  redis_backend()
      : client_(scalekit::redis::client::open({.port = redis().port()}).value()),
        store_(scalekit::resilience::redis_limiter_store::open(*client_).value()) {}

  scalekit::resilience::limiter_store& store() override { return *store_; }
  void pass(std::chrono::microseconds time) override {
    static scalekit::redis::script past(R"(
      for _, key in ipairs(redis.call('KEYS', '*')) do
        local us, part, paused, rest =
          string.match(redis.call('GET', key), '^(%d+) (%d+) (%d+)( .*)$')
        local function back(n) return string.format('%.0f', math.max(tonumber(n) - ARGV[1], 0)) end
        redis.call('SET', key, table.concat({back(us), part, back(paused)}, ' ') .. rest, 'KEEPTTL')
      end
      return 0)");
    static_cast<void>(past.run(*client_, {}, {std::to_string(time.count())}).value());
  }
  void forget() override { static_cast<void>(client_->command({"FLUSHALL"}).value()); }
  std::uint64_t round_trips() override { return client_->stats().commands; }
  std::uint64_t round_trips_of_take() override { return 1; }
  bool spoil(std::string_view name) override {
    const std::string key = "scalekit:{limit}:" + std::string(name);
    return client_->command({"SET", key, "not a limit"}).has_value();
  }

 private:
  std::unique_ptr<scalekit::redis::client> client_;
  std::unique_ptr<scalekit::resilience::redis_limiter_store> store_;
};

}  // namespace

scalekit_tests::redis_server& redis() {
  scalekit_tests::skip_unless(scalekit_tests::redis_server::is_installed(), "Redis");
  static scalekit_tests::redis_server s({"--appendonly", "no", "--save", ""});
  return s;
}

std::unique_ptr<backend> open_backend() { return std::make_unique<redis_backend>(); }
void start_server() { static_cast<void>(redis()); }

}  // namespace limiter_test
