// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ASIO_OFFLOAD_HPP
#define SCALEKIT_ASIO_OFFLOAD_HPP

/// \file
/// Synchronous ports from an event loop: a blocking call runs on a pool, and its result comes back
/// by whatever completion token the caller likes.
///
/// \code
/// result<std::int64_t> sum = co_await asio::offload(
///     pool.get_executor(), [&] { return balance_of(connections, account); }, use_awaitable);
/// \endcode

#include <scalekit/error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <atomic>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace scalekit::inline v0::asio {

namespace detail {

[[nodiscard]] SCALEKIT_EXPORT error cancelled_before_start();
/// What an exception that left the work means; rethrows nothing.
[[nodiscard]] SCALEKIT_EXPORT error threw(const std::exception_ptr& what);

template <class Work>
auto call(Work& work, const std::stop_token& stop) {
  if constexpr (std::invocable<Work&, std::stop_token>) {
    return std::invoke(work, stop);
  } else {
    return std::invoke(work);
  }
}

template <class Work>
using result_of = decltype(detail::call(std::declval<Work&>(), std::declval<std::stop_token>()));

// One piece of work on its way to the pool and back.
template <class Work, class Handler, class Executor>
class operation : public std::enable_shared_from_this<operation<Work, Handler, Executor>> {
 public:
  using outcome = result_of<Work>;
  using home = std::decay_t<decltype(boost::asio::prefer(
      boost::asio::get_associated_executor(std::declval<Handler&>(), std::declval<Executor&>()),
      boost::asio::execution::outstanding_work.tracked
  ))>;

  operation(Work work, Handler handler, const Executor& pool)
      : work_(std::move(work)),
        handler_(std::move(handler)),
        // Without the handler's executor a completion comes from the pool.
        home_(
            std::in_place,
            boost::asio::prefer(
                boost::asio::get_associated_executor(handler_, pool),
                boost::asio::execution::outstanding_work.tracked
            )
        ) {}

  void start(const Executor& pool) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) {
      slot.assign([self = this->weak_from_this()](boost::asio::cancellation_type type) {
        if (type == boost::asio::cancellation_type::none) return;
        if (auto alive = self.lock()) alive->cancel();
      });
    }
    boost::asio::post(pool, [self = this->shared_from_this()] { self->run(); });
  }

 private:
  enum class phase { queued, running, cancelled };

  void run() {
    phase expected = phase::queued;
    if (!phase_.compare_exchange_strong(expected, phase::running)) return;
    complete(guarded_call());
  }

  outcome guarded_call() noexcept {
    try {
      return detail::call(*work_, stop_.get_token());
    } catch (...) {
      return threw(std::current_exception());
    }
  }

  void cancel() {
    phase expected = phase::queued;
    if (phase_.compare_exchange_strong(expected, phase::cancelled)) {
      complete(cancelled_before_start());
    } else if (expected == phase::running) {
      stop_.request_stop();
    }
  }

  // Always by way of the handler's executor, never inside the call that started or cancelled it.
  void complete(outcome done) {
    const auto allocator = boost::asio::get_associated_allocator(handler_);
    const home to = *home_;  // the completion may be over before post() returns
    boost::asio::post(
        to,
        boost::asio::bind_allocator(
            allocator,
            [self = this->shared_from_this(), done = std::move(done)]() mutable {
              boost::asio::get_associated_cancellation_slot(self->handler_).clear();
              // All goes before the handler runs; cancelled work may lie in the pool's queue for
              // long, and must keep neither what it borrows nor the handler's loop alive.
              Handler handler = std::move(self->handler_);
              const home leaving = std::move(*self->home_);
              self->home_.reset();
              self->work_.reset();
              self.reset();
              std::move(handler)(std::move(done));
            }
        )
    );
  }

  std::optional<Work> work_;
  Handler handler_;
  std::optional<home> home_;
  std::stop_source stop_;
  std::atomic<phase> phase_ = phase::queued;
};

}  // namespace detail

/// \brief Runs `work` on `pool` and completes `token` with what it returned.
///
/// \param pool   an executor of a thread pool that may block, with as many threads as calls may
///               block at once
/// \param work   `result<T> work()` or `result<T> work(std::stop_token)`; moved in, run at most
/// once \param token  any completion token for `void(result<T>)`: a callback, `use_awaitable`,
///               `use_future`, `deferred`, ...
///
/// The completion runs on the executor associated with the token's handler (that of the coroutine,
/// for `use_awaitable`), else on the pool; never before this function returns.
///
/// Cancellation: what has not begun never begins, and completes with `cancelled`. What runs is
/// asked to stop through its `stop_token`, on the thread that cancels, and completes when it
/// returns. For a database call hand the request on. An idle connection ignores it, so look once
/// more before the statement; a statement timeout covers the moment between the two.
///
/// \code
/// [&](std::stop_token stop) -> result<report> {
///   std::stop_callback hand_on(stop, [h = db.interrupt_handle()] { h->interrupt(); });
///   if (stop.stop_requested()) return errc::cancelled;
///   return run_report(db);
/// }
/// \endcode
///
/// What `work` borrows must live until the completion; a coroutine that awaits keeps its own
/// locals.
///
/// \par Thread-safety  Safe for concurrent calls; emit a cancellation on the handler's executor.
/// \par Errors what `work` returns; `cancelled`; `internal` if `work` throws (with `what()`).
template <class Executor, class Work, class CompletionToken>
auto offload(const Executor& pool, Work work, CompletionToken&& token) {
  using outcome = detail::result_of<Work>;
  static_assert(
      scalekit::detail::is_result<outcome>, "offload: the work must return a scalekit::result"
  );
  return boost::asio::async_initiate<CompletionToken, void(outcome)>(
      [](auto handler, Executor on, Work todo) {
        using op = detail::operation<Work, decltype(handler), Executor>;
        // Not from the handler's allocator: a cancelled one may outlive the handler in the pool.
        std::make_shared<op>(std::move(todo), std::move(handler), on)->start(on);
      },
      token,
      pool,
      std::move(work)
  );
}

}  // namespace scalekit::inline v0::asio

#endif
