// SPDX-License-Identifier: BSL-1.0
#include "http/wire.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <poll.h>
#include <sys/socket.h>

namespace scalekit::inline v0::http {

wire::wire(beast::tcp_stream& lowest) : stream_(lowest) {
  stream_.expires_never();
  error_code ignored;
  // Chunk framing makes small pieces; waiting for an acknowledgement between them costs 40 ms.
  socket().set_option(tcp::no_delay(true), ignored);
}

wire::~wire() = default;

asio::awaitable<error_code> wire::send(wire_buffers from, std::chrono::milliseconds stall) {
  deadline limit(*this);
  while (asio::buffer_size(from) > 0) {
    limit.arm(stall);
    // Over TLS a sequence that begins with an empty piece may be taken for an empty one.
    const auto has_bytes = [](const asio::const_buffer& b) { return b.size() > 0; };
    std::rotate(from.begin(), std::find_if(from.begin(), from.end(), has_bytes), from.end());
    auto [failed, n] = co_await write_some(from);
    if (failed) co_return limit.expired() ? error_code(asio::error::timed_out) : failed;
    for (auto& part : from) {
      const auto taken = std::min(n, part.size());
      part += taken;
      n -= taken;
    }
  }
  co_return error_code();
}

void wire::reset_on_close(bool on) noexcept {
  error_code ignored;
  socket().set_option(asio::socket_base::linger(on, 0), ignored);
}

void wire::close() noexcept {
  error_code ignored;
  socket().close(ignored);
}

bool wire::peer_gone() noexcept {
#ifdef POLLRDHUP
  pollfd state{socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
#else
  char byte;
  return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
#endif
}

deadline::deadline(wire& w) : state_(std::make_shared<state>(w)) {}

void deadline::arm(std::chrono::milliseconds wait) {
  state_->expired = false;
  state_->timer.expires_after(wait);
  state_->timer.async_wait([s = state_, generation = ++state_->generation](error_code failed) {
    // An expiry may be queued already when the operation it was for ends.
    if (failed || generation != s->generation) return;
    s->expired = true;
    error_code ignored;
    s->target->socket().cancel(ignored);
  });
}

void deadline::disarm() noexcept {
  ++state_->generation;
  state_->timer.cancel();
}

}  // namespace scalekit::inline v0::http
