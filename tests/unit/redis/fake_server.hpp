// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_REDIS_FAKE_SERVER_HPP
#define SCALEKIT_TESTS_UNIT_REDIS_FAKE_SERVER_HPP

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <linux/sockios.h>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace scalekit_tests {

/// A server that says what a test wants it to: on loopback, a thread for each connection.
class fake_server {
 public:
  /// Given what came in one piece, gives what to send back; nothing to close the connection.
  using handler = std::function<std::optional<std::string>(std::string_view)>;

  explicit fake_server(handler h)
      : handler_(std::move(h)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    ::bind(listener_, any, size);
    ::listen(listener_, 64);
    ::getsockname(listener_, any, &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  fake_server(const fake_server&) = delete;
  fake_server& operator=(const fake_server&) = delete;
  ~fake_server() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (const int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
    for (std::thread& t : threads_) t.join();
    for (const int fd : sockets_) ::close(fd);
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] int connections() const noexcept { return connections_.load(); }
  /// Sends this to everybody, unasked; it has arrived when this returns.
  void say(std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (const int fd : sockets_) {
      ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      wait_until_received(fd);
    }
  }
  /// Sends this to everybody and does not wait; false if it finds that somebody has gone.
  bool drip(std::string_view text) {
    const std::lock_guard lock(mutex_);
    bool all = true;
    for (const int fd : sockets_) {
      all = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) > 0 && all;
    }
    return all;
  }
  /// Waits until no more than `most` connections are open; false if that takes too long.
  bool wait_for_closed(int most) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, std::chrono::seconds(5), [&] {
      return connections_ - gone_ <= most;
    });
  }
  /// Closes all connections that are open; the other ends know it when this returns.
  void hang_up() {
    const std::lock_guard lock(mutex_);
    for (const int fd : sockets_) {
      ::shutdown(fd, SHUT_RDWR);
      wait_until_received(fd);
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::array<char, 65'536> buffer{};
    for (;;) {
      const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      const auto answer = handler_(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      if (!answer) break;
      ::send(fd, answer->data(), answer->size(), MSG_NOSIGNAL);
    }
    ::shutdown(fd, SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    ++gone_;
    ended_.notify_all();
  }

  static void wait_until_received(int fd) {
    for (int unacknowledged = 1; unacknowledged > 0;) {
      if (::ioctl(fd, SIOCOUTQ, &unacknowledged) != 0) return;
      std::this_thread::yield();
    }
  }

  handler handler_;
  int listener_;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  int gone_ = 0;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Whether this is what a client without a password sends first.
inline bool is_ping(std::string_view request) { return request.find("PING") != request.npos; }

}  // namespace scalekit_tests

#endif
