// SPDX-License-Identifier: BSL-1.0
#include "callers.hpp"

#include <scalekit/resilience/http_call.hpp>
#include <scalekit/resilience/pipeline.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/resilience/token_bucket.hpp>

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
struct rules {
  std::unique_ptr<resilience::load_shedder> shedder;
  resilience::token_bucket limiter;
  resilience::circuit_breaker breaker;
  resilience::retry_policy retry;
  std::unique_ptr<resilience::retry_budget> budget;
  std::unique_ptr<resilience::adaptive_limit> concurrency;
};

result<std::unique_ptr<rules>> make_rules(std::int64_t per_second) {
  using namespace resilience;
  auto shedder = load_shedder::make({.longest_wait = 500ms});
  if (!shedder) return shedder.error();
  auto rate = rate::make({.tokens = per_second * 9 / 10, .burst = 10});
  if (!rate) return rate.error();
  auto breaker = circuit_breaker::make(
      {.name = "partner",
       .window_time = 1s,
       .minimum_calls = 10,
       .open_for = 250ms,
       .max_open_for = 500ms,
       .probes = 3,
       .probe_timeout = 1s,
       .ramp = 500ms}
  );
  if (!breaker) return breaker.error();
  auto retry = retry_policy::make({.max_attempts = 3, .try_timeout = try_timeout});
  if (!retry) return retry.error();
  auto budget = ratio_budget::make({.ratio = retry_ratio, .minimum = retry_minimum});
  if (!budget) return budget.error();
  auto places = adaptive_limit::make({.minimum = 8, .maximum = 32});
  if (!places) return places.error();
  return std::unique_ptr<rules>(new rules{
      *std::move(shedder),
      token_bucket(*rate, clock::system().steady_now()),
      *std::move(breaker),
      *retry,
      *std::move(budget),
      *std::move(places)});
}
// [rules]

/// The partner, as one call sees it: counts the attempts. A 429 in spite of the limiter means that
/// others use the quota too: then nobody here calls until the time is over.
class observed final : public http::transport {
 public:
  observed(http::transport& web, resilience::token_bucket& limiter)
      : web_(web), limiter_(limiter) {}

  result<http::response> send(const http::outgoing_request& request) override {
    ++attempts;
    auto answer = web_.send(request);
    const auto o = resilience::classify(answer);
    if (o.kind == resilience::outcome_kind::throttled && o.retry_after) {
      limiter_.cool_down(clock::system().steady_now(), *o.retry_after);
    }
    return answer;
  }

  std::uint32_t attempts = 0;

 private:
  http::transport& web_;
  resilience::token_bucket& limiter_;
};

class guarded final : public caller {
 public:
  guarded(http::client& web, http::url to, std::unique_ptr<rules> r)
      : web_(web), to_(std::move(to)), rules_(std::move(r)) {}

  result<void> open() {
    auto made = resilience::pipeline::make(
        {.shedder = rules_->shedder.get(),
         .limiter = rules_->limiter,
         .breaker = &rules_->breaker,
         .retry = &rules_->retry,
         .budget = rules_->budget.get(),
         .concurrency = rules_->concurrency.get()}
    );
    if (!made) return made.error();
    calls_ = *std::move(made);
    return {};
  }

  // [call]
  call_report call(steady_time due, std::size_t number) override {
    observed partner(web_, rules_->limiter);
    const auto answer = resilience::send(
        *calls_, partner, charge_of(to_, number), {.deadline = due + 1s, .queued_at = due}
    );
    if (partner.attempts == 0) return {call_end::refused, 0};
    const bool charged = answer && answer->status == 200;
    return {charged ? call_end::answered : call_end::failed, partner.attempts};
  }
  // [call]

 private:
  http::client& web_;
  const http::url to_;
  std::unique_ptr<rules> rules_;
  std::unique_ptr<resilience::pipeline> calls_;
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
  auto made = std::make_unique<guarded>(web, *std::move(to), *std::move(r));
  if (auto ok = made->open(); !ok) return ok.error();
  return std::unique_ptr<caller>(std::move(made));
}

}  // namespace backpressure
