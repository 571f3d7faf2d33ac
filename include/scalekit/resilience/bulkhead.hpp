// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_BULKHEAD_HPP
#define SCALEKIT_RESILIENCE_BULKHEAD_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace scalekit::inline v0::resilience {

struct bulkhead_options {
  /// Calls under way at most, 1 to 1,000,000.
  std::uint32_t max_concurrent = 16;
  /// Callers that may wait for a place, at most 1,000,000. 0: nobody waits.
  std::uint32_t max_queue = 0;
};

struct bulkhead_stats {
  std::uint32_t in_flight = 0;
  std::uint32_t waiting = 0;
  std::uint64_t waited = 0;   ///< callers that were queued
  std::uint64_t refused = 0;  ///< callers that found no place, and the queue full or none
  std::uint64_t left = 0;     ///< callers that left the queue unserved: deadline, cancelled
};

/// \brief Bounds how many calls are under way at once, and how many wait to be.
///
/// One slow callee can then hold only its own share of a service's threads and connections.
/// Waiters are served first come, first served, and nobody overtakes them.
///
/// \par Thread-safety  Safe for concurrent calls; a place that is free is taken and given back
/// without a lock. Must outlive its permits and waiters.
class SCALEKIT_EXPORT bulkhead {
 public:
  /// \brief Somebody in the queue; the object must stay where it is until it is granted or has
  /// left.
  class SCALEKIT_EXPORT waiter {
   public:
    waiter() = default;
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    virtual ~waiter();

   private:
    friend class bulkhead;
    /// \brief It has a place now, and owes a `release`. Called on the thread that made room, with
    /// the queue's lock held: pass the news on and return; never call the bulkhead.
    virtual void granted() noexcept = 0;
    waiter* next_ = nullptr;
    waiter* previous_ = nullptr;
    bool queued_ = false;
  };

  enum class entry : std::uint8_t {
    granted,  ///< it has a place; `granted()` was not called
    queued,   ///< `granted()` will be called, unless it leaves first
    refused   ///< the queue is full
  };

  /// \brief The right to be under way; gives it back when destroyed.
  /// \par Thread-safety  Movable between threads.
  class permit {
   public:
    permit() = default;
    explicit permit(bulkhead& owner) noexcept : owner_(&owner) {}
    permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    permit& operator=(permit&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~permit() {
      if (owner_ != nullptr) owner_->release();
    }
    explicit operator bool() const noexcept { return owner_ != nullptr; }
    /// \brief Lets it go without giving it back: somebody else will call `release`.
    void keep() noexcept { owner_ = nullptr; }

   private:
    bulkhead* owner_ = nullptr;
  };

  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<bulkhead>> make(bulkhead_options options = {});

  /// \brief Takes a place if one is free and nobody waits; whoever gets one owes a `release`.
  [[nodiscard]] bool try_acquire() noexcept {
    if (waiting_.load(std::memory_order_relaxed) == 0 && take()) return true;
    if (max_queue_ == 0) refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  void release() noexcept {
    // A releaser gives its place back and then looks for waiters; a waiter announces itself and
    // then looks for a place. All threads agree on the order, so one of the two sees the other.
    in_flight_.fetch_sub(1);
    if (waiting_.load() != 0) serve_waiters();
  }
  /// \brief Whether callers may wait at all.
  [[nodiscard]] bool may_wait() const noexcept { return max_queue_ != 0; }

  /// \brief A permit, waiting in the queue until `deadline` if need be; blocks the thread.
  /// \par Errors `busy` if the queue is full, `timed_out` at the deadline.
  [[nodiscard]] result<permit> acquire(const clock& time, steady_time deadline);

  /// \brief Takes a place, or a place in the queue: for drivers that do not block.
  [[nodiscard]] entry enter(waiter& w) noexcept;
  /// \brief Leaves the queue. False if it was granted before: then it owes a `release`.
  [[nodiscard]] bool leave(waiter& w) noexcept;

  /// \brief Changes `max_concurrent` (0 counts as 1). Calls under way are not disturbed.
  void set_limit(std::uint32_t max_concurrent) noexcept;
  [[nodiscard]] std::uint32_t limit() const noexcept {
    return limit_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bulkhead_stats stats() const noexcept;

 private:
  explicit bulkhead(bulkhead_options options) noexcept;
  [[nodiscard]] bool take() noexcept {
    std::uint32_t now = in_flight_.load();  // in the order that release() counts on
    if (now >= limit_.load(std::memory_order_relaxed)) return false;
    return in_flight_.compare_exchange_strong(now, now + 1) || take_again();
  }
  [[nodiscard]] bool take_again() noexcept;
  void serve_waiters() noexcept;
  void unlink(waiter& w) noexcept;
  void serve(const waiter* except) noexcept;

  const std::uint32_t max_queue_;
  std::atomic<std::uint32_t> limit_;
  std::atomic<std::uint32_t> waiting_{0};
  // Written by every call, so apart from what every call reads.
  alignas(64) std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint64_t> waited_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> left_{0};
  alignas(64) std::mutex mutex_;  // guards the queue
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

}  // namespace scalekit::inline v0::resilience

#endif
