// SPDX-License-Identifier: BSL-1.0
#include "child_process.hpp"
#include "servers.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace scalekit;
using namespace scalekit_tests;

TEST_CASE("hash slots are those of a server in cluster mode") {
  skip_unless(redis_server::is_installed(), "redis-server");
  // Its own choice for the cluster's port, ten thousand above, may be somebody's outgoing one.
  redis_server cluster(
      {"--cluster-enabled",
       "yes",
       "--cluster-config-file",
       "nodes.conf",
       "--cluster-port",
       std::to_string(free_port())}
  );
  auto r = redis::client::open({.port = cluster.port()});
  REQUIRE(r);
  std::mt19937 random(7);
  const std::string_view alphabet("{}ab\0\r\xff", 7);
  std::vector<std::string> keys{"", "{}", "{a}", "a{}b", "{a}{b}", "{{a}}", "a{b", "}a{b}"};
  for (int i = 0; i < 1000; ++i) {
    std::string key;
    for (auto length = random() % 12; length > 0; --length) {
      key.push_back(alphabet[random() % alphabet.size()]);
    }
    keys.push_back(key);
  }
  for (const std::string& key : keys) {
    CAPTURE(key);
    const auto theirs = (*r)->command({"CLUSTER", "KEYSLOT", key});
    REQUIRE(theirs);
    CHECK(*theirs->as_integer() == redis::hash_slot(key));
  }

  // No slot is served: what a client without redirects hears, it tells.
  const auto down = (*r)->command({"GET", "a"});
  REQUIRE(!down);
  CHECK(down.error().code() == errc::unavailable);
  CHECK(down.error().message().starts_with("CLUSTERDOWN"));
}
