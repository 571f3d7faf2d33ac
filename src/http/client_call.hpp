// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_CALL_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_CALL_HPP

#include <scalekit/http/client.hpp>

#include <chrono>
#include <optional>
#include <poll.h>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::http {

/// Owns a file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// The steps of a call, in the order they are taken.
enum class step { request, acquire, resolve, connect, handshake, write, answer };

/// \brief One call of `send`: how much time it has left, whether it was stopped, and where it is.
class call {
 public:
  call(const clock& time, const outgoing_request& r);
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call();

  /// From now on in this step, which may take so long.
  void enter(http::step s, std::chrono::milliseconds limit) noexcept;
  /// The step's time begins anew: something has moved.
  void moved() noexcept { enter(step_, limit_); }
  [[nodiscard]] http::step step() const noexcept { return step_; }
  [[nodiscard]] steady_time step_end() const noexcept { return step_end_; }
  [[nodiscard]] const clock& time() const noexcept { return time_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }

  enum class woken { ready, late, stopped };
  /// Without waiting: stopped, or late after `until`, or ready to go on.
  [[nodiscard]] woken look(steady_time until) const;
  /// Waits for one of at most \ref most_fds descriptors, `until` or for the request to stop.
  [[nodiscard]] woken wait(std::span<pollfd> fds, steady_time until) const;
  static constexpr std::size_t most_fds = 8;

  /// `GET https://host: why`.
  [[nodiscard]] error failed(errc code, std::string_view why, native_cause cause = {}) const;
  [[nodiscard]] error stopped() const;
  /// That the step took too long, e.g. "the TLS handshake took longer than 5000 ms".
  [[nodiscard]] std::string too_long(std::string_view what) const;
  /// What errors begin with; a redirect changes it.
  void leads_to(const url& to);

 private:
  struct wake_up {
    int fd;
    void operator()() const noexcept;
  };

  const clock& time_;
  steady_time end_;
  steady_time step_end_;
  std::chrono::milliseconds limit_{0};
  http::step step_ = http::step::request;
  std::string method_;
  std::string what_;
  std::stop_token stop_;
  descriptor waking_[2];  // a pipe; only for a call that can be stopped
  std::optional<std::stop_callback<wake_up>> on_stop_;
};

}  // namespace scalekit::inline v0::http

#endif
