// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ASIO_HEDGING_HPP
#define SCALEKIT_ASIO_HEDGING_HPP

#include <scalekit/asio/completion.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/resilience/hedging.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/pipeline_call.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

namespace scalekit::inline v0::asio {

namespace detail {

/// One call that may be under way several times. Everything in it runs on its strand.
template <class T, class Operation, class Handler>
class hedged_call final : public std::enable_shared_from_this<hedged_call<T, Operation, Handler>> {
  using action = resilience::hedge_action;

 public:
  hedged_call(
      const resilience::hedge_policy& policy,
      resilience::retry_budget* budget,
      const resilience::retry_terms& terms,
      Operation op,
      Handler handler,
      const boost::asio::any_io_executor& on
  )
      : clock_(policy.options().clock != nullptr ? *policy.options().clock : clock::system()),
        call_(policy, budget, terms),
        deadline_(terms.deadline),
        op_(std::move(op)),
        done_(std::move(handler), on),
        timer_(done_.strand()) {}

  void start() {
    done_.on_cancellation([weak = this->weak_from_this()](boost::asio::cancellation_type type) {
      if (type == boost::asio::cancellation_type::none) return;
      if (auto self = weak.lock()) {
        boost::asio::dispatch(self->done_.strand(), [self] { self->stop_all(); });
      }
    });
    boost::asio::dispatch(done_.strand(), [self = this->shared_from_this()] { self->go_on(); });
  }

 private:
  [[nodiscard]] steady_time now() const noexcept { return clock_.steady_now(); }

  void go_on() {
    while (!finished_ && !stopped_) {
      const resilience::hedge_step next = call_.next(now());
      if (next.action == action::launch) {
        launch();
        continue;
      }
      if (next.action == action::wait) wait(next.until);
      return;
    }
  }

  void launch() {
    boost::asio::cancellation_signal& stop = stops_.emplace_back();
    ++out_;
    op_(resilience::attempt{call_.launched(), deadline_},
        boost::asio::bind_cancellation_slot(
            stop.slot(),
            boost::asio::bind_executor(
                done_.strand(),
                [self = this->shared_from_this(), &stop](result<T> r) {
                  stop.slot().clear();  // what would be cancelled is gone
                  self->came_back(std::move(r));
                }
            )
        ));
  }

  void came_back(result<T> r) {
    --out_;
    if (finished_) return;
    if (call_.ended(resilience::classify(r))) return finish(std::move(r));
    if (!stopped_) go_on();
    // Nobody is under way, and the budget pays for nobody else.
    if (out_ == 0 && !finished_) finish(std::move(r));
  }

  void wait(steady_time until) {
    timer_.expires_after(timer_wait(until - now()));
    timer_.async_wait([self = this->shared_from_this(), turn = ++turn_](auto) {
      if (turn == self->turn_) self->go_on();
    });
  }

  void finish(result<T> r) {
    finished_ = true;
    stop_all();
    done_.run(std::move(r));
  }

  void stop_all() {
    ++turn_;
    timer_.cancel();
    if (std::exchange(stopped_, true)) return;
    for (auto& stop : stops_) stop.emit(boost::asio::cancellation_type::all);
  }

  const scalekit::clock& clock_;
  resilience::hedge_call call_;
  steady_time deadline_;
  Operation op_;
  completion<T, Handler> done_;
  boost::asio::steady_timer timer_;
  std::deque<boost::asio::cancellation_signal> stops_;  // they do not move
  std::uint64_t turn_ = 0;
  std::uint32_t out_ = 0;
  bool finished_ = false;
  bool stopped_ = false;
};

}  // namespace detail

/// \brief Sends another attempt beside one that is late, and completes with the first answer; the
/// others are cancelled.
///
/// `op` and `on` are as for \ref call; `op` may be under way several times at once. What is not
/// idempotent (`terms.repeat`) is sent once. `budget` pays for the hedges; it may be null only
/// where something else bounds them. Lateness and the deadline go by the policy's clock. To put a
/// pipeline around each attempt, let `op` be a \ref call.
///
/// \par Thread-safety  Safe for concurrent calls; emit a cancellation on the handler's executor.
/// \par Errors what the deciding attempt gave.
template <class T, class Operation, class CompletionToken>
auto hedge(
    const resilience::hedge_policy& policy,
    resilience::retry_budget* budget,
    const boost::asio::any_io_executor& on,
    Operation op,
    const resilience::retry_terms& terms,
    CompletionToken&& token
) {
  return boost::asio::async_initiate<CompletionToken, void(result<T>)>(
      [&policy, budget](
          auto handler, boost::asio::any_io_executor ex, Operation work, resilience::retry_terms t
      ) {
        using hedged = detail::hedged_call<T, Operation, decltype(handler)>;
        std::make_shared<hedged>(policy, budget, t, std::move(work), std::move(handler), ex)
            ->start();
      },
      token,
      on,
      std::move(op),
      terms
  );
}

}  // namespace scalekit::inline v0::asio

#endif
