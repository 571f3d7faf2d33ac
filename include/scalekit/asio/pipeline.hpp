// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ASIO_PIPELINE_HPP
#define SCALEKIT_ASIO_PIPELINE_HPP

/// \file
/// A resilience pipeline around an asynchronous operation. Waits are timers, places in a bulkhead
/// are waited for without a thread, and an attempt that takes too long is cancelled.
///
/// \code
/// result<reply> r = co_await asio::call<reply>(
///     partner, executor,
///     [&](const resilience::attempt& a, auto done) { client.async_post(body, std::move(done)); },
///     {.repeat = resilience::repeatable::always}, use_awaitable);
/// \endcode

#include <scalekit/asio/completion.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/resilience/bulkhead.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace scalekit::inline v0::asio {

namespace detail {

/// What an answer means, unless the caller says.
struct usual_outcome {
  template <class T>
  resilience::outcome operator()(const result<T>& r) const noexcept {
    return resilience::classify(r);
  }
};

/// One call on its way through a pipeline. Everything in it runs on its strand.
template <class T, class Operation, class Classify, class Handler>
class piped_call final
    : public std::enable_shared_from_this<piped_call<T, Operation, Classify, Handler>>,
      private resilience::bulkhead::waiter {
  using entry = resilience::pipeline_call::entry;

 public:
  piped_call(
      resilience::pipeline& p,
      const resilience::call_options& options,
      Operation op,
      Classify classify,
      Handler handler,
      const boost::asio::any_io_executor& on
  )
      : clock_(p.options().clock != nullptr ? *p.options().clock : clock::system()),
        places_(p.options().bulkhead),
        options_(options),
        call_(p, options_, clock_.steady_now()),
        op_(std::move(op)),
        classify_(std::move(classify)),
        done_(std::move(handler), on),
        timer_(done_.strand()),
        place_(done_.strand()) {}

  // Still in the queue: the loop that was to end the wait is gone.
  ~piped_call() override {
    if (phase_ == phase::queued && !places_->leave(*this)) places_->release();
  }

  void start() {
    done_.on_cancellation([weak = this->weak_from_this()](boost::asio::cancellation_type type) {
      if (type == boost::asio::cancellation_type::none) return;
      if (auto self = weak.lock()) {
        boost::asio::dispatch(self->done_.strand(), [self, type] { self->cancel(type); });
      }
    });
    boost::asio::dispatch(done_.strand(), [self = this->shared_from_this()] { self->enter(); });
  }

 private:
  enum class phase : std::uint8_t { entering, queued, calling, pausing, finished };

  void enter() {
    if (cancelled_) return finish(cancelled());
    switch (call_.enter(clock_.steady_now())) {
      case entry::proceed:
        return call();
      case entry::refused:
        return refused();
      case entry::wait:
        phase_ = phase::pausing;
        return wait(call_.pause());
      case entry::queue:
        return queue();
    }
  }

  // The wait for a place keeps this alive while the queue points here. It is begun before, so that
  // nothing needs memory when there is one.
  void queue() {
    place_.expires_at(boost::asio::steady_timer::time_point::max());
    place_.async_wait([self = this->shared_from_this(), turn = ++place_turn_](auto) {
      if (turn == self->place_turn_) self->was_granted();
    });
    const auto found = places_->enter(*this);
    if (found == resilience::bulkhead::entry::queued) {
      phase_ = phase::queued;
      if (call_.deadline() != steady_time::max()) wait(call_.deadline() - clock_.steady_now());
    } else if (found == resilience::bulkhead::entry::granted) {
      stop_waiting();
      has_place();
    } else {
      leave_queue(errc::busy);
    }
  }

  // With the bulkhead's lock held, on any thread; nobody else uses the timer meanwhile.
  void granted() noexcept override { place_.cancel(); }

  void was_granted() {
    static_cast<void>(places_->leave(*this));  // takes the lock: granted() has returned
    has_place();
  }

  void has_place() {
    if (cancelled_) {
      places_->release();
      give_up();
      return finish(cancelled());
    }
    if (call_.placed(clock_.steady_now()) == entry::refused) return refused();
    call();
  }

  void leave_queue(errc why) {
    stop_waiting();
    static_cast<void>(call_.not_placed(clock_.steady_now(), why));
    if (cancelled_) return finish(cancelled());
    refused();
  }

  void stop_waiting() {
    ++place_turn_;
    place_.cancel();
  }

  void call() {
    phase_ = phase::calling;
    timed_out_ = false;
    const resilience::attempt now = call_.current();
    if (now.deadline != steady_time::max()) wait(now.deadline - clock_.steady_now());
    op_(now,
        boost::asio::bind_cancellation_slot(
            stop_.slot(),
            boost::asio::bind_executor(
                done_.strand(),
                [self = this->shared_from_this()](result<T> r) { self->came_back(std::move(r)); }
            )
        ));
  }

  void came_back(result<T> r) {
    quiet();
    stop_.slot().clear();  // what would be cancelled is gone
    if (timed_out_ && !r && r.error().code() == errc::cancelled) {
      r = error(errc::outcome_unknown, "no answer in time");
    }
    const auto next = call_.leave(classify_(std::as_const(r)), clock_.steady_now());
    if (next && cancelled_) give_up();
    if (!next || cancelled_) return finish(std::move(r));
    last_.emplace(std::move(r));
    phase_ = phase::pausing;
    wait(next.delay);
  }

  void cancel(boost::asio::cancellation_type type) {
    cancelled_ = true;
    if (phase_ == phase::calling) return stop_.emit(type);
    if (phase_ == phase::pausing) {
      give_up();
      return finish(cancelled());
    }
    if (phase_ == phase::queued && places_->leave(*this)) leave_queue(errc::cancelled);
  }

  void give_up() noexcept {
    call_.abandon(resilience::outcome_kind::cancelled, clock_.steady_now());
  }

  void expired() {
    switch (phase_) {
      case phase::pausing:
        return enter();
      case phase::calling:
        timed_out_ = true;
        return stop_.emit(boost::asio::cancellation_type::all);
      case phase::queued:
        if (places_->leave(*this)) leave_queue(errc::timed_out);
        return;
      case phase::entering:
      case phase::finished:
        return;
    }
  }

  void wait(duration d) {
    timer_.expires_after(timer_wait(d));
    timer_.async_wait([self = this->shared_from_this(), turn = ++turn_](auto) {
      if (turn == self->turn_) self->expired();
    });
  }

  // Whatever the timer was set for is over.
  void quiet() {
    ++turn_;
    timer_.cancel();
  }

  void refused() { finish(last_ ? *std::move(last_) : result<T>(call_.refusal())); }
  [[nodiscard]] static error cancelled() { return error(errc::cancelled, "call cancelled"); }

  void finish(result<T> r) {
    quiet();
    phase_ = phase::finished;
    done_.run(std::move(r));
  }

  const scalekit::clock& clock_;
  resilience::bulkhead* places_;
  resilience::call_options options_;
  resilience::pipeline_call call_;
  Operation op_;
  Classify classify_;
  completion<T, Handler> done_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer place_;  // never expires; cancelled when there is one
  boost::asio::cancellation_signal stop_;
  std::optional<result<T>> last_;
  std::uint64_t turn_ = 0;
  std::uint64_t place_turn_ = 0;
  phase phase_ = phase::entering;
  bool cancelled_ = false;
  bool timed_out_ = false;
};

}  // namespace detail

/// \brief Calls `op` as often as the pipeline allows, and completes `token` with its `result<T>`.
///
/// \param on     where timers run and attempts start, and the completion if the token's handler
///               has no executor
/// \param op     `void op(const attempt&, auto done)`: starts one attempt, with `done` as the
///               completion token for `void(result<T>)`; never on the caller's stack twice at once.
///               It must not throw, and must live until the completion, as what it borrows must.
/// \param classify  `outcome classify(const result<T>&)`: what an answer means, if not what
///               \ref resilience::classify says
/// \param token  any completion token for `void(result<T>)`
///
/// An attempt that is not back by its deadline is cancelled through `done`'s slot; what it then
/// completes with as `cancelled` counts as `outcome_unknown`. Cancelling the call cancels the
/// attempt, the pause or the wait in the queue, and every permit is given back; so does destroying
/// the loop, which no thread may release a place of the same bulkhead to meanwhile.
///
/// \par Thread-safety  Safe for concurrent calls; emit a cancellation on the handler's executor.
/// \par Errors what `op` gives, or a layer's, see \ref resilience::pipeline; `cancelled`.
template <class T, class Operation, class Classify, class CompletionToken>
auto call(
    resilience::pipeline& p,
    const boost::asio::any_io_executor& on,
    Operation op,
    const resilience::call_options& options,
    Classify classify,
    CompletionToken&& token
) {
  return boost::asio::async_initiate<CompletionToken, void(result<T>)>(
      [&p](
          auto handler,
          boost::asio::any_io_executor ex,
          Operation work,
          Classify judge,
          resilience::call_options o
      ) {
        using piped = detail::piped_call<T, Operation, Classify, decltype(handler)>;
        std::make_shared<piped>(
            p, o, std::move(work), std::move(judge), std::move(handler), ex
        )->start();
      },
      token,
      on,
      std::move(op),
      std::move(classify),
      options
  );
}
template <class T, class Operation, class CompletionToken>
auto call(
    resilience::pipeline& p,
    const boost::asio::any_io_executor& on,
    Operation op,
    const resilience::call_options& options,
    CompletionToken&& token
) {
  return call<T>(
      p,
      on,
      std::move(op),
      options,
      detail::usual_outcome(),
      std::forward<CompletionToken>(token)
  );
}

}  // namespace scalekit::inline v0::asio

#endif
