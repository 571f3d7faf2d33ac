// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_HTTP_CALL_HPP
#define SCALEKIT_RESILIENCE_HTTP_CALL_HPP

/// \file
/// A request over HTTP through a pipeline.
///
/// \code
/// http::outgoing_request r{.method = "POST", .to = charges, .body = json};
/// if (auto ok = r.headers.set("Idempotency-Key", key); !ok) return ok.error();
/// result<http::response> answer = resilience::send(partner, web, std::move(r));
/// \endcode

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/http.hpp>
#include <scalekit/resilience/http_outcome.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/resilience/retry.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// \brief What a request says of itself, for a pipeline: `always` if \ref http::is_repeatable.
///
/// Where `outgoing_request::repeat` is `by_method`, `wish` counts too: `always` makes any request
/// repeatable. What is set to `no` stays so.
[[nodiscard]] SCALEKIT_EXPORT repeatable
repeatable_of(const http::outgoing_request& r, repeatable wish = repeatable::if_no_effect) noexcept;

/// \brief The time until an attempt's deadline as a request's `timeout`: at most `most`, in whole
/// milliseconds rounded down, and 1 ms if less than one is left. Nothing if it has passed.
[[nodiscard]] SCALEKIT_EXPORT std::optional<std::chrono::milliseconds> time_left(
    steady_time deadline, steady_time now, std::chrono::milliseconds most = http::longest_timeout
) noexcept;

/// \brief So much is kept of a body that `on_body` is not given.
inline constexpr std::size_t kept_body_bytes = std::size_t{64} * 1024;

/// \brief One request on its way through a pipeline: what \ref send does around the transport, for
/// drivers (`asio/http.hpp`).
///
/// \par Thread-safety  One thread at a time, and one attempt at a time.
class SCALEKIT_EXPORT http_call {
 public:
  /// `time`: the pipeline's clock; null: the machine's.
  http_call(
      http::outgoing_request request, const call_options& options, const scalekit::clock* time
  );
  http_call(const http_call&) = delete;
  http_call& operator=(const http_call&) = delete;

  /// \brief What the pipeline is to be told.
  [[nodiscard]] const call_options& options() const noexcept { return options_; }
  /// \brief For drivers that hand \ref attempt to others: it may not come to be made.
  void launch() noexcept { sent_ = false; }
  /// \brief What came of an attempt that was launched: `cancelled` becomes `timed_out` where it was
  /// not made by its deadline.
  [[nodiscard]] result<http::response> settle(
      result<http::response> r, const resilience::attempt& a
  ) const;
  /// \brief Sends it, if there is time left; `stop` counts beside the request's own.
  [[nodiscard]] result<http::response> attempt(
      http::transport& web, const resilience::attempt& a, const std::stop_token& stop = {}
  );
  /// \brief What the last attempt's answer means.
  [[nodiscard]] outcome judge(const result<http::response>& r) const;

 private:
  [[nodiscard]] result<void> take(const http::response& head, std::string_view piece);

  http::outgoing_request request_;
  call_options options_;
  const scalekit::clock& time_;
  const std::chrono::milliseconds longest_;
  const std::stop_token stop_;
  const http::body_fn sink_;
  const bool repeat_;
  bool sent_ = false;
  bool taken_ = false;    // the sink has a piece
  bool refused_ = false;  // the sink took no more
  std::string kept_;
};

/// \brief Sends `request` over `web` as often as the layers of `through` allow.
///
/// What a caller would have to write around the transport:
/// - `timeout` is the time that the attempt has left, and never more than the request's own.
/// - `repeat` is \ref repeatable_of the request and `options.repeat`: GET, PUT, DELETE and their like
///   and whatever bears an `Idempotency-Key` are tried again even if they may have been carried
///   out, a POST without one is not. The transport is told the same.
/// - Answer or error is judged once, by \ref classify; dates in `Retry-After` by the pipeline's
///   clock.
///
/// An answer is a value whatever its status; the last one, if all that were tried were refused. An
/// attempt whose deadline has passed while it waited for its place is not sent.
///
/// `on_body` gets the body of one answer: not of a throttled or failed one, whose body is left in
/// `response::body` up to \ref kept_body_bytes, and once it has been given a piece the request is
/// not sent again. `stop` ends an attempt, and the next if it comes during a pause, but no pause.
///
/// Allocates nothing itself but what it keeps of a body that `on_body` is not given; a request that
/// is moved in is not copied.
///
/// \par Thread-safety  Safe for concurrent calls.
/// \par Errors Of the transport, or of a layer (cause `{"resilience", layer}`); see \ref pipeline.
[[nodiscard]] SCALEKIT_EXPORT result<http::response> send(
    pipeline& through,
    http::transport& web,
    http::outgoing_request request,
    const call_options& options = {}
);

}  // namespace scalekit::inline v0::resilience

#endif
