// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/sql/connection_pool.hpp>

#include <utility>

namespace scalekit::inline v0::sqlite {

struct pool::state {
  std::unique_ptr<sql::connection_pool> readers;
  std::unique_ptr<sql::connection_pool> writers;  // null: read-only
};

namespace {

// A file has no network that could lose a connection, and no server that ages.
result<std::unique_ptr<sql::connection_pool>> open_lane(
    const std::string& path,
    const connection_options& options,
    std::size_t places,
    std::chrono::milliseconds timeout,
    bool open_first
) {
  return sql::connection_pool::open(
      [path, options]() -> result<std::unique_ptr<sql::connection>> {
        auto opened = connection::open(path, options);
        if (!opened) return std::move(opened).error();
        return std::unique_ptr<sql::connection>(*std::move(opened));
      },
      {.max_connections = places,
       .acquire_timeout = timeout,
       .check_after = std::chrono::days(365),
       .max_lifetime = std::chrono::milliseconds::zero(),
       .open_first = open_first}
  );
}

}  // namespace

pool::pool(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
pool::~pool() = default;

result<std::unique_ptr<pool>> pool::open(std::string path, pool_options options) {
  const auto refuse = [](std::string why) {
    return error(errc::invalid_argument, "sqlite pool: " + std::move(why));
  };
  if (options.readers < 1 || options.readers > 1024) {
    return refuse("readers is " + std::to_string(options.readers) + "; allowed: 1 to 1024");
  }
  if (options.acquire_timeout.count() < 0 || options.acquire_timeout > std::chrono::hours(24)) {
    return refuse(
        "acquire_timeout is " + std::to_string(options.acquire_timeout.count()) +
        " ms; allowed: 0 to 24 hours"
    );
  }
  if (path == ":memory:") {
    return refuse("each connection would have its own \":memory:\"; use a file, or one connection");
  }
  auto s = std::make_unique<state>();
  const bool writes = options.connection.mode != open_mode::read_only;
  if (writes) {
    // The first connection makes the file and sets its journal mode, which a reader cannot, and
    // shows at once what is wrong with path and options.
    auto writers = open_lane(path, options.connection, 1, options.acquire_timeout, true);
    if (!writers) return std::move(writers).error();
    s->writers = *std::move(writers);
  }
  connection_options reading = options.connection;
  reading.mode = open_mode::read_only;
  auto readers = open_lane(path, reading, options.readers, options.acquire_timeout, !writes);
  if (!readers) return std::move(readers).error();
  s->readers = *std::move(readers);
  return std::unique_ptr<pool>(new pool(std::move(s)));
}

result<sql::connection_pool*> pool::lane(sql::access kind) const {
  if (kind == sql::access::read) return state_->readers.get();
  if (state_->writers) return state_->writers.get();
  return error(errc::invalid_argument, "sqlite pool: it was opened read-only, without a writer");
}

result<sql::pooled_connection> pool::acquire(sql::access kind) {
  auto l = lane(kind);
  if (!l) return std::move(l).error();
  return (*l)->acquire(kind);
}

result<sql::pooled_connection> pool::try_acquire(sql::access kind) {
  auto l = lane(kind);
  if (!l) return std::move(l).error();
  return (*l)->try_acquire(kind);
}

// What is lent belongs to a lane, and goes back to it.
void pool::give_back(sql::connection*, sql::access) noexcept {}

pool_stats pool::stats() const {
  const sql::pool_stats r = state_->readers->stats();
  const sql::pool_stats w = state_->writers ? state_->writers->stats() : sql::pool_stats{};
  return {
      .readers_in_use = r.in_use,
      .readers_idle = r.idle,
      .writers_in_use = w.in_use,
      .writers_idle = w.idle,
      .waited = r.waited + w.waited,
      .timeouts = r.timeouts + w.timeouts,
  };
}

}  // namespace scalekit::inline v0::sqlite
