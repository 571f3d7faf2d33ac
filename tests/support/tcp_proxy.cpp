// SPDX-License-Identifier: BSL-1.0
#include "tcp_proxy.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace scalekit_tests {

namespace {

constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int tcp_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "tcp_proxy: socket");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

// One client and its connection to the server; a thread for each direction.
struct link {
  link(int c, int s) : client(c), target(s) {}
  link(const link&) = delete;
  link& operator=(const link&) = delete;
  ~link() {
    for (std::thread& t : threads) t.join();
    ::close(client);
    ::close(target);
  }

  // Both ends see the end of it, the client behind all that was passed on.
  void end() const {
    ::shutdown(target, SHUT_RDWR);
    ::shutdown(client, SHUT_RDWR);
  }
  // The client sees a reset (tcp(7): what connecting to no address does), the server an end. By
  // number, since TSan takes connect() for the birth of the descriptor, and so for a race with the
  // threads that read from it.
  void reset() const {
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    ::syscall(SYS_connect, client, &nowhere, sizeof(nowhere));
    end();
  }

  int client;
  int target;
  std::array<std::thread, 2> threads;
  std::atomic<int> running = 2;
};

}  // namespace

struct tcp_proxy::state {
  explicit state(int port) : target_port(port), listener(tcp_socket()) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof(address);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, plain, length) != 0 || ::listen(listener, 64) != 0 ||
        ::getsockname(listener, plain, &length) != 0) {
      throw std::system_error(errno, std::generic_category(), "tcp_proxy: listen");
    }
    own_port = ntohs(address.sin_port);
    acceptor = std::thread([this] { accept_all(); });
  }

  ~state() {
    {
      const std::lock_guard lock(mutex);
      closing = true;
      stalled = false;
      for (const link& l : links) l.end();
    }
    changed.notify_all();
    ::shutdown(listener, SHUT_RDWR);
    acceptor.join();
    links.clear();
    ::close(listener);
  }

  void accept_all() {
    for (;;) {
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      const std::unique_lock lock(mutex);
      if (client < 0 || closing) {
        if (client >= 0) ::close(client);
        return;
      }
      links.remove_if([](const link& l) { return l.running == 0; });
      ++made;
      connect_through(client);
    }
  }

  void connect_through(int client) {
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const int server = tcp_socket();
    sockaddr_in address = loopback(target_port);
    if (refusing ||
        ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      const linger now{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
      ::close(client);
      ::close(server);
      return;
    }
    link& l = links.emplace_back(client, server);
    l.threads[0] = std::thread([this, &l] { forward(l, direction::request); });
    l.threads[1] = std::thread([this, &l] { forward(l, direction::reply); });
  }

  void forward(link& l, direction way) {
    const int from = way == direction::request ? l.client : l.target;
    const int to = way == direction::request ? l.target : l.client;
    std::vector<char> piece(64 * 1024);
    for (;;) {
      const ssize_t n = ::recv(from, piece.data(), piece.size(), 0);
      if (n <= 0) break;
      if (!pass(l, way, to, piece.data(), static_cast<std::size_t>(n))) break;
    }
    ::shutdown(to, SHUT_WR);
    --l.running;
  }

  // False when this connection is over.
  bool pass(const link& l, direction way, int to, const char* data, std::size_t size) {
    std::unique_lock lock(mutex);
    if (waiting.count() > 0) changed.wait_for(lock, waiting, [this] { return closing; });
    changed.wait(lock, [this] { return !stalled; });
    if (closing) return false;
    std::size_t& left = budget[static_cast<std::size_t>(way)];
    const bool last = left != no_limit && size >= left;
    const std::size_t now = std::min(size, left);
    if (last) {
      left = no_limit;
    } else if (left != no_limit) {
      left -= now;
    }
    lock.unlock();
    // Counted first: who has an answer in hand finds its request counted.
    bytes[static_cast<std::size_t>(way)] += now;
    const bool sent = write_all(to, data, now);
    if (last) l.end();
    return sent && !last;
  }

  const int target_port;
  const int listener;
  int own_port = 0;
  std::thread acceptor;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<link> links;
  std::array<std::size_t, 2> budget = {no_limit, no_limit};
  std::chrono::milliseconds waiting{0};
  bool stalled = false;
  bool refusing = false;
  bool closing = false;
  std::atomic<std::uint64_t> made = 0;
  std::array<std::atomic<std::uint64_t>, 2> bytes = {};
};

tcp_proxy::tcp_proxy(int target_port) : state_(std::make_unique<state>(target_port)) {}
tcp_proxy::~tcp_proxy() = default;

int tcp_proxy::port() const noexcept { return state_->own_port; }

void tcp_proxy::cut() {
  const std::lock_guard lock(state_->mutex);
  for (const link& l : state_->links) l.reset();
}

void tcp_proxy::cut_after(direction way, std::size_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->budget[static_cast<std::size_t>(way)] = bytes;
}

void tcp_proxy::stall() {
  const std::lock_guard lock(state_->mutex);
  state_->stalled = true;
}

void tcp_proxy::resume() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stalled = false;
  }
  state_->changed.notify_all();
}

void tcp_proxy::delay(std::chrono::milliseconds wait) {
  const std::lock_guard lock(state_->mutex);
  state_->waiting = wait;
}

void tcp_proxy::refuse() {
  const std::lock_guard lock(state_->mutex);
  state_->refusing = true;
}

void tcp_proxy::accept_again() {
  const std::lock_guard lock(state_->mutex);
  state_->refusing = false;
}

std::uint64_t tcp_proxy::connections() const noexcept { return state_->made; }

std::uint64_t tcp_proxy::passed(direction way) const noexcept {
  return state_->bytes[static_cast<std::size_t>(way)];
}

}  // namespace scalekit_tests
