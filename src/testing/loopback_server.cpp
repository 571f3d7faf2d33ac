// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/testing/loopback_server.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
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

bool loopback_server::peer::fill() {
  char some[65536];
  const auto n = ::recv(fd_, some, sizeof some, 0);
  if (n <= 0) return false;
  pending_.append(some, static_cast<std::size_t>(n));
  return true;
}

std::string loopback_server::peer::request() {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  end += 4;
  end += body_size(std::string_view(pending_).substr(0, end));
  while (pending_.size() < end) {
    if (!fill()) return {};
  }
  std::string out = pending_.substr(0, end);
  pending_.erase(0, end);
  return out;
}

bool loopback_server::peer::send(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void loopback_server::peer::wait_until_gone() {
  while (fill()) pending_.clear();
}

void loopback_server::peer::ignore() {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::seconds(30), [this] { return is_over_; });
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

result<std::unique_ptr<loopback_server>> loopback_server::start(handler h, int receive_buffer) {
  sockaddr_in address{};
  const int fd = listen_on(address, receive_buffer);
  if (fd < 0) return error(errc::unavailable, "loopback_server: cannot listen", {"errno", errno});
  return std::unique_ptr<loopback_server>(
      new loopback_server(std::move(h), fd, ntohs(address.sin_port))
  );
}

loopback_server::loopback_server(handler h, int listener, std::uint16_t port)
    : handler_(std::move(h)), listener_(listener), port_(port), acceptor_([this] { accept_all(); }) {}

loopback_server::~loopback_server() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (served& s : peers_) s.who.end();
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (served& s : peers_) s.thread.join();
  ::close(listener_);
}

void loopback_server::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || closing_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    const timeval limit{30, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    served& s = peers_.emplace_back(fd, static_cast<int>(peers_.size()));
    s.thread = std::thread([this, &s] {
      handler_(s.who);
      s.who.close();
    });
  }
}

int loopback_server::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(peers_.size());
}

std::string loopback_server::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

}  // namespace scalekit::inline v0::testing
