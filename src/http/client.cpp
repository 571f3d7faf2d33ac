// SPDX-License-Identifier: BSL-1.0
#include "http/client_pool.hpp"
#include "http/client_request.hpp"

#include <scalekit/http/client.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

struct instruments {
  explicit instruments(metrics::registry& r)
      : requests(r.make_counter("scalekit_http_client_requests_total", "Requests to be sent")),
        failures(r.make_counter("scalekit_http_client_failures_total", "Requests without an answer")
        ),
        retries(r.make_counter("scalekit_http_client_retries_total", "Requests written again")),
        duration(r.make_histogram(
            "scalekit_http_client_duration_seconds",
            "From the call to the whole answer",
            metrics::duration_bounds()
        )) {}

  metrics::counter requests;
  metrics::counter failures;
  metrics::counter retries;
  metrics::histogram duration;
};

constexpr std::size_t steps = static_cast<std::size_t>(step::answer) + 1;

}  // namespace

struct client::state {
  explicit state(client_settings s)
      : settings(std::move(s)),
        measures(
            settings.options.metrics != nullptr ? *settings.options.metrics
                                                : metrics::registry::nowhere()
        ) {}

  result<response> follow(const outgoing_request& r, call& c);
  result<response> send_to(
      const url& to, const fields& headers, const outgoing_request& r, const body_fn& sink, call& c
  );
  void count_failure(step at) noexcept { ++failed[static_cast<std::size_t>(at)]; }
  [[nodiscard]] std::uint64_t failures(step at) const noexcept {
    return failed[static_cast<std::size_t>(at)];
  }

  client_settings settings;
  instruments measures;
  client_pool pool{settings};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> redirects{0};
  std::array<std::atomic<std::uint64_t>, steps> failed{};
};

namespace {

/// A kept connection may have been closed just as it was used; that says nothing of the server.
bool may_repeat(const client_pool::loan& on, const exchange& e, const outgoing_request& r) {
  return !on.fresh && e.lost && !e.answered && (!e.sent || is_repeatable(r));
}

/// Whatever kept it from being sent again, "nothing took effect" is no longer true once an earlier
/// attempt had been sent.
error with_doubt(const error& why) {
  return {
      why.code() == errc::cancelled ? errc::cancelled : errc::outcome_unknown,
      "it was sent and the connection lost; then, sending it again: " + why.message(),
      why.cause()};
}

}  // namespace

result<response> client::state::send_to(
    const url& to, const fields& headers, const outgoing_request& r, const body_fn& sink, call& c
) {
  const std::string head = request_head(r, to, headers, settings.options.user_agent);
  auto wish = client_pool::wish::any;
  bool in_doubt = false;
  for (;;) {
    auto loan = pool.acquire(to, wish, c);
    if (!loan) return in_doubt ? with_doubt(loan.error()) : std::move(loan).error();
    exchange e = loan->connection->run(r, head, sink, c);
    if (e.answer) {
      if (e.reusable) loan->give_back();
      return std::move(e.answer);
    }
    if (!may_repeat(*loan, e, r)) {
      return in_doubt && !e.answered ? with_doubt(e.answer.error()) : std::move(e.answer).error();
    }
    in_doubt = in_doubt || e.sent;
    wish = client_pool::wish::fresh;
    ++retries;
    measures.retries.add();
  }
}

result<response> client::state::follow(const outgoing_request& r, call& c) {
  const auto policy = settings.options.redirects;
  url to = r.to;
  fields headers = r.headers;
  for (unsigned hops = settings.options.max_redirects;; --hops) {
    const auto next = [&](const response& answer) {
      return hops > 0 ? next_hop(r, to, answer, policy) : std::nullopt;
    };
    body_fn sink = r.on_body;
    if (sink && policy != redirects::none) {
      sink = [&](const response& head, std::string_view piece) -> result<void> {
        if (next(head)) return {};  // not what was asked for
        return r.on_body(head, piece);
      };
    }
    auto answer = send_to(to, headers, r, sink, c);
    if (!answer) return answer;
    auto further = next(*answer);
    if (!further) return answer;
    if (!further->same_origin(to)) headers = fields_for_strangers(headers);
    to = *std::move(further);
    c.leads_to(to);
    ++redirects;
  }
}

client::client(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
client::~client() = default;

result<std::unique_ptr<client>> client::open(client_options options) {
  if (auto ok = check_options(options); !ok) return ok.error();
  auto context = tls::make_context(options.tls, "http client");
  if (!context) return context.error();
  constexpr std::array<unsigned char, 9> http1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context->get(), http1.data(), http1.size());
  SSL_CTX_set_mode(context->get(), SSL_MODE_RELEASE_BUFFERS);
  client_settings s;
  s.tls = *std::move(context);
  s.time = options.clock != nullptr ? options.clock : &clock::system();
  s.options = std::move(options);
  return std::unique_ptr<client>(new client(std::make_unique<state>(std::move(s))));
}

result<response> client::send(const outgoing_request& request) {
  auto& s = *state_;
  ++s.requests;
  s.measures.requests.add();
  if (auto ok = check_request(request); !ok) {
    s.count_failure(step::request);
    s.measures.failures.add();
    return ok.error();
  }
  const auto began = s.settings.time->steady_now();
  call c(*s.settings.time, request);
  auto answer = s.follow(request, c);
  if (answer) {
    ++s.answers;
    const auto took = s.settings.time->steady_now() - began;
    s.measures.duration.observe(std::chrono::duration<double>(took).count());
  } else {
    s.count_failure(c.step());
    s.measures.failures.add();
  }
  return answer;
}

void client::close_idle() noexcept { state_->pool.close_idle(); }

client_stats client::stats() const {
  const auto& s = *state_;
  const auto pool = s.pool.count();
  client_stats out{
      .open = pool.open,
      .idle = pool.idle,
      .requests = s.requests,
      .answers = s.answers,
      .connects = pool.connects,
      .reuses = pool.reuses,
      .retries = s.retries,
      .redirects = s.redirects};
  out.failed.request = s.failures(step::request);
  out.failed.acquire = s.failures(step::acquire);
  out.failed.resolve = s.failures(step::resolve);
  out.failed.connect = s.failures(step::connect);
  out.failed.handshake = s.failures(step::handshake);
  out.failed.write = s.failures(step::write);
  out.failed.answer = s.failures(step::answer);
  return out;
}

}  // namespace scalekit::inline v0::http
