// SPDX-License-Identifier: BSL-1.0
// Decisions of the rate limiter: in one process, over each store, and in blocks; one JSON object a
// line. It starts its servers itself; the argument `local`, `redis` or `sql` runs a part.
#include "measure.hpp"
#include "servers.hpp"

#include <scalekit/adapters/mariadb/pool.hpp>
#include <scalekit/adapters/postgres/pool.hpp>
#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/resilience/keyed_limiter.hpp>
#include <scalekit/resilience/leased_limiter.hpp>
#include <scalekit/resilience/redis_limiter_store.hpp>
#include <scalekit/resilience/sql_limiter_store.hpp>
#include <scalekit/resilience/token_bucket.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace scalekit;
using namespace std::chrono_literals;
using bench::must;

constexpr int local_calls = 5'000'000;

resilience::rate plenty() {
  return must(resilience::rate::make({.tokens = 1'000'000'000, .period = 1s, .burst = 1 << 30}));
}

// The program's own time too, for on a busy machine the time of the wall says little.
void report(std::string_view what, std::int64_t calls, double cpu, double wall) {
  const auto n = static_cast<double>(calls);
  fmt::print(
      R"({{"what":"{}","cpu_ns":{:.1f},"wall_ns":{:.1f},"per_second":{:.0f}}})"
      "\n",
      what,
      cpu / n * 1e9,
      wall / n * 1e9,
      n / wall
  );
}

// The median of so many repetitions.
void measure(
    std::string_view what, std::int64_t calls, const std::function<void()>& all, int repetitions = 1
) {
  std::vector<std::pair<double, double>> took;
  for (int i = 0; i < repetitions; ++i) {
    const double cpu = bench::cpu_seconds();
    const auto start = bench::steady::now();
    all();
    took.emplace_back(bench::cpu_seconds() - cpu, bench::seconds_since(start));
  }
  std::sort(took.begin(), took.end());
  const auto [cpu, wall] = took[took.size() / 2];
  report(what, calls, cpu, wall);
}

// Of what stays in the process.
void measure_local(std::string_view what, const std::function<void()>& all) {
  measure(what, local_calls, all, 5);
}

void on_two_threads(std::string_view what, const std::function<void(int)>& work) {
  const auto both = [&] {
    std::thread other([&] { work(1); });
    work(0);
    other.join();
  };
  measure(what, 2 * local_calls, both, 5);
}

// What no limiter that several threads share can be below: one word swapped, one clock read.
void floor_of_all() {
  std::atomic<std::uint64_t> word{0};
  const auto swap_all = [&](int) {
    for (int i = 0; i < local_calls; ++i) {
      std::uint64_t seen = word.load(std::memory_order_relaxed);
      while (!word.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) {
      }
    }
  };
  measure_local("limit: compare-and-swap", [&] { swap_all(0); });
  on_two_threads("limit: compare-and-swap, two threads on one word", swap_all);
  for (const auto& [name, time] :
       {std::pair{"limit: clock", &scalekit::clock::system()},
        {"limit: fast clock", &scalekit::clock::fast()}}) {
    std::int64_t sum = 0;
    measure_local(name, [&] {
      for (int i = 0; i < local_calls; ++i) sum ^= time->steady_now().time_since_epoch().count();
    });
    if (sum == 0) bench::fail("the clock stands still");
  }
}

void local() {
  floor_of_all();
  const scalekit::clock& time = scalekit::clock::system();
  const auto now = time.steady_now();
  // One that is told the time, and one that goes by the clock and so is ahead of it.
  resilience::token_bucket bucket(plenty(), now), ticking(plenty(), now);
  std::int64_t allowed = 0;
  measure_local("try_take, time given", [&] {
    for (int i = 0; i < local_calls; ++i) allowed += bucket.try_take(now + i * 2ns) ? 1 : 0;
  });
  measure_local("try_take, with the clock", [&] {
    for (int i = 0; i < local_calls; ++i) allowed += ticking.try_take(time.steady_now()) ? 1 : 0;
  });
  const scalekit::clock& fast = scalekit::clock::fast();
  measure_local("try_take, with the fast clock", [&] {
    for (int i = 0; i < local_calls; ++i) allowed += ticking.try_take(fast.steady_now()) ? 1 : 0;
  });
  measure_local("take, time given", [&] {
    for (int i = 0; i < local_calls; ++i) allowed += bucket.take(now + i * 2ns).allowed ? 1 : 0;
  });
  const auto empty = must(resilience::rate::make({.tokens = 1, .period = 1h}));
  resilience::token_bucket shut(empty, now);
  measure_local("try_take, refused", [&] {
    for (int i = 0; i < local_calls; ++i) allowed += shut.try_take(now) ? 1 : 0;
  });
  on_two_threads("try_take, two threads on one bucket", [&](int) {
    for (int i = 0; i < local_calls; ++i) static_cast<void>(bucket.try_take(now + i * 2ns));
  });
  on_two_threads("try_take, with the fast clock, two threads on one bucket", [&](int) {
    for (int i = 0; i < local_calls; ++i) static_cast<void>(ticking.try_take(fast.steady_now()));
  });
  resilience::token_bucket second(plenty(), now);
  const std::array own{&bucket, &second};
  on_two_threads("try_take, two threads on two buckets", [&](int t) {
    resilience::token_bucket& mine = *own[static_cast<std::size_t>(t)];
    for (int i = 0; i < local_calls; ++i) static_cast<void>(mine.try_take(now + i * 2ns));
  });
  const auto keyed = must(resilience::keyed_limiter::open({.per_key = plenty()}, now));
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back("user-" + std::to_string(i));
  const auto by_key = [&](int t) {
    for (int i = 0; i < local_calls; ++i) {
      const auto& key = keys[static_cast<std::size_t>(i + t * 500) % keys.size()];
      static_cast<void>(keyed->take(now + i * 2ns, "tenant", key));
    }
  };
  measure_local("keyed, one thread on 1,000 keys", [&] { by_key(0); });
  on_two_threads("keyed, two threads on 1,000 keys", by_key);
  if (allowed == 0) bench::fail("nothing was allowed");
}

void through(std::string_view name, resilience::limiter_store& store, int calls) {
  const resilience::limit_claim claim{.name = "bench", .rate = plenty()};
  must(store.take({&claim, 1}));
  measure(fmt::format("{}, a call", name), calls, [&] {
    for (int i = 0; i < calls; ++i) must(store.take({&claim, 1}));
  });
  const resilience::limit_claim shut{
      .name = "shut", .rate = must(resilience::rate::make({.tokens = 1, .period = 1h}))};
  must(store.take({&shut, 1}));
  measure(fmt::format("{}, refused", name), calls, [&] {
    for (int i = 0; i < calls; ++i) must(store.take({&shut, 1}));
  });
  const std::array three{
      resilience::limit_claim{.name = "bench-a", .rate = plenty()},
      resilience::limit_claim{.name = "bench-b", .rate = plenty()},
      resilience::limit_claim{.name = "bench-c", .rate = plenty()}};
  measure(fmt::format("{}, three limits a call", name), calls, [&] {
    for (int i = 0; i < calls; ++i) must(store.take(three));
  });
  const scalekit::clock& time = scalekit::clock::system();
  auto leased =
      must(resilience::leased_limiter::open(store, {.name = "leased", .rate = plenty(), .nodes = 1})
      );
  std::int64_t allowed = 0;
  measure(fmt::format("{}, leased", name), local_calls, [&] {
    for (int i = 0; i < local_calls; ++i)
      allowed += leased->take(time.steady_now()).allowed ? 1 : 0;
  });
  fmt::print(
      R"({{"what":"{}, leased: round trips","calls":{},"allowed":{},"round_trips":{}}})"
      "\n",
      name,
      local_calls,
      allowed,
      leased->stats().round_trips
  );
}

// User and system time of another process.
double cpu_seconds_of(pid_t pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string word;
  double ticks = 0;
  for (int field = 1; stat >> word; ++field) {
    if (field == 14 || field == 15) ticks += std::stod(word);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// What the server can do: the store's own script, many calls in one round trip.
void redis_pipelined(
    const scalekit_tests::redis_server& server,
    redis::commander& r,
    resilience::limiter_store& store
) {
  const resilience::limit_claim claim{.name = "piped", .rate = plenty()};
  must(store.take({&claim, 1}));
  struct recorder final : redis::commander {
    explicit recorder(redis::commander& to) : inner(to) {}
    result<redis::reply> command(redis::arguments words) override {
      last.assign(words.begin(), words.end());
      return inner.command(words);
    }
    redis::commander& inner;
    std::vector<std::string> last{};
  } seen(r);
  auto again = must(resilience::redis_limiter_store::open(seen));
  must(again->take({&claim, 1}));
  must(again->take({&claim, 1}));
  const std::vector<std::string_view> words(seen.last.begin(), seen.last.end());
  const std::vector<redis::arguments> sixteen(16, words);
  constexpr int rounds = 5000;
  const double before = cpu_seconds_of(server.pid());
  measure("redis, 16 calls a round trip", rounds * 16, [&] {
    for (int i = 0; i < rounds; ++i) must(r.pipeline(sixteen));
  });
  const double cpu = cpu_seconds_of(server.pid()) - before;
  report("redis, 16 calls a round trip: the server", rounds * 16, cpu, cpu);
}

void redis_store() {
  const scalekit_tests::redis_server server({"--appendonly", "no"});
  auto client = must(redis::client::open({.port = server.port()}));
  auto store = must(resilience::redis_limiter_store::open(*client));
  through("redis", *store, 20'000);
  redis_pipelined(server, *client, *store);
}

void sql_stores() {
  const scalekit_tests::temp_folder folder;
  auto file = must(sqlite::pool::open(folder / "limits.db"));
  through("sqlite", *must(resilience::sql_limiter_store::open(*file)), 5000);
  // A limit that a power cut sets back by a little is still one: its file need not be durable.
  sqlite::pool_options not_synced;
  not_synced.connection.sync = sqlite::synchronous::normal;
  auto fast = must(sqlite::pool::open(folder / "fast.db", not_synced));
  through("sqlite, not synced", *must(resilience::sql_limiter_store::open(*fast)), 20'000);
  const scalekit_tests::postgres_server postgres_server;
  auto pg = must(postgres::open_pool({.conninfo = postgres_server.conninfo()}));
  through("postgres", *must(resilience::sql_limiter_store::open(*pg)), 2000);
  const scalekit_tests::mariadb_server mariadb_server;
  auto my = must(mariadb::open_pool(
      {.port = mariadb_server.port(),
       .user = std::string(scalekit_tests::server_user),
       .password = std::string(scalekit_tests::server_password),
       .database = std::string(scalekit_tests::server_database)}
  ));
  through("mariadb", *must(resilience::sql_limiter_store::open(*my)), 2000);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view part = argc > 1 ? argv[1] : "all";
  if (part == "all" || part == "local") local();
  if (part == "all" || part == "redis") redis_store();
  if (part == "all" || part == "sql") sql_stores();
  return 0;
}
