// SPDX-License-Identifier: BSL-1.0
#include "tcp_proxy.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace scalekit_tests;

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Answers each byte with its successor, one connection after another, and counts them.
class echo {
 public:
  echo() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  echo(const echo&) = delete;
  echo& operator=(const echo&) = delete;
  ~echo() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  int port = 0;
  std::atomic<int> asked = 0;

 private:
  void serve() {
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      for (char c = 0; ::recv(fd, &c, 1, 0) == 1;) {
        ++asked;
        ++c;
        if (::send(fd, &c, 1, MSG_NOSIGNAL) != 1) break;
      }
      ::close(fd);
    }
  }
  int listener_;
  std::thread thread_;
};

class client {
 public:
  explicit client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(port);
    // A reset right behind the handshake may be all that connect() tells of it.
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      REQUIRE(errno == ECONNRESET);
    }
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { ::close(fd_); }

  void say(char c) const { static_cast<void>(::send(fd_, &c, 1, MSG_NOSIGNAL)); }
  // The answer, or 0 if the connection has ended.
  [[nodiscard]] char hear() const {
    char c = 0;
    return ::recv(fd_, &c, 1, 0) == 1 ? c : '\0';
  }
  [[nodiscard]] bool hears_within(int milliseconds) const {
    pollfd p{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&p, 1, milliseconds) == 1;
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("the proxy passes bytes both ways") {
  const echo server;
  const tcp_proxy proxy(server.port);
  const client c(proxy.port());
  c.say('a');
  CHECK(c.hear() == 'b');
  CHECK(proxy.passed(direction::request) == 1);
  CHECK(proxy.connections() == 1);
}

TEST_CASE("a request that is cut never reaches the server") {
  const echo server;
  tcp_proxy proxy(server.port);
  {
    const client c(proxy.port());
    c.say('a');
    REQUIRE(c.hear() == 'b');
    proxy.cut_after(direction::request, 0);
    c.say('x');
    CHECK(c.hear() == '\0');
  }
  CHECK(server.asked == 1);
  const client again(proxy.port());
  again.say('a');
  CHECK(again.hear() == 'b');
}

TEST_CASE("a reply that is cut was made by the server") {
  const echo server;
  tcp_proxy proxy(server.port);
  const client c(proxy.port());
  c.say('a');
  REQUIRE(c.hear() == 'b');
  proxy.cut_after(direction::reply, 0);
  c.say('x');
  CHECK(c.hear() == '\0');
  CHECK(server.asked == 2);
}

TEST_CASE("a cut after some bytes lets just those pass") {
  const echo server;
  tcp_proxy proxy(server.port);
  const client c(proxy.port());
  proxy.cut_after(direction::reply, 2);
  c.say('a');
  CHECK(c.hear() == 'b');
  c.say('b');
  CHECK(c.hear() == 'c');
  CHECK(c.hear() == '\0');
}

TEST_CASE("cut ends what is open") {
  const echo server;
  tcp_proxy proxy(server.port);
  const client c(proxy.port());
  c.say('a');
  REQUIRE(c.hear() == 'b');
  proxy.cut();
  errno = 0;
  CHECK(c.hear() == '\0');
  CHECK(errno == ECONNRESET);
}

TEST_CASE("a stalled proxy says nothing until it resumes") {
  const echo server;
  tcp_proxy proxy(server.port);
  const client c(proxy.port());
  c.say('a');
  REQUIRE(c.hear() == 'b');
  proxy.stall();
  c.say('b');
  CHECK_FALSE(c.hears_within(50));
  proxy.resume();
  CHECK(c.hear() == 'c');
}

TEST_CASE("refused connections end at once, later ones live") {
  const echo server;
  tcp_proxy proxy(server.port);
  proxy.refuse();
  {
    const client c(proxy.port());
    CHECK(c.hear() == '\0');
  }
  proxy.accept_again();
  const client c(proxy.port());
  c.say('a');
  CHECK(c.hear() == 'b');
}
