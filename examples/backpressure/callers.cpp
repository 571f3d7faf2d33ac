// SPDX-License-Identifier: BSL-1.0
#include "callers.hpp"

#include <scalekit/resilience/http_call.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/resilience/stack.hpp>

#include <utility>

namespace backpressure {

using namespace scalekit;
using namespace std::chrono_literals;

caller::~caller() = default;

namespace {

http::outgoing_request charge_of(const http::url& to, std::size_t number) {
  http::outgoing_request r{.method = "POST", .to = to, .body = "1250"};
  // A charge may be repeated, for the partner knows it by its key.
  static_cast<void>(r.headers.set("Idempotency-Key", "charge-" + std::to_string(number)));
  return r;
}

class naive final : public caller {
 public:
  naive(http::client& web, http::url to) : web_(web), to_(std::move(to)) {}

  call_report call(steady_time, std::size_t number) override {
    auto request = charge_of(to_, number);
    request.timeout = try_timeout;
    for (std::uint32_t attempts = 1; attempts <= 6; ++attempts) {
      const auto answer = web_.send(request);
      if (answer && answer->status == 200) return {call_end::answered, attempts};
    }
    return {call_end::failed, 6};
  }

 private:
  http::client& web_;
  const http::url to_;
};

// [rules]
// What calls of one partner have to pass. The limit is nine tenths of what the partner allows, so
// that what is late on the way does not add up to more.
result<std::unique_ptr<resilience::stack>> make_rules(std::int64_t per_second) {
  auto limit = resilience::rate::make({.tokens = per_second * 9 / 10, .burst = 10});
  if (!limit) return limit.error();
  return resilience::stack::make({
      .shedder = {{.longest_wait = 500ms}},
      .limit = *limit,
      .breaker = {{
          .name = "partner",
          .window_time = 1s,
          .minimum_calls = 10,
          .open_for = 250ms,
          .max_open_for = 500ms,
          .probes = 3,
          .probe_timeout = 1s,
          .ramp = 500ms,
      }},
      .retry = {{.max_attempts = 3, .try_timeout = try_timeout}},
      .budget = {.ratio = retry_ratio, .minimum = retry_minimum},
      .concurrency = {{.minimum = 8, .maximum = 32}},
  });
}
// [rules]

class guarded final : public caller {
 public:
  guarded(http::client& web, http::url to, std::unique_ptr<resilience::stack> calls)
      : web_(web), to_(std::move(to)), calls_(std::move(calls)) {}

  // [call]
  call_report call(steady_time due, std::size_t number) override {
    resilience::call_trace trace;
    const auto answer = resilience::send(
        calls_->pipeline(),
        web_,
        charge_of(to_, number),
        {.deadline = due + 1s, .queued_at = due, .trace = &trace}
    );
    const std::uint32_t attempts = trace.attempts();
    if (attempts == 0) return {call_end::refused, 0};
    const bool charged = answer && answer->status == 200;
    return {charged ? call_end::answered : call_end::failed, attempts};
  }
  // [call]

 private:
  http::client& web_;
  const http::url to_;
  std::unique_ptr<resilience::stack> calls_;
};

/// What the partner says that it allows in a second.
result<std::int64_t> ask_for_limit(http::client& web, const std::string& partner_url) {
  auto to = http::url::parse(partner_url);
  if (!to) return to.error();
  auto answer = web.send({.to = *to});
  if (!answer) return answer.error();
  auto said = resilience::parse_rate_limit_policy(answer->headers.joined("RateLimit-Policy"));
  if (!said) return said.error();
  if (said->empty() || !said->front().window) {
    return error(errc::not_found, "the partner names no limit");
  }
  return said->front().quota / said->front().window->count();
}

}  // namespace

result<std::unique_ptr<caller>> make_naive(http::client& web, const std::string& partner_url) {
  auto to = http::url::parse(partner_url + "/charges");
  if (!to) return to.error();
  return std::unique_ptr<caller>(new naive(web, *std::move(to)));
}

result<std::unique_ptr<caller>> make_guarded(http::client& web, const std::string& partner_url) {
  auto to = http::url::parse(partner_url + "/charges");
  if (!to) return to.error();
  auto limit = ask_for_limit(web, partner_url);
  if (!limit) return limit.error();
  auto r = make_rules(*limit);
  if (!r) return r.error();
  return std::unique_ptr<caller>(new guarded(web, *std::move(to), *std::move(r)));
}

}  // namespace backpressure
