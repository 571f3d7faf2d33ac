// SPDX-License-Identifier: BSL-1.0
#include "http/client_wire.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace scalekit::inline v0::http {

namespace {

constexpr std::chrono::milliseconds head_start{250};

/// Connections being made to several addresses of one host.
class race {
 public:
  race(std::span<const ip_address> addresses, std::uint16_t port, const call& c)
      : addresses_(addresses), port_(port), call_(c), next_start_(c.time().steady_now()) {}

  result<descriptor> run() {
    for (;;) {
      if (may_start()) start();
      if (won_) return std::move(won_);
      if (running_.empty()) {
        if (next_ < addresses_.size()) continue;
        return call_.failed(errc::unavailable, "cannot connect: " + last_failure_, cause_);
      }
      auto ended = wait();
      if (!ended) return ended.error();
    }
  }

 private:
  [[nodiscard]] bool may_start() const {
    return next_ < addresses_.size() && running_.size() < call::most_fds &&
           (running_.empty() || call_.time().steady_now() >= next_start_);
  }

  void start() {
    const ip_address& to = addresses_[next_++];
    next_start_ = call_.time().steady_now() + head_start;
    const int family = to.is_v4() ? AF_INET : AF_INET6;
    descriptor s(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!s) return lost(to, errno);
    const int on = 1;
    ::setsockopt(s.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(s.get(), to) == 0) {
      won_ = std::move(s);
    } else if (errno == EINPROGRESS) {
      running_.push_back({std::move(s), &to});
    } else {
      lost(to, errno);
    }
  }

  [[nodiscard]] int connect(int fd, const ip_address& to) const {
    sockaddr_storage where{};
    socklen_t size = sizeof(sockaddr_in);
    if (to.is_v4()) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port_);
      std::memcpy(&v4.sin_addr, to.bytes().data(), to.bytes().size());
      std::memcpy(&where, &v4, sizeof v4);
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port_);
      std::memcpy(&v6.sin6_addr, to.bytes().data(), to.bytes().size());
      std::memcpy(&where, &v6, sizeof v6);
      size = sizeof v6;
    }
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&where), size);
  }

  result<void> wait() {
    std::array<pollfd, call::most_fds> fds{};
    for (std::size_t i = 0; i < running_.size(); ++i) {
      fds[i] = {running_[i].socket.get(), POLLOUT, 0};
    }
    const bool more = next_ < addresses_.size() && running_.size() < call::most_fds;
    const auto until = more ? std::min(next_start_, call_.step_end()) : call_.step_end();
    const std::span used(fds.data(), running_.size());
    const auto woken = call_.wait(used, until);
    if (woken == call::woken::stopped) return call_.stopped();
    if (woken == call::woken::ready) {
      settle(used);
    } else if (call_.time().steady_now() >= call_.step_end()) {
      return call_.failed(errc::timed_out, call_.too_long("connecting"));
    }
    return {};
  }

  void settle(std::span<const pollfd> fds) {
    for (std::size_t i = fds.size(); i-- > 0;) {
      if (fds[i].revents == 0) continue;
      int failed = 0;
      socklen_t size = sizeof failed;
      ::getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &failed, &size);
      if (failed == 0) {
        won_ = std::move(running_[i].socket);
        return;
      }
      lost(*running_[i].to, failed);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void lost(const ip_address& to, int why) {
    last_failure_ = to.to_string() + ": " + std::generic_category().message(why);
    cause_ = {"errno", why};
    next_start_ = call_.time().steady_now();  // no use in giving it a head start
  }

  struct runner {
    descriptor socket;
    const ip_address* to;
  };

  std::span<const ip_address> addresses_;
  std::uint16_t port_;
  const call& call_;
  std::size_t next_ = 0;
  steady_time next_start_;
  std::vector<runner> running_;
  descriptor won_;
  std::string last_failure_;
  native_cause cause_;
};

}  // namespace

result<descriptor> dial(std::span<const ip_address> addresses, std::uint16_t port, const call& c) {
  return race(addresses, port, c).run();
}

}  // namespace scalekit::inline v0::http
