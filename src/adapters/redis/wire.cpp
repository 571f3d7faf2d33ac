// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/wire.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace scalekit::inline v0::redis {

namespace {

timeval to_timeval(std::chrono::milliseconds t) noexcept {
  timeval out{};
  out.tv_sec = static_cast<decltype(out.tv_sec)>(t.count() / 1000);
  out.tv_usec = static_cast<decltype(out.tv_usec)>(t.count() % 1000 * 1000);
  return out;
}

error unreachable(const settings& s, std::string_view why) {
  return {errc::unavailable, s.where + ": cannot connect: " + std::string(why), {"redis", 0}};
}

}  // namespace

wire::~wire() {
  if (tls_) tls_->close();
}

result<wire> wire::connect(const settings& s, steady_time until) {
  const client_options& o = s.options;
  const timeval timeout = to_timeval(o.connect_timeout);
  context_ptr context(
      o.unix_path.empty() ? redisConnectWithTimeout(o.host.c_str(), o.port, timeout)
                          : redisConnectUnixWithTimeout(o.unix_path.c_str(), timeout)
  );
  if (context == nullptr) return unreachable(s, "out of memory");
  if (context->err != 0) return unreachable(s, context->errstr);
  ::fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  wire made(std::move(context), *s.clock);
  if (s.tls != nullptr) {
    if (auto ok = made.start_tls(s, until); !ok) return ok.error();
  }
  return made;
}

result<void> wire::start_tls(const settings& s, steady_time until) {
  const tls_options& o = *s.options.tls;
  const std::string& name = o.server_name.empty() ? s.options.host : o.server_name;
  auto session = tls_session::make(s.tls.get(), context_->fd, name);
  if (!session) return std::move(session).error().with_context(s.where);
  tls_.emplace(*std::move(session));
  bool wants_write = false;
  for (;;) {
    const progress done = tls_->handshake(wants_write);
    if (done > 0) return {};
    if (done < 0) return unreachable(s, tls_->failure());
    if (!wait(wants_write, until)) {
      return unreachable(s, "the TLS handshake got no answer in time");
    }
  }
}

progress wire::outcome(ssize_t n) {
  if (n > 0) return n;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  failure_ = n == 0 ? "the server closed the connection" : std::generic_category().message(errno);
  return -1;
}

progress wire::write(std::string_view data) {
  if (!tls_) {
    return outcome(::send(context_->fd, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  const progress n = tls_->write(data);
  if (n < 0) failure_ = tls_->failure();
  return n;
}

progress wire::read(char* out, std::size_t size) {
  if (!tls_) return outcome(::recv(context_->fd, out, size, MSG_DONTWAIT));
  const progress n = tls_->read(out, size);
  if (n < 0) failure_ = tls_->failure();
  return n;
}

bool wire::wait(bool to_write_too, steady_time until) const noexcept {
  pollfd p{};
  p.fd = context_->fd;
  p.events = static_cast<short>(to_write_too ? POLLIN | POLLOUT : POLLIN);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - clock_->steady_now()).count();
    if (left <= 0) return false;
    const int ready = ::poll(&p, 1, static_cast<int>(left));
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

bool wire::is_quiet() const noexcept {
  char byte = 0;
  return ::recv(context_->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace scalekit::inline v0::redis
