// SPDX-License-Identifier: BSL-1.0
// Latency of scalekit's Redis client against bare hiredis, on one connection to a server that it
// starts itself; one JSON object per call.
#include "servers.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/clock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <hiredis/hiredis.h>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace scalekit;

struct closer {
  void operator()(redisContext* c) const { redisFree(c); }
  void operator()(redisReply* r) const { freeReplyObject(r); }
};
using reply_ptr = std::unique_ptr<redisReply, closer>;

struct bare_command {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  explicit bare_command(redis::arguments words) {
    for (const std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
  }
  [[nodiscard]] int count() const { return static_cast<int>(texts.size()); }
};

// Median and 99th percentile, in microseconds; the two take turns so that noise hits both.
struct figures {
  double p50, p99;
};

figures summarise(std::vector<double>& us) {
  std::ranges::sort(us);
  return {us[us.size() / 2], us[us.size() * 99 / 100]};
}

double microseconds(const std::function<bool()>& call) {
  const steady_time start = clock::system().steady_now();
  if (!call()) {
    fmt::print(stderr, "bench_redis: a call failed\n");
    std::exit(1);
  }
  return static_cast<double>((clock::system().steady_now() - start).count()) / 1000.0;
}

void compare(
    std::string_view name, const std::function<bool()>& bare, const std::function<bool()>& ours
) {
  constexpr int rounds = 20'000;
  std::vector<double> bare_us;
  std::vector<double> our_us;
  for (int i = 0; i < rounds; ++i) {
    bare_us.push_back(microseconds(bare));
    our_us.push_back(microseconds(ours));
  }
  const figures b = summarise(bare_us);
  const figures o = summarise(our_us);
  fmt::print(
      R"({{"what":"{}","bare_us":{:.2f},"bare_p99_us":{:.2f},"ours_us":{:.2f},"ours_p99_us":{:.2f}}})"
      "\n",
      name,
      b.p50,
      b.p99,
      o.p50,
      o.p99
  );
}

}  // namespace

int main() {
  const scalekit_tests::redis_server server({"--appendonly", "no"});
  auto client = redis::client::open({.port = server.port(), .max_connections = 1});
  const std::unique_ptr<redisContext, closer> context(redisConnect("127.0.0.1", server.port()));
  if (!client || context == nullptr || context->err != 0) {
    fmt::print(stderr, "bench_redis: cannot connect\n");
    return 1;
  }
  redis::commander& r = **client;
  auto loaded = r.command({"SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])"});
  if (!loaded) return 1;
  const std::string digest(*loaded->as_text());

  const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> cases{
      {"PING", {"PING"}},
      {"SET NX PX", {"SET", "bench:{k}", "0123456789", "NX", "PX", "60000"}},
      {"EVALSHA", {"EVALSHA", digest, "1", "bench:{n}"}},
  };
  for (const auto& [name, words] : cases) {
    const bare_command bare(words);
    const auto once = [&] {
      const reply_ptr answer(static_cast<redisReply*>(redisCommandArgv(
          context.get(),
          bare.count(),
          const_cast<const char**>(bare.texts.data()),
          bare.sizes.data()
      )));
      return answer != nullptr && answer->type != REDIS_REPLY_ERROR;
    };
    compare(name, once, [&] { return static_cast<bool>(r.command(words)); });

    const std::vector<redis::arguments> sixteen(16, words);
    const auto piped = [&] {
      for (int i = 0; i < 16; ++i) {
        redisAppendCommandArgv(
            context.get(),
            bare.count(),
            const_cast<const char**>(bare.texts.data()),
            bare.sizes.data()
        );
      }
      for (int i = 0; i < 16; ++i) {
        void* answer = nullptr;
        if (redisGetReply(context.get(), &answer) != REDIS_OK) return false;
        freeReplyObject(answer);
      }
      return true;
    };
    compare(std::string(name) + " x16", piped, [&] {
      return static_cast<bool>(r.pipeline(sixteen));
    });
  }
  static_cast<void>(r.command({"DEL", "bench:{k}", "bench:{n}"}));
  return 0;
}
