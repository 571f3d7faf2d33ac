// SPDX-License-Identifier: BSL-1.0
#include "http/client_pool.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::http {

using std::chrono::milliseconds;

client_pool::loan::~loan() {
  if (pool_ == nullptr) return;
  connection.reset();  // closed before another may open in its place
  pool_->drop(origin_);
}

void client_pool::loan::give_back() {
  std::exchange(pool_, nullptr)->give_back(origin_, std::move(connection));
}

bool client_pool::is_past(steady_time since, milliseconds limit) const noexcept {
  return limit.count() > 0 && settings_.time->steady_now() - since > limit;
}

void client_pool::remove(const witness&, idle_list::iterator which, idle_list& closing) {
  auto& of_origin = origins_.find(which->origin)->second.idle;
  of_origin.erase(std::find(of_origin.begin(), of_origin.end(), which));
  closing.splice(closing.end(), idle_, which);
}

void client_pool::forget(const witness&, const std::string& origin) {
  --open_;
  const auto at = origins_.find(origin);
  if (--at->second.open == 0) origins_.erase(at);
  ++freed_count_;
  freed_.notify_all();
}

void client_pool::expire(const witness& lock, idle_list& closing) {
  while (!idle_.empty() &&
         is_past(idle_.front().connection->idle_since, settings_.options.pool.idle_timeout)) {
    const std::string origin = idle_.front().origin;
    remove(lock, idle_.begin(), closing);
    forget(lock, origin);
  }
}

std::unique_ptr<client_connection> client_pool::take_idle(
    const witness& lock, const std::string& origin, idle_list& closing
) {
  for (;;) {
    const auto at = origins_.find(origin);
    if (at == origins_.end() || at->second.idle.empty()) return nullptr;
    idle_list one;
    remove(lock, at->second.idle.back(), one);
    auto& c = one.front().connection;
    if (!is_past(c->opened, settings_.options.pool.max_lifetime)) return std::move(c);
    closing.splice(closing.end(), one);
    forget(lock, origin);
  }
}

/// Whether one more may be opened, perhaps in place of an idle one.
bool client_pool::make_room(const witness& lock, const std::string& origin, idle_list& closing) {
  const auto& limits = settings_.options.pool;
  if (const auto at = origins_.find(origin);
      at != origins_.end() && at->second.open >= limits.max_per_origin) {
    if (at->second.idle.empty()) return false;
    remove(lock, at->second.idle.front(), closing);
    forget(lock, origin);
  } else if (open_ >= limits.max_connections) {
    if (idle_.empty()) return false;
    const std::string oldest = idle_.front().origin;
    remove(lock, idle_.begin(), closing);
    forget(lock, oldest);
  }
  return true;
}

std::optional<client_pool::loan> client_pool::take_quiet(
    witness& lock, const std::string& origin, idle_list& closing
) {
  while (auto idle = take_idle(lock, origin, closing)) {
    lock.unlock();
    {
      loan out(*this, origin);
      out.connection = std::move(idle);
      out.fresh = false;
      if (out.connection->is_quiet()) {
        ++reuses_;
        return out;
      }
    }  // the server had closed it
    lock.lock();
  }
  return std::nullopt;
}

result<client_pool::loan> client_pool::acquire(const url& to, wish w, call& c) {
  const std::string origin = to.origin();
  c.enter(step::acquire, settings_.options.timeouts.acquire);
  idle_list closing;  // outlives the lock
  witness lock(mutex_);
  expire(lock, closing);
  for (;;) {
    if (c.stop().stop_requested()) return c.stopped();
    if (w == wish::any) {
      if (auto kept = take_quiet(lock, origin, closing)) return *std::move(kept);
    }
    if (make_room(lock, origin, closing)) break;
    const duration left = c.step_end() - c.time().steady_now();
    if (left.count() <= 0) return c.failed(errc::busy, c.too_long("waiting for a connection"));
    // Any that comes free will do; of which origin it is shows above.
    freed_.wait_for(lock, c.stop(), left, [this, seen = freed_count_] {
      return freed_count_ != seen;
    });
  }
  ++open_;
  ++origins_[origin].open;
  lock.unlock();
  closing.clear();
  loan out(*this, origin);
  auto opened = client_connection::open(settings_, names_, to, c);
  if (!opened) return opened.error();
  ++connects_;
  out.connection = *std::move(opened);
  return out;
}

void client_pool::give_back(const std::string& origin, std::unique_ptr<client_connection> c) {
  idle_list closing;
  idle_list one;
  one.push_back({origin, std::move(c)});
  witness lock(mutex_);
  auto& state = origins_.find(origin)->second;
  one.front().connection->idle_since = settings_.time->steady_now();
  if (state.idle.size() >= settings_.options.pool.max_idle_per_origin) {
    closing.splice(closing.end(), one);
    forget(lock, origin);
    return;
  }
  state.idle.push_back(one.begin());
  idle_.splice(idle_.end(), one);
  ++freed_count_;
  freed_.notify_all();
}

void client_pool::drop(const std::string& origin) noexcept {
  const witness lock(mutex_);
  forget(lock, origin);
}

void client_pool::close_idle() noexcept {
  idle_list closing;
  const witness lock(mutex_);
  while (!idle_.empty()) {
    const std::string origin = idle_.front().origin;
    remove(lock, idle_.begin(), closing);
    forget(lock, origin);
  }
}

client_pool::counts client_pool::count() const {
  const std::lock_guard lock(mutex_);
  return {open_, idle_.size(), connects_, reuses_};
}

}  // namespace scalekit::inline v0::http
