// SPDX-License-Identifier: BSL-1.0
#include "partner.hpp"

#include <scalekit/error.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace backpressure {

using namespace scalekit;

namespace {

steady_time now() { return clock::system().steady_now(); }

/// Counts who is inside.
class place {
 public:
  explicit place(std::atomic<std::uint32_t>& at_once) : at_once_(at_once), number_(++at_once) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() { --at_once_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }

 private:
  std::atomic<std::uint32_t>& at_once_;
  const std::uint32_t number_;
};

}  // namespace

partner::partner(const partner_model& model, std::uint32_t most_connections, resilience::rate r)
    : model_(model), limit_(r), quota_(r, now()), web_({.worker_threads = most_connections}) {}

result<std::unique_ptr<partner>> partner::start(
    const partner_model& model, std::uint32_t most_connections
) {
  auto quota = resilience::rate::make({.tokens = model.per_second, .burst = model.burst});
  if (!quota) return quota.error();
  std::unique_ptr<partner> p(new partner(model, most_connections, *quota));
  const auto answer = [raw = p.get()](const http::request&) { return raw->charge(); };
  if (auto ok = p->web_.route("POST", "/charges", answer); !ok) return ok.error();
  const auto limits = [raw = p.get()](const http::request&) -> result<http::response> {
    auto r = http::response::text(200, "ready\n");
    if (auto ok = raw->tell_limits(r, raw->quota_.peek(now())); !ok) return ok.error();
    return r;
  };
  if (auto ok = p->web_.route("GET", "/", limits); !ok) return ok.error();
  if (auto ok = p->web_.start(); !ok) return ok.error();
  return p;
}

std::string partner::url() const { return "http://127.0.0.1:" + std::to_string(web_.port()); }

void partner::begin(steady_time origin, steady_time from, steady_time until) {
  const std::lock_guard lock(mutex_);
  origin_ = origin;
  down_from_ = from;
  down_until_ = until;
}

std::vector<partner_tick> partner::ticks() const {
  const std::lock_guard lock(mutex_);
  return ticks_;
}

http::response partner::charge() {
  const steady_time arrived = now();
  const place mine(at_once_);
  const auto [from, until] = [&] {
    const std::lock_guard lock(mutex_);
    return std::pair(down_from_, down_until_);
  }();
  http::response r;
  if (arrived >= from && arrived < until) {
    sleeper::system().sleep_for(model_.gateway);
    r = http::problem(504, "the partner does not answer");
  } else if (mine.number() > model_.most_at_once) {
    r = http::problem(503, "the queue is full");
  } else {
    const resilience::decision d = quota_.take(arrived);
    const duration work = d.allowed ? model_.service : model_.refusal;
    sleeper::system().sleep_for(work * std::max(mine.number(), model_.parallel) / model_.parallel);
    r = d.allowed ? http::response::text(200, "charged\n")
                  : http::problem(429, "beyond the quota", d.retry_after);
    if (!tell_limits(r, d)) r = http::problem(500);
  }
  count(arrived, r.status);
  return r;
}

result<void> partner::tell_limits(http::response& r, const resilience::decision& d) const {
  auto policy = resilience::to_field({resilience::policy_of("contract", limit_)});
  if (!policy) return policy.error();
  auto state = resilience::to_field({resilience::state_of("contract", d)});
  if (!state) return state.error();
  if (auto ok = r.headers.set("RateLimit-Policy", *policy); !ok) return ok;
  return r.headers.set("RateLimit", *state);
}

void partner::count(steady_time arrived, int status) {
  const std::lock_guard lock(mutex_);
  if (arrived < origin_) return;
  const auto at = static_cast<std::size_t>((arrived - origin_) / tick);
  if (at >= ticks_.size()) ticks_.resize(at + 1);
  partner_tick& t = ticks_[at];
  ++t.arrived;
  ++(status == 200 ? t.done : status == 429 ? t.throttled : t.failed);
}

}  // namespace backpressure
