// SPDX-License-Identifier: BSL-1.0
#include "resilience/time_math.hpp"

#include <scalekit/resilience/http_call.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::resilience {

using std::chrono::milliseconds;

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

http_call::http_call(
    http::outgoing_request request, const call_options& options, const scalekit::clock* time
)
    : request_(std::move(request)),
      options_(options),
      time_(time != nullptr ? *time : clock::system()),
      longest_(request_.timeout),
      stop_(request_.stop),
      sink_(std::exchange(request_.on_body, {})),
      repeat_(repeatable_of(request_, options.repeat) == repeatable::always) {
  // A transport that repeats in its own right repeats what we would.
  request_.repeat = repeat_ ? http::repeatable::yes : http::repeatable::no;
  options_.repeat = repeat_ ? repeatable::always : repeatable::if_no_effect;
  if (!sink_) return;
  options_.repeat = repeatable::if_no_effect;  // until the sink has a piece: see judge()
  request_.on_body = [this](const http::response& head, std::string_view piece) {
    return take(head, piece);
  };
}

result<http::response> http_call::attempt(
    http::transport& web, const resilience::attempt& a, const std::stop_token& stop
) {
  const auto left = time_left(a.deadline, time_.steady_now(), longest_);
  sent_ = left.has_value();
  if (!sent_) return error(errc::timed_out, "deadline passed");
  request_.timeout = *left;
  kept_.clear();
  std::optional<std::stop_source> either;
  if (stop_.stop_possible() && stop.stop_possible()) either.emplace();
  const auto pass_on = [&] {
    if (either) either->request_stop();
  };
  const std::stop_callback mine(stop_, pass_on), other(stop, pass_on);
  request_.stop = either ? either->get_token() : stop.stop_possible() ? stop : stop_;
  auto answer = web.send(request_);
  if (answer && !kept_.empty()) answer->body = std::move(kept_);
  return answer;
}

result<http::response> http_call::settle(
    result<http::response> r, const resilience::attempt& a
) const {
  const bool dropped = !sent_ && !r && r.error().code() == errc::cancelled;
  if (!dropped || time_.steady_now() < a.deadline) return r;
  return error(errc::timed_out, "deadline passed before it was sent");
}

outcome http_call::judge(const result<http::response>& r) const {
  // Neither says anything of the callee.
  if (!sent_ || refused_) return {.kind = outcome_kind::cancelled};
  outcome o = r ? classify(*r, time_.system_now()) : classify(r.error());
  if (!sink_) return o;
  // A sink cannot give back what it took; until then, what is repeatable is.
  if (taken_) o.effect = effect::unknown;
  if (!taken_ && repeat_) o.effect = effect::none;
  return o;
}

result<void> http_call::take(const http::response& head, std::string_view piece) {
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

result<http::response> send(
    pipeline& through,
    http::transport& web,
    http::outgoing_request request,
    const call_options& options
) {
  http_call call(std::move(request), options, through.options().clock);
  return through.call(
      [&](const attempt& a) { return call.attempt(web, a); },
      call.options(),
      [&](const result<http::response>& r) { return call.judge(r); }
  );
}

}  // namespace scalekit::inline v0::resilience
