// SPDX-License-Identifier: BSL-1.0
#include "http/client_connection.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

constexpr std::size_t read_size = std::size_t{32} * 1024;
// A body up to this goes out with the header, in one piece.
constexpr std::size_t small_body = std::size_t{16} * 1024;

result<std::vector<ip_address>> allowed(
    std::vector<ip_address> found, const address_guard& guard, const url& to, const call& c
) {
  if (!guard) return found;
  const ip_address first = found.front();
  std::erase_if(found, [&](const ip_address& a) { return !guard(a); });
  if (!found.empty()) return found;
  return c.failed(
      errc::invalid_argument,
      to.host() + " leads to " + first.to_string() + ", which allow_address refuses"
  );
}

}  // namespace

result<std::unique_ptr<client_connection>> client_connection::open(
    const client_settings& s, lookups& names, const url& to, call& c
) {
  const client_options& o = s.options;
  c.enter(step::resolve, o.timeouts.resolve);
  auto found = names.find(to.host(), c);
  if (!found) return found.error();
  c.enter(step::connect, o.timeouts.connect);
  auto addresses = allowed(*std::move(found), o.allow_address, to, c);
  if (!addresses) return addresses.error();
  auto socket = dial(*addresses, to.port(), c);
  if (!socket) return socket.error();
  client_wire wire(*std::move(socket));
  if (to.scheme() == scheme::https) {
    c.enter(step::handshake, o.timeouts.handshake);
    if (auto ok = wire.start_tls(s.tls.get(), to.host(), c); !ok) return ok.error();
  }
  std::unique_ptr<client_connection> made(new client_connection(std::move(wire), s));
  made->opened = s.time->steady_now();
  return made;
}

/// One request and its answer. It reads while it writes: a server that has seen enough answers
/// early, and closes.
class client_connection::conversation {
 public:
  conversation(
      client_connection& on,
      const outgoing_request& r,
      std::string_view head,
      const body_fn& sink,
      call& c
  )
      : on_(on), call_(c), in_(r, sink, on.settings_.options.max_header_bytes), start_(head) {
    if (r.body.size() <= small_body) {
      start_ += r.body;
    } else {
      rest_ = r.body;
    }
    unsent_ = start_;
  }

  exchange run() {
    call_.enter(step::write, timeouts().write);
    state s = state::going_on;
    while (s == state::going_on) {
      if (!unsent_.empty() && !out_.lost) write();
      if (s = wait(); s == state::going_on) s = read();
    }
    return std::move(out_);
  }

 private:
  enum class state { going_on, over };

  [[nodiscard]] const client_timeouts& timeouts() const noexcept {
    return on_.settings_.options.timeouts;
  }

  void write() {
    for (;;) {
      const auto n = on_.wire_.write(unsent_);
      if (n == progress::none) return;
      if (n < progress::none) {
        // What the server said before it closed may still be there to be read.
        out_.lost = true;
        unsent_ = {};
        return;
      }
      call_.moved();
      unsent_.remove_prefix(static_cast<std::size_t>(n));
      if (unsent_.empty()) unsent_ = std::exchange(rest_, {});
      if (unsent_.empty()) break;
    }
    out_.sent = true;
    call_.enter(step::answer, timeouts().first_byte);
  }

  state wait() {
    const auto until = call_.step_end();
    pollfd one = on_.wire_.interest(!unsent_.empty());
    const auto woken = on_.wire_.holds_more() ? call_.look(until) : call_.wait({&one, 1}, until);
    if (woken == call::woken::ready) return state::going_on;
    if (woken == call::woken::stopped) return fail(call_.stopped());
    const errc code = maybe_done() ? errc::outcome_unknown : errc::timed_out;
    return fail(call_.failed(code, call_.too_long(doing())));
  }

  [[nodiscard]] std::string_view doing() const noexcept {
    if (!maybe_done()) return "sending";
    return out_.answered ? "waiting for the rest of the answer" : "waiting for the answer";
  }

  state read() {
    const auto room = on_.buffer_.prepare(read_size);
    const auto n = on_.wire_.read(static_cast<char*>(room.data()), room.size());
    if (n == progress::none) return out_.lost ? broke() : state::going_on;
    if (n == progress::broken) return broke();
    if (n == progress::ended) return judge(in_.end(), true);
    on_.buffer_.commit(static_cast<std::size_t>(n));
    out_.answered = true;
    const state s = judge(in_.take(on_.buffer_), false);
    if (s == state::over) return s;
    if (out_.sent) {
      call_.enter(step::answer, timeouts().read);
    } else if (in_.has_head() && in_.answer().status >= 300) {
      unsent_ = rest_ = {};  // it was turned away, and the rest is not wanted
      call_.enter(step::answer, timeouts().read);
    }
    return s;
  }

  state judge(answer_reader::state s, bool ended) {
    if (s == answer_reader::state::reading) return state::going_on;
    if (s == answer_reader::state::failed) return misread(ended);
    out_.reusable =
        out_.sent && !ended && !out_.lost && in_.keeps_alive() && on_.buffer_.size() == 0;
    out_.answer = std::move(in_.answer());
    return state::over;
  }

  state misread(bool ended) {
    auto& trouble = in_.why();
    if (trouble.of_sink) return fail(*std::move(trouble.of_sink));
    if (ended) return broke(trouble.why);
    return fail(call_.failed(trouble.code, trouble.why));
  }

  state broke(std::string_view why = {}) {
    out_.lost = true;
    std::string text(why.empty() ? std::string_view(on_.wire_.failure()) : why);
    if (text.empty()) text = "the server closed the connection";
    text.insert(0, maybe_done() ? "it was sent; then: " : "it was not sent to its end: ");
    return fail(call_.failed(maybe_done() ? errc::outcome_unknown : errc::unavailable, text));
  }

  /// Whether the server may have acted on it.
  [[nodiscard]] bool maybe_done() const noexcept { return out_.sent || out_.answered; }

  state fail(error why) {
    out_.answer = std::move(why);
    return state::over;
  }

  client_connection& on_;
  call& call_;
  answer_reader in_;
  std::string start_;
  std::string_view unsent_;
  std::string_view rest_;
  exchange out_;
};

exchange client_connection::run(
    const outgoing_request& r, std::string_view head, const body_fn& sink, call& c
) {
  return conversation(*this, r, head, sink, c).run();
}

}  // namespace scalekit::inline v0::http
