// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_FAKE_TRANSPORT_HPP
#define SCALEKIT_TESTING_FAKE_TRANSPORT_HPP

/// \file
/// An HTTP transport without a network: how a host tests what calls a partner, and how it fails.
///
/// \code
/// testing::manual_clock clock;
/// testing::fake_transport web([](const http::outgoing_request& r) {
///   return http::response::text(r.method == "POST" ? 201 : 200, "done");
/// }, &clock);
/// web.inject(testing::answer_lost());      // the first request is carried out, unheard
/// charge(web);
/// CHECK(web.requests().size() == 2);
/// \endcode

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/http.hpp>
#include <scalekit/result.hpp>
#include <scalekit/testing/fault_plan.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

/// \brief What the other side makes of one request.
struct fake_answer {
  fake_answer(http::response r, duration t = {}) : gives(std::move(r)), takes(t) {}
  fake_answer(error e, duration t = {}) : gives(std::move(e)), takes(t) {}
  fake_answer(result<http::response> r, duration t = {}) : gives(std::move(r)), takes(t) {}

  /// An answer, or the error that the call ends with.
  result<http::response> gives;
  /// How long it takes. If the request has less time, the call ends when that is over: with
  /// `outcome_unknown` where there was to be an answer.
  duration takes;
};

/// \brief One failure to come.
struct http_fault {
  /// Before the other side sees the request, or after it has made its answer, which is lost.
  enum class moment { before_effect, after_effect } when = moment::before_effect;
  /// What the caller gets.
  error what{errc::unavailable, "injected fault"};
  /// How long it takes to fail; at most as long as the request has time.
  duration takes = duration::zero();
  /// How many matching requests go well first.
  std::uint64_t skip = 0;
  /// How many fail, one after the other.
  std::uint64_t times = 1;
  /// Only requests that satisfy this; empty: all.
  std::function<bool(const http::outgoing_request&)> matches{};
};

/// \brief Nobody listens: `unavailable`, nothing was sent.
[[nodiscard]] SCALEKIT_EXPORT http_fault connection_refused();
/// \brief No connection in time: `timed_out` when the request's time is over, nothing was sent.
[[nodiscard]] SCALEKIT_EXPORT http_fault connection_timed_out();
/// \brief The connection breaks before the answer comes: `outcome_unknown`, and it was carried out.
[[nodiscard]] SCALEKIT_EXPORT http_fault answer_lost();
/// \brief No answer in time: `outcome_unknown` when the request's time is over, carried out.
[[nodiscard]] SCALEKIT_EXPORT http_fault answer_timed_out();

/// \brief Answers requests as it was told to, and remembers them.
///
/// An answer comes from the script while there is one, else from the callable. Requests are checked,
/// bodies bounded, handed to a sink in pieces and left out (HEAD, 204, 304) as the port says. It
/// passes the parts of `testing/http_conformance.hpp` that need no network.
///
/// \par Thread-safety  Safe for concurrent calls, if the callable is; it is called without a lock.
/// The clock must outlive it.
/// \par Errors  As the port says; `internal` if there is no answer for a request.
class SCALEKIT_EXPORT fake_transport final : public http::transport {
 public:
  using answer_fn = std::function<fake_answer(const http::outgoing_request&)>;

  /// `clock` is moved on by what an answer takes; null: nothing moves.
  explicit fake_transport(answer_fn answer = {}, manual_clock* clock = nullptr);
  ~fake_transport() override;

  /// \brief Answers a request to come, behind those that are in the script already.
  void then(fake_answer next);
  /// \brief Adds a fault. Each counts for itself the requests since it was added; where several are
  /// due at one, the one added first strikes.
  void inject(http_fault fault);
  /// \brief Forgets script and faults.
  void clear();

  [[nodiscard]] result<http::response> send(const http::outgoing_request& request) override;

  /// \brief All requests so far that were fit to be sent, in order, with those that met a fault.
  /// Without their `on_body`, which may refer to what is gone with the call.
  [[nodiscard]] std::vector<http::outgoing_request> requests() const;
  /// \brief How many faults have struck.
  [[nodiscard]] std::uint64_t struck() const;

 private:
  [[nodiscard]] fake_answer answer_to(const http::outgoing_request& r);
  [[nodiscard]] std::optional<http_fault> record(const http::outgoing_request& r);
  /// False if the request has less time.
  [[nodiscard]] bool pass(duration takes, const http::outgoing_request& r);

  const answer_fn answer_;
  manual_clock* const clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::deque<fake_answer> script_;
  fault_plan<http_fault> faults_;
  std::vector<http::outgoing_request> requests_;
};

}  // namespace scalekit::inline v0::testing

#endif
