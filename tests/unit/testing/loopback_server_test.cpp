// SPDX-License-Identifier: BSL-1.0
#include <scalekit/clock.hpp>
#include <scalekit/testing/loopback_server.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

using scalekit::testing::loopback_server;
using namespace std::chrono_literals;

namespace {

constexpr int failures[] = {EINTR, ECONNABORTED, EMFILE};
std::atomic<std::size_t> next_failure{std::size(failures)};  // past the last: none

// A connection that gives up after 30 s, which no test needs.
class client {
 public:
  explicit client(const loopback_server& server) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { ::close(fd_); }

  bool send(std::string_view text) {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) > 0;
  }
  std::string all() {
    std::string got;
    char some[4096];
    for (ssize_t n = 0; (n = ::recv(fd_, some, sizeof some, 0)) > 0;) {
      got.append(some, static_cast<std::size_t>(n));
    }
    return got;
  }

 private:
  int fd_;
};

}  // namespace

// What the library calls: it fails as it is told to.
extern "C" __attribute__((visibility("default"))) int accept4(
    int fd, sockaddr* address, socklen_t* size, int flags
) {
  if (const auto at = next_failure.load(); at < std::size(failures)) {
    next_failure = at + 1;
    errno = failures[at];
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}

TEST_CASE("an accept that fails is not the last") {
  next_failure = 0;
  const auto server =
      loopback_server::start([](auto& p) { p.send(std::to_string(p.number())); }).value();
  CHECK(client(*server).all() == "0");
  CHECK(next_failure == std::size(failures));
}

TEST_CASE("connections are counted, those that have ended too") {
  const auto server =
      loopback_server::start([](auto& p) { p.send(std::to_string(p.number())); }).value();
  for (int i = 0; i < 20; ++i) CHECK(client(*server).all() == std::to_string(i));
  CHECK(server->connections() == 20);
}

TEST_CASE("a client that drips does not hold a peer for ever") {
  using peer = loopback_server::peer;
  for (const bool as_request : {false, true}) {
    CAPTURE(as_request);
    std::atomic<bool> got_nothing = true;
    const auto serve = [&](peer& p) {
      if (as_request) {
        got_nothing = p.request().empty();
      } else {
        p.wait_until_gone();
      }
    };
    const auto server = loopback_server::start(serve, 0, 50ms).value();
    client c(*server);
    const auto& time = scalekit::clock::system();
    const auto give_up = time.steady_now() + 30s;
    bool is_held = true;
    while (is_held && time.steady_now() < give_up) is_held = c.send("x");
    CHECK_FALSE(is_held);
    CHECK(got_nothing);
  }
}

TEST_CASE("nor does one that takes nothing") {
  std::atomic<bool> took = true;
  const std::string much(std::size_t{64} << 20U, 'x');
  const auto serve = [&](loopback_server::peer& p) {
    took = p.send(much);
    took.notify_all();
  };
  const auto server = loopback_server::start(serve, 0, 50ms).value();
  const client c(*server);
  took.wait(true);
  CHECK_FALSE(took);
}
