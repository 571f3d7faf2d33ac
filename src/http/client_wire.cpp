// SPDX-License-Identifier: BSL-1.0
#include "http/client_wire.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sys/socket.h>
#include <system_error>

namespace scalekit::inline v0::http {

namespace {

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int clamped(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

client_wire::~client_wire() {
  if (tls_ == nullptr) return;
  if (failure_.empty() && SSL_is_init_finished(tls_.get()) == 1) SSL_shutdown(tls_.get());
  ERR_clear_error();
}

result<void> client_wire::start_tls(SSL_CTX* context, const std::string& host, const call& c) {
  auto session = tls::make_session(context, socket_.get(), host);
  if (!session) return std::move(session).error();
  tls_ = *std::move(session);
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_.get());
    if (done == 1) return {};
    short waits_for = POLLIN;
    if (ssl_outcome(done, waits_for) != progress::none) {
      const std::string why = failure_.empty() ? "the server closed the connection" : failure_;
      return c.failed(errc::unavailable, "no TLS: " + why);
    }
    pollfd one{socket_.get(), waits_for, 0};
    const auto woken = c.wait({&one, 1}, c.step_end());
    if (woken == call::woken::stopped) return c.stopped();
    if (woken == call::woken::late) {
      return c.failed(errc::timed_out, c.too_long("the TLS handshake"));
    }
  }
}

progress client_wire::outcome(std::ptrdiff_t n) {
  if (n > 0) return progress{n};
  if (n == 0) return progress::ended;
  if (would_block()) return progress::none;
  failure_ = std::generic_category().message(errno);
  return progress::broken;
}

progress client_wire::ssl_outcome(int n, short& waits_for) {
  if (n > 0) return progress{n};
  const int code = SSL_get_error(tls_.get(), n);
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) {
    waits_for = code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    return progress::none;
  }
  if (code == SSL_ERROR_ZERO_RETURN) return progress::ended;
  failure_ = tls::failure(tls_.get(), n);
  return progress::broken;
}

progress client_wire::write(std::string_view data) {
  if (tls_ == nullptr) {
    return outcome(::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL));
  }
  ERR_clear_error();
  return ssl_outcome(SSL_write(tls_.get(), data.data(), clamped(data.size())), write_waits_for_);
}

progress client_wire::read(char* out, std::size_t size) {
  if (tls_ == nullptr) return outcome(::recv(socket_.get(), out, size, 0));
  ERR_clear_error();
  const auto n = ssl_outcome(SSL_read(tls_.get(), out, clamped(size)), read_waits_for_);
  holds_more_ = n > progress::none;
  return n;
}

pollfd client_wire::interest(bool to_write_too) const noexcept {
  const auto events = to_write_too ? read_waits_for_ | write_waits_for_ : read_waits_for_;
  return {socket_.get(), static_cast<short>(events), 0};
}

bool client_wire::is_quiet() {
  char byte = 0;
  if (::recv(socket_.get(), &byte, 1, MSG_PEEK) >= 0) {
    // Session tickets and the like arrive when they please; what they announce is nothing.
    if (tls_ == nullptr) return false;
  } else if (!would_block()) {
    return false;
  }
  if (tls_ == nullptr) return true;
  ERR_clear_error();
  return ssl_outcome(SSL_peek(tls_.get(), &byte, 1), read_waits_for_) == progress::none;
}

}  // namespace scalekit::inline v0::http
