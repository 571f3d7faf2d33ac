// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/resilience/http_call.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

using std::chrono::milliseconds;

// One call: the request as the attempt at hand sends it, and what must be known of the last one.
class http_call {
 public:
  http_call(http::transport& web, http::outgoing_request& r, repeatable repeat, const clock& time)
      : web_(web),
        request_(r),
        time_(time),
        longest_(r.timeout),
        repeat_(repeat),
        sink_(std::move(r.on_body)) {
    const bool always = repeat == repeatable::always;
    request_.repeat = always ? http::repeatable::yes : http::repeatable::no;
    if (!sink_) return;
    request_.on_body = [this](const http::response& head, std::string_view piece) {
      return take(head, piece);
    };
  }

  /// Whether it is repeatable may change on the way where there is a sink: see \ref judge.
  [[nodiscard]] repeatable repeat() const noexcept {
    return sink_ ? repeatable::if_no_effect : repeat_;
  }

  result<http::response> attempt(steady_time deadline) {
    const auto left = time_left(deadline, time_.steady_now(), longest_);
    sent_ = left.has_value();
    if (!sent_) return error(errc::timed_out, "deadline passed");
    request_.timeout = *left;
    kept_.clear();
    auto answer = web_.send(request_);
    if (answer && !kept_.empty()) answer->body = std::move(kept_);
    return answer;
  }

  [[nodiscard]] outcome judge(const result<http::response>& r) const {
    // Neither says anything of the callee.
    if (!sent_ || refused_) return {.kind = outcome_kind::cancelled};
    outcome o = r ? classify(*r, time_.system_now()) : classify(r.error());
    if (!sink_) return o;
    // A sink cannot give back what it took; until then, what is repeatable is.
    if (taken_) o.effect = effect::unknown;
    if (!taken_ && repeat_ == repeatable::always) o.effect = effect::none;
    return o;
  }

 private:
  result<void> take(const http::response& head, std::string_view piece) {
    const outcome_kind kind = classify(head).kind;
    if (kind == outcome_kind::ok || kind == outcome_kind::permanent) {
      taken_ = true;
      auto done = sink_(head, piece);
      refused_ = !done;
      return done;
    }
    kept_.append(piece.substr(0, kept_body_bytes - kept_.size()));
    return {};
  }

  http::transport& web_;
  http::outgoing_request& request_;
  const clock& time_;
  const milliseconds longest_;
  const repeatable repeat_;
  const http::body_fn sink_;
  std::string kept_;
  bool sent_ = false;
  bool taken_ = false;
  bool refused_ = false;
};

}  // namespace

repeatable repeatable_of(const http::outgoing_request& r, repeatable wish) noexcept {
  const bool wished = r.repeat == http::repeatable::by_method && wish == repeatable::always;
  return wished || http::is_repeatable(r) ? repeatable::always : repeatable::if_no_effect;
}

std::optional<milliseconds> time_left(
    steady_time deadline, steady_time now, milliseconds most
) noexcept {
  if (now >= deadline) return std::nullopt;
  const auto left = std::chrono::floor<milliseconds>(between(now, deadline));
  return std::min(std::max(left, http::shortest_timeout), most);
}

result<http::response> send(
    pipeline& through,
    http::transport& web,
    http::outgoing_request request,
    const call_options& options
) {
  const clock* const given = through.options().clock;
  http_call call(
      web,
      request,
      repeatable_of(request, options.repeat),
      given != nullptr ? *given : clock::system()
  );
  call_options terms = options;
  terms.repeat = call.repeat();
  return through.call(
      [&](const attempt& a) { return call.attempt(a.deadline); },
      terms,
      [&](const result<http::response>& r) { return call.judge(r); }
  );
}

}  // namespace scalekit::inline v0::resilience
