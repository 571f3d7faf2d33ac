// SPDX-License-Identifier: BSL-1.0
// A host that has a Redis client already gives it to scalekit by one short class. This one is the
// smallest there is, a blocking connection of hiredis behind a mutex; the conformance suite then
// says whether it keeps the port's promises, and a rate limiter's script runs on it.
//
//   redis-server --port 7777 --save '' &
//   own_redis_client 127.0.0.1 7777
#include <scalekit/ports/redis.hpp>
#include <scalekit/testing/redis_conformance.hpp>

#include <cstdio>
#include <cstdlib>
#include <hiredis/hiredis.h>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace scalekit;

// [commander]
/// scalekit's Redis port over one blocking hiredis connection.
class own_client final : public redis::commander {
 public:
  own_client(std::string host, int port) : host_(std::move(host)), port_(port) {}

  result<redis::reply> command(redis::arguments words) override {
    if (words.empty()) return error(errc::invalid_argument, "a command without words");
    const std::lock_guard lock(mutex_);
    if (connection_ == nullptr || connection_->err != 0) {
      const timeval second{1, 0};
      connection_.reset(redisConnectWithTimeout(host_.c_str(), port_, second));
      if (connection_ == nullptr || connection_->err != 0) {
        return error(errc::unavailable, "cannot connect to " + host_, {"redis", 0});
      }
      redisSetTimeout(connection_.get(), second);
    }
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    const owned_reply answer(static_cast<redisReply*>(redisCommandArgv(
        connection_.get(), static_cast<int>(words.size()), texts.data(), sizes.data()
    )));
    // It was sent, or part of it, and whether it was carried out nobody knows.
    if (answer == nullptr) return error(errc::outcome_unknown, connection_->errstr, {"redis", 0});
    redis::reply reply = convert(*answer);
    if (reply.is_error()) return reply.failure();
    return reply;
  }

 private:
  struct closer {
    void operator()(redisContext* c) const { redisFree(c); }
    void operator()(redisReply* r) const { freeReplyObject(r); }
  };
  using owned_reply = std::unique_ptr<redisReply, closer>;

  static redis::reply convert(const redisReply& r) {
    if (r.type == REDIS_REPLY_INTEGER) return redis::reply(r.integer);
    if (r.type == REDIS_REPLY_NIL) return {};
    if (r.type == REDIS_REPLY_ERROR) return redis::reply(redis::to_error({r.str, r.len}));
    if (r.type != REDIS_REPLY_ARRAY) return redis::reply(std::string(r.str, r.len));
    std::vector<redis::reply> values;
    for (std::size_t i = 0; i < r.elements; ++i) values.push_back(convert(*r.element[i]));
    return redis::reply(std::move(values));
  }

  std::string host_;
  int port_;
  std::mutex mutex_;
  std::unique_ptr<redisContext, closer> connection_;
};
// [commander]

// [conformance]
class own_fixture final : public testing::redis_fixture {
 public:
  own_fixture(std::string host, int port) : host_(std::move(host)), port_(port) {}
  result<std::unique_ptr<redis::commander>> connect() override {
    return std::unique_ptr<redis::commander>(std::make_unique<own_client>(host_, port_));
  }

 private:
  std::string host_;
  int port_;
};

/// Whether the client keeps the port's promises.
bool conforms(testing::redis_fixture& fixture) {
  const auto sum = testing::run_redis_conformance(
      fixture,
      [](std::string_view name, const testing::conformance_outcome& outcome) {
        if (outcome.verdict != testing::verdict::failed) return;
        std::printf(
            "%.*s: %s\n", static_cast<int>(name.size()), name.data(), outcome.message.c_str()
        );
      }
  );
  std::printf(
      "conformance: %zu passed, %zu failed, %zu skipped\n", sum.passed, sum.failed, sum.skipped
  );
  return sum.failed == 0;
}
// [conformance]

// [script]
/// Takes one of `limit` calls a minute; 0 if there is none left. Atomic, in one round trip.
result<std::int64_t> take(redis::commander& r, std::string_view key, std::string_view limit) {
  static redis::script script(R"(
    local used = redis.call('INCR', KEYS[1])
    if used == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end
    return used <= tonumber(ARGV[1]) and 1 or 0
  )");
  auto answer = script.run(r, {key}, {limit});
  if (!answer) return answer.error();
  return answer->as_integer();
}
// [script]

result<void> limit(redis::commander& r) {
  if (auto gone = r.command({"DEL", "calls:{demo}"}); !gone) return gone.error();
  for (int call = 1; call <= 4; ++call) {
    auto allowed = take(r, "calls:{demo}", "3");
    if (!allowed) return allowed.error();
    std::printf("call %d: %s\n", call, *allowed != 0 ? "allowed" : "refused");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: own_redis_client HOST PORT\n");
    return 2;
  }
  const int port = std::atoi(argv[2]);
  own_client client(argv[1], port);
  if (auto done = limit(client); !done) {
    std::fprintf(stderr, "own_redis_client: %s\n", done.error().describe().c_str());
    return 1;
  }
  own_fixture fixture(argv[1], port);
  return conforms(fixture) ? 0 : 1;
}
