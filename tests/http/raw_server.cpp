// SPDX-License-Identifier: BSL-1.0
#include "raw_server.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace scalekit::test {

bool raw_server::peer::fill() {
  char some[65536];
  const auto n = ::recv(fd_, some, sizeof some, 0);
  if (n <= 0) return false;
  pending_.append(some, static_cast<std::size_t>(n));
  return true;
}

std::string raw_server::peer::request() {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  end += 4;
  const std::string_view head = std::string_view(pending_).substr(0, end);
  constexpr std::string_view length = "\r\nContent-Length: ";
  if (const auto at = head.find(length); at != std::string_view::npos) {
    end += std::stoul(std::string(head.substr(at + length.size())));
  }
  while (pending_.size() < end) {
    if (!fill()) return {};
  }
  std::string out = pending_.substr(0, end);
  pending_.erase(0, end);
  return out;
}

bool raw_server::peer::send(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void raw_server::peer::wait_until_gone() {
  while (fill()) pending_.clear();
}

void raw_server::peer::half_close() { ::shutdown(fd_, SHUT_WR); }

void raw_server::peer::close() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void raw_server::peer::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void raw_server::peer::end() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

raw_server::raw_server(handler h, int receive_buffer) : handler_(std::move(h)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "raw_server: listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

raw_server::~raw_server() {
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

void raw_server::accept_all() {
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

int raw_server::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(peers_.size());
}

std::string raw_server::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

}  // namespace scalekit::test
