// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ASIO_HTTP_HPP
#define SCALEKIT_ASIO_HTTP_HPP

#include <scalekit/asio/offload.hpp>
#include <scalekit/asio/pipeline.hpp>
#include <scalekit/ports/http.hpp>
#include <scalekit/resilience/http_call.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

#include <memory>
#include <stop_token>
#include <utility>

namespace scalekit::inline v0::asio {

/// \brief \ref resilience::send from an event loop: attempts block threads of `pool`, all waits are
/// timers.
///
/// \param pool   an executor of a thread pool that may block; the transport is called there
/// \param on     where timers run and attempts start, and the completion if the token's handler
///               has no executor
/// \param token  any completion token for `void(result<http::response>)`
///
/// Cancelling the call stops the attempt, the pause or the wait in the queue. `on_body` is called on
/// the pool. What is borrowed must live until the completion.
///
/// \par Thread-safety  Safe for concurrent calls; emit a cancellation on the handler's executor.
/// \par Errors as \ref resilience::send and \ref call; `cancelled`.
template <class Executor, class CompletionToken>
auto send(
    resilience::pipeline& through,
    http::transport& web,
    const Executor& pool,
    const boost::asio::any_io_executor& on,
    http::outgoing_request request,
    const resilience::call_options& options,
    CompletionToken&& token
) {
  const auto one = std::make_shared<resilience::http_call>(
      std::move(request), options, through.options().clock
  );
  return call<http::response>(
      through,
      on,
      [one, &web, pool](const resilience::attempt& a, auto done) {
        one->launch();
        const auto home = boost::asio::get_associated_executor(done);
        const auto stop = boost::asio::get_associated_cancellation_slot(done);
        auto settled = [one, a, done = std::move(done)](result<http::response> r) mutable {
          std::move(done)(one->settle(std::move(r), a));
        };
        offload(
            pool,
            [one, &web, a](const std::stop_token& asked) { return one->attempt(web, a, asked); },
            boost::asio::bind_cancellation_slot(
                stop, boost::asio::bind_executor(home, std::move(settled))
            )
        );
      },
      one->options(),
      [one](const result<http::response>& r) { return one->judge(r); },
      std::forward<CompletionToken>(token)
  );
}

}  // namespace scalekit::inline v0::asio

#endif
