// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/connection_pool.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace scalekit::inline v0::sql {

namespace {

struct member {
  std::unique_ptr<connection> held;
  steady_time expires;     ///< the far future where it never does
  steady_time idle_since;  ///< when it came back
};

using members = std::list<member>;

// One who waits in `acquire`, on that thread's stack.
struct waiter {
  std::condition_variable granted;
  bool done = false;
  connection* got = nullptr;  // null when done: the place of a connection, to be opened
};

}  // namespace

struct connection_pool::state {
  connector connect;
  pool_options options;
  const scalekit::clock& clock;
  random_source& random;

  mutable std::mutex mutex;
  // A place is taken by a connection that is lent, idle or being opened.
  std::size_t taken = 0;
  members lent;
  members idle;  // the one used last at the end
  std::unordered_map<connection*, members::iterator> where;
  std::deque<waiter*> queue;
  // Whatever has been idle since before this is checked: another connection was found lost then.
  steady_time suspect = steady_time::min();
  pool_stats counts;

  state(connector c, pool_options o)
      : connect(std::move(c)),
        options(o),
        clock(o.clock != nullptr ? *o.clock : scalekit::clock::system()),
        random(o.random != nullptr ? *o.random : random_source::system()) {}

  // Hands a connection, or the right to open one, to whoever waits longest.
  bool grant(connection* c) noexcept {
    if (queue.empty()) return false;
    waiter& first = *queue.front();
    queue.pop_front();
    first.got = c;
    first.done = true;
    first.granted.notify_one();
    return true;
  }

  void free_place() noexcept {
    const std::lock_guard lock(mutex);
    if (!grant(nullptr)) --taken;
  }

  struct place_guard {
    explicit place_guard(state& s) noexcept : owner(s) {}
    place_guard(const place_guard&) = delete;
    place_guard& operator=(const place_guard&) = delete;
    ~place_guard() {
      if (!keep) owner.free_place();
    }
    state& owner;
    bool keep = false;
  };

  // Forgets a lent connection and closes it; its place stays taken.
  void close(connection* c, std::uint64_t pool_stats::*why) noexcept {
    members closing;
    {
      const std::lock_guard lock(mutex);
      const auto found = where.find(c);
      closing.splice(closing.end(), lent, found->second);
      where.erase(found);
      ++(counts.*why);
      if (why == &pool_stats::broken) suspect = clock.steady_now();
    }
  }

  [[nodiscard]] steady_time expiry() {
    const duration life = options.max_lifetime;
    if (life == duration::zero()) return steady_time::max();
    const auto tenth = static_cast<std::uint64_t>(life.count() / 10);
    return clock.steady_now() + life -
           duration(static_cast<duration::rep>(random.below(tenth + 1)));
  }

  // Opens a connection in a place that is taken already.
  result<connection*> open_one() {
    place_guard place(*this);  // a connector of the host's may throw
    auto opened = connect();
    if (!opened) return std::move(opened).error();
    connection* c = opened->get();
    members made;
    made.push_back({*std::move(opened), expiry(), {}});
    const std::lock_guard lock(mutex);
    where.emplace(c, made.begin());
    lent.splice(lent.end(), made);
    ++counts.opened;
    place.keep = true;
    return c;
  }

  // An idle or returned connection, or null for the right to open one.
  result<connection*> wait_for_one(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex);
    if (!idle.empty()) {
      lent.splice(lent.end(), idle, std::prev(idle.end()));
      return lent.back().held.get();
    }
    if (taken < options.max_connections) {
      ++taken;
      return static_cast<connection*>(nullptr);
    }
    if (timeout.count() > 0) {
      ++counts.waited;
      waiter self;
      queue.push_back(&self);
      self.granted.wait_for(lock, timeout, [&] { return self.done; });
      if (self.done) return self.got;
      std::erase(queue, &self);
    }
    ++counts.timeouts;
    return error(
        errc::busy,
        "connection pool: none came free within " + std::to_string(timeout.count()) + " ms; " +
            std::to_string(taken - idle.size()) + " of " + std::to_string(options.max_connections) +
            " are out"
    );
  }

  // Why a connection that was idle must not be lent, or null.
  std::uint64_t pool_stats::*objection(connection* c) {
    steady_time expires, idle_since, lost;
    {
      const std::lock_guard lock(mutex);
      const member& m = *where.at(c);
      expires = m.expires;
      idle_since = m.idle_since;
      lost = suspect;
    }
    const steady_time now = clock.steady_now();
    if (now >= expires) return &pool_stats::expired;
    const bool to_check = now - idle_since >= options.check_after || idle_since <= lost;
    if (c->is_broken() || (to_check && !c->execute_script("SELECT 1"))) return &pool_stats::broken;
    return nullptr;
  }

  result<connection*> lend(std::chrono::milliseconds timeout) {
    auto c = wait_for_one(timeout);
    if (!c) return c;
    if (*c != nullptr) {
      const auto why = objection(*c);
      if (why == nullptr) return c;
      close(*c, why);
    }
    return open_one();
  }

  void take_back(connection* c) noexcept {
    const bool lost = c->is_broken() || (c->in_transaction() && !c->rollback());
    const steady_time now = clock.steady_now();
    std::unique_lock lock(mutex);
    const members::iterator m = where.find(c)->second;
    if (lost || now >= m->expires) {
      lock.unlock();
      close(c, lost ? &pool_stats::broken : &pool_stats::expired);
      free_place();
      return;
    }
    m->idle_since = now;
    if (!grant(c)) idle.splice(idle.end(), lent, m);
  }
};

connection_pool::connection_pool(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
connection_pool::~connection_pool() = default;

result<std::unique_ptr<connection_pool>> connection_pool::open(
    connector connect, pool_options options
) {
  const auto refuse = [](std::string why) {
    return error(errc::invalid_argument, "connection pool: " + std::move(why));
  };
  if (options.max_connections < 1 || options.max_connections > 10'000) {
    return refuse(
        "max_connections is " + std::to_string(options.max_connections) + "; allowed: 1 to 10000"
    );
  }
  struct {
    const char* name;
    std::chrono::milliseconds value;
  } const times[] = {
      {"acquire_timeout", options.acquire_timeout},
      {"check_after", options.check_after},
      {"max_lifetime", options.max_lifetime}};
  for (const auto& [name, value] : times) {
    if (value.count() < 0 || value > std::chrono::days(365)) {
      return refuse(
          std::string(name) + " is " + std::to_string(value.count()) + " ms; allowed: 0 to 365 days"
      );
    }
  }
  auto s = std::make_unique<state>(std::move(connect), options);
  if (options.open_first) {
    s->taken = 1;
    auto first = s->open_one();
    if (!first) return std::move(first).error();
    s->take_back(*first);
  }
  return std::unique_ptr<connection_pool>(new connection_pool(std::move(s)));
}

result<pooled_connection> connection_pool::acquire(access kind) {
  auto c = state_->lend(state_->options.acquire_timeout);
  if (!c) return std::move(c).error();
  return pooled_connection(*this, *c, kind);
}

result<pooled_connection> connection_pool::try_acquire(access kind) {
  auto c = state_->lend(std::chrono::milliseconds::zero());
  if (!c) return std::move(c).error();
  return pooled_connection(*this, *c, kind);
}

void connection_pool::give_back(connection* c, access) noexcept { state_->take_back(c); }

pool_stats connection_pool::stats() const {
  const std::lock_guard lock(state_->mutex);
  pool_stats now = state_->counts;
  now.idle = state_->idle.size();
  now.in_use = state_->taken - now.idle;
  return now;
}

}  // namespace scalekit::inline v0::sql
