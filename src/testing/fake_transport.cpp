// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/fake_transport.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

namespace {

constexpr std::size_t piece_bytes = std::size_t{16} * 1024;

error failed(const http::outgoing_request& r, errc code, std::string_view why) {
  return {code, r.method + " " + r.to.origin() + ": " + std::string(why)};
}

bool has_body(const http::outgoing_request& r, int status) noexcept {
  return r.method != "HEAD" && status != 204 && status != 304;
}

// What a transport makes of an answer that has come.
result<http::response> hand_over(const http::outgoing_request& r, http::response answer) {
  if (!has_body(r, answer.status)) answer.body.clear();
  if (answer.body.size() > r.max_body_bytes) {
    const auto most = std::to_string(r.max_body_bytes);
    return failed(r, errc::data_corrupted, "the body is larger than " + most + " bytes");
  }
  if (!r.on_body) return answer;
  const std::string body = std::exchange(answer.body, {});
  for (std::string_view rest = body; !rest.empty();) {
    const auto piece = rest.substr(0, piece_bytes);
    if (auto taken = r.on_body(answer, piece); !taken) return taken.error();
    rest.remove_prefix(piece.size());
  }
  return answer;
}

}  // namespace

http_fault connection_refused() { return {.what = error(errc::unavailable, "connection refused")}; }

http_fault connection_timed_out() {
  return {.what = error(errc::timed_out, "no connection in time"), .takes = duration::max()};
}

http_fault answer_lost() {
  return {
      .when = http_fault::moment::after_effect,
      .what = error(errc::outcome_unknown, "the connection broke before an answer came")};
}

http_fault answer_timed_out() {
  return {
      .when = http_fault::moment::after_effect,
      .what = error(errc::outcome_unknown, "no answer in time"),
      .takes = duration::max()};
}

fake_transport::fake_transport(answer_fn answer, manual_clock* clock)
    : answer_(std::move(answer)), clock_(clock) {}
fake_transport::~fake_transport() = default;

void fake_transport::then(fake_answer next) {
  const std::lock_guard lock(mutex_);
  script_.push_back(std::move(next));
}

void fake_transport::inject(http_fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.add(std::move(fault));
}

void fake_transport::clear() {
  const std::lock_guard lock(mutex_);
  script_.clear();
  faults_.clear();
}

std::vector<http::outgoing_request> fake_transport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::uint64_t fake_transport::struck() const {
  const std::lock_guard lock(mutex_);
  return faults_.struck();
}

std::optional<http_fault> fake_transport::record(const http::outgoing_request& r) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(r);
  requests_.back().on_body = nullptr;  // refers to what lasts as long as the call
  const http_fault* due =
      faults_.due([&](const http_fault& f) { return !f.matches || f.matches(r); });
  return due != nullptr ? std::optional(*due) : std::nullopt;
}

fake_answer fake_transport::answer_to(const http::outgoing_request& r) {
  {
    const std::lock_guard lock(mutex_);
    if (!script_.empty()) {
      fake_answer next = std::move(script_.front());
      script_.pop_front();
      return next;
    }
  }
  if (answer_) return answer_(r);
  return failed(r, errc::internal, "fake_transport has no answer; give it a script or a callable");
}

bool fake_transport::pass(duration takes, const http::outgoing_request& r) {
  const bool in_time = takes < r.timeout;
  if (clock_ != nullptr) clock_->advance(in_time ? takes : r.timeout);
  return in_time;
}

result<http::response> fake_transport::send(const http::outgoing_request& r) {
  using moment = http_fault::moment;
  if (auto fit = http::check_request(r); !fit) return fit.error();
  if (r.stop.stop_requested()) {
    return failed(r, errc::cancelled, "it was stopped, before it had been sent");
  }
  const std::optional<http_fault> fault = record(r);
  if (fault && fault->when == moment::before_effect) {
    static_cast<void>(pass(fault->takes, r));
    return fault->what;
  }
  fake_answer made = answer_to(r);
  const bool in_time = pass(fault ? fault->takes : made.takes, r);
  if (r.stop.stop_requested()) {
    return failed(r, errc::cancelled, "it was stopped, after it had been sent");
  }
  if (fault) return fault->what;
  if (!made.gives) return std::move(made.gives);
  if (!in_time) return failed(r, errc::outcome_unknown, "no answer in time");
  return hand_over(r, *std::move(made.gives));
}

}  // namespace scalekit::inline v0::testing
