// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/testing/loopback_server.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace scalekit::inline v0::testing {

namespace {

std::size_t body_size(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), [](char a, char b) {
    return http::to_lower(a) == b;
  });
  std::size_t size = 0;
  if (at == head.end()) return size;
  auto digit = std::find_if(at + name.size(), head.end(), [](char c) { return c != ' '; });
  for (; digit != head.end() && http::is_digit(*digit); ++digit) {
    size = size * 10 + static_cast<std::size_t>(*digit - '0');
  }
  return size;
}

/// Listens on a port of the system's choice; -1, with the reason in errno.
int listen_on(sockaddr_in& address, int receive_buffer) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, plain, size) == 0 && ::listen(fd, 64) == 0 &&
      ::getsockname(fd, plain, &size) == 0) {
    return fd;
  }
  const int why = errno;
  if (fd >= 0) ::close(fd);
  errno = why;
  return -1;
}

}  // namespace

steady_time loopback_server::peer::deadline() const {
  return clock::system().steady_now() + patience_;
}

bool loopback_server::peer::is_ready(short events, steady_time until) const {
  using std::chrono::milliseconds;
  while (fd_ >= 0) {
    const auto left = std::chrono::ceil<milliseconds>(until - clock::system().steady_now());
    if (left <= milliseconds(0)) return false;
    pollfd p{fd_, events, 0};
    const auto most = std::min<milliseconds::rep>(left.count(), INT_MAX);
    const int n = ::poll(&p, 1, static_cast<int>(most));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
  return false;
}

bool loopback_server::peer::fill(steady_time until) {
  if (!is_ready(POLLIN, until)) return false;
  char some[65536];
  const auto n = ::recv(fd_, some, sizeof some, 0);
  if (n <= 0) return false;
  pending_.append(some, static_cast<std::size_t>(n));
  return true;
}

std::string loopback_server::peer::request() {
  const steady_time until = deadline();
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(until)) return {};
  }
  end += 4;
  end += body_size(std::string_view(pending_).substr(0, end));
  while (pending_.size() < end) {
    if (!fill(until)) return {};
  }
  std::string out = pending_.substr(0, end);
  pending_.erase(0, end);
  return out;
}

bool loopback_server::peer::send(std::string_view text) {
  const steady_time until = deadline();
  while (!text.empty()) {
    if (!is_ready(POLLOUT, until)) return false;
    const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void loopback_server::peer::wait_until_gone() {
  for (const steady_time until = deadline(); fill(until);) pending_.clear();
}

void loopback_server::peer::ignore() {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, patience_, [this] { return is_over_; });
}

void loopback_server::peer::half_close() { ::shutdown(fd_, SHUT_WR); }

void loopback_server::peer::close() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void loopback_server::peer::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void loopback_server::peer::end() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  is_over_ = true;
  ended_.notify_all();
}

result<std::unique_ptr<loopback_server>> loopback_server::start(
    handler h, int receive_buffer, duration patience
) {
  sockaddr_in address{};
  const int fd = listen_on(address, receive_buffer);
  if (fd < 0) return error(errc::unavailable, "loopback_server: cannot listen", {"errno", errno});
  return std::unique_ptr<loopback_server>(
      new loopback_server(std::move(h), fd, ntohs(address.sin_port), patience)
  );
}

loopback_server::loopback_server(
    handler h, int listener, std::uint16_t port, duration patience
)
    : handler_(std::move(h)),
      listener_(listener),
      port_(port),
      patience_(patience),
      acceptor_([this] { accept_all(); }) {}

loopback_server::~loopback_server() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (served& s : peers_) s.who.end();
    changed_.notify_all();
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (served& s : peers_) s.thread.join();
  ::close(listener_);
}

void loopback_server::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    std::unique_lock lock(mutex_);
    if (closing_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    join_ended();
    if (fd < 0) {
      // A client has left again, or no descriptor is free until a connection ends, of ours or not.
      changed_.wait_for(lock, std::chrono::milliseconds(10));
      continue;
    }
    served& s = peers_.emplace_back(fd, accepted_++, patience_);
    s.thread = std::thread([this, &s] {
      handler_(s.who);
      s.who.close();
      const std::lock_guard done(mutex_);
      s.is_over = true;
      changed_.notify_all();
    });
  }
}

void loopback_server::join_ended() {
  for (auto s = peers_.begin(); s != peers_.end();) {
    if (!s->is_over) {
      ++s;
      continue;
    }
    s->thread.join();
    s = peers_.erase(s);
  }
}

int loopback_server::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::string loopback_server::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

}  // namespace scalekit::inline v0::testing
