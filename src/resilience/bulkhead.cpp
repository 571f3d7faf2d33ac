// SPDX-License-Identifier: BSL-1.0
#include "resilience/option_check.hpp"
#include "resilience/stand_back.hpp"
#include "resilience/time_math.hpp"

#include <scalekit/resilience/bulkhead.hpp>

#include <algorithm>
#include <condition_variable>

namespace scalekit::inline v0::resilience {

bulkhead::waiter::~waiter() = default;

result<std::unique_ptr<bulkhead>> bulkhead::make(bulkhead_options o) {
  auto fine = option_check("bulkhead")
                  .require(
                      o.max_concurrent >= 1 && o.max_concurrent <= 1'000'000,
                      "max_concurrent",
                      "must be 1 to 1,000,000"
                  )
                  .require(o.max_queue <= 1'000'000, "max_queue", "must be at most 1,000,000")
                  .done();
  if (!fine) return fine.error();
  return std::unique_ptr<bulkhead>(new bulkhead(o));
}

bulkhead::bulkhead(bulkhead_options o) noexcept
    : max_queue_(o.max_queue), limit_(o.max_concurrent) {}

// Others are at it too.
bool bulkhead::take_again() noexcept {
  for (;;) {
    stand_back();
    std::uint32_t now = in_flight_.load();
    if (now >= limit_.load(std::memory_order_relaxed)) return false;
    if (in_flight_.compare_exchange_weak(now, now + 1)) return true;
  }
}

void bulkhead::serve_waiters() noexcept {
  const std::scoped_lock lock(mutex_);
  serve(nullptr);
}

void bulkhead::unlink(waiter& w) noexcept {
  (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
  (w.next_ != nullptr ? w.next_->previous_ : last_) = w.previous_;
  w.next_ = w.previous_ = nullptr;
  w.queued_ = false;
  waiting_.fetch_sub(1);
}

// `except`: whoever is told in another way.
void bulkhead::serve(const waiter* except) noexcept {
  while (first_ != nullptr && take()) {
    waiter& w = *first_;
    unlink(w);
    if (&w != except) w.granted();
  }
}

bulkhead::entry bulkhead::enter(waiter& w) noexcept {
  if (waiting_.load(std::memory_order_relaxed) == 0 && take()) return entry::granted;
  const std::scoped_lock lock(mutex_);
  if (waiting_.load(std::memory_order_relaxed) >= max_queue_) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return entry::refused;
  }
  waiting_.fetch_add(1);
  w.queued_ = true;
  w.next_ = nullptr;
  w.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &w;
  last_ = &w;
  serve(&w);
  if (!w.queued_) return entry::granted;
  waited_.fetch_add(1, std::memory_order_relaxed);
  return entry::queued;
}

bool bulkhead::leave(waiter& w) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!w.queued_) return false;
  unlink(w);
  left_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

namespace {

struct blocked final : bulkhead::waiter {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  void granted() noexcept override {
    // Notified under the lock: once it is let go the waiter may be gone.
    const std::scoped_lock lock(mutex);
    done = true;
    changed.notify_one();
  }
};

}  // namespace

result<bulkhead::permit> bulkhead::acquire(const clock& time, steady_time deadline) {
  if (waiting_.load(std::memory_order_relaxed) == 0 && take()) return permit(*this);
  const duration patience = between(time.steady_now(), deadline);
  blocked self;
  const entry e = enter(self);
  if (e == entry::granted) return permit(*this);
  if (e == entry::refused) return error(errc::busy, "bulkhead: full");
  {
    std::unique_lock lock(self.mutex);
    // Not for ever at once: the library's sum of now and the wait must not run over.
    while (!self.done && deadline == steady_time::max()) self.changed.wait(lock);
    self.changed.wait_for(lock, std::min(patience, a_year), [&] { return self.done; });
  }
  if (leave(self)) return error(errc::timed_out, "bulkhead: full");
  return permit(*this);
}

void bulkhead::set_limit(std::uint32_t max_concurrent) noexcept {
  const std::scoped_lock lock(mutex_);
  limit_.store(std::max(max_concurrent, 1U));
  serve(nullptr);
}

bulkhead_stats bulkhead::stats() const noexcept {
  return {
      in_flight_.load(std::memory_order_relaxed),
      waiting_.load(std::memory_order_relaxed),
      waited_.load(std::memory_order_relaxed),
      refused_.load(std::memory_order_relaxed),
      left_.load(std::memory_order_relaxed)};
}

}  // namespace scalekit::inline v0::resilience
